"""What a person sees of cameras: what begins and ends, and how the cameras are."""

from datetime import datetime
from fractions import Fraction

import click

from ghoststream.cli.run_display import RunDisplay
from ghoststream.sinks.live import LiveWatcher
from ghoststream.types import Event, EventState, Header, Record, Status


class LiveReport(LiveWatcher):
    """Prints events to standard output, and states of cameras to standard error.

    Args:
        report: says what belongs to the run as a whole.
        quiet: no events, because standard output belongs to a log or to a machine.
    """

    def __init__(self, report: RunDisplay, *, quiet: bool) -> None:
        self._report, self._quiet = report, quiet
        self._troubles: dict[str, tuple[str, str | None]] = {}
        """State and cause that were said last of each camera that does not run."""

    def notice(self, line: str) -> None:
        self._report.notice(line)

    def write(self, record: Record, header: Header) -> None:
        if isinstance(record, Event) and record.type != "update" and not self._quiet:
            click.echo(_event_line(record, header))

    def status(self, status: Status) -> None:
        """Says it, but for attempts that end as the one before: a camera may be away for weeks."""
        if not self._is_news(status):
            return
        # A cause says which camera it is about, for those who see it alone.
        cause = (status.cause or "").removeprefix(f"{status.source}: ")
        cause = f": {cause}" if cause else ""
        self._report.say(f"{_clock(status.time)}  {status.source}  {status.state}{cause}")

    def _is_news(self, status: Status) -> bool:
        trouble = self._troubles.get(status.source)
        if status.state == "connecting":
            return trouble is None
        if status.state in ("running", "ended"):
            self._troubles.pop(status.source, None)
            return True
        self._troubles[status.source] = status.state, status.cause
        return self._troubles[status.source] != trouble


def _event_line(event: Event, header: Header) -> str:
    name = header.source if header.region is None else f"{header.source}/{header.region}"
    state = event.after
    time, score = _shown(event, state)
    line = f"{_clock(time)}  {name}  {event.type}  {state.label}  {score:.2f}"
    return line if event.type == "new" else f"{line}  since {_clock(state.start_time)}"


def _shown(event: Event, state: EventState) -> tuple[Fraction, float]:
    if event.type == "new":
        return state.start_time, state.score
    return state.frame_time, state.top_score


def _clock(time: Fraction) -> str:
    """Local time of day; the logs hold the date, too."""
    return datetime.fromtimestamp(float(time)).strftime("%H:%M:%S.%f")[:-3]
