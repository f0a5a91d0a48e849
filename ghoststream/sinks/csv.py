"""A table of events for spreadsheets: one row for each event that has ended.

with EventTable(Path("events.csv")) as table: ...
"""

import csv
from fractions import Fraction
from io import FileIO, StringIO
from pathlib import Path

from ghoststream.sinks.atomic import AtomicFile, output_errors, write_all
from ghoststream.sinks.records import DECIMALS, seconds
from ghoststream.sinks.sink import Sink
from ghoststream.sinks.timecode import timecode
from ghoststream.types import Event, EventState, Header, Record, Summary

COLUMNS = (
    "source",
    "id",
    "label",
    "label_id",
    "top_score",
    "start_seconds",
    "end_seconds",
    "start_timecode",
    "end_timecode",
)


class EventTable(Sink):
    """Comma-separated values (RFC 4180, but with plain newlines) in UTF-8.

    Seconds are on the stream's own clock, time codes count from the start of the video, as players
    do. Rows stand in the order in which events end.

    Args:
        path: the file.
    """

    def __init__(self, path: Path | str) -> None:
        self._atomic = AtomicFile(Path(path))
        self._file: FileIO | None = None
        self._header: Header | None = None

    def start(self, header: Header) -> None:
        self._header = header
        self._open()

    def write(self, item: Record) -> None:
        if self._header is None:
            raise ValueError("start(header) comes before anything else")
        if isinstance(item, Event) and item.type == "end":
            self._put(_row(item.after, self._header))

    def finish(self, summary: Summary) -> None:
        self._header = None

    def close(self) -> None:
        self._open().close()
        self._atomic.commit()

    def discard(self) -> None:
        if self._file is not None:
            self._file.close()
        self._atomic.discard()

    def __enter__(self) -> "EventTable":
        self._open()
        return self

    def _open(self) -> FileIO:
        if self._file is None:
            self._atomic.prepare()
            self._file = FileIO(self._atomic.partial, "w")
            self._put(COLUMNS)
        return self._file

    def _put(self, row: tuple[object, ...]) -> None:
        file, line = self._open(), StringIO()
        csv.writer(line, lineterminator="\n").writerow(row)
        with output_errors(self._atomic.path):
            write_all(file, line.getvalue().encode(errors="replace"))


def _row(state: EventState, header: Header) -> tuple[object, ...]:
    end, origin = state.end_time, header.stream.start_time or Fraction(0)
    if end is None:
        raise ValueError(f"an event that ends has an end time: {state}")
    return (
        header.source,
        state.id,
        state.label,
        state.label_id,
        round(state.top_score, DECIMALS),
        seconds(state.start_time),
        seconds(end),
        timecode(state.start_time - origin),
        timecode(end - origin),
    )
