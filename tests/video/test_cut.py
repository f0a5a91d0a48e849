"""Cuts fall where the decoder's pixels and the output's fall together."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from ghoststream.video.cut import MAX_ERROR, Cut


@pytest.mark.parametrize(
    ("low", "high", "side", "size", "step", "cut"),
    [
        # 480 lines, of which 420 become 224: 30 and 450 are even, nothing is missed
        (0.0625, 0.9375, 480, 224, 2, Cut(start=30, stop=450, scaled=224, offset=0)),
        # 360 lines: 22.5 is none; 14 lies 6.04 output pixels before it
        (0.0625, 0.9375, 360, 224, 2, Cut(start=14, stop=346, scaled=236, offset=6)),
        # the whole, of an odd side
        (0, 1, 49, 224, 2, Cut(start=0, stop=49, scaled=224, offset=0)),
        # one pixel, of which nothing can be cut off
        (0.0625, 0.9375, 1, 224, 2, Cut(start=0, stop=1, scaled=256, offset=16)),
        # colour that has a quarter of the resolution
        (0.25, 0.75, 64, 32, 4, Cut(start=16, stop=48, scaled=32, offset=0)),
    ],
)
def test_cuts_by_hand(low: float, high: float, side: int, size: int, step: int, cut: Cut) -> None:
    assert Cut.around(low, high, side=side, size=size, step=step) == cut


@given(
    start=st.floats(0, 1),
    length=st.floats(0, 1),
    side=st.integers(1, 8192),
    size=st.integers(1, 512),
    step=st.sampled_from([2, 4]),
)
def test_a_cut_holds_what_is_wanted_and_little_more(
    start: float, length: float, side: int, size: int, step: int
) -> None:
    low, high = start * (1 - length), start * (1 - length) + length
    assume(high <= 1 and length * side >= 0.6)
    cut = Cut.around(low, high, side=side, size=size, step=step)
    assert 0 <= cut.start < cut.stop <= side
    assert cut.start % step == 0
    assert cut.stop % step == 0 or cut.stop == side
    assert cut.start <= low * side + 1e-6
    assert cut.stop >= high * side - 1e-6
    assert 0 <= cut.offset <= cut.scaled - size
    assert cut.scaled <= 3 * size + 4 + 2 * step * size / (length * side)


def test_a_part_too_small_to_see_is_refused() -> None:
    with pytest.raises(ValueError, match=r"at least 0\.5 of 64 pixels must be wanted"):
        Cut.around(0, 0.001, side=64, size=224, step=2)


@pytest.mark.parametrize("height", [240, 288, 360, 480, 540, 576, 720, 1080, 1440, 2160])
def test_no_usual_size_is_missed_by_more_than_an_eighth_of_a_pixel(height: int) -> None:
    for width in (height, height * 4 // 3, height * 16 // 9):
        scaled = 256 * width // height
        left = round((scaled - 224) / 2)
        cut = Cut.around(left / scaled, (left + 224) / scaled, side=width, size=224, step=2)
        scale = scaled / width
        start, stop = left / scale, (left + 224) / scale
        assert abs((start - cut.start) * scale - cut.offset) <= MAX_ERROR
        assert abs((cut.stop - stop) * scale - (cut.scaled - 224 - cut.offset)) <= MAX_ERROR
