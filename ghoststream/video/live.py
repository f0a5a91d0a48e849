"""Reads packets of a live stream as they come, each with its Unix time.

with closing(LiveReader(access)) as reader:
    for packet in reader.packets():
        print(packet.time, packet.nbytes)

A file is read as if it were a camera where `is_paced` says so.
"""

from __future__ import annotations  # av.Packet takes no parameter at run time

import struct
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import NamedTuple

from av.container import InputContainer
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from ghoststream.errors import SourceError, StreamUnreachable
from ghoststream.types import Clock, Counts, SegmentCause, StreamInfo
from ghoststream.video.access import Access
from ghoststream.video.container import open_container
from ghoststream.video.demux import demuxed
from ghoststream.video.pace import Pace
from ghoststream.video.probe import (
    carries_pts,
    describe,
    is_raw,
    rate_of,
    time_base_of,
    video_stream,
)
from ghoststream.video.ticks import Ticked, Ticks
from ghoststream.video.wall_clock import WallClock, is_jump

UNTIMED_FORMATS = ("mpjpeg",)
"""Their times are FFmpeg's invention; live, a picture's arrival says more."""
ARRIVAL_TIME_BASE = Fraction(1, 90_000)
BURST_SECONDS = 0.5
"""How long a stream without a sender's clock may take to hand over what waited for us."""
MAX_HELD_BYTES = 16 << 20
_PRODUCER_TIME = struct.Struct("<qi")
"""AVProducerReferenceTime: microseconds since 1970, and flags."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TimedPacket:
    """A coded picture with its Unix time."""

    packet: Packet[VideoStream]
    """Several threads look at it, so nobody changes it."""
    pts: int
    """In units of `time_base`, counted from 1970; None of them runs back."""
    dts: int
    time_base: Fraction
    is_keyframe: bool
    arrived: float
    """Unix seconds at which it came out of the network; of a file, at which it was due."""
    segment: int
    """Within the connection, counted from 0."""
    cause: SegmentCause
    """Why the segment began."""

    @property
    def time(self) -> Fraction:
        """Unix seconds at which the picture is shown."""
        return self.pts * self.time_base

    @property
    def nbytes(self) -> int:
        return self.packet.size


class LiveReader:
    """One connection to a camera; `stream` says how its packets are coded.

    The decoder of `stream` is left to who decodes; reading packets does not touch it.

    Args:
        access: what to open and how, see `ghoststream.video.access`.
        not_before: Unix seconds; all times come after it.
        is_paced: plays a file at its own speed.
        is_looped: begins anew at the end of a file.
        sender_wait_seconds: how long packets are held back at the start, until the sender says
            what time it is.

    Raises:
        SourceError: one of its kinds.
    """

    def __init__(
        self,
        access: Access,
        *,
        not_before: Fraction | None = None,
        is_paced: bool = False,
        is_looped: bool = False,
        sender_wait_seconds: float = 3.0,
    ) -> None:
        self.name = access.name
        self.counts = Counts()
        """`decode_errors` counts packets that could not be had."""
        self._access, self._is_paced, self._is_looped = access, is_paced, is_looped
        self._stop = threading.Event()
        # FFmpeg must not be closed in one thread while another reads, or looks at what it declares.
        self._reading, self._describing = threading.Lock(), threading.Lock()
        self._is_closed = False
        self._container, self.stream = _opened(access)
        self.has_pts = carries_pts(self._container) and not is_raw(self._container)
        """Whether packets say when their pictures are shown, not only when to decode them."""
        self._is_untimed = not is_paced and _is_untimed(self._container)
        stream_time_base = time_base_of(self.stream)
        self.time_base = ARRIVAL_TIME_BASE if self._is_untimed else stream_time_base
        self.rate = rate_of(self._container, self.stream)
        """Frames a second as declared, for what carries no times."""
        self._interval = 1 / (self.rate * self.time_base)
        self._wall = WallClock(self.time_base, not_before)
        self._pace = Pace(self.time_base, self._interval, self._stop)
        is_rtsp = self._container.format.name == "rtsp"
        self._hold_seconds = sender_wait_seconds if is_rtsp else BURST_SECONDS
        self._waits_for_sender = is_rtsp

    @property
    def clock(self) -> Clock:
        """Whose time the newest packet has."""
        return self._wall.clock

    def describe(self, first: VideoFrame, start_time: Fraction) -> StreamInfo:
        """What the container declares and a picture shows.

        Args:
            first: picture of a segment.
            start_time: of it, in Unix seconds.

        Raises:
            SourceError: the reader is closed.
        """
        with self._describing:
            if self._is_closed:
                raise SourceError(f"{self._access.name}: it is closed already.")
            info = describe(
                self._container, self.stream, self._access, first=first, start_time=start_time
            )
        duration = None if self._is_paced else info.duration
        return replace(info, clock=self.clock, time_base=self.time_base, duration=duration)

    def packets(self) -> Iterator[TimedPacket]:
        """Packets of the video, in the order of decoding, until the stream ends; to be called once.

        Raises:
            SourceError: the connection breaks, or nothing comes any more.
        """
        with _as_broken(self._access.name):
            yield from map(self._timed, self._received(self._container, self.stream))
            while self._is_looped and self._wall.segment >= 0 and not self._stop.is_set():
                yield from self._once_more()

    def close(self) -> None:
        """Ends `packets()`; may be called from another thread, and waits for a read under way."""
        self._stop.set()
        with self._reading, self._describing:
            self._is_closed = True
            self._container.close()

    def _once_more(self) -> Iterator[TimedPacket]:
        container, stream = _opened(self._access)
        try:
            self._pace.start_over()
            received = self._received(container, stream)
            first = next(received, None)
            if first is not None:
                self._wall.begin_loop(first.pts, first.shown)
                yield self._timed(first)
                yield from map(self._timed, received)
        finally:
            container.close()

    def _received(self, container: InputContainer, stream: VideoStream) -> Iterator[_Received]:
        packets = demuxed(
            container,
            stream,
            self._access,
            lock=self._reading,
            stop=self._stop,
            on_damage=self._count_damage,
        )
        if self._is_untimed:
            return self._at_arrival(packets)
        ticks = Ticks(
            self._interval,
            has_b_frames=bool(stream.codec_context.has_b_frames),
            has_pts=self.has_pts,
            has_times=not is_raw(container),
        )
        ticked = ticks.timed(packets)
        return self._when_due(ticked) if self._is_paced else self._held(_arrived(ticked))

    def _count_damage(self) -> None:
        self.counts.decode_errors += 1

    def _at_arrival(self, packets: Iterable[Packet[VideoStream]]) -> Iterator[_Received]:
        tick = 0
        for packet in packets:
            arrived = time.time()
            tick = max(round(arrived / ARRIVAL_TIME_BASE), tick + 1)
            packet.duration = 0  # in another time base
            yield _Received(packet, tick, tick, arrived, arrived)

    def _when_due(self, ticked: Iterable[Ticked]) -> Iterator[_Received]:
        for packet, pts, dts in ticked:
            due = self._pace.wait(dts)
            if self._stop.is_set():
                return
            shown = due + float((pts - dts) * self.time_base)
            yield _Received(packet, pts, dts, due, shown)

    def _held(self, received: Iterator[_Received]) -> Iterator[_Received]:
        """Holds the first packets back, until it is known what time they are of."""
        held: list[_Received] = []
        held_bytes = 0
        try:
            for item in received:
                held.append(item)
                held_bytes += item.packet.size
                if self._is_settled(held) or held_bytes > MAX_HELD_BYTES:
                    break
        except SourceError:
            yield from held
            raise
        yield from held
        yield from received

    def _is_settled(self, held: list[_Received]) -> bool:
        first, item = held[0], held[-1]
        waited = item.arrived - held[-2].arrived if len(held) > 1 else 0.0
        step = float((item.pts - held[-2].pts) * self.time_base) if len(held) > 1 else 0.0
        if is_jump(step, waited):
            return True
        self._wall.learn(item.pts, item.shown, item.sender_time)
        is_burst_over = not self._waits_for_sender and waited > max(step, 0.01) / 2
        return (
            is_burst_over
            or item.sender_time is not None
            or item.arrived - first.arrived >= self._hold_seconds
        )

    def _timed(self, item: _Received) -> TimedPacket:
        packet = item.packet
        offset = self._wall.shift(item.pts, item.shown, item.sender_time)
        pts, dts = item.pts + offset, item.dts + offset
        packet.pts, packet.dts = (pts if self.has_pts else None), dts
        return TimedPacket(
            packet=packet,
            pts=pts,
            dts=dts,
            time_base=self.time_base,
            is_keyframe=packet.is_keyframe,
            arrived=item.arrived,
            segment=self._wall.segment,
            cause=self._wall.cause,
        )


class _Received(NamedTuple):
    packet: Packet[VideoStream]
    pts: int
    """Of the stream's own clock, as `dts`."""
    dts: int
    arrived: float
    shown: float
    """When it would be shown if it were shown as soon as possible; of a file, when it is due."""
    sender_time: float | None = None


def _arrived(ticked: Iterable[Ticked]) -> Iterator[_Received]:
    for packet, pts, dts in ticked:
        now = time.time()
        yield _Received(packet, pts, dts, now, now, _sender_time(packet))


def _sender_time(packet: Packet[VideoStream]) -> float | None:
    """When the sender took the picture, in Unix seconds, once it has reported its clock."""
    if not packet.has_sidedata("prft"):
        return None
    data = bytes(packet.get_sidedata("prft"))
    microseconds, _ = _PRODUCER_TIME.unpack(data[: _PRODUCER_TIME.size])
    return float(microseconds) / 1_000_000


def _opened(access: Access) -> tuple[InputContainer, VideoStream]:
    container = open_container(access)
    try:
        return container, video_stream(container, access.name)
    except BaseException:
        container.close()
        raise


def _is_untimed(container: InputContainer) -> bool:
    return is_raw(container) or container.format.name in UNTIMED_FORMATS


@contextmanager
def _as_broken(name: str) -> Iterator[None]:
    """Nobody answered so far; now somebody does not answer any more."""
    try:
        yield
    except StreamUnreachable as error:
        sentence = "the connection broke off; check the camera and the network"
        raise StreamUnreachable(f"{name}: {sentence}.") from error.__cause__
