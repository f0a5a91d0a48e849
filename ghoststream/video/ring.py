"""The newest packets of a live stream, in memory, so that a clip can begin before its event.

ring = Ring(max_seconds=Fraction(10), max_bytes=32 << 20)
ring.add(packet)
ring.since(event_time - 5)  # from the keyframe at or before it
"""

from __future__ import annotations  # av.Packet takes no parameter at run time

from collections import deque
from fractions import Fraction
from itertools import chain, takewhile
from typing import Any, Protocol

from av.packet import Packet
from av.video.stream import VideoStream


class LivePacket(Protocol):
    """A packet of a live stream with its wall time; never changed once it is there."""

    @property
    def packet(self) -> Packet[VideoStream]:
        """As the demuxer gave it; nobody changes it, since several threads look at it."""
        ...

    @property
    def pts(self) -> int:
        """When it is shown: `pts * time_base` is Unix time."""
        ...

    @property
    def dts(self) -> int:
        """When it is decoded, likewise."""
        ...

    @property
    def time_base(self) -> Fraction: ...

    @property
    def time(self) -> Fraction:
        """When it is shown, in Unix seconds."""
        ...

    @property
    def is_keyframe(self) -> bool: ...

    @property
    def nbytes(self) -> int: ...


class Ring:
    """Packets in groups, each from a keyframe up to the next; the oldest group goes first.

    Packets before the first keyframe are of no use and not kept.

    Args:
        max_seconds: so much of the past can be had, as long as the bytes suffice.
        max_bytes: never more than that; one group that is larger is given up.
    """

    def __init__(self, *, max_seconds: Fraction, max_bytes: int) -> None:
        self._max_seconds, self._max_bytes = max_seconds, max_bytes
        self._groups: deque[list[LivePacket]] = deque()
        self._nbytes = 0

    @property
    def nbytes(self) -> int:
        """Of all packets in memory."""
        return self._nbytes

    def add(self, packet: LivePacket) -> None:
        """Takes the next packet, in the order of decoding."""
        if packet.is_keyframe:
            self._groups.append([])
        if not self._groups:
            return
        self._groups[-1].append(packet)
        self._nbytes += packet.nbytes
        while self._groups and self._is_too_much(packet.time):
            self._nbytes -= sum(old.nbytes for old in self._groups.popleft())

    def since(self, time: Fraction) -> list[LivePacket]:
        """Packets from the keyframe at or before a time on, else from the oldest keyframe on.

        Args:
            time: in Unix seconds.
        """
        before = sum(1 for _ in takewhile(lambda group: group[0].time <= time, self._groups))
        groups = list(self._groups)[max(0, before - 1) :]
        return list(chain.from_iterable(groups))

    def _is_too_much(self, newest: Fraction) -> bool:
        if self._nbytes > self._max_bytes:
            return True
        # The oldest group is needed until the one after it reaches back far enough.
        return len(self._groups) > 1 and newest - self._groups[1][0].time >= self._max_seconds


def detached(packet: LivePacket, *, zero: int = 0) -> Packet[VideoStream]:
    """A copy that a muxer or a decoder may change, since others read the original.

    Args:
        packet: to copy.
        zero: its timestamps count from there, in units of its time base.
    """
    original = packet.packet
    copy: Packet[Any] = Packet(bytes(original))
    copy.pts, copy.dts = packet.pts - zero, packet.dts - zero
    copy.time_base, copy.duration = packet.time_base, original.duration
    copy.is_keyframe = packet.is_keyframe
    return copy
