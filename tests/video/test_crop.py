"""A crop shows its part of the picture, whatever is asked of it."""

from fractions import Fraction

import numpy as np
import pytest
from clips import quadrants, write_clip

from ghoststream.models.preprocessing import Preprocessing
from ghoststream.types import WHOLE_PICTURE, Frame, Region
from ghoststream.video.crop import cropped
from ghoststream.video.decode import open_file

RED, GREEN, BLUE, WHITE = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)


@pytest.fixture(scope="module")
def frame(tmp_path_factory: pytest.TempPathFactory) -> Frame:
    path = write_clip(tmp_path_factory.mktemp("crop") / "clip.mp4", frames=1, picture=quadrants)
    with open_file(path) as video:
        return next(iter(video.frames()))


@pytest.mark.parametrize(
    ("region", "color"),
    [
        ((0, 0, 0.5, 0.5), RED),
        ((0.5, 0, 1, 0.5), GREEN),
        ((0, 0.5, 0.5, 1), BLUE),
        ((0.5, 0.5, 1, 1), WHITE),
    ],
)
def test_it_shows_its_part(frame: Frame, region: Region, color: tuple[int, int, int]) -> None:
    part = cropped(frame, region)
    assert (part.picture.width, part.picture.height) == (32, 24)
    middle = part.rgb()[6:-6, 6:-6]
    assert middle.shape == (12, 20, 3)
    assert np.abs(middle.astype(int) - color).max() < 12
    assert (part.time, part.is_keyframe) == (Fraction(0), True)


def test_a_part_of_a_part_is_that_of_the_picture(frame: Frame) -> None:
    right = cropped(frame, (0.5, 0, 1, 1))
    lower_half = right.rgb((16, 12), (0, 0.5, 1, 1))
    assert np.array_equal(lower_half, frame.rgb((16, 12), (0.5, 0.5, 1, 1)))


def test_the_whole_stays_as_it_is(frame: Frame) -> None:
    assert cropped(frame, WHOLE_PICTURE) is frame


@pytest.mark.parametrize("region", [(0.1, 0.7, 0.8, 1), (0.3, 0.1, 1.0, 0.4), (0.9, 0, 1, 1)])
def test_rounding_does_not_lead_out_of_the_picture(frame: Frame, region: Region) -> None:
    assert cropped(frame, region).rgb((8, 8), WHOLE_PICTURE).shape == (8, 8, 3)


def test_the_network_sees_the_part(frame: Frame) -> None:
    square = Preprocessing().prepare(cropped(frame, (0.5, 0, 1, 0.5)))
    assert np.abs(square[60:-60, 60:-60].astype(int) - GREEN).max() < 12
