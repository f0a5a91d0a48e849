"""What cameras tell, on its way into the book and to the feed."""

import logging
from contextlib import closing
from pathlib import Path

import pytest
from pages import page

from ghoststream.serve.events.book import Book
from ghoststream.serve.events.filters import EventFilters
from ghoststream.serve.events.scribe import Scribe
from ghoststream.serve.feed import Feed
from ghoststream.serve.media.ids import MediaIds
from ghoststream.serve.review import Review

STATE = {
    "id": "1000-abc",
    "source": "door",
    "label": "tabby",
    "score": 0.5,
    "top_score": 0.5,
    "start_time": 1000.0,
    "end_time": None,
    "frame_time": 1002.0,
}


def test_a_line_that_cannot_be_written_stops_no_other(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with Review(tmp_path / "review.db") as review:
        book = Book(review, MediaIds(b"secret" * 6))
        with closing(Scribe(book, Feed())) as scribe:
            scribe.take({"record": "status", "source": "door"})
            scribe.take({"record": "event", "after": {"id": "of another version"}})
            scribe.take({"record": "event", "after": STATE})
            scribe.end_going_on()
        (item,) = book.page(EventFilters(), limit=9, cursor=None).items
    assert (item.start_time, item.end_time) == (1000.0, 1002.0)
    assert [
        record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR
    ] == ["what a camera told is not in the page's list: KeyError: 'source'"]


def test_nothing_goes_on_of_a_page_that_was_killed(tmp_path: Path) -> None:
    with page(tmp_path) as client:
        site = client.app.state.site  # type: ignore[attr-defined]
        assert site.book.add_line({"record": "event", "after": STATE}).end_time is None
    with page(tmp_path) as client:
        client.app.state.site.scribe.close()  # type: ignore[attr-defined]
        (item,) = client.get("/api/events").json()["items"]
    assert item["end_time"] == 1002.0
