"""What waits for the page: bounded, in order, and nobody waits to put it in."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction

from ghoststream.serve.live.camera import Camera
from ghoststream.serve.live.messages import Cameras, Finished, FromWatcher, Picture, Told
from ghoststream.serve.live.outbox import Outbox


class Page:
    """Takes a first message, and no other one before it is told to."""

    def __init__(self) -> None:
        self.taken: list[object] = []
        self.ready, self.has_begun = threading.Event(), threading.Event()

    def take(self, message: object) -> None:
        self.has_begun.set()
        assert self.ready.wait(10)
        self.taken.append(message)


def told(number: int) -> Told:
    return Told(line=str(number))


def picture(camera: str, number: int) -> Picture:
    return Picture(camera=camera, time=Fraction(number), jpeg=b"")


def cameras(lost_lines: int) -> Cameras:
    return Cameras(cameras=(Camera(name="gate"),), lost_lines=lost_lines)


@contextmanager
def busy(page: Page, *, max_lines: int = 100) -> Iterator[Outbox]:
    """Its page is at line 0."""
    outbox = Outbox(page.take, max_lines=max_lines)
    outbox.add(told(0))
    assert page.has_begun.wait(10)
    try:
        yield outbox
    finally:
        page.ready.set()
        outbox.close(10)


def test_lines_keep_their_order_and_come_before_pictures() -> None:
    page = Page()
    with busy(page) as outbox:
        messages: list[FromWatcher] = [picture("gate", 1), told(1), told(2), Finished(error=None)]
        for message in messages:
            outbox.add(message)
    assert page.taken == [told(0), told(1), told(2), Finished(error=None), picture("gate", 1)]


def test_of_pictures_and_states_the_newest_counts() -> None:
    page = Page()
    with busy(page) as outbox:
        for number in range(1000):
            outbox.add(picture("gate", number))
            outbox.add(picture("door", number))
            outbox.add(cameras(number))
    assert page.taken == [told(0), picture("gate", 999), picture("door", 999), cameras(999)]


def test_the_oldest_lines_are_lost_and_counted() -> None:
    page = Page()
    with busy(page, max_lines=3) as outbox:
        for number in range(1, 11):
            outbox.add(told(number))
        assert outbox.lost_lines == 7
    assert page.taken == [told(0), told(8), told(9), told(10)]


def test_a_page_that_takes_nothing_holds_up_nobody() -> None:
    page = Page()
    with busy(page) as outbox:
        began = time.monotonic()
        for number in range(10_000):
            outbox.add(picture("gate", number))
        outbox.close(0.1)
        assert time.monotonic() - began < 5


def test_nothing_is_sent_to_a_page_that_has_gone() -> None:
    sent = []

    def broken(message: object) -> None:
        sent.append(message)
        raise BrokenPipeError

    outbox = Outbox(broken)
    outbox.add(told(1))
    outbox.add(told(2))
    outbox.close(10)
    assert sent == [told(1)]
