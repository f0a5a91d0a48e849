"""`ghoststream report`."""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ghoststream.cli.exit_codes import INTERRUPTED, PARTLY_LOST
from ghoststream.cli.options import JSON, PATH, options
from ghoststream.cli.settings import set_json

if TYPE_CHECKING:
    import threading

    from ghoststream.report.report import MadeReport

MEGABYTE = 1_000_000


@click.command()
@click.argument("logs", nargs=-1, required=True, type=PATH, metavar="LOG...")
@click.option(
    "--out", type=PATH, metavar="FILE", help="The page.  [default: the first log's name, .html]"
)
@click.option(
    "--video",
    type=PATH,
    metavar="PATH",
    help="Where the video lies now, or the directory of all.  [default: where the log says]",
)
@click.option(
    "--thumbnails",
    type=click.IntRange(0, 20_000),
    metavar="N",
    default=500,
    show_default=True,
    help="Pictures on the page, at most.",
)
@options(JSON)
def report(
    logs: tuple[Path, ...], out: Path | None, video: Path | None, thumbnails: int, as_json: bool
) -> None:
    """Make a page of what a run has found, to be looked at in a browser, without network.

    A LOG is an event log (.jsonl), or the directory of logs that `ghoststream label` has written.
    The page is one file: a timeline, scores, and all events with thumbnails. It plays the videos
    where they lie, so keep it where it is made, or move it together with them.

    \b
    Examples:
      ghoststream report runs/1/events.jsonl
      ghoststream report cameras.jsonl --out cameras.html
      ghoststream report labels --video /archive
    """
    set_json(as_json)
    from ghoststream.cli.stopping import stop_on_signals

    with stop_on_signals() as stop:
        made = make_report(
            logs,
            out or _page_of(logs[0]),
            video=video,
            thumbnails=thumbnails,
            stop=stop,
            quiet=as_json,
        )
    if as_json:
        click.echo(json.dumps(_record(made), ensure_ascii=False))
    if stop.is_set():
        click.get_current_context().exit(INTERRUPTED)
    click.get_current_context().exit(PARTLY_LOST if made.has_losses else 0)


def make_report(
    logs: Sequence[Path],
    out: Path,
    *,
    video: Path | None = None,
    thumbnails: int | None = None,
    stop: "threading.Event | None" = None,
    quiet: bool,
) -> "MadeReport":
    """Writes the page, and says on standard error what it holds.

    Raises:
        GhostStreamError: as `write_report`.
    """
    from ghoststream.report.report import THUMBNAILS, write_report

    with _progress(quiet=quiet) as progress:
        made = write_report(
            logs,
            out,
            video=video,
            thumbnails=THUMBNAILS if thumbnails is None else thumbnails,
            progress=progress,
            stop=stop,
        )
    if not quiet:
        for note in made.notes:
            click.echo(f"Note: {note}", err=True)
        click.echo(_line(made), err=True)
    return made


def _page_of(log: Path) -> Path:
    """Beside the log, or beside the directory of logs: what lies in it belongs to the archive."""
    return log.with_name(f"{log.name}.html") if log.is_dir() else log.with_suffix(".html")


@contextmanager
def _progress(*, quiet: bool) -> "Iterator[Callable[[int, int], None]]":
    """A line that counts thumbnails, on a terminal."""
    from rich.console import Console

    with Console(stderr=True, quiet=quiet).status("") as status:
        yield lambda done, of: status.update(f"{done:,} of {of:,} thumbnails")


def _line(made: "MadeReport") -> str:
    sources = f"{_count(made.sources, 'source')}, " if made.sources > 1 else ""
    return (
        f"{made.path}: {sources}{_count(made.events, 'event')}, "
        f"{_count(made.thumbnails, 'thumbnail')}, {made.size_bytes / MEGABYTE:.1f} MB"
    )


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _record(made: "MadeReport") -> dict[str, object]:
    return {
        "report": str(made.path),
        "sources": made.sources,
        "events": made.events,
        "thumbnails": made.thumbnails,
        "bytes": made.size_bytes,
        "notes": list(made.notes),
        "has_losses": made.has_losses,
    }
