"""`ghoststream distill`."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ghoststream.cli.exit_codes import INTERRUPTED, PARTLY_LOST
from ghoststream.cli.options import JSON, PATH, options
from ghoststream.cli.settings import set_json

if TYPE_CHECKING:
    from ghoststream.runners.distill.reports import Report
    from ghoststream.runners.distill.session import Distilled
    from ghoststream.train.distill.judging import Agreement

SHOWN_LOST = 10


@click.command()
@click.argument("pictures", nargs=-1, required=True, type=PATH)
@click.option("--out", type=PATH, metavar="FILE", help="[default: student.safetensors]")
@click.option(
    "--model", metavar="NAME", help="The student: a GhostNet of any width.  [default: ghostnet_100]"
)
@click.option(
    "--teacher",
    metavar="NAME",
    help="Any network, also timm:NAME and torchvision:NAME.  [default: efficientnet_lite0]",
)
@click.option(
    "--teacher-weights", metavar="WEIGHTS", help="As --weights of a run.  [default: auto]"
)
@click.option("--init", metavar="WEIGHTS", help="Start from them: bundled, hub, or a file.")
@click.option(
    "--work",
    type=PATH,
    metavar="DIR",
    help="For the checkpoint and decoded pictures.  [default: beside FILE]",
)
@click.option("--samples", type=int, metavar="N", help="Learn from so many pictures in all.")
@click.option("--minutes", metavar="M", help="Learn for so long in all.")
@click.option("--size", type=int, metavar="SIDE", help="Of the student's crops.  [default: 160]")
@click.option(
    "--teacher-size", type=int, metavar="SIDE", help="Of the teacher's crops.  [default: 192]"
)
@click.option(
    "--input-size",
    type=int,
    metavar="SIDE",
    help="Of the pictures that the weights are for, and are judged on.  [default: 224]",
)
@click.option(
    "--stored",
    type=int,
    metavar="SIDE",
    help="Keep larger pictures reduced to this shorter side.  [default: 256]",
)
@click.option("--fps", metavar="RATE", help="Take so many frames a second of videos.  [default: 1]")
@click.option(
    "--held-out", type=int, metavar="N", help="Judge by the last N pictures.  [default: 2000]"
)
@click.option(
    "--forcing",
    type=float,
    metavar="SHARE",
    help="First share of the budget, in which stages are fed the teacher's features.  "
    "[default: 0.55; with --init, 0]",
)
@click.option(
    "--finish",
    type=float,
    metavar="SHARE",
    help="Last share of the budget, over which the learning rate runs out.  [default: 0.3]",
)
@click.option(
    "--learning-rate", type=float, metavar="RATE", help="[default: 0.003; with --init, 0.001]"
)
@click.option("--batch", type=int, metavar="N", help="Pictures a step.  [default: 64]")
@click.option("--save-minutes", metavar="M", help="From checkpoint to checkpoint.  [default: 5]")
@click.option(
    "--report-minutes", metavar="M", help="From look to look at held-out pictures.  [default: 20]"
)
@click.option("--seed", type=int, metavar="N", help="Of all that is random.  [default: 0]")
@click.option("--device", type=click.Choice(["auto", "cpu", "cuda"]), help="[default: auto]")
@click.option(
    "--precision",
    type=click.Choice(["auto", "fp32", "bf16"]),
    help="Of learning; auto is bf16 on a card.  [default: auto]",
)
@options(JSON)
def distill(pictures: tuple[Path, ...], as_json: bool, **flags: object) -> None:
    """Train a GhostNet to answer as a teacher does, on PICTURES without labels.

    PICTURES are folders, pictures, videos, and tar files of pictures. Ctrl-C or SIGTERM ends in
    order, with weights written; the same command goes on. Without --samples and --minutes it goes
    on until it is stopped.

    \b
    Examples:
      ghoststream distill photos/ --minutes 600 --out student.safetensors
      ghoststream distill archive/ --init bundled --model ghostnet_100 --samples 500000
      ghoststream run clip.mp4 --weights student.safetensors
    """
    set_json(as_json)
    from ghoststream.cli.stopping import stop_on_signals
    from ghoststream.config import DistillConfig, make_config
    from ghoststream.runners.distill.run import distill as learn

    chosen = {name: value for name, value in flags.items() if value is not None}
    config = make_config(DistillConfig, {**chosen, "pictures": pictures})
    with stop_on_signals() as stop:
        done = learn(config, stop=stop, watcher=_print_json if as_json else _print)
    if done is None:
        click.echo("Note: stopped before anything was learnt; no weights are written", err=True)
        click.get_current_context().exit(INTERRUPTED)
    _print_json(done) if as_json else _print_end(done)
    lost = PARTLY_LOST if done.lost else 0
    click.get_current_context().exit(INTERRUPTED if done.is_stopped else lost)


def _print_json(told: "Report | Distilled") -> None:
    record = {"kind": type(told).__name__.lower(), **asdict(told)}
    text = json.dumps(record, ensure_ascii=False, default=str)
    click.echo(text.encode("utf-8", "backslashreplace"))


def _print(report: "Report") -> None:
    from ghoststream.runners.distill.reports import Judged, Learning, Note, Reading

    match report:
        case Note(text=text):
            click.echo(f"Note: {text}", err=True)
        case Reading(pictures=pictures):
            click.echo(f"{pictures} pictures decoded", err=True)
        case Learning() as line:
            budget = f", {100 * line.done:.1f} % of the budget" if line.done else ""
            click.echo(
                f"{line.samples} samples, divergence {line.divergence:.3f}, "
                f"{line.images_per_second:.0f} pictures/s{budget}"
            )
        case Judged(samples=samples, agreement=agreement):
            click.echo(f"{samples} samples, held out: {_shown(agreement)}")


def _print_end(done: "Distilled") -> None:
    for line in done.lost[:SHOWN_LOST]:
        click.echo(f"Warning: left out: {line}", err=True)
    if len(done.lost) > SHOWN_LOST:
        click.echo(f"Warning: {len(done.lost) - SHOWN_LOST} more were left out", err=True)
    click.echo(f"{done.samples} samples, held out: {_shown(done.agreement)}")
    fitted = done.calibration
    click.echo(
        f"temperature {fitted.temperature:.2f}, calibration error {fitted.error:.3f} "
        f"(without: {fitted.error_before:.3f})"
    )
    click.echo(f"weights: {done.path}")


def _shown(agreement: "Agreement") -> str:
    cosine = "" if agreement.cosine is None else f", cosine {agreement.cosine:.3f}"
    return (
        f"{100 * agreement.same:.1f} % named as by the teacher, {100 * agreement.among_five:.1f} % "
        f"among five{cosine}"
    )
