"""Which frames pass, at constant and variable rates."""

from collections.abc import Iterable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ghoststream.errors import ConfigError
from ghoststream.sampling import AtFps, EveryFrame, Keyframes, PartOf, Stride
from ghoststream.types import Frame, Pixels

MILLISECONDS = Fraction(1, 1000)


class NoPicture:
    width = height = nbytes = 0

    def rgb(self, size: tuple[int, int] | None = None) -> Pixels:
        return np.zeros((0, 0, 3), np.uint8)


def frames(pts: Iterable[int], time_base: Fraction = MILLISECONDS, gop: int = 10) -> list[Frame]:
    return [
        Frame(pts=p, time_base=time_base, is_keyframe=index % gop == 0, picture=NoPicture())
        for index, p in enumerate(pts)
    ]


def passed(sampling: Any, given_frames: list[Frame]) -> list[int]:
    return [frame.pts for frame in sampling(given_frames)]


def test_every_frame() -> None:
    assert passed(EveryFrame(), frames([0, 7, 9])) == [0, 7, 9]


def test_stride() -> None:
    assert passed(Stride(step=3), frames(range(8))) == [0, 3, 6]


def test_keyframes() -> None:
    assert passed(Keyframes(), frames(range(8), gop=4)) == [0, 4]


def test_fps_at_constant_rate() -> None:
    ticks = frames(range(0, 2000, 40))  # 25 frames a second
    assert passed(AtFps(rate=Fraction(5)), ticks) == list(range(0, 2000, 200))
    # 4 a second falls between frames: the first one past each moment.
    assert passed(AtFps(rate=Fraction(4)), ticks) == [0, 280, 520, 760, 1000, 1280, 1520, 1760]


def test_fps_above_the_rate_passes_each_frame_once() -> None:
    assert passed(AtFps(rate=Fraction(100)), frames([0, 40, 80])) == [0, 40, 80]


def test_fps_at_variable_rate() -> None:
    ticks = frames([0, 1000, 1010, 1020, 1030, 1240, 1260, 1500, 3100, 3110, 3260])
    assert passed(AtFps(rate=Fraction(4)), ticks) == [0, 1000, 1260, 1500, 3100, 3260]


def test_grid_begins_at_the_first_frame() -> None:
    ticks = frames(range(-970, 1000, 40))
    assert passed(AtFps(rate=Fraction(1)), ticks) == [-970, 30]


def test_no_drift_over_a_day() -> None:
    rate = Fraction(30000, 1001)
    ticks = frames(range(0, 1001 * 30 * 3600 * 24, 1001 * 30 * 100), time_base=Fraction(1, 30000))
    assert len(passed(AtFps(rate=Fraction(1, 100)), ticks)) == pytest.approx(864, abs=1)
    second = frames(range(0, 1001 * 3000, 1001), time_base=Fraction(1, 30000))
    kept = passed(AtFps(rate=rate), second)
    assert len(kept) == 3000


def test_low_rates() -> None:
    assert passed(AtFps(rate=Fraction(1, 2)), frames(range(0, 7000, 500))) == [0, 2000, 4000, 6000]


@given(
    st.lists(st.integers(1, 3000), min_size=1, max_size=60),
    st.fractions(Fraction(1, 20), 60),
    st.integers(-5000, 5000),
)
def test_each_moment_is_met_by_the_first_frame_past_it(
    steps: list[int], rate: Fraction, start: int
) -> None:
    pts = [start + sum(steps[:k]) for k in range(len(steps))]
    ticks = frames(pts)
    kept = list(AtFps(rate=rate)(ticks))
    moments = {
        next(k for k in range(10**9) if start * MILLISECONDS + k / rate > t.time) for t in kept
    }
    assert len(moments) == len(kept), "two frames for one moment"
    for frame in ticks:
        if frame not in kept:
            last = max(k.time for k in kept if k.time < frame.time)
            cell = [int((t - ticks[0].time) * rate) for t in (last, frame.time)]
            assert cell[0] == cell[1], "a moment was passed over"


@pytest.mark.parametrize("rate", [Fraction(0), Fraction(-1), Fraction(5000)])
def test_rates_that_make_no_sense(rate: Fraction) -> None:
    with pytest.raises(ConfigError, match=f"fps is {rate}; it must be above 0 and at most 1000"):
        AtFps(rate=rate)


def test_a_stride_below_one() -> None:
    with pytest.raises(ConfigError, match="stride is 0"):
        Stride(step=0)


def test_part_of_a_sampling_is_told_by_numbers() -> None:
    ticks = frames(range(0, 1000, 40))
    whole = AtFps(rate=Fraction(5))
    assert passed(whole, ticks) == [0, 200, 400, 600, 800]
    assert passed(PartOf(sampling=whole, first=0, stop=2), ticks) == [0, 200]
    assert passed(PartOf(sampling=whole, first=2, stop=99), ticks) == [400, 600, 800]


def test_part_of_a_count_is_still_a_count() -> None:
    part = PartOf(sampling=Stride(step=2), first=1, stop=3)
    assert passed(part, frames(range(10))) == [2, 4]
    assert part.sampler().is_counting
    assert part.describe() == "stride 2, 1 to 3"
