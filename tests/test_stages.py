import threading
import time
from collections.abc import Iterator

import pytest

from ghoststream.stages import batched, prefetch


def numbers(n: int) -> Iterator[int]:
    yield from range(n)


def one_byte(_: int) -> int:
    return 1


def test_batched_keeps_the_rest() -> None:
    assert list(batched([1, 2, 3, 4, 5], 2)) == [[1, 2], [3, 4], [5]]


def test_batched_of_nothing_is_nothing() -> None:
    assert list(batched([], 3)) == []


def test_prefetch_keeps_the_order() -> None:
    with prefetch(numbers(100), max_bytes=3, nbytes=one_byte) as items:
        assert list(items) == list(range(100))


def test_prefetch_runs_ahead_by_no_more_than_its_bound() -> None:
    made: list[int] = []

    def upstream() -> Iterator[int]:
        for i in range(100):
            made.append(i)
            yield i

    with prefetch(upstream(), max_bytes=30, nbytes=lambda _: 10) as items:
        assert next(items) == 0
        deadline = time.monotonic() + 5
        while len(made) < 5 and time.monotonic() < deadline:
            time.sleep(0.01)
        time.sleep(0.05)
        # One handed out, three waiting, one in the producer's hands.
        assert len(made) == 5


def test_prefetch_lets_an_oversized_item_pass_alone() -> None:
    with prefetch(numbers(3), max_bytes=1, nbytes=lambda _: 1000) as items:
        assert list(items) == [0, 1, 2]


def test_prefetch_raises_the_upstream_error_after_what_came_before_it() -> None:
    def upstream() -> Iterator[int]:
        yield 1
        raise OSError("the camera fell off the wall")

    with prefetch(upstream(), max_bytes=10, nbytes=one_byte) as items:
        assert next(items) == 1
        with pytest.raises(OSError, match="fell off"):
            next(items)


def test_prefetch_closes_the_upstream_in_its_own_thread_when_left_early() -> None:
    closed_in: list[str] = []

    def upstream() -> Iterator[int]:
        try:
            yield from range(1000)
        finally:
            closed_in.append(threading.current_thread().name)

    with prefetch(upstream(), max_bytes=1, nbytes=one_byte) as items:
        assert next(items) == 0
    assert closed_in == ["prefetch"]
    assert not [t for t in threading.enumerate() if t.name == "prefetch"]


def test_prefetch_ends_at_once_when_stopped_while_the_upstream_is_silent() -> None:
    stop, released = threading.Event(), threading.Event()

    def upstream() -> Iterator[int]:
        yield 1
        released.wait(10)

    with prefetch(upstream(), max_bytes=10, nbytes=one_byte, stop=stop) as items:
        assert next(items) == 1
        threading.Timer(0.1, stop.set).start()
        assert list(items) == []
        released.set()
