import os
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from stores import (
    ARCHIVE,
    clip,
    event,
    failed,
    make_store,
    padded,
    video,
    video_id,
    video_rows,
)

from ghoststream.archive.schema import FRAMES, PENDING
from ghoststream.archive.search import Filters, Moment, labelled, nearest
from ghoststream.archive.store import Store
from ghoststream.archive.writer import StoreWriter, open_writer
from ghoststream.errors import ConfigError, StoreError

RED, GREEN, BLUE = np.eye(3)
TABBY, TERRIER = "tabby, tabby cat", "terrier"


def query(vector: np.ndarray) -> np.ndarray:
    return padded(vector).astype(np.float32)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """Two doors, of which the second one is red late, a yard, and a file that is no video."""
    return make_store(
        tmp_path_factory.mktemp("archive") / "store",
        {
            "door/a.mp4": video(
                [RED, RED, GREEN, GREEN, BLUE, BLUE],
                times=[10, 10.5, 11, 11.5, 12, 12.5],
                clips=[
                    clip(10, 11, RED, {TERRIER: 0.5, TABBY: 0.25}),
                    clip(10.5, 11.5, RED + GREEN, {TERRIER: 0.75}),
                    clip(12, 13, BLUE, {TABBY: 0.5}),
                ],
                events=[event("new", TERRIER, 10)],
            ),
            "door/b.mp4": video(
                [BLUE, BLUE, RED + 0.5 * BLUE], clips=[clip(0, 2, BLUE, {TABBY: 1.0})]
            ),
            "yard/c.mp4": video([GREEN, BLUE], contrast=[2.0, 60.0]),
            "broken.mp4": failed("not a video"),
        },
    )


def places(moments: list[Moment]) -> list[tuple[str, float, float]]:
    return [(found.source, found.start_seconds, found.end_seconds) for found in moments]


def test_best_moment_comes_first(store: Store) -> None:
    found = nearest(store, query(RED), table="frames", limit=2)

    assert places(found) == [("door/a.mp4", 10.0, 11.0), ("door/b.mp4", 2.0, 3.0)]
    assert found[0].video == video_id("door/a.mp4")
    assert found[0].path == Path("/archive/door/a.mp4")
    assert found[0].best_seconds == 10.0
    assert found[0].label is None
    assert [moment.score for moment in found] == pytest.approx([1.0, 0.8944], abs=1e-3)


def test_length_of_the_vector_does_not_matter(store: Store) -> None:
    short, long = (
        nearest(store, query(RED) * scale, table="frames", limit=1)[0] for scale in (1e-3, 1e3)
    )

    assert short.score == pytest.approx(long.score) == pytest.approx(1.0)


def test_flat_frames_are_left_out(store: Store) -> None:
    found = nearest(store, query(GREEN), table="frames", filters=Filters(path="yard/*"))

    assert places(found) == [("yard/c.mp4", 1.0, 2.0)]


def test_clips_tell_their_label(store: Store) -> None:
    found = nearest(store, query(BLUE), table="clips", limit=2)

    assert {(moment.source, moment.best_seconds, moment.label) for moment in found} == {
        ("door/a.mp4", 12.5, TABBY),
        ("door/b.mp4", 1.0, TABBY),
    }


@pytest.mark.parametrize("pattern", ["door/b.mp4", "/archive/door/b*", "*/b.???"])
def test_path(store: Store, pattern: str) -> None:
    found = nearest(store, query(RED), table="frames", filters=Filters(path=pattern), limit=1)

    assert places(found) == [("door/b.mp4", 2.0, 3.0)]


def test_path_that_nothing_matches(store: Store) -> None:
    assert nearest(store, query(RED), table="frames", filters=Filters(path="roof/*")) == []


