"""Packets that wait for the decoder; the reader, which adds them, never waits for anybody.

A decoder that does not keep up, or hangs, must not hold up the network: the server would drop the
connection, and clips of events would have gaps. So where packets are too many, those before the
newest keyframe are given up, or all of them, and the decoder goes on at a keyframe.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

MAX_BYTES = 32 << 20
MAX_SECONDS = 2.0
"""By which the decoder may be behind what arrives."""


class Packet(Protocol):
    """What is asked of a packet here."""

    @property
    def nbytes(self) -> int: ...

    @property
    def is_keyframe(self) -> bool: ...


Waiting = TypeVar("Waiting", bound=Packet)


@dataclass(frozen=True, slots=True, kw_only=True)
class Next(Generic[Waiting]):
    """What the decoder gets."""

    packet: Waiting
    is_after_gap: bool
    """Packets before this one were given up."""


class Backlog(Generic[Waiting]):
    """A queue with one thread at each end.

    Args:
        max_bytes: of packets that wait.
        max_seconds: for which one may wait.
        clock: seconds that never run backwards.
    """

    def __init__(
        self,
        *,
        max_bytes: int = MAX_BYTES,
        max_seconds: float = MAX_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.given_up = 0
        """Packets."""
        self._max_bytes, self._max_seconds, self._clock = max_bytes, max_seconds, clock
        self._waiting: deque[tuple[float, Waiting]] = deque()
        self._nbytes = 0
        self._has_gap = self._is_closed = False
        self._changed = threading.Condition()

    def add(self, packet: Waiting) -> None:
        """Takes the next packet; never waits."""
        with self._changed:
            self._waiting.append((self._clock(), packet))
            self._nbytes += packet.nbytes
            self._keep_bounds()
            self._changed.notify()

    def close(self) -> None:
        """Nothing more will be added; what waits is still handed on."""
        with self._changed:
            self._is_closed = True
            self._changed.notify()

    def abandon(self) -> None:
        """Gives up all that waits, and takes nothing more."""
        with self._changed:
            while self._waiting:
                self._give_up_one()
            self._is_closed = True
            self._changed.notify()

    def __iter__(self) -> Iterator[Next[Waiting]]:
        """Waits for packets until the backlog is closed and empty."""
        while (following := self._next()) is not None:
            yield following

    def _next(self) -> Next[Waiting] | None:
        with self._changed:
            self._keep_bounds()
            self._changed.wait_for(lambda: self._waiting or self._is_closed)
            if not self._waiting:
                return None
            packet = self._pop()
            is_after_gap, self._has_gap = self._has_gap, False
            return Next(packet=packet, is_after_gap=is_after_gap)

    def _pop(self) -> Waiting:
        _, packet = self._waiting.popleft()
        self._nbytes -= packet.nbytes
        return packet

    def _keep_bounds(self) -> None:
        """Gives up all before the newest keyframe, or that too, where what follows is too much."""
        if not self._is_too_much():
            return
        self._has_gap = True
        keyframes = [i for i, (_, packet) in enumerate(self._waiting) if packet.is_keyframe]
        for _ in range(keyframes[-1] if keyframes else len(self._waiting)):
            self._give_up_one()
        if self._is_too_much():
            while self._waiting:
                self._give_up_one()

    def _is_too_much(self) -> bool:
        seconds = self._clock() - self._waiting[0][0] if self._waiting else 0.0
        return self._nbytes > self._max_bytes or seconds > self._max_seconds

    def _give_up_one(self) -> None:
        self._pop()
        self.given_up += 1
