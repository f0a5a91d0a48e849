"""Decodes of a live stream no more than its sampling wants, as soon as it comes.

decoder = SampledDecoder(reader, AtFps(rate=Fraction(2)).sampler())
for packet in reader.packets():
    for frame in decoder.feed(packet):
        print(frame.time)

Coded pictures wait until the header of one says that it is wanted; then all that it may be
predicted from is decoded. Where headers do not tell, everything is decoded.
"""

from __future__ import annotations  # av.Packet takes no parameter at run time

from collections.abc import Iterator
from copy import copy
from functools import partial
from typing import NamedTuple

import av.error
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from ghoststream.errors import FormatChanged
from ghoststream.types import Counts, Frame, Sampler
from ghoststream.video.bitstream import Role, RoleReader, role_reader
from ghoststream.video.container import DAMAGE, frame_of, prepare_for_live
from ghoststream.video.ledger import Ledger
from ghoststream.video.live import LiveReader, TimedPacket
from ghoststream.video.picture import Converter, pixel_aspect
from ghoststream.video.timestamps import Timestamps

MAX_WAITING_BYTES = 16 << 20
"""Of pictures that nobody has wanted yet; beyond it, they are decoded."""


class SampledDecoder:
    """Turns packets into the frames that a sampler wants; the same as of a full decode.

    A picture that the decoder itself calls damaged is counted in `counts.decode_errors` and not
    handed on. Nothing is decoded before the first keyframe.

    Args:
        reader: whose packets these are; from now on its stream's decoder belongs to this one.
        sampler: says which moments are wanted.
    """

    def __init__(self, reader: LiveReader, sampler: Sampler) -> None:
        self.counts = Counts()
        self._name = reader.name
        self._stream, self._sampler = reader.stream, sampler
        prepare_for_live(reader.stream)
        self._context = reader.stream.codec_context
        self._role_of = _role_reader(reader, sampler)
        self._new_timestamps = partial(
            Timestamps, time_base=reader.time_base, rate=reader.rate, has_pts=reader.has_pts
        )
        self._frame_of = partial(
            frame_of,
            time_base=reader.time_base,
            converter=Converter(),
            sample_aspect_ratio=pixel_aspect(reader.stream.sample_aspect_ratio),
        )
        self._format: tuple[int, int, str] | None = None
        self._last_pts: int | None = None
        self._newest_pts: int | None = None
        """Of the headers that the sampler was asked about."""
        self._seeks_keyframe, self._is_behind = True, False
        self._start_over()

    def feed(self, packet: TimedPacket) -> list[Frame]:
        """Takes the next packet, in the order of decoding.

        Returns:
            Wanted frames that are out by now, in order of time.

        Raises:
            FormatChanged: a picture is of another size or pixel format than the first.
        """
        coded = _Coded(packet, self._role(packet))
        if self._seeks_keyframe and not coded.is_start:
            self.counts.overrun += self._is_behind
            return []
        self._seeks_keyframe = self._is_behind = False
        due = self._due(coded) if self._role_of else [packet]
        return [frame for each in due for frame in self._wanted(each)]

    def finish(self) -> list[Frame]:
        """Wanted frames that the decoder holds back at the end of a stream."""
        skipped = self._forget_waiting()
        self.counts.frames += skipped
        self.counts.skipped += skipped
        frames = list(self._wanted(None)) if self._context.is_open else []
        self.counts.decode_errors += self._ledger.unreported
        self._start_over()
        return frames

    def skip_to_keyframe(self) -> None:
        """Forgets all that waits, and goes on at the next keyframe: there was too much to do."""
        self.counts.overrun += self._forget_waiting() + self._inside
        if self._pending:
            self._sampler = next(iter(self._pending.values()))
        self._start_over()
        self._is_behind = True

    def _start_over(self) -> None:
        self._context.flush_buffers()
        self._ledger = Ledger(self._context.codec.canonical_name)
        self._timestamps = self._new_timestamps()
        self._waiting: list[_Coded] = []
        self._waiting_bytes = 0
        self._pending: dict[int, Sampler] = {}
        """Wanted pictures that are not out yet, by their pts, and the sampler before each."""
        self._inside = 0
        """Pictures that went into the decoder and have not come out."""
        self._seeks_keyframe, self._is_behind = True, False

    def _role(self, packet: TimedPacket) -> Role | None:
        return self._role_of(bytes(packet.packet)) if self._role_of else None

    def _due(self, coded: _Coded) -> list[TimedPacket]:
        """What to decode now that a packet has come."""
        packet, role = coded
        if role is not None and self._is_late(packet):
            self._role_of = None  # B-frames, of which the container said nothing
            return self._taken(coded)
        if role is not None and role.entry == "closed":
            self._pass_over_waiting()
        is_wanted = role is not None and self._wants(packet)
        if is_wanted or self._pending or self._waiting_bytes > MAX_WAITING_BYTES:
            return self._taken(coded)
        if role is not None and not role.is_reference:
            self._pass_over(1)
        else:
            self._wait(coded)
        return []

    def _is_late(self, packet: TimedPacket) -> bool:
        return self._newest_pts is not None and packet.pts <= self._newest_pts

    def _wants(self, packet: TimedPacket) -> bool:
        self._newest_pts = packet.pts
        if packet.packet.is_discard:
            return False
        before = copy(self._sampler)
        is_wanted = self._sampler.wants(packet)
        if is_wanted:
            self._pending[packet.pts] = before
        return is_wanted

    def _wait(self, coded: _Coded) -> None:
        self._waiting.append(coded)
        self._waiting_bytes += coded.packet.nbytes

    def _taken(self, coded: _Coded) -> list[TimedPacket]:
        taken = [*(waiting.packet for waiting in self._waiting), coded.packet]
        self._waiting, self._waiting_bytes = [], 0
        return taken

    def _pass_over(self, pictures: int) -> None:
        self.counts.frames += pictures
        self.counts.skipped += pictures

    def _pass_over_waiting(self) -> None:
        """Nothing that comes from now on is predicted from what waits, but headers stay valid."""
        headers = [coded for coded in self._waiting if coded.role is None]
        self._pass_over(self._forget_waiting())
        for coded in headers:
            self._wait(coded)

    def _forget_waiting(self) -> int:
        pictures = sum(coded.role is not None for coded in self._waiting)
        self._waiting, self._waiting_bytes = [], 0
        return pictures

    def _wanted(self, packet: TimedPacket | None) -> Iterator[Frame]:
        for pts, decoded in self._timestamps.timed(self._decoded(packet)):
            frame = self._good(decoded, pts)
            if frame is None:
                self._lost(pts)
            elif self._is_wanted(frame):
                yield frame

    def _decoded(self, packet: TimedPacket | None) -> list[VideoFrame]:
        if packet is not None:
            self._inside += 1
            self._timestamps.feed(packet.packet)
            self._ledger.feed(packet.packet)
        try:
            return self._outcome(packet.packet if packet else None)
        except DAMAGE:
            self.counts.decode_errors += 1
            self._ledger.reported_lost()
            if packet is not None:
                self._inside -= 1
                self._timestamps.lost(packet.packet)
                self._lost(packet.pts)
            return []

    def _outcome(self, packet: Packet[VideoStream] | None) -> list[VideoFrame]:
        try:
            return self._context.decode(packet)
        except av.error.EOFError:
            return []

    def _good(self, decoded: VideoFrame, pts: int) -> Frame | None:
        """None for what is damaged or out of order."""
        self._inside = max(0, self._inside - 1)
        self._ledger.came_out(decoded)
        if decoded.is_corrupt:
            self.counts.decode_errors += 1
            return None
        self._check_format(decoded)
        if self._last_pts is not None and pts <= self._last_pts:
            self.counts.dropped += 1
            return None
        self._last_pts = pts
        self.counts.frames += 1
        return self._frame_of(decoded, pts)

    def _check_format(self, decoded: VideoFrame) -> None:
        shape = decoded.width, decoded.height, decoded.format.name
        self._format = self._format or shape
        if shape != self._format:
            raise FormatChanged(
                f"{self._name}: its pictures change from {_named(self._format)} to {_named(shape)};"
                " connecting again reads them."
            )

    def _is_wanted(self, frame: Frame) -> bool:
        for pts in [pts for pts in self._pending if pts < frame.pts]:
            self._lost(pts)  # without a word
        if self._newest_pts is not None and frame.pts <= self._newest_pts:
            return self._pending.pop(frame.pts, None) is not None
        return self._sampler.wants(frame)

    def _lost(self, pts: int) -> None:
        """The next good picture is judged as if the lost one had never been."""
        before = self._pending.pop(pts, None)
        if before is not None and not self._pending:
            self._sampler = before


class _Coded(NamedTuple):
    packet: TimedPacket
    role: Role | None

    @property
    def is_start(self) -> bool:
        """Whether decoding can begin here."""
        return self.packet.is_keyframe or (self.role is not None and self.role.entry is not None)


def _role_reader(reader: LiveReader, sampler: Sampler) -> RoleReader | None:
    """None where everything has to be decoded."""
    context = reader.stream.codec_context
    if sampler.is_counting or context.has_b_frames or not reader.has_pts:
        return None
    return role_reader(context.codec.canonical_name, context.extradata or b"")


def _named(shape: tuple[int, int, str]) -> str:
    return f"{shape[0]}x{shape[1]} {shape[2]}"
