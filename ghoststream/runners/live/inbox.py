"""What cameras have to say, until the analysis has time for it.

inbox.put("front", item)  # in the thread that hears of cameras; never waits
for camera, item in inbox.take(16, timeout_seconds=0.2): ...  # in the thread of the analysis

Which samples are given up where the analysis does not keep up is the drop policy's:

    latest  those that have waited for a second while a newer one of their camera came
    oldest  the oldest ones of a camera, as far as they are too many bytes

The second lets a burst through, such as the one with which a connection begins.

Nothing else is given up, and the order of what a camera says stays.
"""

import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Literal, TypeAlias

from ghoststream.runners.live.messages import CameraEnded, Item, Sampled

DropPolicy: TypeAlias = Literal["latest", "oldest"]

MAX_BYTES = 16 << 20
"""Of samples of one camera that wait; a hundred of them, where one region is looked at."""
LATEST_SECONDS = 1.0
"""For which a sample may wait although there is a newer one."""


class Inbox:
    """A queue a camera, and one end to take from; any thread may put and take.

    Args:
        policy: which samples are given up.
        max_bytes: of waiting samples of a camera.
        clock: in seconds; runs forward only.
    """

    def __init__(
        self,
        policy: DropPolicy = "latest",
        *,
        max_bytes: int = MAX_BYTES,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._policy, self._max_bytes, self._clock = policy, max_bytes, clock
        self._queues: dict[str, _Queue] = {}
        """In the order of their turns."""
        self._changed = threading.Condition()

    def put(self, camera: str, item: Item) -> None:
        """Adds an item, and gives up samples that wait as the policy has it."""
        with self._changed:
            queue = self._queues.setdefault(camera, _Queue())
            queue.add(item, self._clock())
            while self._is_too_much(queue):
                queue.give_up_oldest()
            self._changed.notify()

    def take(
        self, max_samples: int, timeout_seconds: float, *, linger_seconds: float = 0
    ) -> list[tuple[str, Item]]:
        """What has come in, in the order of each camera; cameras take turns, a sample each.

        Args:
            max_samples: at most; all else comes along.
            timeout_seconds: to wait, where there is nothing.
            linger_seconds: to wait for as many samples, once there is something.

        Returns:
            Names of cameras and their items; none if time was up.
        """
        with self._changed:
            if self._changed.wait_for(self._has_items, timeout_seconds):
                self._changed.wait_for(lambda: self._samples() >= max_samples, linger_seconds)
            taken: list[tuple[str, Item]] = []
            while max_samples > 0 and (camera := self._next_camera()) is not None:
                items = self._take_turn(camera)
                taken += [(camera, item) for item in items]
                max_samples -= isinstance(items[-1], Sampled)
            return taken

    def depth(self, camera: str) -> int:
        """Samples of a camera that wait."""
        with self._changed:
            return self._queues[camera].samples if camera in self._queues else 0

    def overrun(self, camera: str) -> int:
        """Samples of a camera that were given up here."""
        with self._changed:
            return self._queues[camera].overrun if camera in self._queues else 0

    def _is_too_much(self, queue: "_Queue") -> bool:
        if queue.samples < 2:
            return False
        is_stale = self._clock() - queue.since[0] > LATEST_SECONDS
        return queue.nbytes > self._max_bytes or (self._policy == "latest" and is_stale)

    def _has_items(self) -> bool:
        return self._next_camera() is not None

    def _samples(self) -> int:
        return sum(queue.samples for queue in self._queues.values())

    def _next_camera(self) -> str | None:
        return next((camera for camera, queue in self._queues.items() if queue.items), None)

    def _take_turn(self, camera: str) -> list[Item]:
        """Of one camera up to its next sample; then it is the others' turn."""
        queue = self._queues.pop(camera)
        items = queue.take()
        if queue.items or not isinstance(items[-1], CameraEnded):
            self._queues[camera] = queue
        return items


class _Queue:
    """Of one camera."""

    def __init__(self) -> None:
        self.items: deque[Item] = deque()
        self.since: deque[float] = deque()
        """When each sample came in."""
        self.nbytes = self.overrun = 0

    @property
    def samples(self) -> int:
        return len(self.since)

    def add(self, item: Item, now: float) -> None:
        self.items.append(item)
        if isinstance(item, Sampled):
            self.since.append(now)
            self.nbytes += _nbytes(item)

    def take(self) -> list[Item]:
        """All up to the first sample, and that."""
        taken: list[Item] = []
        while self.items and not (taken and isinstance(taken[-1], Sampled | CameraEnded)):
            taken.append(self.items.popleft())
            self._forget(taken[-1])
        return taken

    def give_up_oldest(self) -> None:
        """The first sample, wherever it stands."""
        index = next(i for i, item in enumerate(self.items) if isinstance(item, Sampled))
        self._forget(self.items[index])
        del self.items[index]
        self.overrun += 1

    def _forget(self, item: Item) -> None:
        if isinstance(item, Sampled):
            self.since.popleft()
            self.nbytes -= _nbytes(item)


def _nbytes(sampled: Sampled) -> int:
    return sum(pixels.nbytes for pixels in sampled.pixels)
