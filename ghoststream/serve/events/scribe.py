"""Writes down what cameras tell, beside the event loop, which must not wait for the disk.

scribe = Scribe(book, feed)
scribe.take(line)
scribe.end_going_on()
"""

import logging
import threading
from collections.abc import Callable, Mapping
from queue import SimpleQueue
from typing import Any

from ghoststream.serve.events.book import Book
from ghoststream.serve.events.item import EventItem
from ghoststream.serve.feed import Feed, Kind

_KINDS: Mapping[str, Kind] = {"event": "event", "evidence": "evidence"}
ROOM_EVERY = 1000
"""Lines, after which the oldest events make room; and with the first one."""
_LOG = logging.getLogger(__name__)


class Scribe:
    """A thread that puts lines into the book, in their order, and tells the feed of each event.

    Args:
        book: to write into.
        feed: told of the event as it is then, as the API tells it.
    """

    def __init__(self, book: Book, feed: Feed) -> None:
        self._book, self._feed = book, feed
        self._taken = 0
        self._tasks: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._write, name="scribe", daemon=True)
        self._thread.start()

    def take(self, line: Mapping[str, Any]) -> None:
        """Never waits; lines that tell of no event are passed over."""
        if line.get("record") in _KINDS:
            self._tasks.put(lambda: self._add(line))

    def end_going_on(self) -> None:
        """Never waits; for when nobody is there any more who would tell the end of events."""
        self._tasks.put(self._end_going_on)

    def close(self) -> None:
        """Writes what it has taken so far."""
        self._tasks.put(None)
        self._thread.join()

    def _write(self) -> None:
        while (task := self._tasks.get()) is not None:
            try:
                task()
            except Exception as error:  # noqa: BLE001 - the edge of a worker: one line, not all
                # A full disk: the cameras' own log has the line, and the next may fit.
                cause = f"{type(error).__name__}: {error}"
                _LOG.error("what a camera told is not in the page's list: %s", cause)

    def _add(self, line: Mapping[str, Any]) -> None:
        if self._taken % ROOM_EVERY == 0:
            self._book.make_room()
        self._taken += 1
        item = self._book.add_line(line)
        if item is not None:
            self._tell(_KINDS[line["record"]], item)

    def _end_going_on(self) -> None:
        for item in self._book.end_going_on():
            self._tell("event", item)

    def _tell(self, kind: Kind, item: EventItem) -> None:
        self._feed.publish(kind, item.model_dump(mode="json"))
