"""The nouns do a little more than hold things."""

from ghoststream.types import Counts


def test_counts_of_two_readers_are_one() -> None:
    one = Counts(frames=1, skipped=2, dropped=3, decode_errors=4, overrun=5)
    other = Counts(frames=10, skipped=20, dropped=30, decode_errors=40, overrun=50)
    both = Counts(frames=11, skipped=22, dropped=33, decode_errors=44, overrun=55)
    assert one + other == both
    assert one == Counts(frames=1, skipped=2, dropped=3, decode_errors=4, overrun=5)
    assert one + Counts() is not one
