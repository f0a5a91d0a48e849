"""One time for each frame, also where a container leaves them out."""

from __future__ import annotations  # av.Packet takes no parameter at run time

from fractions import Fraction
from heapq import heapify, heappop, heappush

from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream


class Timestamps:
    """Gives each frame its pts.

    What the container says comes first. Where a stream carries decoding times only (AVI), frames,
    which leave the decoder in display order, take those in rising order. Where it carries nothing,
    or has a hole, the next frame is one frame interval later.

    Args:
        time_base: seconds per unit.
        rate: frames a second for what is missing.
        has_pts: False where what looks like pts is not to be trusted.
    """

    def __init__(self, *, time_base: Fraction, rate: Fraction, has_pts: bool = True) -> None:
        self._has_pts = has_pts
        self._interval = 1 / (rate * time_base)
        self._pending_dts: list[int] = []
        self._carries_pts = False
        self._anchor = 0
        self._since_anchor = -1

    def feed(self, packet: Packet[VideoStream]) -> None:
        """Notes a packet that goes into the decoder."""
        if packet.dts is not None and not self._carries_pts:
            heappush(self._pending_dts, packet.dts)

    def lost(self, packet: Packet[VideoStream]) -> None:
        """Notes that no frame will come of a packet."""
        if packet.dts in self._pending_dts:
            self._pending_dts.remove(packet.dts)
            heapify(self._pending_dts)

    def pts_of(self, frame: VideoFrame) -> int:
        """Presentation time of the next frame that leaves the decoder, in units of `time_base`."""
        if self._has_pts and frame.pts is not None:
            self._carries_pts, self._pending_dts = True, []
            return self._at(frame.pts)
        if self._pending_dts:
            return self._at(heappop(self._pending_dts))
        # Counted from the last known time, so that rounding does not add up.
        self._since_anchor += 1
        return self._anchor + round(self._since_anchor * self._interval)

    def _at(self, pts: int) -> int:
        self._anchor, self._since_anchor = pts, 0
        return pts
