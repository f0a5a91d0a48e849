"""Samples are given up as the policy has it; all else comes through, in order."""

import itertools
import threading
import time
from fractions import Fraction

import numpy as np
import pytest

from ghoststream.runners.live.inbox import Inbox
from ghoststream.runners.live.messages import CameraEnded, Item, Sampled, SegmentEnded
from ghoststream.types import Summary, TimeSpan

SUMMARY = Summary(
    frames=0, skipped=0, sampled=0, clips=0, events=0, dropped=0, decode_errors=0,
    reason="completed",
)  # fmt: skip


def sample(second: int, nbytes: int = 12) -> Sampled:
    span = TimeSpan(start=Fraction(second), end=Fraction(second + 1))
    pixels = np.zeros((1, nbytes // 3, 3), np.uint8)
    return Sampled(span=span, pixels=(pixels,), arrived=float(second))


def ended(number: int) -> SegmentEnded:
    return SegmentEnded(number=number)


def in_words(items: list[tuple[str, Item]]) -> list[str]:
    return [f"{camera} {word(item)}" for camera, item in items]


def word(item: Item) -> str:
    if isinstance(item, Sampled):
        return str(item.span.start)
    return f"end {item.number}" if isinstance(item, SegmentEnded) else type(item).__name__


def filled(inbox: Inbox, **cameras: list[Item]) -> Inbox:
    for camera, items in cameras.items():
        for item in items:
            inbox.put(camera, item)
    return inbox


def test_latest_keeps_one_sample_and_all_else_in_order() -> None:
    now = itertools.count(step=2)  # two seconds go by from one look at the clock to the next
    inbox = Inbox("latest", clock=lambda: next(now))
    filled(inbox, a=[sample(1), ended(1), sample(2), sample(3), ended(2)])
    assert (inbox.depth("a"), inbox.overrun("a")) == (1, 2)
    assert in_words(inbox.take(9, 0)) == ["a end 1", "a 3", "a end 2"]
    assert inbox.depth("a") == 0


def test_latest_lets_a_burst_through_within_its_bytes() -> None:
    inbox = filled(Inbox("latest", max_bytes=30, clock=lambda: 7), a=[sample(1), sample(2)])
    assert (inbox.depth("a"), inbox.overrun("a")) == (2, 0)
    filled(inbox, a=[sample(3)])
    assert (inbox.depth("a"), inbox.overrun("a")) == (2, 1)


def test_oldest_keeps_as_many_bytes_as_it_may() -> None:
    inbox = Inbox("oldest", max_bytes=30)
    filled(inbox, a=[sample(1), ended(1), sample(2), sample(3), sample(4)])
    assert (inbox.depth("a"), inbox.overrun("a")) == (2, 2)
    assert in_words(inbox.take(9, 0)) == ["a end 1", "a 3", "a 4"]


def test_a_sample_that_is_too_large_by_itself_is_kept() -> None:
    inbox = filled(Inbox("oldest", max_bytes=30), a=[sample(1), sample(2, nbytes=300)])
    assert in_words(inbox.take(9, 0)) == ["a 2"]


def test_one_camera_does_not_cost_another_its_samples() -> None:
    inbox = Inbox("oldest", max_bytes=24)
    filled(inbox, a=[sample(second) for second in range(9)], b=[sample(1)])
    assert (inbox.overrun("a"), inbox.overrun("b"), inbox.overrun("c")) == (7, 0, 0)


def test_cameras_take_turns() -> None:
    many = [sample(second) for second in range(4)]
    inbox = filled(Inbox("oldest"), a=many, b=many[:2], c=many[:1])
    assert in_words(inbox.take(4, 0)) == ["a 0", "b 0", "c 0", "a 1"]
    assert in_words(inbox.take(9, 0)) == ["b 1", "a 2", "a 3"]


def test_what_is_no_sample_does_not_count() -> None:
    inbox = filled(Inbox(), a=[ended(1), ended(2)], b=[ended(3), sample(1), ended(4)])
    assert in_words(inbox.take(1, 0)) == ["a end 1", "a end 2", "b end 3", "b 1"]
    assert in_words(inbox.take(1, 0)) == ["b end 4"]


def test_a_camera_that_has_ended_leaves_nothing_behind() -> None:
    inbox = Inbox(max_bytes=12)
    filled(inbox, a=[sample(1), sample(2), CameraEnded(summary=SUMMARY, error=None)])
    assert inbox.overrun("a") == 1
    assert in_words(inbox.take(9, 0)) == ["a 2", "a CameraEnded"]
    assert inbox.overrun("a") == 0
    filled(inbox, a=[sample(3)])
    assert in_words(inbox.take(9, 0)) == ["a 3"]


def test_an_end_and_a_new_beginning_may_wait_together() -> None:
    over = CameraEnded(summary=SUMMARY, error=None)
    inbox = filled(Inbox(), a=[over, sample(1)])
    assert in_words(inbox.take(9, 0)) == ["a CameraEnded", "a 1"]


@pytest.mark.parametrize("policy", ["latest", "oldest"])
def test_taking_waits_for_the_first_item_only(policy: str) -> None:
    inbox = Inbox(policy)  # type: ignore[arg-type]
    start = time.monotonic()
    assert inbox.take(9, 0.05) == []
    assert time.monotonic() - start >= 0.05
    threading.Timer(0.05, inbox.put, ("a", sample(1))).start()
    assert in_words(inbox.take(9, 60)) == ["a 1"]


def test_lingering_waits_for_more_but_not_for_all() -> None:
    inbox = filled(Inbox("oldest"), a=[sample(1)])
    threading.Timer(0.05, inbox.put, ("b", sample(1))).start()
    assert in_words(inbox.take(2, 0, linger_seconds=60)) == ["a 1", "b 1"]
    filled(inbox, a=[sample(2)])
    assert in_words(inbox.take(2, 0, linger_seconds=0.01)) == ["a 2"]
    assert inbox.take(2, 0, linger_seconds=60) == []
