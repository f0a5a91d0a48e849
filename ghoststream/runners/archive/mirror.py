"""The tree of logs that mirrors an archive.

with open_mirror(Path("labels"), base=Path("/videos")) as mirror:
    mirror.path_of(file)
    mirror.write_missing(store, files)
    mirror.conclude(summary.as_dict())
"""

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from ghoststream.archive.store import Store
from ghoststream.errors import ConfigError, OutputError
from ghoststream.runners.log import log_lines
from ghoststream.sinks.atomic import AtomicFile, output_errors
from ghoststream.sources.archive import ArchiveFile, mirrored
from ghoststream.sources.file import shown

LOCK = ".writer.lock"
SUMMARY = "summary.json"
PARTIAL = ".*.partial"


@contextmanager
def open_mirror(out: Path | None, *, base: Path) -> Iterator["Mirror"]:
    """Takes a directory for the logs of one archive.

    Args:
        out: the directory; None for an archive without logs.
        base: the directory from which the names of the archive's files count.

    Raises:
        ConfigError: it mirrors another archive, whose logs would be mixed with these.
        OutputError: it cannot be written, or somebody else writes to it.
    """
    if out is None:
        yield Mirror(None, base)
        return
    with output_errors(out):
        out.mkdir(parents=True, exist_ok=True)
        lock = FileLock(out / LOCK)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            raise OutputError(
                f"cannot write {out}: another process writes there; wait until it ends, or choose "
                "another --out"
            ) from None
    try:
        mirror = Mirror(out, base)
        mirror.claim()
        yield mirror
    finally:
        lock.release()


class Mirror:
    """Where the log of each file goes. Made by `open_mirror`."""

    def __init__(self, out: Path | None, base: Path) -> None:
        self._out, self._base = out, base

    def claim(self) -> None:
        """Says whose logs these are, and removes what a killed run has left unfinished."""
        assert self._out is not None
        there = _summary_in(self._out)
        if there is not None and there.get("directory") != shown(self._base):
            raise ConfigError(
                f"{self._out} holds the logs of {there['directory']}, where files may have the "
                f"names of those in {shown(self._base)}; choose another --out"
            )
        for partial in self._out.rglob(PARTIAL):
            partial.unlink()
        if there is None:
            self.conclude({"state": "running"})

    def path_of(self, file: ArchiveFile) -> Path | None:
        """Where its log goes."""
        return None if self._out is None else mirrored(self._out, file.relative)

    def drop(self, path: Path) -> None:
        """Removes the log of a file that has moved, which has another one now."""
        if self._out is not None and path.is_relative_to(self._base):
            mirrored(self._out, path.relative_to(self._base)).unlink(missing_ok=True)

    def write_missing(self, store: Store, files: Iterable[ArchiveFile]) -> None:
        """Makes logs again of what the store holds, where they are not there.

        Args:
            store: which holds the videos.
            files: whose logs there should be.
        """
        missing: dict[bytes, tuple[ArchiveFile, Path]] = {}
        for file in files:
            path = self.path_of(file)
            if path is not None and not path.exists():
                missing[os.fsencode(file.path)] = (file, path)
        if missing:
            named = [
                {**row, "source": shown(missing[row["path_bytes"]][0].relative)}
                for row in store.videos().to_pylist()
                if row["path_bytes"] in missing
            ]
            for row, text in log_lines(store, named):
                _write_whole(missing[row["path_bytes"]][1], text)

    def conclude(self, summary: Mapping[str, object]) -> None:
        """Writes summary.json."""
        if self._out is not None:
            content = {"directory": shown(self._base), **summary}
            text = json.dumps(content, ensure_ascii=False, indent=2) + "\n"
            _write_whole(self._out / SUMMARY, text.encode(errors="replace"))


def _summary_in(out: Path) -> dict[str, object] | None:
    path = out / SUMMARY
    if not path.exists():
        return None
    try:
        content = json.loads(path.read_bytes())
    except (OSError, ValueError):
        content = None
    if not isinstance(content, dict) or "directory" not in content:
        raise ConfigError(
            f"{path} is not a summary of GhostStream's; choose another --out, or remove it"
        )
    return content


def _write_whole(path: Path, data: bytes) -> None:
    file = AtomicFile(path, partial=path.with_name(f".{path.name}.partial"))
    file.prepare()
    try:
        with output_errors(path):
            file.partial.write_bytes(data)
        file.commit()
    except BaseException:
        file.discard()
        raise
