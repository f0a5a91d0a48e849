"""Iterator plumbing that knows nothing of video.

with prefetch(frames, max_bytes=256 << 20, nbytes=lambda f: f.picture.nbytes) as frames:
    for batch in batched(frames, 16): ...
"""

import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from typing import Generic, TypeVar

T = TypeVar("T")

STOP_POLL_SECONDS = 0.1


def batched(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """Groups items into lists of `size`; the last one may be shorter.

    Example:
        >>> list(batched([1, 2, 3], 2))
        [[1, 2], [3]]
    """
    iterator = iter(items)
    while batch := list(islice(iterator, size)):
        yield batch


@contextmanager
def prefetch(
    items: Iterable[T],
    *,
    max_bytes: int,
    nbytes: Callable[[T], int],
    stop: threading.Event | None = None,
) -> Iterator[Iterator[T]]:
    """Runs the upstream in a thread of its own, ahead of the consumer by at most `max_bytes`.

    An item larger than `max_bytes` passes alone. An upstream exception is raised in the consumer,
    after the items that came before it. Leaving the context stops and joins the thread.

    Args:
        items: the upstream; only the new thread touches it.
        max_bytes: bound on what waits in between.
        nbytes: size of one item.
        stop: when set, the iteration ends at once, even while the upstream is silent.
    """
    queue = ByteQueue(max_bytes=max_bytes, nbytes=nbytes, stop=stop or threading.Event())
    worker = threading.Thread(target=queue.fill, args=(items,), name="prefetch", daemon=True)
    worker.start()
    try:
        yield queue.drain()
    finally:
        queue.close()
        worker.join()


class ByteQueue(Generic[T]):
    """A buffer between one producer thread and one consumer, bounded in bytes.

    Args:
        max_bytes: bound on what waits in between; a larger item passes alone.
        nbytes: size of one item.
        stop: when set, `drain` ends at once.
    """

    def __init__(
        self, *, max_bytes: int, nbytes: Callable[[T], int], stop: threading.Event
    ) -> None:
        self._max_bytes, self._nbytes, self._stop = max_bytes, nbytes, stop
        self._items: deque[T] = deque()
        self._held_bytes = 0
        self._changed = threading.Condition()
        self._finished = self._closed = False
        self._error: BaseException | None = None

    def fill(self, items: Iterable[T]) -> None:
        """A producer's whole life: whatever stops the upstream is handed to the consumer."""
        error: BaseException | None = None
        try:
            for item in items:
                if not self.put(item):
                    break
        except BaseException as stopped:  # noqa: BLE001 - re-raised by drain, in the consumer
            error = stopped
        finally:
            # Generators are closed by the thread that ran them, not by the garbage collector.
            if isinstance(items, Generator):
                items.close()
            self.finish(error)

    def put(self, item: T) -> bool:
        """Waits for room; False if the consumer has gone."""
        size = self._nbytes(item)
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._has_room(size))
            if not self._closed:
                self._items.append(item)
                self._held_bytes += size
                self._changed.notify_all()
            return not self._closed

    def finish(self, error: BaseException | None = None) -> None:
        """No more will come; the error is raised in the consumer, after what came before it."""
        with self._changed:
            self._error, self._finished = error, True
            self._changed.notify_all()

    def drain(self) -> Iterator[T]:
        """What is put, until `finish`, `close` or `stop`."""
        while not self._stop.is_set():
            with self._changed:
                # Polled, since an event that somebody else sets wakes nobody here.
                if not self._changed.wait_for(self._has_news, timeout=STOP_POLL_SECONDS):
                    continue
                if not self._items or self._closed:
                    break
                item = self._items.popleft()
                self._held_bytes -= self._nbytes(item)
                self._changed.notify_all()
            yield item
        if self._error is not None:
            raise self._error

    def close(self) -> None:
        """Neither side waits any longer."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _has_news(self) -> bool:
        return bool(self._items) or self._finished or self._closed

    def _has_room(self, size: int) -> bool:
        return not self._items or self._held_bytes + size <= self._max_bytes
