"""The videos of a store, sorted and searched as a database can; a copy that follows the store.

catalogue = Catalogue(site.review, site.book, site.ids)
catalogue.follow(open_store("archive.store"))
catalogue.page(text="gate", limit=50, cursor=None)

All methods wait for the disk: call them in a thread.
"""

import json
import os
import sqlite3
import threading
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from ghoststream.archive.schema import VIDEOS, Recipe
from ghoststream.archive.store import Store, quoted, reading_errors
from ghoststream.errors import NotThere
from ghoststream.serve.archive.item import VideoItem, VideoPage
from ghoststream.serve.cursor import from_cursor, to_cursor
from ghoststream.serve.events.book import Book
from ghoststream.serve.events.facts import FoundEvent, KnownVideo
from ghoststream.serve.media.file import MediaFile
from ghoststream.serve.media.ids import MediaIds
from ghoststream.serve.media.links import video_still
from ghoststream.serve.media.playable import plays_in_browsers
from ghoststream.serve.review import Review

CHUNK = 256
"""Videos that are taken in at once."""
EVENTS_AT_ONCE = 20_000
"""After which fewer videos are."""
COLUMNS = ("video", "source", "path_bytes", "size", "mtime_ns", "status", "events")

_PUT = """
INSERT OR REPLACE INTO videos VALUES (:video, :id, :generation, :source, :path, :size, :mtime_ns,
  :content_sha256, :status, :error, :start_seconds, :duration_seconds, :clips, :events, :codec,
  :container, :is_playable)
"""
_EVENTS_COUNTED = """
SELECT v.*, (SELECT count(*) FROM events e WHERE e.video = v.video AND e.head =
  coalesce((SELECT value FROM shown WHERE name = 'head'), '')) AS told FROM videos v
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class CataloguedVideo:
    """A video of the store, as it was when it was analysed."""

    id: str
    """Opaque."""
    video: str
    """In the store."""
    source: str
    file: MediaFile
    content_sha256: str | None
    status: str
    error: str | None
    start_seconds: float | None
    duration_seconds: float | None
    clips: int
    is_playable: bool
    """By browsers, as it is."""

    @property
    def path(self) -> Path:
        """Of the file, which may have changed since."""
        return self.file.path


class Catalogue:
    """What the page knows of a store's videos.

    Args:
        review: where it is kept.
        book: gets the events of each video.
        ids: makes the opaque ones.
    """

    def __init__(self, review: Review, book: Book, ids: MediaIds) -> None:
        self._review, self._book, self._ids = review, book, ids
        self._lock = threading.Lock()

    def follow(self, store: Store) -> int:
        """Takes in what is new in a store, and lets go of what is not in it any more.

        Args:
            store: as it is now.

        Returns:
            Videos that were taken in.

        Raises:
            StoreError: it cannot be read.
        """
        with self._lock:
            self._forget_others(store.recipe)
            generation = self._next_generation()
            new = 0
            for rows in _chunks(store):
                new += self._take(store, rows, generation)
            self._drop_older_than(generation)
            return new

    def clear(self) -> None:
        """Lets go of all, where there is no store."""
        with self._lock:
            self._drop_older_than(self._next_generation())

    def page(self, *, text: str | None, limit: int, cursor: str | None) -> VideoPage:
        """Videos by their names.

        Args:
            text: a part of the name, in any case of ASCII letters.
            limit: at most.
            cursor: of the page before.

        Raises:
            Unsuitable: the cursor is none.
        """
        conditions, values = ["1"], []
        if text:
            conditions.append("instr(lower(v.source), lower(?)) > 0")
            values.append(text)
        if cursor is not None:
            conditions.append("(v.source, v.video) > (?, ?)")
            values += from_cursor(cursor, (str, str))
        where = " AND ".join(conditions)
        rows = self._review.rows(
            f"{_EVENTS_COUNTED} WHERE {where} ORDER BY v.source, v.video LIMIT ?",
            [*values, limit + 1],
        )
        last = rows[limit - 1] if len(rows) > limit else None
        return VideoPage(
            items=[video_item(row) for row in rows[:limit]],
            next_cursor=None if last is None else to_cursor([last["source"], last["video"]]),
        )

    def count(self) -> int:
        """Videos, those that have failed too."""
        return int(self._review.rows("SELECT count(*) AS count FROM videos")[0]["count"])

    def item(self, id: str) -> VideoItem:
        """A video by its opaque id.

        Raises:
            NotThere: there is none.
        """
        return video_item(self._row(id))

    def get(self, id: str) -> CataloguedVideo:
        """The same, with what only this side may know.

        Raises:
            NotThere: there is none.
        """
        return _catalogued(self._row(id))

    def named(self, videos: Sequence[str]) -> dict[str, CataloguedVideo]:
        """Videos by their ids in the store."""
        marks = ", ".join("?" * len(videos))
        rows = self._review.rows(f"SELECT * FROM videos WHERE video IN ({marks})", list(videos))
        return {row["video"]: _catalogued(row) for row in rows}

    def _row(self, id: str) -> sqlite3.Row:
        rows = self._review.rows(f"{_EVENTS_COUNTED} WHERE v.id = ?", [id])
        if not rows:
            raise NotThere("there is no such video in the archive; it may have been removed")
        return rows[0]

    def _take(self, store: Store, rows: Sequence[Mapping[str, Any]], generation: int) -> int:
        new = self._unknown(rows, generation)
        if not new:
            return 0
        ids = [row["video"] for row in new]
        with reading_errors(store.address):
            details: Any = store.table(VIDEOS).search().where(f"video IN ({quoted(ids)})")
            whole = details.limit(len(ids)).to_arrow().to_pylist()
        events = _events_of(store, [row["video"] for row in whole if row["status"] == "done"])
        # The events first: a video that is here is not asked for them again.
        self._book.import_events((_known(row), events.get(row["video"], [])) for row in whole)
        with self._review.transaction() as connection:
            connection.executemany(_PUT, [self._put_row(row, generation) for row in whole])
        return len(whole)

    def _unknown(
        self, rows: Sequence[Mapping[str, Any]], generation: int
    ) -> list[Mapping[str, Any]]:
        """Those that are not here as they are there; the others stay."""
        marks = ", ".join("?" * len(rows))
        ids = [row["video"] for row in rows]
        query = f"SELECT * FROM videos WHERE video IN ({marks})"
        here = {row["video"]: _state(row, "path") for row in self._review.rows(query, ids)}
        same = [r["video"] for r in rows if here.get(r["video"]) == _state(r, "path_bytes")]
        with self._review.transaction() as connection:
            connection.executemany(
                "UPDATE videos SET generation = ? WHERE video = ?",
                [(generation, video) for video in same],
            )
        return [row for row in rows if row["video"] not in set(same)]

    def _put_row(self, row: Mapping[str, Any], generation: int) -> dict[str, Any]:
        stream = json.loads(row["header"] or "{}").get("stream") or {}
        path = Path(os.fsdecode(row["path_bytes"]))
        names = ("codec", "container", "pixel_format")
        facts = {name: str(stream.get(name, "")) for name in names}
        same = ("video", "source", "size", "mtime_ns", "content_sha256", "status", "error")
        numbers = ("start_seconds", "duration_seconds", "clips", "events")
        return {
            **{name: row[name] for name in (*same, *numbers)},
            "id": self._ids.of("video", row["video"]),
            "generation": generation,
            "path": row["path_bytes"],
            "codec": facts["codec"],
            "container": facts["container"],
            "is_playable": plays_in_browsers(path.suffix, **facts),
        }

    def _next_generation(self) -> int:
        rows = self._review.rows("SELECT coalesce(max(generation), 0) + 1 AS next FROM videos")
        return int(rows[0]["next"])

    def _drop_older_than(self, generation: int) -> None:
        """Of whatever head; what people said of the events stays."""
        with self._review.transaction() as connection:
            connection.execute(
                "DELETE FROM events WHERE video IN (SELECT video FROM videos WHERE generation < ?)",
                [generation],
            )
            connection.execute("DELETE FROM videos WHERE generation < ?", [generation])

    def _forget_others(self, recipe: Recipe) -> None:
        """A store that is made anew with other settings has the same videos and other events."""
        text = json.dumps(asdict(recipe), sort_keys=True, default=str)
        fingerprint = sha256(text.encode()).hexdigest()
        rows = self._review.rows("SELECT value FROM shown WHERE name = 'recipe'")
        with self._review.transaction() as connection:
            if rows and rows[0]["value"] != fingerprint:
                connection.execute("UPDATE videos SET status = 'unknown'")
            connection.execute("INSERT OR REPLACE INTO shown VALUES ('recipe', ?)", [fingerprint])


def video_item(row: sqlite3.Row) -> VideoItem:
    """What the API tells of a row of `videos`."""
    start, duration = row["start_seconds"] or 0.0, row["duration_seconds"] or 0.0
    names = ("id", "source", "status", "error", "start_seconds", "duration_seconds", "clips")
    is_done = row["status"] == "done"
    return VideoItem(
        **{name: row[name] for name in names},
        events=row["told"],
        still=video_still(row["id"], start + duration / 2) if is_done else None,
    )


def _catalogued(row: sqlite3.Row) -> CataloguedVideo:
    given = set(CataloguedVideo.__dataclass_fields__) - {"file", "is_playable"}
    file = MediaFile(
        path=Path(os.fsdecode(row["path"])),
        size=row["size"],
        mtime_ns=row["mtime_ns"],
        name=row["source"],
    )
    return CataloguedVideo(
        **{name: row[name] for name in given}, file=file, is_playable=bool(row["is_playable"])
    )


def _known(row: Mapping[str, Any]) -> KnownVideo:
    return KnownVideo(
        video=row["video"],
        source=row["source"],
        content_sha256=row["content_sha256"] or row["video"],
    )


def _state(row: Mapping[str, Any] | sqlite3.Row, path: str) -> tuple[Any, ...]:
    names = ("source", path, "size", "mtime_ns", "status", "events")
    return tuple(row[name] for name in names)


def _chunks(store: Store) -> Iterator[list[dict[str, Any]]]:
    """Rows of all videos, without their large headers; so many that their events fit in memory."""
    with reading_errors(store.address):
        search: Any = store.table(VIDEOS).search().select(list(COLUMNS))
        chunk: list[dict[str, Any]] = []
        for batch in search.to_batches(CHUNK):
            for row in batch.to_pylist():
                if len(chunk) == CHUNK or sum(r["events"] for r in chunk) > EVENTS_AT_ONCE:
                    yield chunk
                    chunk = []
                chunk.append(row)
        if chunk:
            yield chunk


def _events_of(store: Store, videos: Sequence[str]) -> dict[str, list[FoundEvent]]:
    """The newest that is told of each event, by video."""
    if not videos:
        return {}
    latest: dict[tuple[str, str], Mapping[str, Any]] = {}
    for batch in store.events(where=f"video IN ({quoted(videos)})"):
        for row in batch.to_pylist():
            key = row["video"], row["id"]
            if key not in latest or latest[key]["sequence"] < row["sequence"]:
                latest[key] = row
    events = defaultdict(list)
    for (video, _), row in latest.items():
        events[video].append(_found(row))
    return {video: sorted(found, key=lambda e: e.start_seconds) for video, found in events.items()}


def _found(row: Mapping[str, Any]) -> FoundEvent:
    names = ("label", "score", "top_score", "start_seconds", "end_seconds")
    return FoundEvent(own_id=row["id"], **{name: row[name] for name in names})
