"""Pictures for people: only while somebody looks, and not more than are seen."""

import io
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from PIL import Image

from ghoststream.runners.live.capture.showing import Showing
from ghoststream.types import Frame, Interpolation, Pixels, Region


@dataclass
class Grey:
    """A picture that counts how often somebody asks for it."""

    width: int = 1280
    height: int = 720
    nbytes: int = 0
    asked: int = 0

    def rgb(
        self,
        size: tuple[int, int] | None = None,
        region: Region | None = None,
        interpolation: Interpolation = "bicubic",
    ) -> Pixels:
        self.asked += 1
        width, height = size or (self.width, self.height)
        return np.full((height, width, 3), 128, np.uint8)


def shown_at(times: list[float], *, begins: float | None, seconds: float = 1.0) -> list[float]:
    """At which of these times a picture is made."""
    now = 0.0
    showing, picture = Showing(clock=lambda: now), Grey()
    shown = []
    for now in times:
        if now == begins:
            showing.begin(seconds)
        frame = Frame(pts=round(now * 100), time_base=Fraction(1, 100), picture=picture)
        if (preview := showing.preview(frame)) is not None:
            assert preview.time == frame.time
            shown.append(now)
    assert picture.asked == len(shown)
    return shown


def test_nothing_is_made_for_nobody() -> None:
    assert shown_at([0.0, 1.0, 2.0], begins=None) == []


def test_it_ends_by_itself() -> None:
    assert shown_at([0.0, 1.0, 1.5, 1.75, 2.0, 3.0], begins=1.0) == [1.0, 1.5, 1.75]


def test_ten_a_second_at_most() -> None:
    times = [1 + frame / 25 for frame in range(50)]
    assert 20 <= len(shown_at(times, begins=1.0, seconds=2.0)) <= 21


def test_all_of_ten_a_second_are_shown_though_they_come_unevenly() -> None:
    times = [1.0, 1.09, 1.21, 1.29, 1.41, 1.5]
    assert shown_at(times, begins=1.0) == times


def test_the_longer_side_has_640_pixels() -> None:
    showing = Showing(clock=lambda: 1.0)
    showing.begin(1.0)
    preview = showing.preview(Frame(pts=1, time_base=Fraction(1), picture=Grey()))
    assert preview is not None
    assert Image.open(io.BytesIO(preview.jpeg)).size == (640, 360)
