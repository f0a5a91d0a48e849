"""One time for each frame, also where a container leaves them out."""

from __future__ import annotations  # av.Packet takes no parameter at run time

from collections.abc import Iterable, Iterator
from fractions import Fraction
from heapq import heapify, heappop, heappush

from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

MAX_LEADING = 16
"""Frames without a time that are held back at the start, until one has a time to count from."""


class Timestamps:
    """Gives each frame its pts.

    What the container says comes first. Where a stream carries decoding times only (AVI), frames,
    which leave the decoder in display order, take those in rising order. Where it carries nothing,
    or has a hole, frames are one frame interval apart, counted from the nearest known time.

    Args:
        time_base: seconds per unit.
        rate: frames a second, for what is missing.
        has_pts: False where what looks like pts is not to be trusted.
        has_times: False where no frame will have a time, so that none needs waiting for.
    """

    def __init__(
        self, *, time_base: Fraction, rate: Fraction, has_pts: bool = True, has_times: bool = True
    ) -> None:
        self._interval = 1 / (rate * time_base)
        self._has_pts = has_pts
        self._carries_pts = False
        self._pending_dts: list[int] = []
        self._anchor: int | None = None if has_times else 0
        self._since_anchor = -1

    def feed(self, packet: Packet[VideoStream]) -> None:
        """Notes a packet that goes into the decoder."""
        if self._has_pts and packet.pts is not None:
            self._carries_pts, self._pending_dts = True, []
        if packet.dts is not None and not self._carries_pts:
            heappush(self._pending_dts, packet.dts)

    def lost(self, packet: Packet[VideoStream]) -> None:
        """Notes that no frame will come of a packet."""
        if packet.dts in self._pending_dts:
            self._pending_dts.remove(packet.dts)
            heapify(self._pending_dts)

    def timed(self, frames: Iterable[VideoFrame]) -> Iterator[tuple[int, VideoFrame]]:
        """Pairs frames, as they leave the decoder, with their pts in units of `time_base`."""
        leading: list[VideoFrame] = []
        for frame in frames:
            known = self._known(frame)
            if known is None and self._anchor is None and len(leading) < MAX_LEADING:
                leading.append(frame)
                continue
            yield from self._before(known, leading)
            leading = []
            yield self._next(known), frame
        yield from self._before(None, leading)

    def _known(self, frame: VideoFrame) -> int | None:
        if self._has_pts and frame.pts is not None:
            return frame.pts
        return heappop(self._pending_dts) if self._pending_dts else None

    def _before(
        self, known: int | None, leading: list[VideoFrame]
    ) -> Iterator[tuple[int, VideoFrame]]:
        """Times the frames that came before the first known time, or all of them from 0."""
        for index, frame in enumerate(leading):
            if known is None:
                yield self._next(None), frame
            else:
                yield known - round((len(leading) - index) * self._interval), frame

    def _next(self, known: int | None) -> int:
        if known is not None or self._anchor is None:
            self._anchor, self._since_anchor = known or 0, 0
            return self._anchor
        # Counted from the last known time, so that rounding does not add up.
        self._since_anchor += 1
        return self._anchor + round(self._since_anchor * self._interval)
