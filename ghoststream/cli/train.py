"""`ghoststream train`."""

import json
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ghoststream.cli.exit_codes import PARTLY_LOST
from ghoststream.cli.options import JSON, LABELLED, MODEL, PATH, POOLINGS, options
from ghoststream.cli.settings import set_json

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ghoststream.runners.train.finetuning import Finetuned
    from ghoststream.runners.train.run import Trained
    from ghoststream.train.scores import Scores, Share


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
@click.option(
    "--finetune",
    is_flag=True,
    default=None,
    help="Train the last stages of the network, too, and keep them where that is better.",
)
@click.option(
    "--finetune-stages", type=int, metavar="N", help="So many stages learn.  [default: 2]"
)
@click.option("--finetune-epochs", type=int, metavar="N", help="At most.  [default: 10]")
@options(LABELLED, MODEL, JSON)
def train(data: Path, as_json: bool, **flags: object) -> None:
    """Train a head on your own labels, from DATA: a folder a class, or a table.

    The table is a CSV file with the columns path and label, and, where you like, start and end (in
    seconds), group (clips that share a camera or a day; they are never both learnt from and checked
    with) and split (train or test). All poolings are tried in cross-validation, and the best one is
    trained on all clips. Embeddings are kept in a store, so that the next training takes seconds.

    With --finetune, minutes or hours: a network that was trained for your clips is written beside
    the head, if cross-validation finds more with it.

    \b
    Examples:
      ghoststream train gestures/ --out gestures.safetensors
      ghoststream train clips.csv --background nothing --false-alarms 1/h
      ghoststream train clips.csv --store archive.store
      ghoststream train clips.csv --pool mean_change --finetune
      ghoststream run camera.rtsp --head gestures.safetensors
    """
    set_json(as_json)
    from ghoststream.config import TrainConfig, make_config
    from ghoststream.runners.train.run import train as learn

    chosen = {name: value for name, value in flags.items() if value is not None}
    config = make_config(TrainConfig, {**chosen, "data": data})
    with status_line(quiet=as_json) as say:
        trained = learn(config, progress=counted(say), say=say)
    if as_json:
        # Bytes of a name that are no UTF-8 become escapes, as JSON has them.
        text = json.dumps(_record(trained), ensure_ascii=False)
        click.echo(text.encode("utf-8", "backslashreplace"))
    else:
        _print(trained)
    click.get_current_context().exit(PARTLY_LOST if trained.lost else 0)


@contextmanager
def status_line(*, quiet: bool) -> "Iterator[Callable[[str], None]]":
    """A line that says what is under way, on a terminal."""
    from rich.console import Console

    console = Console(stderr=True, quiet=quiet)
    with console.status("") as status:
        yield status.update


@contextmanager
def clip_progress(*, quiet: bool) -> "Iterator[Callable[[int, int], None]]":
    """A line that counts videos, on a terminal."""
    with status_line(quiet=quiet) as say:
        yield counted(say)


def counted(say: Callable[[str], None]) -> Callable[[int, int], None]:
    """Says how many videos are embedded."""
    return lambda done, of: say(f"{done} of {of} videos embedded")


def tell_notices(notices: tuple[str, ...], lost: tuple[str, ...]) -> None:
    """What is worth knowing, and what could not be read."""
    for line in notices:
        click.echo(f"Note: {line}", err=True)
    for line in lost:
        click.echo(f"Warning: left out: {line}", err=True)
    if lost:
        click.echo("Note: --retry-failed tries clips that were left out again", err=True)


def _print(trained: "Trained") -> None:
    tell_notices(trained.notices, trained.lost)
    figures = trained.chosen.scores
    for candidate in trained.candidates:
        mark = "*" if candidate is trained.chosen else " "
        click.echo(f"{mark} {candidate.pooling:12} {shown_share(candidate.scores.accuracy)}")
    if trained.finetuned is not None:
        figures = _print_finetuned(trained.finetuned) or figures
    for each in figures.classes:
        click.echo(f"  {each.label:12} found {shown_share(each.recall)}")
    training = trained.head.training
    assert training is not None
    untold = f", and never of {training.background}" if training.background else ""
    click.echo(f"events begin at a score of {training.enter:g}{untold}")
    click.echo(f"head: {trained.path}")
    if trained.head.backbone is not None:
        click.echo(f"its network: {trained.path.with_name(trained.head.backbone.file)}")


def _print_finetuned(tuned: "Finetuned") -> "Scores | None":
    """What fine-tuning comes to; its figures, where it is kept."""
    is_kept = tuned.student is not None
    mark = "*" if is_kept else " "
    click.echo(f"{mark} {'fine-tuned':12} {shown_share(tuned.scores.accuracy)}")
    if is_kept:
        click.echo(f"  {'':12} after {tuned.epochs} epochs")
        return tuned.scores
    click.echo(f"  {'':12} not better by 2 points of mean recall, so the network stays as it is")
    return None


def shown_share(share: "Share") -> str:
    """`75.0 % (68.7 - 80.4 %) of 208`."""
    if share.value is None:
        return "none of 0"
    low, high = 100 * share.low, 100 * share.high
    return f"{100 * share.value:.1f} % ({low:.1f} - {high:.1f} %) of {share.of}"


def _record(trained: "Trained") -> dict[str, object]:
    from dataclasses import asdict

    training = trained.head.training
    assert training is not None
    tuned, own = trained.finetuned, trained.head.backbone
    return {
        "head": str(trained.path),
        "labels": list(trained.head.labels),
        "pooling": trained.chosen.pooling,
        "poolings": {c.pooling: asdict(c.scores) for c in trained.candidates},
        "finetuned": None if tuned is None else _finetuned_record(tuned),
        "network": None if own is None else str(trained.path.with_name(own.file)),
        "fps": str(training.fps),
        "window": str(training.window),
        "framing": training.framing,
        "enter": training.enter,
        "leave": training.leave,
        "background": training.background,
        "figures": dict(training.figures),
        "lost": list(trained.lost),
    }


def _finetuned_record(tuned: "Finetuned") -> dict[str, object]:
    from dataclasses import asdict

    return {
        "is_kept": tuned.student is not None,
        "epochs": tuned.epochs,
        "log_losses": list(tuned.losses),
        "scores": asdict(tuned.scores),
    }