def test_time(store: Store) -> None:
    filters = Filters(path="door/a.mp4", start_seconds=10.5, end_seconds=11.5)

    frames = nearest(store, query(RED), table="frames", filters=filters)
    clips = nearest(store, query(RED), table="clips", filters=filters)

    assert places(frames) == [("door/a.mp4", 10.5, 11.0), ("door/a.mp4", 11.0, 11.5)]
    assert places(clips) == [("door/a.mp4", 10.0, 11.0), ("door/a.mp4", 10.5, 11.5)]


def test_time_that_is_none() -> None:
    with pytest.raises(ConfigError, match="no time lies between 5 s and 5 s"):
        Filters(start_seconds=5, end_seconds=5)


def test_label_makes_a_picture_search_clips(store: Store) -> None:
    found = nearest(store, query(RED), table="frames", filters=Filters(label="TABBY CAT"))

    assert found[0].label == TABBY
    assert places(found)[0] == ("door/a.mp4", 10.0, 11.0)
    assert ("door/a.mp4", 10.5, 11.5) not in places(found)


def test_own_place_is_left_out(store: Store) -> None:
    path = bytes(ARCHIVE / "door/a.mp4")

    found = nearest(store, query(RED), table="frames", limit=1, exclude=(path, 10.25, 10.75))
    clips = nearest(store, query(RED), table="clips", limit=1, exclude=(path, 9.0, 10.5))

    assert places(found) == [("door/b.mp4", 2.0, 3.0)]
    assert places(clips) == [("door/a.mp4", 10.5, 11.5)]


def test_unknown_place_leaves_nothing_out(store: Store) -> None:
    found = nearest(store, query(RED), table="frames", limit=1, exclude=(b"/else.mp4", 0.0, 99.0))

    assert places(found) == [("door/a.mp4", 10.0, 11.0)]


def test_same_looks_are_folded(tmp_path: Path) -> None:
    paler = RED + 0.1 * GREEN
    store = make_store(tmp_path / "s", {"a.mp4": video([paler, BLUE, BLUE, BLUE, RED, paler])})

    found = nearest(store, query(RED), table="frames", limit=1)

    assert places(found) == [("a.mp4", 4.0, 6.0)]
    assert found[0].also == ((0.0, 1.0),)


def test_as_many_moments_as_wanted_behind_a_still_scene(tmp_path: Path) -> None:
    """More frames of one scene than are asked for at first."""
    still = video([RED] * 100)
    store = make_store(tmp_path / "s", {"still.mp4": still, "b.mp4": video([RED + GREEN])})

    found = nearest(store, query(RED), table="frames", limit=2)

    assert places(found) == [("still.mp4", 0.0, 100.0), ("b.mp4", 0.0, 1.0)]


def test_frame_lasts_until_the_next_sample(tmp_path: Path) -> None:
    """It is shown for 40 ms, and one is looked at every second."""
    rows = video_rows("a.mp4", video([RED, BLUE]))
    ends = pa.array([0.04, 1.04])
    place = rows.frames.schema.get_field_index("end_seconds")
    field = rows.frames.schema.field(place)
    short = type(rows)(
        row=rows.row,
        frames=rows.frames.set_column(place, field, ends),
        clips=rows.clips,
        events=rows.events,
    )
    with open_writer(tmp_path / "s", make_store(tmp_path / "s", {}).recipe) as writer:
        writer.append([short])
        found = nearest(writer.store, query(RED), table="frames", limit=1)

    assert places(found) == [("a.mp4", 0.0, 1.0)]


def test_unfinished_videos_are_not_found(tmp_path: Path) -> None:
    store = make_store(tmp_path / "s", {"a.mp4": video([GREEN])})
    rows = video_rows("killed.mp4", video([RED], clips=[clip(0, 1, RED, {"fox": 1.0})]))
    StoreWriter(store)._set_pending([video_id("killed.mp4")])
    for name in ("frames", "clips"):
        store.table(name).add(getattr(rows, name))

    assert places(nearest(store, query(RED), table="frames")) == [("a.mp4", 0.0, 1.0)]
    assert nearest(store, query(RED), table="clips") == []
    with pytest.raises(ConfigError, match=r"no clip of .* shows 'fox'; its clips have no labels"):
        labelled(store, "fox")
    assert store.table(FRAMES).count_rows() == 2
    assert store.table(PENDING).count_rows() == 1


