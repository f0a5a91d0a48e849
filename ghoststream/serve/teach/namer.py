"""Names what the archive shows anew, when another head is switched on or videos come in.

with closing(Namer(review, heads=heads, book=book, feed=feed, store=...)) as namer:
    heads.choose("door")
    namer.follow()
"""

import hashlib
import json
import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from ghoststream.archive.schema import Recipe
from ghoststream.archive.store import open_store
from ghoststream.errors import GhostStreamError
from ghoststream.serve.child import Child, Send
from ghoststream.serve.events.book import Book
from ghoststream.serve.events.facts import FoundEvent
from ghoststream.serve.feed import Feed
from ghoststream.serve.review import Review
from ghoststream.serve.teach.heads import Heads
from ghoststream.serve.teach.naming import name_videos, naming_of, stored_videos
from ghoststream.types import EventState

SCHEMA = """
CREATE TABLE IF NOT EXISTS named_videos (
  head TEXT NOT NULL,
  sha256 TEXT NOT NULL,
  video TEXT NOT NULL,
  PRIMARY KEY (head, video)
) STRICT, WITHOUT ROWID
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedVideo:
    """What a head tells of a stored video, and how many are named by now."""

    video: str
    events: tuple[FoundEvent, ...]
    done: int
    of: int


class Namer:
    """Sees to it that the archive is named by the head that is on. Call it from any thread.

    It is done in a process of its own; until all is named, the events of before are shown.

    Args:
        review: that remembers what is named.
        heads: of which one may be on.
        book: of events.
        feed: told how far it is.
        store: address of the archive's store, once there is one.
    """

    def __init__(
        self,
        review: Review,
        *,
        heads: Heads,
        book: Book,
        feed: Feed,
        store: Callable[[], str | None],
    ) -> None:
        self._review, self._heads, self._book, self._feed = review, heads, book, feed
        self._store = store
        self._lock = threading.Lock()
        self._wanted = threading.Event()
        self._under_way: tuple[str, Child] | None = None
        self._is_closing = False
        review.define(SCHEMA)
        self._thread = threading.Thread(target=self._keep_named, name="naming", daemon=True)
        self._thread.start()

    def follow(self) -> None:
        """Another head is on; returns at once."""
        with self._lock:
            if self._under_way is not None and self._under_way[0] != self._heads.active():
                self._under_way[1].kill()
        self._wanted.set()

    def catch_up(self) -> None:
        """More videos are in the archive; returns at once."""
        self._wanted.set()

    def close(self) -> None:
        """Ends what is under way; it goes on at the next `catch_up`."""
        with self._lock:
            self._is_closing = True
            if self._under_way is not None:
                self._under_way[1].kill()
        self._wanted.set()
        self._thread.join()

    def _keep_named(self) -> None:
        while self._wanted.wait() and not self._is_closing:
            self._wanted.clear()
            name = self._heads.active()
            try:
                self._name_all(name)
            except (GhostStreamError, OSError) as error:
                # Another head may be on by now, or the page about to end.
                if not self._is_closing and name == self._heads.active():
                    self._tell(name, "failed", message=str(error))

    def _name_all(self, name: str | None) -> None:
        store = self._store()
        is_more = name is not None and store is not None and self._name_archive(name, store)
        is_other = name != self._book.shown_head()
        if (is_more or is_other) and name == self._heads.active():
            self._book.show_head(name)
            self._tell(name, "named")

    def _name_archive(self, name: str, store: str) -> bool:
        """Whether there was something to name."""
        path = self._heads.path_of(name)
        sha256 = _fingerprint(path, open_store(store).recipe)
        if not self._is_due(name, sha256):
            return False
        child = self._begin(name, Child(name_archive, store, path, self._before(name, sha256)))
        try:
            for message in child.messages():
                self._take(name, sha256, message)
        finally:
            with self._lock:
                self._under_way = None
        return True

    def _begin(self, name: str, child: Child) -> Child:
        with self._lock:
            self._under_way = name, child
            if self._is_closing or self._heads.active() != name:
                child.kill()
        return child

    def _is_due(self, name: str, sha256: str) -> bool:
        """Whether the page knows of a video that the head has not named."""
        named = "SELECT video FROM named_videos WHERE head = ? AND sha256 = ?"
        query = f"SELECT 1 FROM videos WHERE status = 'done' AND video NOT IN ({named}) LIMIT 1"
        return bool(self._review.rows(query, (name, sha256)))

    def _before(self, name: str, sha256: str) -> frozenset[str]:
        query = "SELECT video FROM named_videos WHERE head = ? AND sha256 = ?"
        return frozenset(row["video"] for row in self._review.rows(query, (name, sha256)))

    def _take(self, name: str, sha256: str, named: NamedVideo) -> None:
        # One that the page has not heard of yet is named when it has.
        if self._review.rows("SELECT 1 FROM videos WHERE video = ?", (named.video,)):
            self._book.replace_events(named.video, named.events, head=name)
            row = (name, sha256, named.video)
            self._review.execute("INSERT OR REPLACE INTO named_videos VALUES (?, ?, ?)", row)
        self._tell(name, "naming", done=named.done, of=named.of)

    def _tell(
        self, head: str | None, naming: str, *, done: int = 0, of: int = 0, message: str = ""
    ) -> None:
        news = {"naming": naming, "head": head, "done": done, "of": of, "message": message}
        self._feed.publish("archive", news)


def name_archive(send: Send, store: str, head: Path, before: frozenset[str]) -> None:
    """What the process does.

    Args:
        send: takes a `NamedVideo` for each video.
        store: address of the archive's.
        head: file of the head.
        before: ids of videos that it has named already.

    Raises:
        HeadError: it does not fit.
        StoreError: the archive cannot be read.
    """
    opened = open_store(store)
    naming = naming_of(opened.recipe, head)
    videos = [video for video in stored_videos(opened) if video.video not in before]
    for done, (video, states) in enumerate(name_videos(opened, naming, videos), start=1):
        events = tuple(map(_found, states))
        send(NamedVideo(video=video.video, events=events, done=done, of=len(videos)))


def _fingerprint(head: Path, recipe: Recipe) -> str:
    """Another one for another head, and for a store that was made anew with other settings."""
    settings = json.dumps(asdict(recipe), sort_keys=True, default=str)
    return hashlib.sha256(head.read_bytes() + settings.encode()).hexdigest()


def _found(state: EventState) -> FoundEvent:
    return FoundEvent(
        own_id=state.id,
        label=state.label,
        score=state.score,
        top_score=state.top_score,
        start_seconds=float(state.start_time),
        end_seconds=None if state.end_time is None else float(state.end_time),
    )
