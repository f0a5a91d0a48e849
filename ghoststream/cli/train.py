"""`ghoststream train`."""

import json
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ghoststream.cli.options import JSON, LABELLED, MODEL, PATH, POOLINGS, options
from ghoststream.cli.settings import set_json

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ghoststream.runners.training import Candidate, Trained
    from ghoststream.train.scores import Share

PARTLY_LOST = 3


@click.command()
@click.argument("data", type=PATH)
@click.option("--out", type=PATH, metavar="FILE", help="The head.  [default: head.safetensors]")
@click.option("--fps", metavar="RATE", help="Look at so many frames a second.  [default: 8]")
@click.option(
    "--window",
    metavar="SECONDS",
    help="Length of a clip; longer ones are cut into several.  [default: 2]",
)
@click.option(
    "--pool",
    type=click.Choice([*POOLINGS, "attention"]),
    help="How a clip's vectors become one.  [default: what does best]",
)
@click.option(
    "--background",
    metavar="CLASS",
    help="The class of which no events are told.  [default: background, where there is one]",
)
@click.option(
    "--false-alarms",
    metavar="RATE",
    help="As many are bearable: 2/h of background, or 1% of its windows. Sets where events begin.",
)
@click.option("--folds", type=int, metavar="N", help="Of the cross-validation.  [default: 5]")
@click.option("--seed", type=int, metavar="N", help="Of the cross-validation.  [default: 0]")
@options(LABELLED, MODEL, JSON)
def train(data: Path, as_json: bool, **flags: object) -> None:
    """Train a head on your own labels, from DATA: a folder a class, or a table.

    The table is a CSV file with the columns path and label, and, where you like, start and end (in
    seconds), group (clips that share a camera or a day; they are never both learnt from and checked
    with) and split (train or test). All poolings are tried in cross-validation, and the best one is
    trained on all clips. Embeddings are kept in a store, so that the next training takes seconds.

    \b
    Examples:
      ghoststream train gestures/ --out gestures.safetensors
      ghoststream train clips.csv --background nothing --false-alarms 1/h
      ghoststream train clips.csv --store archive.store
      ghoststream run camera.rtsp --head gestures.safetensors
    """
    set_json(as_json)
    from ghoststream.config import TrainConfig, make_config
    from ghoststream.runners.training import train as learn

    chosen = {name: value for name, value in flags.items() if value is not None}
    config = make_config(TrainConfig, {**chosen, "data": data})
    with clip_progress(quiet=as_json) as progress:
        trained = learn(config, progress=progress)
    if as_json:
        # Bytes of a name that are no UTF-8 become escapes, as JSON has them.
        text = json.dumps(_record(trained), ensure_ascii=False)
        click.echo(text.encode("utf-8", "backslashreplace"))
    else:
        _print(trained)
    click.get_current_context().exit(PARTLY_LOST if trained.lost else 0)


@contextmanager
def clip_progress(*, quiet: bool) -> "Iterator[Callable[[int, int], None]]":
    """A line that counts videos, on a terminal."""
    from rich.console import Console

    console = Console(stderr=True, quiet=quiet)
    with console.status("") as status:
        yield lambda done, of: status.update(f"{done} of {of} videos embedded")


def tell_notices(notices: tuple[str, ...], lost: tuple[str, ...]) -> None:
    """What is worth knowing, and what could not be read."""
    for line in notices:
        click.echo(f"Note: {line}", err=True)
    for line in lost:
        click.echo(f"Warning: left out: {line}", err=True)


def _print(trained: "Trained") -> None:
    tell_notices(trained.notices, trained.lost)
    figures = trained.chosen.scores
    for candidate in trained.candidates:
        mark = "*" if candidate is trained.chosen else " "
        click.echo(f"{mark} {candidate.pooling:12} {shown_share(candidate.scores.accuracy)}")
    for each in figures.classes:
        click.echo(f"  {each.label:12} found {shown_share(each.recall)}")
    training = trained.head.training
    assert training is not None
    untold = f", and never of {training.background}" if training.background else ""
    click.echo(f"events begin at a score of {training.enter:g}{untold}")
    click.echo(f"head: {trained.path}")


def shown_share(share: "Share") -> str:
    """`75.0 % (68.7 - 80.4 %) of 208`."""
    if share.value is None:
        return "none of 0"
    low, high = 100 * share.low, 100 * share.high
    return f"{100 * share.value:.1f} % ({low:.1f} - {high:.1f} %) of {share.of}"


def _record(trained: "Trained") -> dict[str, object]:
    training = trained.head.training
    assert training is not None
    return {
        "head": str(trained.path),
        "labels": list(trained.head.labels),
        "pooling": trained.chosen.pooling,
        "poolings": {c.pooling: _scores(c) for c in trained.candidates},
        "fps": str(training.fps),
        "window": str(training.window),
        "framing": training.framing,
        "enter": training.enter,
        "leave": training.leave,
        "background": training.background,
        "figures": dict(training.figures),
        "lost": list(trained.lost),
    }


def _scores(candidate: "Candidate") -> dict[str, object]:
    from dataclasses import asdict

    return asdict(candidate.scores)
