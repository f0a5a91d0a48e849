"""Times for each packet of a stream, also where a container leaves them out."""

from __future__ import annotations  # av.Packet takes no parameter at run time

from collections.abc import Iterable, Iterator
from fractions import Fraction
from typing import NamedTuple

from av.packet import Packet
from av.video.stream import VideoStream

MAX_LEADING = 16
"""Packets without a time that are held back at the start, until one has a time to count from."""
MAX_REORDERED = 4
"""Packets before one that is shown earlier, with B-frames; a stream does not say how many."""


class Ticked(NamedTuple):
    """A packet with the times of its stream's own clock."""

    packet: Packet[VideoStream]
    pts: int
    dts: int


class Ticks:
    """Gives each packet its times, in ticks.

    What the container says comes first; the time of decoding stands in for that of showing. What
    has neither follows one frame interval after the packet before it, and at the start comes
    one before the first that is known (RTSP says nothing of its first packet).

    Args:
        interval: between frames, in ticks, for what is missing.
        has_b_frames: packets may come before others that are shown earlier.
        has_pts: False where what looks like pts is not to be trusted.
        has_times: False where the container says nothing at all.
    """

    def __init__(
        self,
        interval: Fraction,
        *,
        has_b_frames: bool = False,
        has_pts: bool = True,
        has_times: bool = True,
    ) -> None:
        self._has_b_frames = has_b_frames
        self._interval = interval
        self._has_pts, self._has_times = has_pts, has_times
        self._last_dts: int | None = None
        self._lead = interval if has_b_frames else Fraction(0)
        self._next: Fraction | None = None if has_times else Fraction(0)

    def timed(self, packets: Iterable[Packet[VideoStream]]) -> Iterator[Ticked]:
        """Packets with their times."""
        leading: list[Packet[VideoStream]] = []
        for packet in packets:
            if self._next is not None:
                yield self._timed(packet)
                continue
            leading.append(packet)
            if self._can_begin(leading):
                yield from self._begun(leading)
        if self._next is None:
            yield from self._begun(leading)

    def _can_begin(self, leading: list[Packet[VideoStream]]) -> bool:
        if self._known(leading[0])[0] is not None or len(leading) >= MAX_LEADING:
            return True
        known = [packet for packet in leading if self._known(packet)[0] is not None]
        return len(known) > (MAX_REORDERED if self._has_b_frames else 0)

    def _begun(self, leading: list[Packet[VideoStream]]) -> Iterator[Ticked]:
        """The first packets, of which those without a time come before all others."""
        times = [pts for packet in leading if (pts := self._known(packet)[0]) is not None]
        untimed = len(leading) - len(times)
        self._next = min(times) - untimed * self._interval if times else Fraction(0)
        self._lead = self._lead_of(leading)
        yield from map(self._timed, leading)

    def _lead_of(self, leading: list[Packet[VideoStream]]) -> Fraction:
        """By which the first packet is decoded before it is shown, for all others to be in time."""
        assert self._next is not None
        lead = self._interval if self._has_b_frames else Fraction(0)
        for index, packet in enumerate(leading):
            pts, _ = self._known(packet)
            if pts is not None:
                lead = max(lead, self._next + index * self._interval - pts)
        return lead

    def _known(self, packet: Packet[VideoStream]) -> tuple[int | None, int | None]:
        if not self._has_times:
            return None, None
        pts = packet.pts if self._has_pts else None
        return packet.dts if pts is None else pts, packet.dts

    def _timed(self, packet: Packet[VideoStream]) -> Ticked:
        assert self._next is not None
        pts, dts = self._known(packet)
        pts = round(self._next) if pts is None else pts
        exact = self._next if pts == round(self._next) else Fraction(pts)
        self._next = exact + self._interval
        self._last_dts = self._decoded_at(pts) if dts is None else dts
        return Ticked(packet, pts, self._last_dts)

    def _decoded_at(self, pts: int) -> int:
        """In step, and never after it is shown."""
        if self._last_dts is None:
            return pts - round(self._lead)
        return min(pts, self._last_dts + round(self._interval))
