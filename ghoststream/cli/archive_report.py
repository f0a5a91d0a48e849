"""What a person, or a machine, sees of a job over an archive."""

import json
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

import click

from ghoststream.cli.archive_tally import ArchiveTally, duration
from ghoststream.cli.exit_codes import INTERRUPTED, PARTLY_LOST
from ghoststream.runners.archive.summary import ArchiveCounts, ArchiveSummary, ArchiveWatcher
from ghoststream.sources.file import shown
from ghoststream.types import Summary

if TYPE_CHECKING:
    from ghoststream.cli.archive_display import ArchiveDisplay

LINE_SECONDS = 30
"""From one line to the next where there is no terminal to draw on."""
MAX_LISTED = 20
"""Failed files at the end; all of them are in summary.json."""


class ArchiveReport(ArchiveWatcher):
    """Tells of the job on standard error.

    Args:
        as_json: one JSON object on standard output at the end instead.
        clock: in seconds.
    """

    def __init__(self, *, as_json: bool, clock: Callable[[], float] = time.monotonic) -> None:
        self._as_json, self._clock = as_json, clock
        self._tally = ArchiveTally(clock)
        self._display: ArchiveDisplay | None = None
        self._told_at = clock()

    def __enter__(self) -> Self:
        if sys.stderr.isatty() and not self._as_json:
            from ghoststream.cli.archive_display import ArchiveDisplay

            self._display = ArchiveDisplay(self._tally)
            self._display.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.hide()

    def expect(self, *, files: int, size_bytes: int, already_done: int, failed_before: int) -> None:
        self._tally.expect(files, size_bytes)
        parts = [f"{_count(files, 'file')} to analyse"]
        if already_done:
            parts.append(f"{already_done:,} done already")
        if failed_before:
            parts.append(f"{failed_before:,} failed before (--retry-failed tries them again)")
        self._say(", ".join(parts))

    def notice(self, line: str) -> None:
        self._say(f"Note: {line}")

    def begin(self, path: Path) -> None:
        self._tally.begin(path)

    def progress(self, path: Path, *, frames: int, seconds: float) -> None:
        self._tally.progress(path, frames, seconds)
        self._say_how_far()

    def done(
        self, path: Path, *, size_bytes: int, summary: Summary, seconds_of_video: float
    ) -> None:
        self._tally.finish(path, size_bytes, frames=summary.frames, seconds=seconds_of_video)
        self._say_how_far()

    def moved(self, path: Path, *, size_bytes: int) -> None:
        self._tally.finish(path, size_bytes)
        self._say_how_far()

    def failed(self, path: Path, *, size_bytes: int, error: str) -> None:
        self._tally.finish(path, size_bytes, has_failed=True)
        self._say(f"Failed: {_sentence(shown(path), error)}")
        self._say_how_far()

    def end(self, summary: ArchiveSummary) -> None:
        """The last words, and the exit code."""
        self.hide()
        if self._as_json:
            click.echo(json.dumps(summary.as_dict(), ensure_ascii=False))
        for line in _last_words(summary):
            self._say(line)
        click.get_current_context().exit(exit_code(summary))

    def hide(self) -> None:
        """Clears the terminal for something else that moves there."""
        if self._display is not None:
            self._display.stop()
            self._display = None

    def _say(self, line: str) -> None:
        if self._display is not None:
            self._display.say(line)
        elif not self._as_json:
            click.echo(line, err=True)

    def _say_how_far(self) -> None:
        """In a log, now and then."""
        if self._display is None and self._clock() - self._told_at >= LINE_SECONDS:
            self._told_at = self._clock()
            self._say(self._tally.line())


def exit_code(summary: ArchiveSummary) -> int:
    """0 where all of the archive is done, 3 where something is lost, 130 where interrupted."""
    if summary.reason == "interrupted":
        return INTERRUPTED
    run, archive = summary.run, summary.archive
    is_lossy = run.failed or archive.failed or run.dropped or run.decode_errors
    return PARTLY_LOST if is_lossy or summary.problems or summary.reason == "failed" else 0


def _last_words(summary: ArchiveSummary) -> Iterator[str]:
    yield from _table(summary)
    if summary.failures:
        yield "Failed files:"
        listed = [_sentence(file.path, file.error) for file in summary.failures]
        yield from _shortened(listed)
    if summary.problems:
        yield "Could not be looked at:"
        yield from _shortened(list(summary.problems))
    if summary.reason == "interrupted":
        yield "Interrupted; run the same command again, and it goes on where it stopped."


def _shortened(lines: list[str]) -> Iterator[str]:
    yield from (f"  {line}" for line in lines[:MAX_LISTED])
    if len(lines) > MAX_LISTED:
        yield f"  and {len(lines) - MAX_LISTED:,} more"


def _table(summary: ArchiveSummary) -> Iterator[str]:
    """A column for this run, and one for all of the archive."""
    rows = [("", "this run", "archive"), *_rows(summary)]
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    for name, run, archive in rows:
        line = f"{name:<{widths[0]}}  {run:>{widths[1]}}  {archive:>{widths[2]}}"
        yield line.rstrip()


def _rows(summary: ArchiveSummary) -> Iterator[tuple[str, str, str]]:
    run, archive = summary.run, summary.archive
    yield _row("files done", run.done, archive.done)
    yield _row("files failed", run.failed, archive.failed)
    yield _row("done already", summary.already_done)
    yield _row("moved", summary.moved)
    yield ("hours of video", _hours(run), _hours(archive))
    yield _row("frames", run.frames, archive.frames)
    yield _row("looked at", run.sampled, archive.sampled)
    yield _row("clips", run.clips, archive.clips)
    yield _row("events", run.events, archive.events)
    yield _row("dropped frames", run.dropped, archive.dropped)
    yield _row("decode errors", run.decode_errors, archive.decode_errors)
    yield ("wall time", duration(summary.wall_seconds), "")
    yield ("frames/s", f"{summary.frames_per_second:,.0f}", "")
    yield ("realtime speed", f"{summary.realtime_speed:,.1f}x", "")


def _row(name: str, run: int, archive: int | None = None) -> tuple[str, str, str]:
    return name, f"{run:,}", "" if archive is None else f"{archive:,}"


def _hours(counts: ArchiveCounts) -> str:
    return f"{counts.seconds_of_video / 3600:,.2f}"


def _sentence(name: str, error: str) -> str:
    """Most errors say themselves which file they mean."""
    return error if error.startswith(f"{name}: ") else f"{name}: {error}"


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
