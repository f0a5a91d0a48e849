"""One frame of a live stream as JPEG, decoded anew from packets in memory.

thumbnail = thumbnail_at(time, ring.since(time), template, max_side=640)
path.write_bytes(thumbnail.jpeg)
"""

from __future__ import annotations  # av.Packet takes no parameter at run time

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain, islice

from av.codec.context import ThreadType
from av.error import EOFError as FFmpegEOFError
from av.packet import Packet
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from ghoststream.errors import NoFrames
from ghoststream.types import Frame
from ghoststream.video.access import MAX_PIXELS
from ghoststream.video.container import DAMAGE, frame_of
from ghoststream.video.jpeg import jpeg_of
from ghoststream.video.picture import Converter, pixel_aspect
from ghoststream.video.ring import LivePacket, detached
from ghoststream.video.template import Template, template_of

MAX_PACKETS = 300
"""That are decoded; in a longer group, the last of these is shown instead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Thumbnail:
    """A small picture."""

    time: Fraction
    """Of the frame that it shows, in Unix seconds."""
    jpeg: bytes


def thumbnail_at(
    time: Fraction, packets: Sequence[LivePacket], template: Template, *, max_side: int
) -> Thumbnail:
    """The frame that is shown at a time, or else the one that comes nearest.

    Args:
        time: in Unix seconds.
        packets: in the order of decoding, from a keyframe on.
        template: of the stream whose packets they are.
        max_side: pixels of the longer side; a smaller picture is not enlarged.

    Raises:
        NoFrames: not one picture could be decoded.
    """
    frame = _shown_at(time, _frames(packets, template))
    return Thumbnail(time=frame.time, jpeg=jpeg_of(frame, max_side=max_side))


def _shown_at(time: Fraction, frames: Iterator[Frame]) -> Frame:
    shown: Frame | None = None
    for frame in frames:
        if shown is not None and frame.time > time:
            break
        shown = frame
    if shown is None:
        raise NoFrames(
            "no picture of this moment can be had: its packets are damaged, or not in memory "
            "any more."
        )
    return shown


def _frames(packets: Sequence[LivePacket], template: Template) -> Iterator[Frame]:
    decoder, converter = _decoder(template), Converter()
    aspect = pixel_aspect(template.sample_aspect_ratio)
    wanted = chain(map(detached, islice(packets, MAX_PACKETS)), [None])
    for decoded in chain.from_iterable(_decoded(decoder, packet) for packet in wanted):
        if decoded.pts is not None and not decoded.is_corrupt:
            yield frame_of(
                decoded,
                decoded.pts,
                time_base=packets[0].time_base,
                converter=converter,
                sample_aspect_ratio=aspect,
            )


def _decoder(template: Template) -> VideoCodecContext:
    """Of its own, since each one remembers what it has decoded."""
    decoder = template_of(template).codec_context
    decoder.options = {"max_pixels": str(MAX_PIXELS)}
    # Threads over whole frames hide errors and the pictures behind them.
    decoder.thread_type, decoder.thread_count = ThreadType.SLICE, 1
    return decoder


def _decoded(decoder: VideoCodecContext, packet: Packet[VideoStream] | None) -> list[VideoFrame]:
    try:
        return decoder.decode(packet)
    except (*DAMAGE, FFmpegEOFError):
        return []
