"""Opens what FFmpeg reads, and makes its decoder ready."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction

import av
import av.error
from av.codec.context import Flags as CodecFlags
from av.codec.context import ThreadType
from av.container import InputContainer
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from ghoststream.types import Frame
from ghoststream.video.access import MAX_PIXELS, Access
from ghoststream.video.errors import translated
from ghoststream.video.ffmpeg_log import hide_addresses
from ghoststream.video.picture import AvPicture, Converter
from ghoststream.video.probe import carries_pts, video_stream

hide_addresses()

DAMAGE = (
    av.error.InvalidDataError,
    av.error.PatchWelcomeError,
    av.error.NotImplementedError,
    av.error.ArgumentError,
    av.error.ExternalError,
    av.error.UnknownError,
    av.error.BugError,
    av.error.BufferTooSmallError,
    av.error.InputChangedError,
    av.error.OverflowError,
)
"""What a decoder or demuxer answers to one bad packet; the next one may be good."""

FRAME_THREADED = ("h264", "hevc")
"""H.264 marks damaged pictures instead of failing; for HEVC there is the ledger."""

IN_ORDER_WITHOUT_DELAY = ("h264", "hevc", "av1", "vp8", "vp9", "mjpeg")

_DECODER_OPTIONS = {"max_pixels": str(MAX_PIXELS)}
_OPTIONS = {
    "max_pixels": str(MAX_PIXELS),
    # PyAV asks FFmpeg to guess missing times, which goes wrong with B-frames.
    "fflags": "-genpts",
}


def open_container(access: Access) -> InputContainer:
    """Opens it for reading.

    Raises:
        SourceError: one of its kinds.
    """
    with translated(
        access.name, remote=access.is_remote, timeout_seconds=access.open_timeout_seconds
    ):
        return av.open(
            access.address,
            mode="r",
            format=access.format,
            options={**access.options, **_OPTIONS},
            metadata_errors="replace",
            timeout=(access.open_timeout_seconds, access.read_timeout_seconds),
        )


@contextmanager
def opened_for_lane(access: Access) -> Iterator[VideoStream]:
    """A stream of its own, with a decoder as `prepare_for_lane` makes it."""
    with open_container(access) as container:
        stream = video_stream(container, access.name)
        prepare_for_lane(stream)
        yield stream


def prepare_decoder(
    container: InputContainer, stream: VideoStream, access: Access, threads: int
) -> None:
    """Sets a decoder up, before it is first used; 0 threads are as many as there are cores."""
    context = stream.codec_context
    context.options = _DECODER_OPTIONS
    context.thread_count = threads
    # Threads over whole frames are fast, but each one delays the picture by a frame, and with most
    # decoders PyAV then loses errors and the pictures behind them.
    is_patient = not access.is_live and carries_pts(container)
    is_safe = context.codec.canonical_name in FRAME_THREADED
    context.thread_type = ThreadType.AUTO if is_patient and is_safe else ThreadType.SLICE
    if access.is_live:
        _shorten_delay(context)


def prepare_for_live(stream: VideoStream) -> None:
    """Sets a decoder up that runs beside those of other cameras, in one thread."""
    context = stream.codec_context
    context.options = _DECODER_OPTIONS
    context.thread_count = 1
    _shorten_delay(context)


def _shorten_delay(context: VideoCodecContext) -> None:
    # Older decoders then give B-frames in the order of decoding.
    if context.codec.canonical_name in IN_ORDER_WITHOUT_DELAY:
        context.flags |= CodecFlags.low_delay


def prepare_for_lane(stream: VideoStream) -> None:
    """Sets a decoder up that runs beside others in one thread, and hides no damage.

    Damage is mended with what was decoded before, which beside other lanes is something else.
    """
    context = stream.codec_context
    context.options = {**_DECODER_OPTIONS, "err_detect": "explode"}
    context.thread_count = 1


def frame_of(
    decoded: VideoFrame,
    pts: int,
    *,
    time_base: Fraction,
    converter: Converter,
    sample_aspect_ratio: Fraction,
) -> Frame:
    """A decoded picture with its time."""
    return Frame(
        pts=pts,
        time_base=time_base,
        duration=max(0, decoded.duration or 0),
        is_keyframe=bool(decoded.key_frame),
        picture=AvPicture(decoded, converter=converter, sample_aspect_ratio=sample_aspect_ratio),
    )
