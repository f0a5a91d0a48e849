"""Counts of several connections add up."""

from ghoststream.runners.live.counts import total
from ghoststream.types import Counts


def test_each_count_is_a_sum() -> None:
    one = Counts(frames=1, skipped=2, dropped=3, decode_errors=4, overrun=5)
    other = Counts(frames=10, skipped=20, dropped=30, decode_errors=40, overrun=50)
    assert total(one, other) == Counts(
        frames=11, skipped=22, dropped=33, decode_errors=44, overrun=55
    )
    assert total() == Counts()
    assert total(one) == one
    assert total(one) is not one
