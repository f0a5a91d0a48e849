"""What is to be done about the files of an archive, and what is done already.

catalog = Catalog(store.videos(columns=CATALOG_COLUMNS).to_pylist())
triage = triaged(found.files, catalog, retry_failed=False)
"""

import os
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from ghoststream.sources.archive import ArchiveFile

VideoRow: TypeAlias = Mapping[str, Any]
"""Of the table `videos`."""

CATALOG_COLUMNS = ("video", "path_bytes", "size", "mtime_ns", "content_sha256", "status")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What the store knows of a file."""

    video: str
    path: Path
    size_bytes: int
    mtime_ns: int
    content_sha256: str | None
    is_done: bool


class Catalog:
    """Which files a store holds, by path and by content.

    Args:
        videos: rows of `videos`, with at least CATALOG_COLUMNS.
    """

    def __init__(self, videos: Iterable[VideoRow]) -> None:
        self._by_path: dict[Path, Entry] = {}
        self._by_size: dict[int, set[Path]] = defaultdict(set)
        for video in videos:
            self.put(video)

    def put(self, video: VideoRow) -> None:
        """Takes in a row that is new, or in place of the one of the same path."""
        entry = _entry(video)
        self.drop(entry.path)
        self._by_path[entry.path] = entry
        self._by_size[entry.size_bytes].add(entry.path)

    def drop(self, path: Path) -> None:
        """Forgets a file."""
        entry = self._by_path.pop(path, None)
        if entry is not None:
            self._by_size[entry.size_bytes].discard(path)

    def get(self, path: Path) -> Entry | None:
        """What is known of a file."""
        return self._by_path.get(path)

    def contents_like(self, file: ArchiveFile) -> frozenset[str]:
        """Hashes of analysed contents that the file's may be, by its size and ending."""
        return frozenset(e.content_sha256 for e in self._like(file) if e.content_sha256 is not None)

    def holding(self, content_sha256: str, file: ArchiveFile) -> Entry:
        """The file of this content; itself, if it is one of them."""
        entries = [e for e in self._like(file) if e.content_sha256 == content_sha256]
        return min(entries, key=lambda e: (e.path != file.path, os.fsencode(e.path)))

    def _like(self, file: ArchiveFile) -> list[Entry]:
        # Raw streams are told by their ending alone.
        return [
            self._by_path[path]
            for path in self._by_size[file.size_bytes]
            if self._by_path[path].is_done and path.suffix == file.path.suffix
        ]


def _entry(video: VideoRow) -> Entry:
    return Entry(
        video=video["video"],
        path=Path(os.fsdecode(video["path_bytes"])),
        size_bytes=video["size"],
        mtime_ns=video["mtime_ns"],
        content_sha256=video["content_sha256"],
        is_done=video["status"] == "done",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Triage:
    """Each file of an archive under what it is to the store."""

    new: Sequence[ArchiveFile] = ()
    """Not in the store under this path; its content may be."""
    changed: Sequence[ArchiveFile] = ()
    """Of another size or time of change than when it was analysed."""
    retried: Sequence[ArchiveFile] = ()
    """Failed before, and to be tried again."""
    done: Sequence[ArchiveFile] = ()
    failed: Sequence[ArchiveFile] = ()
    """Before, and left alone."""

    @property
    def due(self) -> list[ArchiveFile]:
        """To be analysed, the largest first, so that no core has to wait for the last one."""
        due = [*self.new, *self.changed, *self.retried]
        return sorted(due, key=lambda file: file.size_bytes, reverse=True)


def triaged(files: Iterable[ArchiveFile], catalog: Catalog, *, retry_failed: bool) -> Triage:
    """Holds the files of an archive against what the store knows.

    Args:
        files: as they are now.
        catalog: as they were.
        retry_failed: whether to try those again that have failed before.
    """
    kinds: dict[str, list[ArchiveFile]] = defaultdict(list)
    for file in files:
        kinds[_kind(file, catalog.get(file.path), retry_failed=retry_failed)].append(file)
    return Triage(**kinds)


def _kind(file: ArchiveFile, known: Entry | None, *, retry_failed: bool) -> str:
    if known is None:
        return "new"
    if (known.size_bytes, known.mtime_ns) != (file.size_bytes, file.mtime_ns):
        return "changed"
    if known.is_done:
        return "done"
    return "retried" if retry_failed else "failed"
