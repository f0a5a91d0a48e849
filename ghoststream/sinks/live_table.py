"""A table of events of cameras: one row for each that has ended, added as it ends.

table = LiveTable(Path("events.csv"), notice=print)
"""

import csv
from collections.abc import Callable
from datetime import UTC, datetime
from fractions import Fraction
from io import StringIO
from pathlib import Path

from ghoststream.errors import OutputError
from ghoststream.sinks.appended import AppendedFile
from ghoststream.sinks.live import LiveSink
from ghoststream.sinks.lost_lines import LostLines
from ghoststream.sinks.records import DECIMALS, seconds
from ghoststream.types import Event, EventState, Header, Record

COLUMNS = (
    "source",
    "region",
    "id",
    "label",
    "label_id",
    "top_score",
    "start_seconds",
    "end_seconds",
    "start_utc",
    "end_utc",
)


class LiveTable(LiveSink):
    """Comma-separated values (RFC 4180, but with plain newlines) in UTF-8.

    Args:
        path: of the table; it goes on behind the last whole row.
        notice: told once in a while of rows that a full disk did not take.

    Raises:
        OutputError: the file cannot be opened.
    """

    def __init__(self, path: Path, *, notice: Callable[[str], None]) -> None:
        self._file = AppendedFile(path, first=_row(COLUMNS))
        self._lost = LostLines(notice)

    @property
    def lost_lines(self) -> int:
        """That the disk did not take."""
        return self._lost.count

    def write(self, record: Record, header: Header) -> None:
        if isinstance(record, Event) and record.type == "end":
            try:
                self._file.write(_row(_cells(record.after, header)))
            except OutputError as error:
                self._lost.add(error)

    def close(self) -> None:
        self._file.close()


def _cells(state: EventState, header: Header) -> tuple[object, ...]:
    end = state.frame_time if state.end_time is None else state.end_time
    return (
        header.source,
        header.region or "",
        state.id,
        state.label,
        state.label_id,
        round(state.top_score, DECIMALS),
        seconds(state.start_time),
        seconds(end),
        utc(state.start_time),
        utc(end),
    )


def utc(time: Fraction) -> str:
    """Unix seconds as people read them, in milliseconds.

    Example:
        >>> utc(Fraction(3, 2))
        '1970-01-01T00:00:01.500Z'
    """
    moment = datetime.fromtimestamp(float(time), tz=UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _row(cells: tuple[object, ...]) -> bytes:
    line = StringIO()
    csv.writer(line, lineterminator="\n").writerow(cells)
    return line.getvalue().encode(errors="replace")
