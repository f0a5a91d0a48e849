"""The event log: JSON lines, each on its way to the disk before the next one is made.

with JsonLines("events.jsonl") as log: ...
with JsonLines("-") as log: ...  # standard output
"""

import sys
from io import FileIO
from pathlib import Path

from ghoststream.sinks.appended import end_of_lines
from ghoststream.sinks.atomic import output_errors, write_all
from ghoststream.sinks.records import Line, end_record, header_record, result_record, to_line
from ghoststream.sinks.sink import Sink
from ghoststream.types import Header, Record, Summary

STANDARD_OUTPUT = "-"


class JsonLines(Sink):
    """Appends a line a record; whatever happens to the process, the lines written so far stay.

    Args:
        target: a file, which is begun anew, or `-` for standard output.
        append: goes on behind the last whole line of the file; a torn one is cut off.

    Raises:
        OutputError: the file cannot be written.
        BrokenPipeError: whoever read standard output has stopped reading.
    """

    def __init__(self, target: Path | str, *, append: bool = False) -> None:
        self._target, self._append = target, append
        self._file: FileIO | None = None
        self._header: Header | None = None

    def start(self, header: Header) -> None:
        self._header = header
        self._put(header_record(header))

    def write(self, item: Record) -> None:
        self._put(result_record(item, self._started()))

    def finish(self, summary: Summary) -> None:
        self._put(end_record(summary, self._started().source))

    def lost(self, source: str, summary: Summary) -> None:
        self._put(end_record(summary, source))

    def close(self) -> None:
        if self._file is not None:
            self._file.close()

    def discard(self) -> None:
        self.close()

    def __enter__(self) -> "JsonLines":
        if self._target != STANDARD_OUTPUT:
            with output_errors(self._target):
                self._open()
        return self

    def _started(self) -> Header:
        if self._header is None:
            raise ValueError("start(header) comes before anything else")
        return self._header

    def _put(self, record: Line) -> None:
        data = to_line(record).encode()
        with output_errors(self._target):
            if self._target == STANDARD_OUTPUT:
                sys.stdout.buffer.write(data)
                sys.stdout.buffer.flush()
            else:
                write_all(self._open(), data)

    def _open(self) -> FileIO:
        if self._file is None:
            self._file = _open_log(Path(self._target), append=self._append)
        return self._file


def _open_log(path: Path, *, append: bool) -> FileIO:
    path.parent.mkdir(parents=True, exist_ok=True)
    file = FileIO(path, "r+" if append and path.exists() else "w")
    if append:
        file.seek(end_of_lines(file))
        file.truncate()
    return file
