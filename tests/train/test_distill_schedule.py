"""What changes over a budget."""

import pytest

from ghoststream.train.distill.schedule import Budget, Schedule

SCHEDULE = Schedule(learning_rate=0.1, finish=0.25, forcing=0.5)


@pytest.mark.parametrize(
    ("step", "done", "rate"),
    [
        (0, 0.0, 0.0005),
        (99, 0.0, 0.05),
        (199, 0.0, 0.1),
        (5000, 0.75, 0.1),
        (5000, 0.875, 0.05),
        (5000, 1.0, 0.0),
    ],
)
def test_the_rate_warms_up_and_runs_out(step: int, done: float, rate: float) -> None:
    assert SCHEDULE.rate(step=step, done=done) == pytest.approx(rate)


def test_without_a_finish_the_rate_stays() -> None:
    schedule = Schedule(learning_rate=0.1, finish=0, forcing=0)
    assert schedule.rate(step=5000, done=1.0) == 0.1
    assert schedule.forced(0) == 0


def test_forcing_fades() -> None:
    assert [SCHEDULE.forced(done) for done in (0, 0.25, 0.5, 0.9)] == [1.0, 0.5, 0.0, 0.0]


def test_whatever_runs_out_first_ends_it() -> None:
    assert Budget(samples=100, seconds=50).done(samples=20, seconds=25) == 0.5
    assert Budget(samples=100).done(samples=200, seconds=9999) == 1.0
    assert Budget().done(samples=10**9, seconds=10.0**9) == 0
