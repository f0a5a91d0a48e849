"""`ghoststream evaluate`."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ghoststream.cli.exit_codes import PARTLY_LOST
from ghoststream.cli.options import JSON, LABELLED, NETWORK, PATH, WORKERS, options
from ghoststream.cli.settings import set_json
from ghoststream.cli.train import clip_progress, shown_share, tell_notices

if TYPE_CHECKING:
    from ghoststream.runners.train.evaluation import Evaluation


@click.command()
@click.argument("data", type=PATH)
@click.option("--head", type=PATH, metavar="FILE", required=True, help="From ghoststream train.")
@click.option("--out", type=PATH, metavar="DIR", help="Figures, worst mistakes, and report.json.")
@click.option("--folds", type=int, metavar="N", help="Of the cross-validation.  [default: 5]")
@click.option("--seed", type=int, metavar="N", help="Of the cross-validation.  [default: 0]")
@options(LABELLED, NETWORK, WORKERS, JSON)
def evaluate(data: Path, as_json: bool, **flags: object) -> None:
    """Say how well a head names the clips of DATA, which is as for `ghoststream train`.

    Clips of files and groups that the head was trained on are left out. Where there are no others,
    clips of new files of known groups are scored, which flatters; and where there are none of
    those, the figures are those of cross-validation: each clip is named by a head that does not
    know its group.

    \b
    Examples:
      ghoststream evaluate new_clips.csv --head gestures.safetensors
      ghoststream evaluate gestures/ --head gestures.safetensors --out report
    """
    set_json(as_json)
    from ghoststream.config import EvaluateConfig, make_config
    from ghoststream.runners.train.evaluation import evaluate as examine
    from ghoststream.runners.train.evaluation_files import evaluation_record, write_evaluation

    chosen = {name: value for name, value in flags.items() if value is not None}
    config = make_config(EvaluateConfig, {**chosen, "data": data})
    with clip_progress(quiet=as_json) as progress:
        evaluation = examine(config, progress=progress)
    paths = {} if config.out is None else write_evaluation(evaluation, config.out)
    if as_json:
        files = {name: str(path) for name, path in paths.items()}
        record = {**evaluation_record(evaluation), "files": files}
        click.echo(json.dumps(record, ensure_ascii=False).encode("utf-8", "backslashreplace"))
    else:
        _print(evaluation, paths)
    click.get_current_context().exit(PARTLY_LOST if evaluation.lost else 0)


def _print(evaluation: "Evaluation", paths: Mapping[str, Path]) -> None:
    tell_notices((*evaluation.notices, _basis(evaluation)), evaluation.lost)
    scores = evaluation.scores
    click.echo(f"named right  {shown_share(scores.accuracy)}")
    for each in scores.classes:
        click.echo(f"{each.label}")
        click.echo(f"  found      {shown_share(each.recall)}")
        click.echo(f"  true       {shown_share(each.precision)}")
    click.echo(f"calibration error {scores.calibration_error:.3f}")
    for point in evaluation.curve:
        click.echo(f"after {point.clips:5} clips  {shown_share(point.accuracy)}")
    click.echo(evaluation.curve_says)
    for name, path in paths.items():
        click.echo(f"{name}: {path}", err=True)


def _basis(evaluation: "Evaluation") -> str:
    known, near = evaluation.known, evaluation.of_known_groups
    if evaluation.basis == "cross-validation":
        return (
            "the head was trained on all of these clips; the figures are those of heads trained "
            "like it, each asked about groups that it does not know"
        )
    if evaluation.basis == "known-groups":
        return (
            f"all {near} clips that are new to the head are of groups that it was trained on; of "
            "other groups it will name fewer right"
        )
    left = [f"{known} clips that the head was trained on"] if known else []
    left += [f"{near} clips of groups that it was trained on"] if near else []
    return (
        f"left out are {' and '.join(left)}"
        if left
        else ("the head was trained on none of these clips, nor on their groups")
    )
