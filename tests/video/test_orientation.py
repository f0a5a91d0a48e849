"""The eight ways to turn and mirror a rectangle."""

import numpy as np
import pytest

from ghoststream.video.orientation import UPRIGHT, Orientation

PIXELS = np.arange(2 * 3 * 3, dtype=np.uint8).reshape(2, 3, 3)


@pytest.mark.parametrize(
    ("orientation", "degrees", "expected"),
    [
        (UPRIGHT, 0, PIXELS),
        (Orientation(transpose=True, flip_x=True), 90, np.rot90(PIXELS, -1)),
        (Orientation(flip_x=True, flip_y=True), 180, np.rot90(PIXELS, 2)),
        (Orientation(transpose=True, flip_y=True), 270, np.rot90(PIXELS, 1)),
        (Orientation(flip_x=True), 0, PIXELS[:, ::-1]),
        (Orientation(flip_y=True), 180, PIXELS[::-1]),
        (Orientation(transpose=True), 270, PIXELS.swapaxes(0, 1)),
        (
            Orientation(transpose=True, flip_x=True, flip_y=True),
            90,
            np.rot90(PIXELS, -1)[::-1],
        ),
    ],
)
def test_turns(orientation: Orientation, degrees: int, expected: np.ndarray) -> None:
    turned = orientation.apply(PIXELS)
    np.testing.assert_array_equal(turned, expected)
    assert turned.flags.c_contiguous
    assert orientation.size(3, 2) == (turned.shape[1], turned.shape[0])
    assert orientation.degrees_clockwise == degrees
