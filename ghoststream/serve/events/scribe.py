"""Writes down what cameras tell, beside the event loop, which must not wait for the disk.

scribe = Scribe(book, feed)
live.on_line.append(scribe.take)
"""

import logging
import threading
from collections.abc import Mapping
from queue import SimpleQueue
from sqlite3 import Error as DatabaseError
from typing import Any

from ghoststream.serve.events.book import Book
from ghoststream.serve.feed import Feed, Kind

_KINDS: Mapping[str, Kind] = {"event": "event", "evidence": "evidence"}
_LOG = logging.getLogger(__name__)


class Scribe:
    """A thread that puts lines into the book, in their order, and tells the feed of each event.

    Args:
        book: to write into.
        feed: told of the event as it is then, as the API tells it.
    """

    def __init__(self, book: Book, feed: Feed) -> None:
        self._book, self._feed = book, feed
        self._lines: SimpleQueue[Mapping[str, Any] | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._write, name="scribe", daemon=True)
        self._thread.start()

    def take(self, line: Mapping[str, Any]) -> None:
        """Never waits; lines that tell of no event are passed over."""
        if line.get("record") in _KINDS:
            self._lines.put(line)

    def close(self) -> None:
        """Writes what it has taken so far."""
        self._lines.put(None)
        self._thread.join()

    def _write(self) -> None:
        while (line := self._lines.get()) is not None:
            try:
                item = self._book.add_line(line)
            except (DatabaseError, OSError) as error:
                # A full disk: the cameras' own log has the line, and the next may fit.
                _LOG.error("an event of %s is not in the page's list: %s", _source(line), error)
                continue
            if item is not None:
                self._feed.publish(_KINDS[line["record"]], item.model_dump(mode="json"))


def _source(line: Mapping[str, Any]) -> str:
    return str(line["after"]["source"] if line["record"] == "event" else line["source"])
