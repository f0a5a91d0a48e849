from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ghoststream.types import Clip, Embedding, TimeSpan
from ghoststream.windows import windows


def at(*seconds: float, duration: Fraction = Fraction(1, 4)) -> list[Embedding]:
    return [
        Embedding(
            span=TimeSpan(start=Fraction(s), end=Fraction(s) + duration),
            vector=np.array([s], dtype=np.float32),
        )
        for s in seconds
    ]


def cut(embeddings: list[Embedding], window: float = 2, hop: float = 1) -> list[Clip]:
    return list(windows(embeddings, window_seconds=Fraction(window), hop_seconds=Fraction(hop)))


def summary(clips: list[Clip]) -> list[tuple[float, float, list[float]]]:
    return [(float(c.span.start), float(c.span.end), [float(t) for t in c.times]) for c in clips]


def test_overlapping_windows_and_a_last_one_cut_at_the_end_of_the_stream() -> None:
    assert summary(cut(at(0, 1, 2, 3, 4))) == [
        (0, 2, [0, 1]),
        (1, 3, [1, 2]),
        (2, 4, [2, 3]),
        (3, 4.25, [3, 4]),
    ]


def test_vectors_follow_their_times() -> None:
    assert cut(at(0, 1))[0].vectors.tolist() == [[0.0], [1.0]]


def test_a_video_shorter_than_the_window_is_one_clip() -> None:
    assert summary(cut(at(0, 0.5))) == [(0, 0.75, [0, 0.5])]


def test_nothing_gives_nothing() -> None:
    assert cut([]) == []


def test_the_grid_starts_at_the_first_frame() -> None:
    assert summary(cut(at(10.5, 12.5), hop=2)) == [(10.5, 12.5, [10.5]), (12.5, 12.75, [12.5])]


def test_a_gap_gives_no_empty_clips_and_leaves_the_grid_alone() -> None:
    assert summary(cut(at(0, 7.5))) == [(0, 2, [0]), (6, 7.75, [7.5])]


def test_a_gap_of_a_million_years_takes_no_time() -> None:
    clips = cut(at(0, 3e13))
    assert len(clips) == 2


def test_spaced_windows_leave_out_what_lies_between() -> None:
    assert summary(cut(at(0, 1, 2, 3, 4, 5, 9), window=1, hop=4)) == [
        (0, 1, [0]),
        (4, 5, [4]),
    ]


@pytest.mark.parametrize(("window", "hop"), [(2, 1), (1, 1), (3, 2), (0.5, 0.25)])
@given(
    times=st.lists(st.integers(0, 400), min_size=1, max_size=40, unique=True).map(sorted),
)
def test_every_frame_is_in_a_clip_and_every_clip_on_the_grid(
    window: float, hop: float, times: list[int]
) -> None:
    seconds = [t / 8 for t in times]
    clips = cut(at(*seconds), window=window, hop=hop)
    assert {float(t) for c in clips for t in c.times} == set(seconds)
    for clip in clips:
        assert (clip.span.start - Fraction(seconds[0])) % Fraction(hop) == 0
        inside = [s for s in seconds if clip.span.start <= s < clip.span.start + Fraction(window)]
        assert [float(t) for t in clip.times] == inside
    assert [c.span.start for c in clips] == sorted({c.span.start for c in clips})