def test_path_that_is_no_text(tmp_path: Path) -> None:
    name = os.fsdecode(b"caf\xe9 100%\n.mp4")
    rows = video_rows("x.mp4", video([RED]))
    row = {**rows.row, "path": "/archive/caf\\xe9", "path_bytes": b"/archive/" + os.fsencode(name)}
    strange = type(rows)(row=row, frames=rows.frames, clips=rows.clips, events=rows.events)
    with open_writer(tmp_path / "s", make_store(tmp_path / "s", {}).recipe) as writer:
        writer.append([strange])
        found = nearest(writer.store, query(RED), table="frames")

    assert [moment.path for moment in found] == [ARCHIVE / name]


def test_query_of_another_size(store: Store) -> None:
    with pytest.raises(StoreError, match=r"shape \(1280,\) cannot .* have 8 features"):
        nearest(store, np.ones(1280, np.float32), table="frames")


@pytest.mark.parametrize("value", [0.0, np.nan, np.inf])
def test_query_that_says_nothing(store: Store, value: float) -> None:
    with pytest.raises(StoreError, match="all zeros or not finite"):
        nearest(store, np.full(8, value, np.float32), table="frames")


def test_limit_of_nothing(store: Store) -> None:
    with pytest.raises(ConfigError, match="a limit of 0 moments"):
        nearest(store, query(RED), table="frames", limit=0)
    with pytest.raises(ConfigError, match="a limit of -1 moments"):
        labelled(store, "terrier", limit=-1)


@pytest.mark.parametrize("label", ["tabby", "Tabby Cat", "tabby, TABBY cat", " tabby "])
def test_label_by_any_of_its_names(store: Store, label: str) -> None:
    found = labelled(store, label)

    assert places(found) == [
        ("door/b.mp4", 0.0, 2.0),
        ("door/a.mp4", 10.0, 13.0),
    ]
    assert [moment.score for moment in found] == [1.0, 0.5]
    assert [moment.best_seconds for moment in found] == [1.0, 12.5]
    assert {moment.label for moment in found} == {TABBY}


def test_label_with_filters(store: Store) -> None:
    assert places(labelled(store, "tabby", filters=Filters(path="door/a*", end_seconds=11))) == [
        ("door/a.mp4", 10.0, 11.0)
    ]
    assert labelled(store, "tabby", filters=Filters(path="yard/*")) == []
    assert places(labelled(store, "tabby", limit=1)) == [("door/b.mp4", 0.0, 2.0)]


def test_two_labels_at_once(store: Store) -> None:
    found = labelled(store, "tabby", filters=Filters(label="terrier"))

    assert [(moment.score, moment.label, moment.start_seconds) for moment in found] == [
        (0.25, TABBY, 10.0)
    ]


def test_unknown_label_names_close_ones(store: Store) -> None:
    with pytest.raises(ConfigError, match="shows 'terier'; close to it: 'terrier'"):
        labelled(store, "terier")
    with pytest.raises(ConfigError, match="among its labels are 'tabby, tabby cat', 'terrier'"):
        nearest(store, query(RED), table="clips", filters=Filters(label="zebra"))


def test_label_with_a_quote(tmp_path: Path) -> None:
    a = video([RED], clips=[clip(0, 1, RED, {"jack-o'-lantern": 0.5})])
    store = make_store(tmp_path / "s", {"a.mp4": a})

    assert places(labelled(store, "Jack-O'-Lantern")) == [("a.mp4", 0.0, 1.0)]


def test_empty_store(tmp_path: Path) -> None:
    store = make_store(tmp_path / "s", {"broken.mp4": failed("not a video")})

    assert nearest(store, query(RED), table="frames") == []
