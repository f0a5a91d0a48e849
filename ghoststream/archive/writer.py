"""Writing to a store: one video at a time becomes whole, and one process at a time writes.

with open_writer("archive.store", recipe) as writer:
    writer.append([VideoRows(row=..., frames=..., clips=..., events=...)])
"""

import errno
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
from filelock import FileLock, Timeout

from ghoststream.archive.database import Connection, connect, is_remote, table_names
from ghoststream.archive.lease import leased
from ghoststream.archive.schema import (
    FRAMES,
    LEASE,
    PENDING,
    RESULTS,
    VIDEOS,
    Recipe,
    recipe_of,
    schemas,
)
from ghoststream.archive.store import Store, quoted
from ghoststream.errors import OutputError, StoreBusy, StoreError

LOCK = "writer.lock"
MAX_FRAGMENTS = 500
"""Pieces of a table, one an append, before they are put together: many are slow to read."""
KEEP_VERSIONS = timedelta(hours=1)
"""For readers that are still at an older version of a table."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class VideoRows:
    """All rows of one video."""

    row: dict[str, object]
    """Of `videos`."""
    frames: pa.Table
    clips: pa.Table
    events: pa.Table


@contextmanager
def open_writer(address: Path | str, recipe: Recipe) -> Iterator["StoreWriter"]:
    """Opens a store for writing, and makes it where there is none.

    What a killed run has left unfinished is removed.

    Args:
        address: directory, or address in an object store.
        recipe: how the vectors to be written are made.

    Raises:
        StoreBusy: somebody else writes to it.
        StoreError: its vectors were made in another way, or by another version.
        OutputError: the place cannot be written.
    """
    with _alone(address) as require_right:
        with store_errors(address):
            connection = connect(address)
            _make_missing(connection, recipe, str(address))
            writer = StoreWriter(Store(connection, str(address)), require_right)
            writer.remove_unfinished()
        yield writer


class StoreWriter:
    """Appends videos. Made by `open_writer`.

    A kill between two steps of `append` leaves rows without a video; their ids stand in `pending`,
    so that readers leave them out, and the next writer removes them.
    """

    def __init__(self, store: Store, require_right: Callable[[], None] = lambda: None) -> None:
        self.store = store
        self._require_right = require_right
        self._ids = store.ids_by_path()

    def append(self, videos: Sequence[VideoRows]) -> None:
        """Writes videos with all their rows, in place of what the store held of the same paths.

        Args:
            videos: whose ids are new to the store, or there as failed.

        Raises:
            OutputError: the disk is full, or does not take it for another reason.
        """
        if not videos:
            return
        ids = [str(video.row["video"]) for video in videos]
        paths: list[Any] = [video.row["path_bytes"] for video in videos]
        replaced = [self._ids[path] for path in paths if path in self._ids]
        self._require_right()
        with store_errors(self.store.address):
            self._set_pending([*ids, *replaced])
            for name in RESULTS:
                self._add(name, [getattr(video, name) for video in videos])
            self._put_videos([video.row for video in videos], is_replacing=bool(replaced))
            if gone := set(replaced) - set(ids):
                self._delete(gone)
                self._set_pending([])
        self._ids.update(zip(paths, ids, strict=True))

    def forget(self, videos: Sequence[str]) -> None:
        """Removes videos with all their rows.

        Args:
            videos: their ids.
        """
        if not videos:
            return
        forgotten = set(videos)
        with store_errors(self.store.address):
            self._set_pending(videos)
            self.store.table(VIDEOS).delete(f"video IN ({quoted(videos)})")
            self._delete(forgotten)
            self._set_pending([])
        self._ids = {path: video for path, video in self._ids.items() if video not in forgotten}

    def remove_unfinished(self) -> None:
        """Removes rows that a killed run has left."""
        if unfinished := self.store.unfinished():
            self._delete(set(unfinished))
            self._set_pending([])

    def compact(self) -> None:
        """Puts small pieces together, brings indexes up to date, and drops old versions."""
        with store_errors(self.store.address):
            for name in (VIDEOS, PENDING, *RESULTS):
                self.store.table(name).optimize(cleanup_older_than=KEEP_VERSIONS)

    def compact_if_scattered(self, max_fragments: int = MAX_FRAGMENTS) -> None:
        """Compacts where reading would suffer otherwise."""
        stats: Any = self.store.table(FRAMES).stats()
        if stats["fragment_stats"]["num_small_fragments"] > max_fragments:
            self.compact()

    def pieces(self) -> int:
        """How many of them the tables consist of."""
        stats: list[Any] = [self.store.table(name).stats() for name in (VIDEOS, *RESULTS)]
        return sum(table["fragment_stats"]["num_fragments"] for table in stats)

    def _set_pending(self, ids: Sequence[str]) -> None:
        table = self.store.table(PENDING)
        rows = pa.table({"video": pa.array(sorted(set(ids)), pa.string())}, schema=table.schema)
        table.add(rows, mode="overwrite")

    def _add(self, name: str, tables: Sequence[pa.Table]) -> None:
        rows = pa.concat_tables(tables)
        if rows.num_rows:
            self.store.table(name).add(rows)

    def _put_videos(self, rows: list[dict[str, object]], *, is_replacing: bool) -> None:
        table = self.store.table(VIDEOS)
        new = pa.Table.from_pylist(rows, schema=table.schema)
        if not is_replacing:
            table.add(new)
            return
        merge = table.merge_insert("path_bytes").when_matched_update_all()
        merge.when_not_matched_insert_all().execute(new)

    def _delete(self, ids: set[str]) -> None:
        if ids:
            for name in RESULTS:
                self.store.table(name).delete(f"video IN ({quoted(sorted(ids))})")


@contextmanager
def store_errors(address: Path | str) -> Iterator[None]:
    """Turns what LanceDB says of a disk into one sentence.

    Raises:
        OutputError: instead of its OSError or RuntimeError.
    """
    try:
        yield
    except (OSError, RuntimeError) as error:
        text = " ".join(str(error).split())
        raise OutputError(f"cannot write the store {address}: {_reason(error, text)}") from error


def _reason(error: Exception, text: str) -> str:
    number = getattr(error, "errno", None)
    if number == errno.ENOSPC or "No space left" in text:
        return "the disk is full; free some space and run again, it goes on where it stopped"
    if number in (errno.EACCES, errno.EPERM) or "Permission denied" in text:
        return "permission denied; choose one that you may write"
    if number == errno.EROFS or "Read-only file system" in text:
        return "the file system is read-only; choose a place on another one"
    return f"{text}; is the disk all right?"


@contextmanager
def _alone(address: Path | str) -> Iterator[Callable[[], None]]:
    """Keeps others from writing; what it gives raises StoreBusy if that is true no longer."""
    if is_remote(address):
        with store_errors(address):
            connection = connect(address)
        with leased(connection, str(address)) as lease:
            yield lease.require
    else:
        with _locked(address):
            yield lambda: None


@contextmanager
def _locked(address: Path | str) -> Iterator[None]:
    """Holds the store's lock, which the system lets go of whatever happens to this process."""
    with store_errors(address):
        Path(address).mkdir(parents=True, exist_ok=True)
        lock = FileLock(Path(address) / LOCK)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            raise StoreBusy(
                f"another process writes to {address}; wait until it ends, or give another --store"
            ) from None
    try:
        yield
    finally:
        lock.release()


