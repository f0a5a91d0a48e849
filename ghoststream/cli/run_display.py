"""What a person, or a machine, sees of a job."""

import json
import sys
import time
from dataclasses import asdict
from fractions import Fraction
from types import TracebackType
from typing import TYPE_CHECKING, Self

import click

from ghoststream.cli.exit_codes import INTERRUPTED, PARTLY_LOST
from ghoststream.sinks.timecode import timecode
from ghoststream.types import Event, Header, Summary

if TYPE_CHECKING:
    from rich.progress import Progress as Bar
    from rich.progress import TaskID

    from ghoststream.runners.jobs import Result
    from ghoststream.runners.local import Outcome, Progress


TITLES = {
    "jsonl": "event log",
    "csv": "table of events",
    "vtt": "subtitles",
    "annotate": "annotated video",
    "report": "report",
}


class RunDisplay:
    """Prints events to standard output, and everything about the run to standard error.

    Args:
        as_json: one JSON object at the end instead of lines for people.
        quiet: no events, because standard output belongs to the event log.
        has_bar: whether there is an end that a bar can show the way to.
    """

    def __init__(self, *, as_json: bool, quiet: bool, has_bar: bool = True) -> None:
        self._as_json, self._quiet, self._has_bar = as_json, quiet, has_bar
        self._began = time.monotonic()
        self._seconds: float | None = None
        self._names_sources, self._prefix = False, ""
        self._origin = Fraction(0)
        self._bar: Bar | None = None
        self._tasks: dict[str, TaskID] = {}
        self._starts: dict[str, float] = {}

    def __enter__(self) -> Self:
        if self._has_bar and sys.stderr.isatty() and not self._as_json:
            self._bar = _bar()
            self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._hide_bar()

    def expect(self, sources: int) -> None:
        self._names_sources = sources > 1

    def notice(self, line: str) -> None:
        self.say(f"Note: {line}")

    def start(self, header: Header) -> None:
        self._origin = header.stream.start_time or Fraction(0)
        self._prefix = f"{header.source}: " if self._names_sources else ""

    def event(self, event: Event) -> None:
        if event.type != "update" and not self._silent:
            line = self._prefix + _event_line(event, self._origin)
            if self._bar is not None and sys.stdout.isatty():
                _print_above(self._bar, line)
            else:
                click.echo(line)

    def progress(self, progress: "Progress") -> None:
        if self._bar is not None:
            self._move_bar(self._bar, progress)

    def end(self, result: "Result") -> None:
        """The last words, and the exit code."""
        self.rest()
        seconds = self._seconds or 0.0
        if self._as_json:
            click.echo(json.dumps(_as_dict(result, seconds), ensure_ascii=False))
        else:
            for outcome in result.outcomes:
                self.say(_outcome_line(outcome))
            self.say(_total_line(result, seconds))
        click.get_current_context().exit(exit_code(result))

    @property
    def _silent(self) -> bool:
        return self._quiet or self._as_json

    def say(self, line: str) -> None:
        """A line about the run, for people."""
        if self._bar is not None:
            _print_above(self._bar, line)
        elif not self._as_json:
            click.echo(line, err=True)

    def rest(self) -> None:
        """The work is done: what comes now counts no more, and has the terminal to itself."""
        if self._seconds is None:
            self._seconds = time.monotonic() - self._began
        self._hide_bar()

    def _hide_bar(self) -> None:
        if self._bar is not None:
            self._bar.stop()
            self._bar = None

    def _move_bar(self, bar: "Bar", progress: "Progress") -> None:
        """One bar a source."""
        if progress.source not in self._tasks:
            self._tasks[progress.source] = bar.add_task(progress.source, speed="")
            self._starts[progress.source] = time.monotonic()
        elapsed = max(time.monotonic() - self._starts[progress.source], 1e-6)
        total = None if progress.duration is None else float(progress.duration)
        bar.update(
            self._tasks[progress.source],
            total=total,
            completed=float(progress.time),
            speed=f"{progress.frames / elapsed:.0f} fps, "
            f"{float(progress.time) / elapsed:.1f}x realtime",
        )

    def done(self, source: str) -> None:
        if self._bar is not None and source in self._tasks:
            self._bar.remove_task(self._tasks.pop(source))


def exit_code(result: "Result") -> int:
    """0 where everything was read and told, 3 where something was lost, 130 where interrupted."""
    summaries = [outcome.summary for outcome in result.outcomes]
    if any(summary.reason == "interrupted" for summary in summaries):
        return INTERRUPTED
    return PARTLY_LOST if any(map(_has_losses, summaries)) else 0


def _bar() -> "Bar":
    # Here, because few runs have a terminal to draw on, and all would wait for it.
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[speed]}"),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
        redirect_stdout=False,
    )


def _print_above(bar: "Bar", line: str) -> None:
    # Click finds its own way to the terminal, and would leave the bar amid the lines.
    bar.console.print(line, markup=False, highlight=False, emoji=False, soft_wrap=True)


def _event_line(event: Event, origin: Fraction) -> str:
    state = event.after
    if event.type == "new":
        return f"{timecode(state.start_time - origin)}  new  {state.label}  {state.score:.2f}"
    return (
        f"{timecode(state.frame_time - origin)}  end  {state.label}  {state.top_score:.2f}"
        f"  since {timecode(state.start_time - origin)}"
    )


def _outcome_line(outcome: "Outcome") -> str:
    summary = outcome.summary
    parts = [_count(summary.frames, "frame"), f"{summary.sampled} looked at"]
    if summary.clips:
        parts += [_count(summary.clips, "clip"), _count(summary.events, "event")]
    if summary.dropped:
        parts.append(f"{summary.dropped} dropped")
    if summary.overrun:
        parts.append(f"{summary.overrun} given up for lack of speed")
    if summary.decode_errors:
        parts.append(_count(summary.decode_errors, "decode error"))
    if summary.reconnects:
        parts.append(_count(summary.reconnects, "reconnection"))
    if summary.stalls:
        parts.append(_count(summary.stalls, "stall"))
    if summary.reason != "completed":
        parts.append(summary.reason if summary.error is None else f"failed: {summary.error}")
    return f"{outcome.source}: {', '.join(parts)}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _total_line(result: "Result", seconds: float) -> str:
    frames = sum(outcome.summary.frames for outcome in result.outcomes)
    files = {name: path for name, path in result.outputs.items() if path.exists()}
    written = [f"{TITLES.get(name, 'vectors')}: {path}" for name, path in files.items()]
    rate = f"{seconds:.1f} s, {frames / max(seconds, 1e-6):.0f} frames/s"
    return "\n".join([rate, *written])


def _as_dict(result: "Result", seconds: float) -> dict[str, object]:
    return {
        "sources": [{"source": o.source, **_counts(o.summary)} for o in result.outcomes],
        "outputs": {name: str(path) for name, path in result.outputs.items()},
        "seconds": round(seconds, 3),
    }


def _counts(summary: Summary) -> dict[str, object]:
    """Without what only live sources have, where it is none."""
    return {k: v for k, v in asdict(summary).items() if v is not None or k == "error"}


def _has_losses(summary: Summary) -> bool:
    lost = (summary.decode_errors, summary.dropped, summary.overrun, summary.reconnects)
    return summary.reason == "failed" or any(lost)
