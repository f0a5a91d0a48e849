"""The rate is that of the last ten seconds, and falls to nothing with silence."""

import pytest

from ghoststream.runners.live.supervision.rate import Rate


def test_nothing_known_is_no_rate() -> None:
    assert Rate().per_second(5) == 0


def test_it_is_measured_from_the_first_total_on() -> None:
    rate = Rate()
    for second in range(5):
        rate.add(100 + second, 25 * second)
    assert rate.per_second(104) == 25


def test_only_the_last_ten_seconds_count() -> None:
    rate = Rate()
    for second in range(60):
        rate.add(second, 100 * min(second, 30))
    assert rate.per_second(59) == 0
    for second in range(60, 71):
        rate.add(second, 3000 + 10 * (second - 59))
    assert rate.per_second(70) == pytest.approx(10)


def test_silence_lets_it_fall_to_nothing() -> None:
    rate = Rate()
    rate.add(0, 0)
    rate.add(5, 100)
    assert rate.per_second(10) == 10
    assert rate.per_second(16) == 0
