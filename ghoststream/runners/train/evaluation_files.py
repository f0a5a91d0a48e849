"""An evaluation as files: figures, the worst mistakes on a contact sheet, and all of it as JSON.

paths = write_evaluation(evaluation, Path("report"))
paths["confusion"]  # report/confusion.png
"""

import json
from dataclasses import asdict
from pathlib import Path

import numpy as np

from ghoststream.errors import ConfigError, SourceError
from ghoststream.runners.train.evaluation import Evaluation, Mistake
from ghoststream.sinks.atomic import output_errors, whole_file
from ghoststream.sinks.contact_sheet import Tile, draw_contact_sheet, thumbnail_size, without_middle
from ghoststream.sources.file import shown
from ghoststream.train.plots import figures
from ghoststream.types import Pixels
from ghoststream.video.moment import frame_at

MISTAKES = 25
"""On the contact sheet, five by five."""
QUALITY = 90


def evaluation_record(evaluation: Evaluation) -> dict[str, object]:
    """All numbers, ready for JSON."""
    return {
        "basis": evaluation.basis,
        "clips": len(evaluation.clips),
        "clips_trained_on": evaluation.known,
        "clips_of_known_groups": evaluation.of_known_groups,
        "groups": len({clip.example.group for clip in evaluation.clips}),
        "pooling": evaluation.head.pooling,
        "labels": list(evaluation.head.labels),
        **asdict(evaluation.scores),
        "learning_curve": [asdict(point) for point in evaluation.curve],
        "learning_curve_says": evaluation.curve_says,
        "mistakes": [{**asdict(m), "path": shown(m.path)} for m in evaluation.mistakes],
        "lost": list(evaluation.lost),
    }


def write_evaluation(evaluation: Evaluation, folder: Path) -> dict[str, Path]:
    """Writes figures, the worst mistakes, and `report.json`, each whole or not at all.

    Args:
        evaluation: what to show.
        folder: made where it is not there; files of an earlier report are replaced.

    Returns:
        Paths by what they show.

    Raises:
        OutputError: one cannot be written.
    """
    paths = {**_write_figures(evaluation, folder), **_write_mistakes(evaluation, folder)}
    text = json.dumps(evaluation_record(evaluation), ensure_ascii=False, indent=2) + "\n"
    report = folder / "report.json"
    with whole_file(report) as partial:
        partial.write_text(text, "utf-8", "backslashreplace")
    return {"report": report, **paths}


def _write_figures(evaluation: Evaluation, folder: Path) -> dict[str, Path]:
    labels = evaluation.head.labels
    truth = np.array([labels.index(c.example.label) for c in evaluation.clips], dtype=np.intp)
    drawn = figures(evaluation.scores, evaluation.probabilities, truth, evaluation.curve)
    paths = {name: folder / f"{name}.png" for name in drawn}
    for name, figure in drawn.items():
        with whole_file(paths[name]) as partial:
            figure.savefig(partial)
    return paths


def _write_mistakes(evaluation: Evaluation, folder: Path) -> dict[str, Path]:
    path = folder / "mistakes.jpg"
    if not evaluation.mistakes:
        with output_errors(path):
            # Of an earlier report, which would be taken for this one's.
            path.unlink(missing_ok=True)
        return {}
    sheet = draw_contact_sheet([_tile(mistake) for mistake in evaluation.mistakes[:MISTAKES]])
    with whole_file(path) as partial:
        sheet.save(partial, quality=QUALITY)
    return {"mistakes": path}


def _tile(mistake: Mistake) -> Tile:
    return Tile(
        pixels=_thumbnail(mistake),
        time=without_middle(f"{mistake.label}, named {mistake.named}", lambda t: len(t) <= 32),
        name=f"{shown(Path(mistake.path.name))} at {mistake.seconds:.1f} s",
        score=f"{mistake.score:.2f}",
    )


def _thumbnail(mistake: Mistake) -> Pixels | None:
    try:
        frame = frame_at(mistake.path, mistake.seconds, name=shown(mistake.path))
    except (SourceError, ConfigError):
        return None  # the tile says that it cannot be read
    return frame.rgb(thumbnail_size(frame.picture.width, frame.picture.height))
