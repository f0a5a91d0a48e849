"""Events of cameras and archives in one list, and verdicts that outlive their re-import."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ghoststream.errors import NotThere, Unsuitable
from ghoststream.serve.events.book import Book
from ghoststream.serve.events.facts import FoundEvent, KnownVideo
from ghoststream.serve.events.filters import EventFilters
from ghoststream.serve.media.ids import MediaIds
from ghoststream.serve.review import Review

IDS = MediaIds(b"secret" * 6)
CAT = KnownVideo(video="v1", source="cat.mp4", content_sha256="aa")
ALL = EventFilters()


@pytest.fixture
def review(tmp_path: Path) -> Iterator[Review]:
    with Review(tmp_path / "review.db") as opened:
        yield opened


@pytest.fixture
def book(review: Review) -> Book:
    return Book(review, IDS)


def found(label: str, start: float, end: float | None = None, score: float = 0.5) -> FoundEvent:
    return FoundEvent(
        own_id=f"{start:g}-{label}",
        label=label,
        score=score,
        top_score=score,
        start_seconds=start,
        end_seconds=end,
    )


def line(start: float, end: float | None = None, **more: Any) -> dict[str, Any]:
    state = {
        "id": f"{start:g}-abc",
        "source": "door",
        "label": "tabby",
        "label_id": 1,
        "score": 0.5,
        "top_score": 0.5,
        "start_time": start,
        "end_time": end,
        "frame_time": start,
        "model": "ghostnet_100",
        **more,
    }
    return {"record": "event", "type": "new", "before": None, "after": state}


def starts(book: Book, filters: EventFilters = ALL) -> list[float]:
    page = book.page(filters, limit=100, cursor=None)
    return [item.start_time for item in page.items]


def test_an_event_of_a_camera_keeps_its_id_and_verdict_while_it_goes_on(book: Book) -> None:
    began = book.add_line(line(1000.0))
    assert began is not None
    book.say(began.id, "confirmed")
    went_on = book.add_line(line(1000.0, 1004.0, top_score=0.9))
    assert went_on is not None
    assert went_on.id == began.id
    assert (went_on.end_time, went_on.top_score, went_on.verdict) == (1004.0, 0.9, "confirmed")
    assert starts(book) == [1000.0]


def test_regions_and_cameras_have_events_of_their_own(book: Book) -> None:
    for more in ({}, {"region": "left"}, {"source": "yard"}):
        book.add_line(line(1000.0, **more))
    assert len(starts(book)) == 3


def test_evidence_gives_an_event_its_picture(book: Book, tmp_path: Path) -> None:
    event = book.add_line(line(1000.0))
    assert event is not None
    assert event.still is None
    picture = tmp_path / "a.jpg"
    picture.write_bytes(b"jpeg")
    evidence = {
        "record": "evidence",
        "source": "door",
        "event": "1000-abc",
        "kind": "thumbnail",
        "path": str(picture),
        "start": 1001.0,
        "end": 1001.0,
        "is_whole": True,
    }
    shown = book.add_line(evidence)
    assert shown is not None
    assert shown.still == f"/api/events/{event.id}/still.jpg"
    assert book.evidence(event.id, "thumbnail").file.path == picture
    with pytest.raises(NotThere):
        book.evidence(event.id, "clip")
    picture.unlink()
    assert book.add_line({**evidence, "kind": "clip"}) is None


def test_what_goes_on_ends_when_it_was_last_seen_once_nobody_watches(book: Book) -> None:
    book.add_line(line(1000.0, frame_time=1003.0))
    book.add_line(line(1000.0, frame_time=1007.0))
    book.add_line(line(2000.0, frame_time=2001.0))
    book.add_line(line(2000.0, 2002.0, frame_time=2001.0))
    assert [(item.start_time, item.end_time) for item in book.end_going_on()] == [(1000.0, 1007.0)]
    assert book.end_going_on() == []
    ends = [item.end_time for item in book.page(ALL, limit=9, cursor=None).items]
    assert ends == [2002.0, 1007.0]


def test_lines_that_tell_of_no_event_are_passed_over(book: Book) -> None:
    assert book.add_line({"record": "status", "source": "door"}) is None


def test_cameras_come_newest_first_and_then_videos_in_their_order(book: Book) -> None:
    book.import_events([(CAT, [found("tabby", 1.0), found("lynx", 3.0)])])
    for time in (1000.0, 3000.0, 2000.0):
        book.add_line(line(time))
    assert starts(book) == [3000.0, 2000.0, 1000.0, 1.0, 3.0]


def test_pages_go_on_where_they_ended_although_more_comes_in(book: Book) -> None:
    for time in range(1000, 1010):
        book.add_line(line(float(time)))
    first = book.page(ALL, limit=4, cursor=None)
    book.add_line(line(2000.0))
    second = book.page(ALL, limit=4, cursor=first.next_cursor)
    third = book.page(ALL, limit=4, cursor=second.next_cursor)
    times = [item.start_time for page in (first, second, third) for item in page.items]
    assert times == [float(time) for time in range(1009, 999, -1)]
    assert third.next_cursor is None


@pytest.mark.parametrize(
    "cursor", ["x", "W10", "WyJhIiwxXQ", "'; DROP TABLE events", "WzFlOTksMV0"]
)
def test_a_made_up_cursor_is_refused(book: Book, cursor: str) -> None:
    with pytest.raises(Unsuitable, match="cursor"):
        book.page(ALL, limit=4, cursor=cursor)


def test_filters_pick_what_is_asked_for(book: Book) -> None:
    book.import_events([(CAT, [found("tabby", 1.0), found("lynx", 3.0)])])
    book.add_line(line(1000.0))
    book.add_line(line(2000.0, label="dog", source="yard"))
    assert starts(book, EventFilters(kind="archive")) == [1.0, 3.0]
    assert starts(book, EventFilters(source="yard")) == [2000.0]
    assert starts(book, EventFilters(label="tabby")) == [1000.0, 1.0]
    assert starts(book, EventFilters(kind="camera", from_time=1000.0, to_time=2000.0)) == [1000.0]
    assert starts(book, EventFilters(kind="archive", from_time=1.5)) == [3.0]
    assert starts(book, EventFilters(label="' OR 1=1 --")) == []


def test_a_correction_is_what_an_event_is_listed_under(book: Book) -> None:
    book.import_events([(CAT, [found("tabby", 1.0)])])
    (event,) = book.page(ALL, limit=9, cursor=None).items
    assert book.say(event.id, "corrected", "  my   cat ").corrected_label == "my cat"
    assert starts(book, EventFilters(label="my cat")) == [1.0]
    assert starts(book, EventFilters(label="tabby")) == []
    assert [(one.label, one.count) for one in book.labels()] == [("my cat", 1)]
    assert [one.id for one in book.corrected_to("CAT", limit=5)] == [event.id]
    assert book.say(event.id, "none").corrected_label is None
    assert starts(book, EventFilters(verdict="none")) == [1.0]


@pytest.mark.parametrize(
    ("verdict", "label"),
    [("corrected", None), ("corrected", "  "), ("corrected", "a\0b"), ("confirmed", "tabby")],
)
def test_a_correction_needs_a_label_and_nothing_else_does(
    book: Book, verdict: Any, label: str | None
) -> None:
    book.import_events([(CAT, [found("tabby", 1.0)])])
    (event,) = book.page(ALL, limit=9, cursor=None).items
    with pytest.raises(Unsuitable, match="label"):
        book.say(event.id, verdict, label)


def test_what_is_not_there_cannot_be_judged(book: Book) -> None:
    with pytest.raises(NotThere):
        book.say("made-up", "confirmed")


def test_verdicts_outlive_the_import_and_the_page(book: Book, review: Review) -> None:
    events = [found("tabby", 1.0, 3.0), found("lynx", 3.0)]
    book.import_events([(CAT, events)])
    first = book.page(ALL, limit=9, cursor=None).items[0]
    book.say(first.id, "dismissed")
    again = Book(review, IDS)
    again.import_events([(CAT, events)])
    assert again.item(first.id).verdict == "dismissed"


def test_verdicts_go_over_to_the_same_event_of_other_settings(book: Book) -> None:
    book.import_events([(CAT, [found("tabby", 1.0, 5.0), found("tabby", 20.0, 24.0)])])
    first = book.page(ALL, limit=9, cursor=None).items[0]
    book.say(first.id, "corrected", "puma")
    moved = KnownVideo(video="v2", source="new/cat.mp4", content_sha256="aa")
    events = [found("tabby", 1.5, 5.5), found("tabby", 20.0, 24.0), found("puma", 1.0, 5.0)]
    book.import_events([(moved, events)])
    page = book.page(EventFilters(source="new/cat.mp4"), limit=9, cursor=None)
    assert [(item.verdict, item.corrected_label) for item in page.items] == [
        ("corrected", "puma"),
        ("none", None),
        ("confirmed", None),
    ]


def test_a_verdict_that_was_taken_back_does_not_return(book: Book) -> None:
    book.import_events([(CAT, [found("tabby", 1.0, 5.0)])])
    (old,) = book.page(ALL, limit=9, cursor=None).items
    book.say(old.id, "confirmed")
    book.import_events([(CAT, [found("tabby", 1.2, 5.0)])])
    (new,) = book.page(ALL, limit=9, cursor=None).items
    assert (new.id != old.id, new.verdict) == (True, "confirmed")
    book.say(new.id, "none")
    book.import_events([(CAT, [found("tabby", 1.2, 5.0)])])
    assert book.item(new.id).verdict == "none"


def test_a_head_shows_its_own_events_of_videos(book: Book, review: Review) -> None:
    book.import_events([(CAT, [found("tabby", 1.0)])])
    book.add_line(line(1000.0))
    review.execute(
        "INSERT INTO videos VALUES ('v1', 'o', 1, 'cat.mp4', x'2f61', 1, 1, 'aa', 'done', NULL, "
        "0, 9, 1, 1, 'h264', 'mov', 1)"
    )
    book.replace_events("v1", [found("mine", 2.0), found("mine", 4.0)], head="cats")
    book.replace_events("unknown", [found("mine", 2.0)], head="cats")
    assert starts(book) == [1000.0, 1.0]
    book.show_head("cats")
    assert (book.shown_head(), starts(book)) == ("cats", [1000.0, 2.0, 4.0])
    assert [item.start_time for item in book.of_video("v1", limit=9)] == [2.0, 4.0]
    book.show_head(None)
    assert (book.shown_head(), starts(book)) == (None, [1000.0, 1.0])
    with pytest.raises(ValueError, match="name"):
        book.replace_events("v1", [], head="")


@pytest.mark.slow
def test_a_hundred_thousand_events_page_quickly(book: Book) -> None:
    from time import perf_counter

    videos = (
        KnownVideo(video=f"v{number}", source=f"{number}.mp4", content_sha256=f"{number}")
        for number in range(1000)
    )
    labels = [f"label {number}" for number in range(100)]
    book.import_events(
        (one, [found(label, float(i)) for i, label in enumerate(labels)]) for one in videos
    )
    for filters in (ALL, EventFilters(label="label 7"), EventFilters(source="999.mp4")):
        cursor = book.page(filters, limit=50, cursor=None).next_cursor
        began = perf_counter()
        page = book.page(filters, limit=50, cursor=cursor)
        assert len(page.items) == 50
        assert perf_counter() - began < 0.5


def test_the_oldest_events_of_cameras_make_room(book: Book, tmp_path: Path) -> None:
    said = [book.add_line(line(start, start + 1)) for start in (1.0, 2.0, 3.0, 4.0)]
    assert said[0] is not None
    book.say(said[0].id, "dismissed")
    clip = tmp_path / "clip.mp4"
    clip.write_bytes(b"a clip")
    for start in (2.0, 4.0):
        told = {"event": f"{start:g}-abc", "kind": "clip", "path": str(clip), "is_whole": True}
        book.add_line(
            {"record": "evidence", "source": "door", "start": start, "end": start + 1, **told}
        )
    book.add_line(line(1.5))  # which goes on
    book.import_events([(CAT, [found("tabby", 1.0, 2.0)])])
    book.make_room(keep=2)
    assert starts(book) == [4.0, 3.0, 1.5, 1.0, 1.0]
    assert [item.end_time for item in book.end_going_on()] == [1.5]
    newest, *_ = book.page(ALL, limit=1, cursor=None).items
    assert newest.playback is not None
    book.add_line(line(2.0, 3.0))
    assert [item.playback for item in book.page(ALL, limit=9, cursor=None).items][2] is None
