"""`ghoststream search`."""

import json
import math
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ghoststream.cli.exit_codes import PARTLY_LOST
from ghoststream.cli.options import JSON, PATH, options
from ghoststream.cli.settings import set_json

if TYPE_CHECKING:
    from ghoststream.archive.moments import Moment
    from ghoststream.runners.saved_clips import SavedClip


@click.command()
@click.argument("store", metavar="STORE")
@click.option("--image", type=PATH, metavar="FILE", help="Like this picture.")
@click.option("--video", metavar="VIDEO@SECONDS", help="Like this moment of a video.")
@click.option("--clip", metavar="VIDEO@START-END", help="Like this stretch of a video.")
@click.option("--label", help="Named so; beside one of the above, a filter.")
@click.option("--path", metavar="GLOB", help="Only in videos with such a path.")
@click.option("--from", "start_seconds", type=float, metavar="SECONDS", help="Only from here on.")
@click.option("--to", "end_seconds", type=float, metavar="SECONDS", help="Only up to here.")
@click.option(
    "--limit", type=click.IntRange(min=1), default=10, show_default=True, help="Moments at most."
)
@click.option("--contact-sheet", type=PATH, metavar="FILE", help="Draw the moments on a picture.")
@click.option("--save-clips", type=PATH, metavar="DIR", help="Cut the moments out of their videos.")
@click.option(
    "--weights",
    default="auto",
    metavar="WEIGHTS",
    help="Those of the store, where they are not found by themselves.  [default: auto]",
)
@options(JSON)
def search(
    store: str,
    as_json: bool,
    weights: str,
    limit: int,
    contact_sheet: Path | None,
    save_clips: Path | None,
    **query: Any,
) -> None:
    """Find moments in a STORE by a picture, a moment or stretch of a video, or a label.

    Times are seconds on each video's own clock. Saved clips are not coded anew, so that each begins
    at the keyframe at or before its moment.

    \b
    Examples:
      ghoststream search archive.store --image query.jpg --contact-sheet hits.jpg
      ghoststream search archive.store --video clip.mp4@12.5 --path "*/night/*"
      ghoststream search archive.store --clip clip.mp4@10-15 --save-clips hits/
      ghoststream search archive.store --label tabby --json
    """
    set_json(as_json)
    from ghoststream.runners.contact_sheet import check_contact_sheet, write_contact_sheet
    from ghoststream.runners.saved_clips import save_clips as save
    from ghoststream.runners.search import open_store

    if contact_sheet is not None:
        check_contact_sheet(contact_sheet, limit)
    moments = open_store(store, weights=weights).search(limit=limit, **query)
    lost: list[str] = []
    if contact_sheet is not None and moments:
        lost += write_contact_sheet(moments, contact_sheet)
    saved = [] if save_clips is None else list(save(moments, save_clips))
    lost += [clip.error for clip in saved if clip.error is not None]
    sheet = contact_sheet if moments else None
    if as_json:
        _print_json(moments, saved, sheet, lost)
    else:
        _print(moments, saved, sheet, lost)
    click.get_current_context().exit(PARTLY_LOST if lost else 0)


def _print(
    moments: "Sequence[Moment]",
    saved: "Sequence[SavedClip]",
    sheet: Path | None,
    lost: Sequence[str],
) -> None:
    for line in _lines(moments):
        click.echo(line)
    if not moments:
        click.echo("nothing found", err=True)
    for clip in saved:
        if clip.path is not None:
            click.echo(_saved_line(clip), err=True)
    if sheet is not None:
        click.echo(f"contact sheet: {_shown(sheet)}", err=True)
    for sentence in lost:
        click.echo(f"Warning: {sentence}", err=True)


def _lines(moments: "Sequence[Moment]") -> list[str]:
    """Score, place in the words of a query, label, and where else."""
    places = [_place(moment) for moment in moments]
    width = max(map(len, places), default=0)
    return [
        f"{moment.score:.3f}  {place:{width}}  {moment.label or ''}{_also(moment)}".rstrip()
        for moment, place in zip(moments, places, strict=True)
    ]


def _place(moment: "Moment") -> str:
    """As `--clip` takes it, ready for a shell."""
    span = _span(moment.start_seconds, moment.end_seconds)
    return shlex.quote(f"{_shown(moment.path)}@{span}")


def _also(moment: "Moment") -> str:
    spans = ", ".join(_span(start, end) for start, end in moment.also)
    return f"  also at {spans}" if spans else ""


def _span(start_seconds: float, end_seconds: float) -> str:
    return f"{_seconds(start_seconds)}-{_seconds(end_seconds)}"


def _seconds(seconds: float) -> str:
    """To the millisecond before, so that a frame at that very time stays on its side of it."""
    milliseconds = math.floor(round(seconds * 1000, 3))
    return f"{milliseconds / 1000:.3f}".rstrip("0").rstrip(".")


def _saved_line(clip: "SavedClip") -> str:
    assert clip.path is not None
    assert clip.cut is not None
    early = clip.moment.start_seconds - clip.cut.start_seconds
    begins = f", begins {early:.2f} s earlier, at a keyframe" if early >= 0.005 else ""
    return f"saved {_shown(clip.path)}{begins}"


def _shown(path: Path) -> str:
    from ghoststream.sources.file import shown

    return shown(path)


def _print_json(
    moments: "Sequence[Moment]",
    saved: "Sequence[SavedClip]",
    sheet: Path | None,
    lost: Sequence[str],
) -> None:
    facts: dict[str, object] = {"moments": [_facts(moment) for moment in moments]}
    if sheet is not None:
        facts["contact_sheet"] = str(sheet)
    if saved:
        facts["clips"] = [_saved_facts(clip) for clip in saved]
    if lost:
        facts["lost"] = list(lost)
    # Bytes of a name that are no UTF-8 become escapes, as JSON has them.
    click.echo(json.dumps(facts, ensure_ascii=False).encode("utf-8", "backslashreplace"))


def _facts(moment: "Moment") -> dict[str, object]:
    return {
        "video": moment.video,
        "path": str(moment.path),
        "source": moment.source,
        "start": moment.start_seconds,
        "end": moment.end_seconds,
        "best": moment.best_seconds,
        "score": round(moment.score, 6),
        "label": moment.label,
        "also": [[start, end] for start, end in moment.also],
    }


def _saved_facts(clip: "SavedClip") -> dict[str, object]:
    if clip.path is None or clip.cut is None:
        return {"path": None, "error": clip.error}
    return {
        "path": str(clip.path),
        "start": clip.cut.start_seconds,
        "end": clip.cut.end_seconds,
    }
