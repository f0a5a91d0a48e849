"""The archive of a page: a store that is there, or one that is being made of a directory.

archive = Archive(config, data, review, book, ids, feed)
await archive.start()
archive.store().videos()
await archive.stop()
"""

import glob
import logging
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from sqlite3 import Error as DatabaseError

import anyio.to_thread

from ghoststream.archive.database import holds_store, is_remote
from ghoststream.archive.schema import VIDEOS
from ghoststream.archive.store import Store, open_store
from ghoststream.config import AnalysisConfig, ArchiveConfig, ServeConfig
from ghoststream.errors import GhostStreamError, NotThere, SourceNotFound
from ghoststream.serve.archive.catalogue import Catalogue, CataloguedVideo
from ghoststream.serve.archive.item import ArchiveState, ArchiveStatus
from ghoststream.serve.archive.labelling import Labelling, Progress
from ghoststream.serve.events.book import Book
from ghoststream.serve.feed import Feed
from ghoststream.serve.media.ids import MediaIds
from ghoststream.serve.review import Review

LOOK_SECONDS = 10.0
"""From one look at a store that others write to, to the next."""
NEWS_SECONDS = 0.5
"""From one word on the feed to the next, while videos are labelled."""
_LOG = logging.getLogger(__name__)


class Archive:
    """What the page knows of its archive, and what goes on in it.

    Args:
        config: names it, or none.
        data: directory of the page, where a store of its own goes.
        review: where the catalogue is kept.
        book: gets the events.
        ids: makes opaque ids.
        feed: told of progress.

    Raises:
        SourceNotFound: there is neither a store nor a directory.
    """

    def __init__(
        self,
        config: ServeConfig,
        *,
        data: Path,
        review: Review,
        book: Book,
        ids: MediaIds,
        feed: Feed,
    ) -> None:
        self.catalogue = Catalogue(review, book, ids)
        self.on_news: list[Callable[[], None]] = []
        """Called in a thread when videos have come in."""
        self._book, self._feed = book, feed
        self._labelled = _labelled_directory(config.archive)
        self.address = str(data / "store") if self._labelled else config.archive
        """Of the store; None where there is no archive."""
        self._config = config
        self._progress = Progress(is_over=self._labelled is None)
        self._is_caught_up = self.address is None
        """Whether all that was labelled, or there, is in the catalogue."""
        self._labelling: Labelling | None = None
        self._store: Store | None = None
        self._error: str | None = None
        self._wake, self._is_closed = threading.Event(), False
        self._thread: threading.Thread | None = None

    async def start(self) -> None:
        """Follows the store from now on; labels the directory, where it is one."""
        if self.address is None:
            await anyio.to_thread.run_sync(self.catalogue.clear)
            return
        if self._labelled is not None:
            config = _labelling_config(self._config, self._labelled, self.address)
            self._labelling = await anyio.to_thread.run_sync(Labelling, config, self._hear)
        self._thread = threading.Thread(
            target=self._follow, args=(self.address,), name="archive", daemon=True
        )
        self._thread.start()

    async def stop(self) -> None:
        """Ends both."""
        self._is_closed = True
        self._wake.set()
        if self._labelling is not None:
            await anyio.to_thread.run_sync(self._labelling.close)
        if self._thread is not None:
            await anyio.to_thread.run_sync(partial(self._thread.join, 2.0))

    def store(self) -> Store:
        """The store as it was at the last look.

        Raises:
            NotThere: there is none, or none yet.
        """
        store = self._store
        if store is None:
            raise NotThere(self._error or "there is no archive yet; its first video is being read")
        return store

    def status(self) -> ArchiveStatus:
        """What there is, and how far its labelling is."""
        progress, store = self._progress, self._store
        ready: ArchiveState = "none" if store is None else "ready"
        return ArchiveStatus(
            state=ready if self._is_caught_up else "labelling",
            done=progress.done,
            of=progress.of,
            failed=progress.failed,
            error=progress.error or self._error,
            videos=self.catalogue.count(),
            model=None if store is None else store.recipe.model,
            weights_sha256=None if store is None else store.recipe.weights_sha256,
            head=self._book.shown_head(),
        )

    def whole(self, id: str) -> CataloguedVideo:
        """A video, whose file is still the one that was analysed.

        Args:
            id: its opaque one.

        Raises:
            NotThere: there is none.
            Gone: its file has been removed or changed since.
        """
        video = self.catalogue.get(id)
        video.file.require_unchanged()
        return video

    def _hear(self, progress: Progress) -> None:
        self._progress = progress
        self._wake.set()

    def _follow(self, address: str) -> None:
        """What the thread does: looks when told, and every now and then."""
        seen: tuple[object, ...] | None = None
        told: ArchiveStatus | None = None
        while not self._is_closed:
            self._wake.clear()
            is_over = self._progress.is_over
            seen = self._look(address, seen)
            self._is_caught_up = is_over
            if (status := self.status()) != told:
                self._feed.publish("archive", status.model_dump(mode="json"))
                told = status
            if self._wake.wait(LOOK_SECONDS):
                # Many files may be through at once: one look is for all of them.
                time.sleep(0 if self._is_closed else NEWS_SECONDS)

    def _look(self, address: str, seen: tuple[object, ...] | None) -> tuple[object, ...] | None:
        """Takes in what has come since; what cannot be read is tried again."""
        try:
            if not holds_store(address, VIDEOS):
                self._tell_of_loss(address)
                return None
            store = open_store(address)
            version = (store.table(VIDEOS).version, store.recipe.weights_sha256)
            if version == seen:
                return seen
            new = self.catalogue.follow(store)
        except (GhostStreamError, DatabaseError) as error:
            self._tell(str(error))
            return None
        self._store, self._error = store, None
        if new:
            for call in self.on_news:
                call()
        return version

    def _tell_of_loss(self, address: str) -> None:
        """There is none yet, or none any more."""
        if self._store is not None:
            self._tell(f"there is no store at {address} any more; is its disk all right?")

    def _tell(self, error: str) -> None:
        if error != self._error:
            _LOG.warning("%s", error)
        self._error = error


def _labelled_directory(address: str | None) -> Path | None:
    """The directory of videos that is to be labelled; None for a store, and for nothing."""
    if address is None or is_remote(address) or holds_store(address, VIDEOS):
        return None
    if not Path(address).exists():
        raise SourceNotFound(
            f"there is no {address}; give a store that `ghoststream label` has made, or a "
            "directory of videos"
        )
    return Path(address)


def _labelling_config(config: ServeConfig, source: Path, store: str) -> ArchiveConfig:
    settings = config.model_dump(include=set(AnalysisConfig.model_fields), exclude_unset=True)
    exclude = _within(source, Path(store).parent)
    given = {**settings, "source": (str(source),), "store": store, "exclude": exclude}
    return ArchiveConfig.model_validate(given)


def _within(source: Path, data: Path) -> tuple[str, ...]:
    """The page's directory, where it lies among the videos: its clips are none of them."""
    source, data = source.resolve(), data.resolve()
    is_within = source in data.parents
    return (glob.escape(str(data.relative_to(source))),) if is_within else ()
