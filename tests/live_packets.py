"""Packets of small videos, as a live stream gives them: on the clock of the wall."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
from av.packet import Packet
from av.video.stream import VideoStream

NOON = Fraction(1_800_000_000)
"""Unix seconds at which the streams begin."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamPacket:
    """A packet of a live stream."""

    packet: "Packet[VideoStream]"
    pts: int
    dts: int
    time_base: Fraction

    @property
    def time(self) -> Fraction:
        return self.pts * self.time_base

    @property
    def is_keyframe(self) -> bool:
        return self.packet.is_keyframe

    @property
    def nbytes(self) -> int:
        return self.packet.size


@contextmanager
def live(
    video: Path, *, start: Fraction = NOON
) -> Iterator[tuple[VideoStream, list[StreamPacket]]]:
    """The stream of a video and all its packets, its first frame at `start`."""
    with av.open(str(video)) as container:
        stream = container.streams.video[0]
        packets = [packet for packet in container.demux(stream) if packet.size]
        first = min(packet.dts if packet.pts is None else packet.pts for packet in packets)
        yield stream, [_timed(packet, start, first) for packet in packets]


def _timed(packet: "Packet[VideoStream]", start: Fraction, first: int) -> StreamPacket:
    offset = int(start / packet.time_base) - first
    pts = packet.dts if packet.pts is None else packet.pts
    dts = packet.pts if packet.dts is None else packet.dts
    return StreamPacket(
        packet=packet, pts=pts + offset, dts=dts + offset, time_base=packet.time_base
    )
