"""What a container says of its video stream."""

from fractions import Fraction

import av
from av.container import InputContainer
from av.stream import Disposition
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from ghoststream.errors import NotAVideo, NoVideoStream
from ghoststream.types import Clock, StreamInfo
from ghoststream.video.access import MAX_PIXELS, NO_PTS_FORMATS, RATE_ONLY_FORMATS, Access
from ghoststream.video.orientation import UPRIGHT, orientation_of
from ghoststream.video.picture import pixel_aspect, square_size

DEFAULT_RATE = Fraction(25)
"""Of streams that carry neither times nor a rate; FFmpeg's default for raw streams, too."""

MAX_RATE = 100_000
"""Frames a second; more is damage."""

# Names by number, ITU-T H.273 table 4.
_MATRICES = {
    0: "rgb",
    1: "bt709",
    4: "fcc",
    5: "bt470bg",
    6: "smpte170m",
    7: "smpte240m",
    8: "ycgco",
    9: "bt2020nc",
    10: "bt2020c",
    14: "ictcp",
}
_RANGES = {1: "limited", 2: "full"}


def video_stream(container: InputContainer, name: str) -> VideoStream:
    """The stream that a player would show; cover pictures are not one.

    Raises:
        NoVideoStream: sound, subtitles or data only.
        NotAVideo: of a codec that cannot be decoded, or of impossible size.
    """
    streams = [s for s in container.streams.video if not s.disposition & Disposition.attached_pic]
    if not streams:
        kinds = ", ".join(sorted({s.type for s in container.streams})) or "nothing"
        raise NoVideoStream(f"{name}: it holds no video stream, only {kinds}; give a video.")
    best = container.streams.best("video")
    stream = next((s for s in streams if s is best), streams[0])
    _check_decodable(stream, name)
    return stream


def _check_decodable(stream: VideoStream, name: str) -> None:
    if stream.codec_context is None:
        raise NotAVideo(f"{name}: its video codec is not one that can be decoded; convert it.")
    width, height = stream.codec_context.width, stream.codec_context.height
    if width * height > MAX_PIXELS:
        raise NotAVideo(
            f"{name}: it declares pictures of {width}x{height}; "
            f"at most {MAX_PIXELS} pixels are decoded."
        )


def describe(
    container: InputContainer,
    stream: VideoStream,
    access: Access,
    *,
    first: VideoFrame | None = None,
    start_time: Fraction | None = None,
) -> StreamInfo:
    """Puts together what the container declares and what the first frame shows.

    Args:
        container: open.
        stream: of it.
        access: how it was opened.
        first: frame, where one could be decoded; rotation stands in frames only.
        start_time: of that frame.
    """
    context = stream.codec_context
    width, height = _coded_size(stream, first)
    sample_aspect_ratio = pixel_aspect(stream.sample_aspect_ratio)
    orientation = orientation_of(first) if first else UPRIGHT
    shown = orientation.size(*square_size(width, height, sample_aspect_ratio))
    pixel_format = first.format if first else context.format
    return StreamInfo(
        codec=context.codec.canonical_name,
        width=shown[0],
        height=shown[1],
        coded_width=width,
        coded_height=height,
        pixel_format=pixel_format.name if pixel_format else "unknown",
        bit_depth=pixel_format.components[0].bits if pixel_format else 8,
        time_base=time_base_of(stream),
        start_time=start_time,
        duration=None if access.is_live else declared_duration(container, stream),
        average_rate=rate_of(container, stream) if is_raw(container) else stream.average_rate,
        declared_frames=stream.frames or None,
        rotation=orientation.degrees_clockwise,
        sample_aspect_ratio=sample_aspect_ratio,
        color_matrix=_MATRICES.get(first.colorspace if first else 2, "unspecified"),
        color_range=_RANGES.get(first.color_range if first else 0, "unspecified"),
        interlaced=first is not None and first.interlaced_frame,
        container=container.format.name,
        clock=clock_of(container, access),
    )


def _coded_size(stream: VideoStream, first: VideoFrame | None) -> tuple[int, int]:
    shown = first or stream.codec_context
    return shown.width, shown.height


def clock_of(container: InputContainer, access: Access) -> Clock:
    """Raw streams have pictures only: their times come from a stated rate."""
    return "rate" if is_raw(container) and access.clock == "pts" else access.clock


def is_raw(container: InputContainer) -> bool:
    """Whether there is no container at all, and so no times."""
    return container.format.name in RATE_ONLY_FORMATS.split(",")


def carries_pts(container: InputContainer) -> bool:
    """Whether the container says when frames are shown, not only when they are decoded."""
    return container.format.name not in NO_PTS_FORMATS.split(",")


def time_base_of(stream: VideoStream) -> Fraction:
    """Seconds per unit of pts."""
    return stream.time_base or 1 / DEFAULT_RATE


def rate_of(container: InputContainer, stream: VideoStream) -> Fraction:
    """Frames a second, for what carries no times."""
    declared = [stream.average_rate, stream.guessed_rate, DEFAULT_RATE]
    if is_raw(container):
        # FFmpeg's average is its own default there; what the stream says stands in its headers.
        declared.insert(0, stream.codec_context.framerate)
    return next(rate for rate in declared if rate and 0 < rate <= MAX_RATE)


def declared_duration(container: InputContainer, stream: VideoStream) -> Fraction | None:
    """Of the video stream where that is declared, else of the whole container; in seconds."""
    whole = Fraction(container.duration, av.time_base) if container.duration else None
    declared = (_own_duration(stream), whole)
    # Edit lists shorten what is shown: the container knows that, the stream does not.
    return min((d for d in declared if d is not None and d > 0), default=None)


def is_duration_of_video(container: InputContainer, stream: VideoStream) -> bool:
    """Whether the declared duration is about pictures, and not about a longer sound track."""
    return _own_duration(stream) is not None or len(container.streams) == 1


def _own_duration(stream: VideoStream) -> Fraction | None:
    return stream.duration * time_base_of(stream) if stream.duration else _tagged_duration(stream)


def _tagged_duration(stream: VideoStream) -> Fraction | None:
    """Matroska writes it as a tag of the track: 00:00:10.400000000."""
    parts = stream.metadata.get("DURATION", "").split(":")
    try:
        hours, minutes, seconds = (Fraction(part) for part in parts)
    except ValueError:
        return None
    return hours * 3600 + minutes * 60 + seconds
