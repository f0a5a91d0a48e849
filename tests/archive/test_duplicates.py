"""Which stretches two videos share, on stores made by hand."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from stores import ARCHIVE, RECIPE, failed, make_store, video, video_rows

from ghoststream.archive.alignment import Stretch
from ghoststream.archive.duplicates import Duplicate, _spread, _Video, find_duplicates
from ghoststream.archive.store import Store, open_store
from ghoststream.archive.writer import open_writer
from ghoststream.errors import ConfigError

FEATURES = 96
"""So many that two ways are hardly ever alike by chance."""
LARGE = replace(RECIPE, frame_features=FEATURES)
RATE = 4
Film = NDArray[np.float64]
"""What is to be seen at any time: the way of a camera, 96 numbers, 100 points a second."""


def film(seed: int, seconds: float, *, movement: float = 1.0) -> Film:
    """A scene of its own, in which something of its own moves."""
    rng = np.random.default_rng(seed)
    steps = rng.normal(0, 0.02, (round(seconds * 100), FEATURES))
    return rng.normal(0, 1, FEATURES) + movement * steps.cumsum(0)


def seen(shown: Film, *, start: float = 0.0, phase: float = 0.0, rate: float = RATE) -> NDArray:
    """The film from a moment on, sampled; `phase` is when the first frame is, in seconds."""
    times = np.arange(start + phase, len(shown) / 100, 1 / rate)
    return shown[np.floor(times * 100).astype(int)]


def times(vectors: Sequence[object], *, first: float = 0.0, rate: float = RATE) -> list[float]:
    return [first + number / rate for number in range(len(vectors))]


def pairs_of(store: Store, **limits: float) -> list[tuple[str, str]]:
    return [(pair.first.name, pair.second.name) for pair in find_duplicates(store, **limits)]


def only(store: Store, **limits: float) -> Duplicate:
    (pair,) = find_duplicates(store, **limits)
    return pair


def stored(folder: Path, **films: NDArray) -> Store:
    videos = {f"{name}.mp4": video(rows, times=times(rows)) for name, rows in films.items()}
    return make_store(folder / "s", videos, recipe=LARGE)


def test_a_copy_lies_where_it_was_put_into_other_content(tmp_path: Path) -> None:
    scene, other = film(1, 10), film(2, 30)
    around = np.concatenate([seen(other)[:20], seen(scene), seen(other)[80:]])
    pair = only(stored(tmp_path, a=seen(scene), b=around, c=seen(film(3, 20))))
    assert (pair.first, pair.second) == (ARCHIVE / "a.mp4", ARCHIVE / "b.mp4")
    assert pair.offset_seconds == pytest.approx(5, abs=0.05)
    assert pair.start_seconds == pytest.approx(0, abs=0.5)
    assert pair.other_start_seconds == pytest.approx(5, abs=0.5)
    assert pair.length_seconds == pytest.approx(10, abs=1)
    assert pair.score > 0.95
    assert not pair.is_same_file


@pytest.mark.parametrize(("rate", "phase"), [(4, 0.11), (3, 0.2), (6.5, 0.05)])
def test_samplings_may_differ(tmp_path: Path, rate: float, phase: float) -> None:
    scene, anew = film(1, 20), seen(film(1, 20), start=6, phase=phase, rate=rate)
    first = video(seen(scene), times=times(seen(scene)))
    second = video(anew, times=times(anew, first=100 + phase, rate=rate))
    pair = only(make_store(tmp_path / "s", {"a.mp4": first, "b.mp4": second}, recipe=LARGE))
    assert pair.offset_seconds == pytest.approx(94, abs=0.1)
    assert pair.length_seconds == pytest.approx(14, abs=0.8)


def test_a_quiet_scene_is_its_exact_copy_and_no_other_hour_of_it(tmp_path: Path) -> None:
    hours = film(1, 40, movement=0.01)
    morning, evening = seen(hours)[:60], seen(hours)[80:140]
    cosine = morning[0] @ evening[0] / np.linalg.norm(morning[0]) / np.linalg.norm(evening[0])
    assert cosine > 0.999
    store = stored(tmp_path, morning=morning, evening=evening, copy=morning[10:])
    assert pairs_of(store) == [("copy.mp4", "morning.mp4")]
    assert only(store).offset_seconds == pytest.approx(2.5, abs=0.05)


def test_a_still_picture_lies_at_no_offset(tmp_path: Path) -> None:
    still = np.tile(film(1, 1)[0], (60, 1))
    assert pairs_of(stored(tmp_path, a=still, b=still)) == []


def test_flat_frames_are_like_nothing(tmp_path: Path) -> None:
    black = seen(film(1, 10))
    videos = {
        f"{name}.mp4": video(black, times=times(black), contrast=level)
        for name, level in {"a": 0.4, "b": 0.4, "c": 40, "d": 40}.items()
    }
    assert pairs_of(make_store(tmp_path / "s", videos, recipe=LARGE)) == [("c.mp4", "d.mp4")]


def test_frames_that_are_like_all_hide_no_copy(tmp_path: Path) -> None:
    everything = np.ones(FEATURES)
    hubs = {f"hub{k}": 0.02 * seen(film(k, 10)) + everything for k in range(10, 30)}
    scene = 0.3 * seen(film(1, 10)) + everything
    assert pairs_of(stored(tmp_path, a=scene, b=scene[5:], **hubs)) == [("a.mp4", "b.mp4")]


def test_two_videos_may_share_several_stretches(tmp_path: Path) -> None:
    one, two = seen(film(1, 8)), seen(film(2, 8))
    store = stored(
        tmp_path,
        a=np.concatenate([one, seen(film(3, 5)), two]),
        b=np.concatenate([two, seen(film(4, 7)), one]),
    )
    offsets = sorted(pair.offset_seconds for pair in find_duplicates(store))
    assert offsets == [pytest.approx(-13, abs=0.1), pytest.approx(15, abs=0.1)]


def test_short_stretches_are_left_out(tmp_path: Path) -> None:
    scene = seen(film(1, 5))
    store = stored(tmp_path, a=scene, b=np.concatenate([seen(film(2, 9)), scene, seen(film(3, 9))]))
    assert len(pairs_of(store)) == 1
    assert pairs_of(store, min_length_seconds=7) == []


def test_equal_bytes_need_no_vectors(tmp_path: Path) -> None:
    still, moving = np.tile(film(1, 1)[0], (20, 1)), seen(film(2, 9))
    rows = [
        video_rows("a.mp4", video(still, times=times(still, first=3)), LARGE),
        video_rows("b.mp4", video(still, times=times(still, first=3)), LARGE),
        video_rows("c.mp4", video(moving, times=times(moving)), LARGE),
    ]
    equal = [replace(each, row={**each.row, "content_sha256": "ab" * 32}) for each in rows[:2]]
    with open_writer(tmp_path / "s", LARGE) as writer:
        writer.append([*equal, rows[2]])
    assert only(open_store(tmp_path / "s")) == Duplicate(
        first=ARCHIVE / "a.mp4",
        second=ARCHIVE / "b.mp4",
        start_seconds=3.0,
        other_start_seconds=3.0,
        offset_seconds=0.0,
        length_seconds=5.0,
        score=1.0,
        is_same_file=True,
    )


def test_what_is_found_of_a_file_holds_for_its_equals(tmp_path: Path) -> None:
    moving = seen(film(2, 9))
    rows = [video_rows(f"{name}.mp4", video(moving, times=times(moving)), LARGE) for name in "abc"]
    equal = [replace(each, row={**each.row, "content_sha256": "ab" * 32}) for each in rows[:2]]
    with open_writer(tmp_path / "s", LARGE) as writer:
        writer.append([*equal, rows[2]])
    found = pairs_of(open_store(tmp_path / "s"))
    assert sorted(found) == [("a.mp4", "b.mp4"), ("a.mp4", "c.mp4"), ("b.mp4", "c.mp4")]


def test_failed_and_empty_videos_share_nothing(tmp_path: Path) -> None:
    store = make_store(tmp_path / "s", {"a.mp4": failed("no"), "b.mp4": video([])})
    assert pairs_of(store) == []
    short = stored(tmp_path / "short", a=seen(film(1, 0.5)), b=seen(film(1, 0.5)))
    assert pairs_of(short) == []


def test_no_video_is_a_copy_of_itself(tmp_path: Path) -> None:
    scene = seen(film(1, 8))
    assert pairs_of(stored(tmp_path, a=np.concatenate([scene, scene]))) == []


@pytest.mark.parametrize(
    "limits", [{"min_length_seconds": 0}, {"min_score": 0}, {"min_score": 1.5}]
)
def test_limits_that_make_no_sense(tmp_path: Path, limits: dict[str, float]) -> None:
    with pytest.raises(ConfigError, match="give"):
        find_duplicates(make_store(tmp_path / "s", {}), **limits)


def test_what_is_shared_lies_within_both_videos() -> None:
    first = _Video(id="a", path=Path("/a"), start_seconds=1.0, duration_seconds=6.0, sampled=24)
    second = replace(first, id="b", path=Path("/b"), start_seconds=0.0, duration_seconds=5.0)
    stretch = Stretch(start_seconds=0.5, offset_seconds=-1.5, length_seconds=7.0, score=0.9)
    (pair,) = _spread([stretch], [first], [second])
    assert (pair.start_seconds, pair.other_start_seconds) == (1.5, 0.0)
    assert pair.length_seconds == 5.0
