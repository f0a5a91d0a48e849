"""What a store holds, in numbers.

store_facts(open_store("archive.store")).hours
"""

import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pyarrow.compute as pc

from ghoststream.archive.database import is_remote
from ghoststream.archive.index import IndexStatus, index_status
from ghoststream.archive.schema import CLIPS, FRAMES, Recipe
from ghoststream.archive.store import Store, reading_errors


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreFacts:
    """A store in numbers; rows of videos that are not whole do not count."""

    address: str
    recipe: Recipe
    videos_done: int
    videos_failed: int
    videos_unfinished: int
    """Being written now, or left by a run that was killed."""
    hours: float
    """Of video, as the containers declare."""
    frames: int
    """With an embedding."""
    clips: int
    events: int
    size_bytes: int | None
    """On disk; None in an object store."""
    index: Mapping[str, IndexStatus]
    """Of the tables with vectors."""


def store_facts(store: Store) -> StoreFacts:
    """Counts what is there.

    Args:
        store: opened.

    Raises:
        StoreError: it cannot be read.
    """
    videos = store.videos(columns=["video", "status", "duration_seconds", "events"])
    done = videos.filter(pc.equal(videos["status"], "done"))
    return StoreFacts(
        address=store.address,
        recipe=store.recipe,
        videos_done=done.num_rows,
        videos_failed=videos.num_rows - done.num_rows,
        videos_unfinished=len(set(store.unfinished()) - set(videos["video"].to_pylist())),
        hours=(pc.sum(done["duration_seconds"]).as_py() or 0.0) / 3600,
        frames=_rows(store, FRAMES),
        clips=_rows(store, CLIPS),
        events=pc.sum(done["events"]).as_py() or 0,
        size_bytes=None if is_remote(store.address) else _size_bytes(Path(store.address)),
        index=_index(store),
    )


def _rows(store: Store, table: str) -> int:
    with reading_errors(store.address):
        return int(store.table(table).count_rows(store.counted()))


def _index(store: Store) -> Mapping[str, IndexStatus]:
    with reading_errors(store.address):
        return index_status(store)


def _size_bytes(directory: Path) -> int:
    """Of all files; those that a writer removes meanwhile do not count."""
    size = 0
    for parent, _, names in os.walk(directory):
        for name in names:
            with suppress(FileNotFoundError):
                size += (Path(parent) / name).stat().st_size
    return size