def _make_missing(connection: Connection, recipe: Recipe, address: str) -> None:
    """Makes the tables; `videos` is the last one, so a store that has it is whole."""
    there = table_names(connection)
    if VIDEOS in there:
        require_same(recipe_of(connection.open_table(VIDEOS).schema, address), recipe, address)
        return
    foreign = there - {*RESULTS, PENDING, LEASE}
    if foreign:
        raise StoreError(f"{address} is a database of something else; choose another --store")
    for name, schema in schemas(recipe).items():
        connection.create_table(name, schema=schema, mode="overwrite")


def require_same(there: Recipe, wanted: Recipe, address: str) -> None:
    """Refuses to mix vectors that were made in different ways.

    Args:
        there: recipe of the store.
        wanted: recipe of what is to be added.
        address: of the store, for the message.

    Raises:
        StoreError: they differ.
    """
    differences = [*_differences(there, wanted)]
    if differences:
        raise StoreError(
            f"{address} was made with {' and '.join(differences)}; vectors made in different ways "
            "cannot be compared: use the same settings, or give another --store"
        )


def _differences(there: Recipe, wanted: Recipe) -> Iterator[str]:
    if (there.model, there.weights_sha256) != (wanted.model, wanted.weights_sha256):
        yield (
            f"{there.model} {there.weights_sha256[:12]} instead of {wanted.model} "
            + (wanted.weights_sha256[:12])
        )
    for what in ("preprocessing", "configuration"):
        old, new = getattr(there, what), getattr(wanted, what)
        for key in sorted(old.keys() | new.keys()):
            if old.get(key) != new.get(key):
                yield f"{key} {old.get(key)} instead of {new.get(key)}"
