"""The catalogue follows its store: what comes, what goes, what is made anew."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from archive_page import VIDEOS, small_archive, store_of_clips
from stores import clip, event, make_store, video, video_id

from ghoststream.archive.store import open_store
from ghoststream.archive.writer import open_writer
from ghoststream.serve.archive.catalogue import Catalogue
from ghoststream.serve.archive.timeline import MAX_CLIPS, stored_rows, timeline_of
from ghoststream.serve.events.book import Book
from ghoststream.serve.events.filters import EventFilters
from ghoststream.serve.media.ids import MediaIds
from ghoststream.serve.review import Review

IDS = MediaIds(b"secret" * 6)


@pytest.fixture
def review(tmp_path: Path) -> Iterator[Review]:
    with Review(tmp_path / "review.db") as opened:
        yield opened


@pytest.fixture
def catalogue(review: Review) -> Catalogue:
    return Catalogue(review, Book(review, IDS), IDS)


def events(review: Review) -> list[str]:
    page = Book(review, IDS).page(EventFilters(), limit=100, cursor=None)
    return [item.label for item in page.items]


def test_only_what_is_new_is_taken_in(tmp_path: Path, catalogue: Catalogue) -> None:
    some = {name: VIDEOS[name] for name in ("gate/a.mp4", "broken.mp4")}
    address = small_archive(tmp_path, some)
    assert catalogue.follow(open_store(address)) == 2
    assert catalogue.follow(open_store(address)) == 0
    small_archive(tmp_path, {"gate/b.ts": VIDEOS["gate/b.ts"]})
    assert catalogue.follow(open_store(address)) == 1
    assert catalogue.count() == 3


def test_what_is_not_in_the_store_any_more_goes(
    tmp_path: Path, catalogue: Catalogue, review: Review
) -> None:
    address = small_archive(tmp_path)
    catalogue.follow(open_store(address))
    assert events(review) == ["tabby, tabby cat", "tiger cat", "lynx"]
    with open_writer(address, open_store(address).recipe) as writer:
        writer.forget([video_id("gate/a.mp4")])
    assert catalogue.follow(open_store(address)) == 0
    assert (catalogue.count(), events(review)) == (3, ["lynx"])
    catalogue.clear()
    assert (catalogue.count(), events(review)) == (0, [])


def test_a_store_made_with_other_settings_is_taken_in_anew(
    tmp_path: Path, catalogue: Catalogue, review: Review
) -> None:
    some = {"gate/a.mp4": VIDEOS["gate/a.mp4"]}
    catalogue.follow(open_store(small_archive(tmp_path, some)))
    other = {"gate/a.mp4": video([[1]], events=[event("new", "puma", 0)])}
    store = store_of_clips(tmp_path / "y.store", tmp_path / "videos", other, window="9")
    assert catalogue.follow(open_store(store)) == 1
    assert events(review) == ["puma"]


def test_a_long_timeline_has_no_more_than_can_be_drawn(tmp_path: Path) -> None:
    count = 3 * MAX_CLIPS
    clips = [clip(i, i + 2, [1], {"tabby": i / count, "lynx": 0.5}) for i in range(count)]
    store = make_store(tmp_path / "long.store", {"a.mp4": video([[1]], clips=clips)})
    rows = stored_rows(store, video_id("a.mp4"))
    timeline = timeline_of(rows, clips=count, start_seconds=0, end_seconds=count)
    assert len(timeline.clips) == MAX_CLIPS
    last = timeline.clips[-1]
    assert (last.start, last.end) == (count - 3, count + 1)
    assert last.labels[0].label == "tabby"
    assert last.labels[0].score == pytest.approx((count - 1) / count)
