"""Writes H.264 video whose frames keep their own times.

canvas = Painter(width=640, height=360).paint(frame.picture)
canvas.y[:20] = 235  # draw straight on the planes
with VideoWriter(path, time_base=frame.time_base, rate=Fraction(25)) as writer:
    writer.write(canvas, time=frame.time, duration=Fraction(1, 25))

Pictures stay in 4:2:0 planes all the way, as nearly every source has them: no colour is converted
to RGB and back, and drawing costs only the pixels that are drawn.
"""

from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
from av import open as open_container
from av.container import OutputContainer
from av.error import FFmpegError
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange, Colorspace, VideoReformatter
from av.video.stream import VideoStream
from numpy.typing import NDArray

from ghoststream.types import Picture
from ghoststream.video.orientation import UPRIGHT
from ghoststream.video.picture import AvPicture

Plane = NDArray[np.uint8]

BT709 = 1
"""Its number in ITU-T H.273, table 4."""

BLACK = (16, 128, 128)
FINEST_TIME_BASE = Fraction(1, 1_000_000)
"""MP4 stores a frame's duration in 32 bits; at a billion units a second that is 4 seconds."""

DEFAULT_RATE = Fraction(25)
SECONDS_PER_FRAGMENT = 2
"""As much is lost when the process is killed."""

MP4_OPTIONS = {
    # Fragments while it is being written, an ordinary file once it is closed.
    "movflags": "hybrid_fragmented",
    "flush_packets": "1",
}
X264_OPTIONS = {
    "preset": "veryfast",
    "crf": "23",
    # B-frames would move the first frame away from zero, and spoil the durations of uneven frames.
    "bf": "0",
}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Canvas:
    """A picture in 4:2:0 planes, limited range, that may be drawn on; its sides are even."""

    frame: VideoFrame
    """Whose memory the planes are."""
    y: Plane
    """H x W."""
    u: Plane
    """H/2 x W/2."""
    v: Plane
    matrix: int
    """Colour matrix by its number in ITU-T H.273, table 4."""

    @property
    def width(self) -> int:
        return int(self.y.shape[1])

    @property
    def height(self) -> int:
        return int(self.y.shape[0])


class Painter:
    """Copies pictures of one stream onto canvases of one size.

    A picture of another size, as after a change in mid-stream, is scaled to fit and centred on
    black. Odd sides are made even by repeating the last row or column.

    Args:
        width: of the pictures as displayed, in pixels.
        height: likewise.
    """

    def __init__(self, *, width: int, height: int) -> None:
        self.width, self.height = width, height
        self.canvas_width, self.canvas_height = width + width % 2, height + height % 2
        self._reformatter = VideoReformatter()

    def paint(self, picture: Picture) -> Canvas:
        """A canvas that shows the picture upright, with square pixels, in its own colour matrix."""
        width, height = _fit(picture.width, picture.height, self.width, self.height)
        planes, matrix = self._planes(picture, width, height)
        canvas = _canvas(self.canvas_width, self.canvas_height, matrix)
        targets = (canvas.y, canvas.u, canvas.v)
        is_whole = (width, height) == (self.width, self.height)
        for source, target, black in zip(planes, targets, BLACK, strict=True):
            _copy(source, target) if is_whole else _copy_centred(source, target, black)
        return canvas

    def _planes(self, picture: Picture, width: int, height: int) -> tuple[list[Plane], int]:
        if isinstance(picture, AvPicture):
            orientation, matrix = picture.orientation, picture.colorspace.value
            frame = self._yuv(picture.frame, *orientation.size(width, height), picture)
        else:
            pixels = np.ascontiguousarray(picture.rgb((width, height)))
            orientation, matrix = UPRIGHT, BT709
            frame = self._yuv(VideoFrame.from_ndarray(pixels, "rgb24"), width, height, None)
        return [orientation.apply(plane) for plane in _views(frame)], matrix

    def _yuv(
        self, frame: VideoFrame, width: int, height: int, picture: AvPicture | None
    ) -> VideoFrame:
        color_range = ColorRange.JPEG if picture is None else picture.color_range
        is_ready = frame.format.name == "yuv420p" and color_range == ColorRange.MPEG
        if is_ready and (frame.width, frame.height) == (width, height):
            return frame
        # RGB has no matrix; everything else keeps its own.
        is_rgb = picture is None or frame.format.is_rgb
        colorspace = Colorspace.ITU709 if picture is None else picture.colorspace
        return self._reformatter.reformat(
            frame,
            width=width,
            height=height,
            format="yuv420p",
            src_colorspace=None if is_rgb else colorspace,
            dst_colorspace=colorspace,
            src_color_range=color_range,
            dst_color_range=ColorRange.MPEG,
            threads=1,
        )


