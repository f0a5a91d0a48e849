"""Counts packets in and pictures out, to notice losses that nobody reports.

PyAV gives up an error that comes after a picture in the same call, and what is left in a decoder
when its emptying fails. For codecs with one picture a packet, the difference tells.
"""

from __future__ import annotations  # av.Packet takes no parameter at run time

from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

ONE_PICTURE_A_PACKET = ("h264", "hevc", "av1")
"""Others report each error by itself, or need not have a picture a packet."""


class Ledger:
    """What went into a decoder, and what came out.

    Pictures that stand before the first one shown do not count: those that lead an open group of
    pictures refer to what is not there, and no decoder shows them. Interlaced video is left out,
    since two fields of it may come in a packet each and leave as one picture.

    Args:
        codec: by FFmpeg's name.
    """

    def __init__(self, codec: str) -> None:
        self._is_kept = codec in ONE_PICTURE_A_PACKET
        self._fed_before_first: list[int] = []
        self._first_pts: int | None = None
        self._owed = 0

    def feed(self, packet: Packet[VideoStream]) -> None:
        """Notes a packet that goes into the decoder."""
        if not self._is_kept or packet.pts is None or packet.is_discard:
            return
        if self._first_pts is None:
            self._fed_before_first.append(packet.pts)
        else:
            self._owed += packet.pts >= self._first_pts

    def came_out(self, frame: VideoFrame) -> None:
        """Notes a picture that came out."""
        self._is_kept = self._is_kept and not frame.interlaced_frame
        if not self._is_kept or frame.pts is None:
            return
        if self._first_pts is None:
            self._first_pts = frame.pts
            self._owed = sum(pts >= frame.pts for pts in self._fed_before_first)
        self._owed -= 1

    def reported_lost(self) -> None:
        """Notes an error that was counted already."""
        self._owed -= 1

    @property
    def unreported(self) -> int:
        """Pictures that went missing without an error, once the decoder is empty."""
        return max(0, self._owed) if self._is_kept and self._first_pts is not None else 0
