"""A file that grows by whole lines for days, across restarts, full disks and log rotation.

file = AppendedFile(Path("events.jsonl"))
file.write(b"one line\n")
"""

import os
from contextlib import suppress
from io import FileIO
from pathlib import Path

from ghoststream.sinks.atomic import output_errors, write_all


class AppendedFile:
    """Goes on behind the last whole line; begins anew where the file was moved or removed.

    Args:
        path: of the file; its directory is made.
        first: lines that every new file begins with.

    Raises:
        OutputError: the file cannot be opened.
    """

    def __init__(self, path: Path, *, first: bytes = b"") -> None:
        self._path, self._first = path, first
        with output_errors(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self._opened()

    def write(self, lines: bytes) -> None:
        """Appends lines, each with its newline.

        Raises:
            OutputError: the disk does not take them; of what it took nothing stays, so that the
                next lines, once there is room, stand alone again.
        """
        with output_errors(self._path):
            self._follow()
            end = self._file.seek(0, os.SEEK_END)
            try:
                write_all(self._file, lines)
            except OSError:
                with suppress(OSError):
                    self._file.truncate(end)
                raise

    def close(self) -> None:
        self._file.close()

    def _follow(self) -> None:
        """A log that was rotated is left to whoever moved it."""
        try:
            there = os.stat(self._path)  # noqa: PTH116 - the counterpart of fstat
        except FileNotFoundError:
            there = None
        own = os.fstat(self._file.fileno())
        if there is None or (there.st_dev, there.st_ino) != (own.st_dev, own.st_ino):
            file = self._opened()
            self._file.close()
            self._file = file

    def _opened(self) -> FileIO:
        file = FileIO(self._path, "r+" if self._path.exists() else "w+")
        try:
            end = end_of_lines(file)
            if end < file.seek(0, os.SEEK_END):
                file.truncate(end)
            if end == 0:
                file.seek(0)
                write_all(file, self._first)
        except OSError:
            file.close()
            raise
        return file


def end_of_lines(file: FileIO, chunk: int = 1 << 16) -> int:
    """Position behind the last newline, before which all lines are whole."""
    end = file.seek(0, os.SEEK_END)
    while end > 0:
        start = max(0, end - chunk)
        file.seek(start)
        found = file.read(end - start).rfind(b"\n")
        if found >= 0:
            return start + found + 1
        end = start
    return 0
