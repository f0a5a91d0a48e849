"""Waits double up to a cap, and chance keeps cameras apart."""

from random import Random

import pytest

from ghoststream.backoff import Backoff


class Fixed(Random):
    """Always at one place between the two ends."""

    def __init__(self, share: float) -> None:
        super().__init__()
        self._share = share

    def uniform(self, a: float, b: float) -> float:
        return a + self._share * (b - a)


def waits(share: float, attempts: int) -> list[float]:
    backoff = Backoff(initial_seconds=1, max_seconds=30, random=Fixed(share))
    return [backoff.next_seconds() for _ in range(attempts)]


def test_waits_double_up_to_the_cap() -> None:
    assert waits(1, 7) == [1, 2, 4, 8, 16, 30, 30]


def test_chance_takes_half_away_at_most() -> None:
    assert waits(0, 6) == [0.5, 1, 2, 4, 8, 15]


def test_it_begins_anew_after_an_attempt_that_went_well() -> None:
    backoff = Backoff(initial_seconds=2, max_seconds=60, random=Fixed(1))
    assert [backoff.next_seconds(), backoff.next_seconds()] == [2, 4]
    assert backoff.attempts == 2
    backoff.reset()
    assert backoff.attempts == 0
    assert backoff.next_seconds() == 2


def test_a_camera_may_be_away_for_weeks() -> None:
    backoff = Backoff(initial_seconds=1, max_seconds=30, random=Fixed(1))
    backoff.attempts = 100_000
    assert backoff.next_seconds() == 30


@pytest.mark.parametrize("seed", range(5))
def test_two_cameras_do_not_come_back_together(seed: int) -> None:
    one = Backoff(initial_seconds=1, max_seconds=30, random=Random(seed))
    other = Backoff(initial_seconds=1, max_seconds=30, random=Random(seed + 1))
    assert one.next_seconds() != other.next_seconds()
