"""Every packet has a time, and those that the container leaves out fit in between the others."""

from fractions import Fraction

import av
import pytest

from ghoststream.video.ticks import Ticks

Times = list[tuple[int | None, int | None]]


def packets(times: Times) -> list[av.Packet]:
    made = []
    for pts, dts in times:
        packet = av.Packet(b"data")
        packet.pts, packet.dts = pts, dts
        made.append(packet)
    return made


@pytest.mark.parametrize(
    ("times", "expected"),
    [
        ([(0, 0), (40, 40)], [0, 40]),
        ([(None, None), (40, 40), (80, 80)], [0, 40, 80]),
        ([(None, None), (None, None), (90, 90)], [10, 50, 90]),
        ([(None, 7), (40, 40)], [7, 40]),
        ([(0, 0), (None, None), (None, None), (130, 130)], [0, 40, 80, 130]),
        ([(None, None), (None, None)], [0, 40]),
    ],
)
def test_what_is_missing_is_one_interval_apart(times: Times, expected: list[int]) -> None:
    ticks = Ticks(Fraction(40))
    assert [ticked.pts for ticked in ticks.timed(packets(times))] == expected


@pytest.mark.parametrize(
    ("shown", "expected_dts"),
    [
        ([160, 80, 40, 120, 320], [-80, -40, 0, 40, 80, 120]),
        ([320, 160, 80, 40, 120], [-120, -80, -40, 0, 40, 80]),
    ],
    ids=["pyramid", "deep pyramid"],
)
def test_a_first_picture_without_a_time_is_shown_before_b_frames(
    shown: list[int], expected_dts: list[int]
) -> None:
    times: Times = [(None, None), *((pts, None) for pts in shown)]
    ticked = list(Ticks(Fraction(40), has_b_frames=True).timed(packets(times)))
    assert [pts for _, pts, _ in ticked] == [0, *shown]
    assert [dts for _, _, dts in ticked] == expected_dts


def test_a_container_without_times_counts_without_drift() -> None:
    ticks = Ticks(Fraction(100, 3), has_times=False, has_pts=False)
    given = [ticked.pts for ticked in ticks.timed(packets([(None, 5)] * 301))]
    assert (given[:4], given[300]) == ([0, 33, 67, 100], 10_000)


def test_where_pts_is_a_guess_the_time_of_decoding_counts() -> None:
    ticks = Ticks(Fraction(1), has_pts=False)
    times: Times = [(99, 0), (98, 1), (97, 2)]
    assert [ticked[1:] for ticked in ticks.timed(packets(times))] == [(0, 0), (1, 1), (2, 2)]
