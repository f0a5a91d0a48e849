"""Files that appear under their final name only when they are whole.

file = AtomicFile(Path("events.csv"))
file.prepare()  # events.partial.csv can be written
file.commit()  # it is events.csv now
"""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import FileIO
from pathlib import Path

from ghoststream.errors import OutputError

REASONS = {
    errno.ENOSPC: "the disk is full; free some space or choose a path on another disk",
    errno.EDQUOT: "your disk quota is used up; free some space or choose a path on another disk",
    errno.EACCES: "permission denied; choose a path that you may write",
    errno.EPERM: "permission denied; choose a path that you may write",
    errno.EROFS: "the file system is read-only; choose a path on another one",
    errno.EISDIR: "it is a directory; give the name of a file in it",
    errno.ENOTDIR: "a part of the path is a file, not a directory; choose another path",
    errno.EEXIST: "a part of the path is a file, not a directory; choose another path",
    errno.ENAMETOOLONG: "the name is too long; choose a shorter one",
    errno.EFBIG: "the file system does not hold files as large; choose a path on another disk",
}


@contextmanager
def output_errors(path: Path | str) -> Iterator[None]:
    """Turns what the system says about writing `path` into one sentence.

    A closed pipe passes as `BrokenPipeError`: who stopped reading wants to hear no more.

    Raises:
        OutputError: instead of any other `OSError`.
    """
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        reason = REASONS.get(error.errno or 0) or f"{error.strerror or error}; choose another path"
        raise OutputError(f"cannot write {path}: {reason}") from error


class AtomicFile:
    """A final path, and the partial one beside it that is written until all is there.

    Args:
        path: the final one.
        partial: the other one; unset, it ends alike, since some writers go by that.
    """

    def __init__(self, path: Path, *, partial: Path | None = None) -> None:
        self.path = path
        self.partial = partial or path.with_name(f"{path.stem}.partial{path.suffix}")

    def prepare(self) -> None:
        """Makes the directory and an empty partial file, so that a bad path shows at once.

        Raises:
            OutputError: no file can be written there.
        """
        # Renaming onto a device or a pipe would put a file in its place.
        if self.path.exists() and not (self.path.is_file() or self.path.is_dir()):
            raise OutputError(
                f"cannot write {self.path}: it is not a regular file; give the name of a new one"
            )
        with output_errors(self.path):
            if self.path.is_dir():
                raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self.partial.write_bytes(b"")

    def commit(self) -> None:
        """Gives the partial file its final name, after it has reached the disk.

        Raises:
            OutputError: the disk does not take it.
        """
        with output_errors(self.path):
            _fsync(self.partial)
            self.partial.replace(self.path)
            _fsync(self.path.parent)

    def discard(self) -> None:
        """Removes the partial file, where there is one."""
        with suppress(FileNotFoundError, NotADirectoryError):
            self.partial.unlink()


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """A partial file to write, which gets its final name at the end, and is removed on an error.

    Raises:
        OutputError: it cannot be written.

    Example:
        >>> with whole_file(Path("report.json")) as partial:
        ...     partial.write_text("{}")
    """
    file = AtomicFile(path)
    file.prepare()
    try:
        with output_errors(path):
            yield file.partial
        file.commit()
    finally:
        file.discard()


def write_all(file: FileIO, data: bytes) -> None:
    """Writes to an unbuffered file: what was written is out of the process, so a kill keeps it.

    A nearly full disk takes a part of the bytes, and says no only to the rest.

    Raises:
        OSError: the system does not take all bytes.
    """
    while data:
        data = data[file.write(data) :]


def numbered(path: Path, index: int) -> Path:
    """The path of the source with this index, where one file can hold a single source only.

    Example:
        >>> str(numbered(Path("out/clip.vtt"), 0)), str(numbered(Path("out/clip.vtt"), 1))
        ('out/clip.vtt', 'out/clip-2.vtt')
    """
    return path if index == 0 else path.with_name(f"{path.stem}-{index + 1}{path.suffix}")


def _fsync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