class VideoWriter:
    """H.264 in MP4, in fragments, so that what was written before a kill plays.

    Times are kept exactly where the time base is no finer than a microsecond, otherwise to the
    microsecond. The encoder opens with the first canvas; all canvases have its size.

    Args:
        path: the file, which ends in `.mp4` or is written as if it did.
        time_base: seconds a unit of the source's timestamps.
        rate: declared frames a second; a hint for the encoder, no frame is made to fit it.
        comment: stored in the file's metadata.

    Raises:
        OSError: the file cannot be written; PyAV's own errors are kinds of it.
    """

    def __init__(
        self, path: Path, *, time_base: Fraction, rate: Fraction | None, comment: str = ""
    ) -> None:
        self._path, self._comment = path, comment
        self._time_base = time_base if time_base >= FINEST_TIME_BASE else FINEST_TIME_BASE
        self._rate = rate or DEFAULT_RATE
        self._container: OutputContainer | None = None
        self._stream: VideoStream | None = None
        self._durations: dict[int, int] = {}
        """By timestamp, of the frames that are in the encoder, which forgets them."""

    def write(self, canvas: Canvas, *, time: Fraction, duration: Fraction = Fraction(0)) -> None:
        """Encodes a canvas.

        Args:
            canvas: which must not be drawn on afterwards.
            time: in seconds from the start of the video; later than that of the canvas before.
            duration: in seconds; 0 where unknown, so that it lasts until the next one.
        """
        container, stream = self._opened(canvas)
        frame = canvas.frame
        frame.time_base = self._time_base
        frame.pts = self._units(time)
        self._durations[frame.pts] = self._units(duration)
        self._mux(container, stream.encode(frame))

    def close(self) -> None:
        """Encodes what the encoder still holds, and ends the file."""
        if self._container is not None and self._stream is not None:
            self._mux(self._container, self._stream.encode())
            self._container.close()
        self._container = self._stream = None

    def discard(self) -> None:
        """Lets go of the file, which somebody else removes."""
        if self._container is not None:
            # Closing writes the index, for which a full disk has no room.
            with suppress(FFmpegError):
                self._container.close()
        self._container = self._stream = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if error is None:
                self.close()
        finally:
            self.discard()

    def _mux(self, container: OutputContainer, packets: "list[Packet[VideoStream]]") -> None:
        for packet in packets:
            duration = self._durations.pop(packet.pts or 0)
            packet.duration = duration or packet.duration
            container.mux(packet)

    def _units(self, seconds: Fraction) -> int:
        return round(seconds / self._time_base)

    def _opened(self, canvas: Canvas) -> tuple[OutputContainer, VideoStream]:
        if self._container is None or self._stream is None:
            # `file:` keeps a colon in the name from being read as a protocol.
            self._container = open_container(
                f"file:{self._path}", "w", format="mp4", container_options=MP4_OPTIONS
            )
            self._container.metadata.update({"comment": self._comment} if self._comment else {})
            self._stream = self._add_stream(self._container, canvas)
        return self._container, self._stream

    def _add_stream(self, container: OutputContainer, canvas: Canvas) -> VideoStream:
        stream = container.add_stream("libx264", rate=self._rate, options=X264_OPTIONS)
        stream.width, stream.height, stream.pix_fmt = canvas.width, canvas.height, "yuv420p"
        context = stream.codec_context
        context.time_base = stream.time_base = self._time_base
        # Slices, the default of PyAV, make pictures worse.
        context.thread_type = "AUTO"
        context.gop_size = max(1, round(self._rate * SECONDS_PER_FRAGMENT))
        context.color_range = ColorRange.MPEG.value
        context.colorspace = canvas.matrix
        context.color_primaries = canvas.frame.color_primaries
        context.color_trc = canvas.frame.color_trc
        return stream


def _fit(width: int, height: int, max_width: int, max_height: int) -> tuple[int, int]:
    """The largest size of the same shape that fits."""
    scale = min(Fraction(max_width, width), Fraction(max_height, height))
    return max(1, round(width * scale)), max(1, round(height * scale))


def _canvas(width: int, height: int, matrix: int) -> Canvas:
    frame = VideoFrame(width, height, "yuv420p")
    frame.colorspace, frame.color_range = matrix, ColorRange.MPEG.value
    y, u, v = _views(frame)
    return Canvas(frame=frame, y=y, u=u, v=v, matrix=matrix)


def _views(frame: VideoFrame) -> list[Plane]:
    """The planes' own memory, without the padding at the end of each row."""
    views = []
    for plane in frame.planes:
        rows = np.frombuffer(memoryview(plane), np.uint8).reshape(plane.height, plane.line_size)
        views.append(rows[:, : plane.width])
    return views


def _copy(source: Plane, target: Plane) -> None:
    height, width = source.shape
    target[:height, :width] = source
    target[height:, :width] = source[-1:]
    target[:, width:] = target[:, width - 1 : width]


def _copy_centred(source: Plane, target: Plane, black: int) -> None:
    height, width = source.shape
    top, left = (target.shape[0] - height) // 2, (target.shape[1] - width) // 2
    target[...] = black
    target[top : top + height, left : left + width] = source
