"""The event log of cameras: JSON lines that several of them share, for days.

log = LiveLog("events.jsonl", notice=print)
"""

import sys
from collections.abc import Callable
from pathlib import Path

from ghoststream.errors import OutputError
from ghoststream.sinks.appended import AppendedFile
from ghoststream.sinks.live import LiveSink
from ghoststream.sinks.lost_lines import LostLines
from ghoststream.sinks.records import (
    Line,
    end_record,
    evidence_record,
    header_record,
    result_record,
    status_record,
    to_line,
)
from ghoststream.types import Event, Evidence, Header, Record, Status, Summary

STANDARD_OUTPUT = "-"


class LiveLog(LiveSink):
    """Appends a line a record; whatever happens to the process, the lines written so far stay.

    A disk that fills up does not end the run: lines are lost, counted and told, until there is room
    again.

    Args:
        target: a file, behind whose last whole line it goes on, or `-` for standard output.
        notice: told once in a while of lines that were lost.
        has_clips: whether every clip is written, too; otherwise events only.

    Raises:
        OutputError: the file cannot be opened.
    """

    def __init__(
        self, target: Path | str, *, notice: Callable[[str], None], has_clips: bool = False
    ) -> None:
        self._file = None if str(target) == STANDARD_OUTPUT else AppendedFile(Path(target))
        self._lost = LostLines(notice)
        self._has_clips = has_clips

    @property
    def lost_lines(self) -> int:
        """That the disk did not take."""
        return self._lost.count

    def start(self, header: Header) -> None:
        self._put(header_record(header))

    def write(self, record: Record, header: Header) -> None:
        if self._has_clips or isinstance(record, Event):
            self._put(result_record(record, header))

    def status(self, status: Status) -> None:
        self._put(status_record(status))

    def evidence(self, evidence: Evidence) -> None:
        self._put(evidence_record(evidence))

    def finish(self, source: str, summary: Summary) -> None:
        self._put(end_record(summary, source))

    def close(self) -> None:
        if self._file is not None:
            self._file.close()

    def _put(self, line: Line) -> None:
        data = to_line(line).encode()
        if self._file is None:
            sys.stdout.buffer.write(data)
            sys.stdout.buffer.flush()
            return
        try:
            self._file.write(data)
        except OutputError as error:
            self._lost.add(error)
