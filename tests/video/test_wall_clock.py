"""Times of live streams: right as far as anybody knows, and never backwards."""

from fractions import Fraction
from itertools import pairwise

import pytest

from ghoststream.video.wall_clock import WallClock

TICKS = 90_000
NOW = 1_800_000_000.0
TIME_BASE = Fraction(1, TICKS)


def seconds(clock: WallClock, time: float, arrived: float, sender: float | None = None) -> float:
    """Unix time, counted from NOW, that the clock gives to a stream's time."""
    pts = round(time * TICKS)
    return (pts + clock.shift(pts, NOW + arrived, sender)) / TICKS - NOW


def frames(count: int, start: float = 0.0, interval: float = 0.04) -> list[float]:
    return [start + index * interval for index in range(count)]


def test_first_packet_counts_from_its_arrival() -> None:
    clock = WallClock(TIME_BASE)
    assert seconds(clock, 500.0, 0.25) == pytest.approx(0.25)
    assert (clock.segment, clock.cause, clock.clock) == (0, "connected", "arrival")


def test_sender_s_clock_counts_where_it_is_told() -> None:
    clock = WallClock(TIME_BASE)
    assert seconds(clock, 500.0, 0.25, NOW - 1.5) == pytest.approx(-1.5)
    assert seconds(clock, 500.04, 0.35, NOW - 1.46) == pytest.approx(-1.46)
    assert clock.clock == "ntp"


@pytest.mark.parametrize("sender", [0.0, NOW - 3600, NOW + 3600, NOW - 11])
def test_a_sender_that_does_not_know_the_time_is_not_believed(sender: float) -> None:
    clock = WallClock(TIME_BASE)
    assert seconds(clock, 500.0, 0.0, sender) == pytest.approx(0.0)
    assert clock.clock == "arrival"


def test_delay_of_the_network_does_not_move_times() -> None:
    clock = WallClock(TIME_BASE)
    delays = [0.0, 0.3, 0.01, 0.15, 0.0, 0.4, 0.02] * 100
    given = [seconds(clock, t, t + d) for t, d in zip(frames(700), delays, strict=True)]
    assert given == pytest.approx(frames(700), abs=1e-4)
    assert clock.segment == 0


def test_a_burst_at_the_start_is_settled_by_what_comes_with_it() -> None:
    clock = WallClock(TIME_BASE)
    burst = frames(50)
    for time in burst:
        clock.learn(round(time * TICKS), NOW)
    assert seconds(clock, burst[0], 0.0) == pytest.approx(-1.96)
    assert seconds(clock, burst[-1], 0.0) == pytest.approx(0.0)


def test_a_burst_that_nobody_settled_is_caught_up_with_slowly_and_in_order() -> None:
    clock = WallClock(TIME_BASE)
    burst, later = frames(50), frames(5500, start=2.0)
    given = [seconds(clock, t, 0.0) for t in burst]
    given += [seconds(clock, t, t - burst[-1]) for t in later]
    steps = [b - a for a, b in pairwise(given)]
    assert min(steps) >= 0.04 * 0.99 - 1e-4
    assert max(steps) <= 0.04 * 1.01 + 1e-4
    assert given[-1] == pytest.approx(later[-1] - burst[-1], abs=0.021)
    assert clock.segment == 0


def test_drift_is_followed() -> None:
    clock = WallClock(TIME_BASE)
    times = frames(3000, interval=2.0)  # 100 minutes, of a camera that is slow by 0.02 %
    given = [seconds(clock, t, t * 1.0002) for t in times]
    assert given[-1] == pytest.approx(times[-1] * 1.0002, abs=0.05)
    assert all(a < b for a, b in pairwise(given))
    assert clock.segment == 0


def test_a_clock_that_starts_again_begins_a_segment() -> None:
    clock = WallClock(TIME_BASE)
    before = [seconds(clock, t, t - 500) for t in frames(25, start=500.0)]
    after = [seconds(clock, t, t + 1) for t in frames(25)]
    assert (clock.segment, clock.cause) == (1, "clock_reset")
    assert after == pytest.approx(frames(25, start=1.0), abs=1e-4)
    assert before[-1] < after[0]


