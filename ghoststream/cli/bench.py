"""`ghoststream bench`."""

import json
from typing import TYPE_CHECKING

import click

from ghoststream.cli.options import JSON, NETWORK, options
from ghoststream.cli.settings import read_settings, set_json

if TYPE_CHECKING:
    from ghoststream.runners.agreement import Agreement
    from ghoststream.runners.bench import BenchReport, Speed

COLUMNS = ("seconds", "from - to", "fps", "x realtime", "cosine", "lowest")


@click.command()
@click.argument("source")
@click.option("--fps", default="2", show_default=True, help="Look at so many frames a second.")
@click.option(
    "--seconds",
    type=click.FloatRange(min=1),
    default=30,
    show_default=True,
    help="Of the video, to measure on.",
)
@click.option(
    "--repetitions",
    type=click.IntRange(min=1),
    default=3,
    show_default=True,
    help="Of each measurement, after one to warm up.",
)
@options(NETWORK, JSON)
def bench(source: str, as_json: bool, seconds: float, repetitions: int, **flags: object) -> None:
    """Measure how fast this machine decodes and looks, on a video file of yours.

    Medians of runs that take turns. Beside each way to vectors stands their cosine to those of a
    slow full decode in fp32.

    \b
    Example:
      ghoststream bench clip.mp4 --fps 2
    """
    set_json(as_json)
    from rich.console import Console

    from ghoststream.config import EmbedConfig
    from ghoststream.runners.bench import bench as measure

    config = read_settings(EmbedConfig, (source,), flags)
    console = Console(stderr=True)
    with console.status("") as status:
        report = measure(config, seconds=seconds, repetitions=repetitions, tell=status.update)
    if as_json:
        click.echo(json.dumps(_as_dict(report), ensure_ascii=False))
        return
    print_report(report)


def print_report(report: "BenchReport") -> None:
    """A table for people."""
    from rich.box import SIMPLE
    from rich.console import Console
    from rich.table import Table

    console = Console()
    # A pipe has no width; the table's own is less than this.
    console = console if console.is_terminal else Console(width=120)
    console.print(
        f"{report.source}: {report.frames} frames, {report.video_seconds:.1f} s, looked at "
        f"{report.fps} frames a second; {report.runtime}",
        highlight=False,
        soft_wrap=True,
    )
    table = Table("", *COLUMNS, box=SIMPLE)
    for column in table.columns:
        column.no_wrap = True
    for column in table.columns[1:]:
        column.justify = "right"
    for speed in report.speeds:
        table.add_row(*_row(speed))
    console.print(table)
    for line in ("* a process of its own: its start is included", *report.notices):
        console.print(line, highlight=False, soft_wrap=True)


def _row(speed: "Speed") -> list[str]:
    agreed, realtime = speed.agreement, speed.realtime_speed
    return [
        f"{speed.name} *" if speed.is_process else speed.name,
        f"{speed.median_seconds:.2f}",
        f"{min(speed.seconds):.2f} - {max(speed.seconds):.2f}",
        f"{speed.frames_per_second:.0f}",
        "" if realtime is None else f"{realtime:.1f}",
        "" if agreed is None else f"{agreed.mean_cosine:.5f}",
        "" if agreed is None else f"{agreed.lowest_cosine:.5f}{_differing(agreed)}",
    ]


def _differing(agreed: "Agreement") -> str:
    if not agreed.strangers + agreed.missed:
        return ""
    return f" ({agreed.strangers} other frames, {agreed.missed} missed)"


def _as_dict(report: "BenchReport") -> dict[str, object]:
    from dataclasses import asdict

    speeds = [
        {
            **asdict(speed),
            "median_seconds": speed.median_seconds,
            "frames_per_second": speed.frames_per_second,
            "realtime_speed": speed.realtime_speed,
        }
        for speed in report.speeds
    ]
    return {**asdict(report), "fps": str(report.fps), "speeds": speeds}
