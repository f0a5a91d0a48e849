"""Times for frames that come without one."""

from fractions import Fraction

import av
import pytest

from ghoststream.video.timestamps import Timestamps

TIME_BASE = Fraction(1, 1000)


def timed(stamps: list[int | None], **options: bool) -> list[int]:
    frames = []
    for pts in stamps:
        frame = av.VideoFrame(16, 16, "gray")
        frame.pts = pts
        frames.append(frame)
    keeper = Timestamps(time_base=TIME_BASE, rate=Fraction(30000, 1001), **options)
    return [pts for pts, _ in keeper.timed(frames)]


@pytest.mark.parametrize(
    ("stamps", "expected"),
    [
        ([0, 33, 67], [0, 33, 67]),
        ([100, None, None, 200], [100, 133, 167, 200]),
        ([None, None, 100], [33, 67, 100]),
        ([None, None], [0, 33]),
        ([-50, None], [-50, -17]),
        ([None] * 40 + [7], [*[round(k * Fraction(1001, 30)) for k in range(40)], 7]),
    ],
)
def test_holes_are_counted_from_the_nearest_known_time(
    stamps: list[int | None], expected: list[int]
) -> None:
    assert timed(stamps) == expected


def test_rounding_does_not_add_up() -> None:
    assert timed([None] * 30_001, has_times=False)[-1] == 1_001_000


def test_decoding_times_in_rising_order() -> None:
    keeper = Timestamps(time_base=TIME_BASE, rate=Fraction(25), has_pts=False)
    frames = []
    for dts in (0, 40, 80, 120):
        packet = av.Packet(b"x")
        packet.dts = dts
        keeper.feed(packet)
        frame = av.VideoFrame(16, 16, "gray")
        frame.pts = 999  # a guess of the demuxer
        frames.append(frame)
        if dts == 40:
            keeper.lost(packet)
            frames.pop()
    assert [pts for pts, _ in keeper.timed(frames)] == [0, 80, 120]