def test_a_clock_that_leaps_ahead_begins_a_segment() -> None:
    clock = WallClock(TIME_BASE)
    before = seconds(clock, 0.0, 0.0)
    after = seconds(clock, 86_400.0, 0.04)
    assert (clock.segment, clock.cause) == (1, "clock_reset")
    assert (before, after) == (pytest.approx(0.0), pytest.approx(0.04))


def test_silence_is_no_leap() -> None:
    clock = WallClock(TIME_BASE)
    assert seconds(clock, 0.0, 0.0) == pytest.approx(0.0)
    assert seconds(clock, 60.0, 60.0) == pytest.approx(60.0)
    assert clock.segment == 0


def test_b_frames_are_no_leap_and_keep_their_distances() -> None:
    clock = WallClock(TIME_BASE)
    times = [0.0, 0.12, 0.04, 0.08, 0.24, 0.16, 0.2]
    given = [seconds(clock, t, 0.04 * index) for index, t in enumerate(times)]
    assert clock.segment == 0
    assert sorted(given) == pytest.approx([given[0] + t for t in sorted(times)], abs=0.003)


def test_all_times_come_after_those_of_the_connection_before() -> None:
    clock = WallClock(TIME_BASE, not_before=Fraction(int(NOW) + 3))
    first = seconds(clock, 0.0, 0.0, NOW)
    assert 3 < first < 3.001
    assert clock.clock == "arrival"
    assert seconds(clock, 0.04, 0.04, NOW + 0.04) > first


def test_a_stream_that_runs_ahead_of_time_stays_in_one_segment_and_in_order() -> None:
    clock = WallClock(TIME_BASE)
    given = [seconds(clock, t, t / 100) for t in frames(5000)]
    assert all(a < b for a, b in pairwise(given))
    assert clock.segment == 0


def test_a_stream_that_falls_behind_for_long_begins_a_segment() -> None:
    clock = WallClock(TIME_BASE)
    given = [seconds(clock, t, t) for t in frames(100)]
    given += [seconds(clock, t, t + 8) for t in frames(500, start=4.0)]
    assert (clock.segment, clock.cause) == (1, "clock_reset")
    assert given[-1] == pytest.approx(31.96)
    assert all(a < b for a, b in pairwise(given))


def test_a_sender_that_tells_late_is_approached_where_it_is_near() -> None:
    clock = WallClock(TIME_BASE)
    seconds(clock, 0.0, 0.0)
    assert seconds(clock, 0.04, 0.04, NOW - 0.96) == pytest.approx(0.0396, abs=1e-4)
    assert clock.clock == "arrival"
    for time in frames(3000, start=0.08):
        given = seconds(clock, time, time, NOW + time - 1)
    assert given == pytest.approx(time - 1, abs=0.021)
    assert (clock.segment, clock.clock) == (0, "ntp")


def test_a_sender_that_tells_late_and_is_ahead_begins_a_segment() -> None:
    clock = WallClock(TIME_BASE)
    seconds(clock, 0.0, 0.0)
    assert seconds(clock, 0.04, 0.04, NOW + 8.04) == pytest.approx(8.04)
    assert (clock.segment, clock.cause, clock.clock) == (1, "clock_reset", "ntp")


def test_a_loop_begins_a_segment() -> None:
    clock = WallClock(TIME_BASE)
    for time in frames(10):
        seconds(clock, time, time)
    clock.begin_loop(0, NOW + 0.4)
    assert seconds(clock, 0.0, 0.4) == pytest.approx(0.4)
    assert (clock.segment, clock.cause) == (1, "loop")


def test_coarse_clocks_never_give_a_time_twice() -> None:
    clock = WallClock(Fraction(1, 25))
    given = [pts + clock.shift(pts, NOW + pts * 0.03) for pts in range(2000)]
    assert all(a < b for a, b in pairwise(given))
