"""A stretch of a video in a form that every browser plays: H.264 in MP4, coded anew.

write_stretch(Path("cam.ts"), Path("a.mp4"), start_seconds=61, end_seconds=70, max_side=1280)
"""

from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path

from ghoststream.types import Frame
from ghoststream.video.encode import Painter, VideoWriter
from ghoststream.video.moment import over_stretch
from ghoststream.video.picture import shrunk_size

TIME_BASE = Fraction(1, 90_000)
"""A stretch may begin between two frames, for which the video's own may be too coarse."""
LEAST_SECONDS = Fraction(1, 1000)
"""Of a frame that is shown for no time at all within the stretch."""


def write_stretch(
    video: Path,
    path: Path,
    *,
    start_seconds: float,
    end_seconds: float,
    max_side: int,
    name: str | None = None,
) -> None:
    """Writes the pictures of a span, which begin at zero; sound is left out.

    Args:
        video: a file.
        path: to write; replaced if it is there.
        start_seconds: on the video's own clock.
        end_seconds: likewise.
        max_side: pixels of the longer side; smaller pictures are not enlarged.
        name: of the video, for messages.

    Raises:
        ConfigError: the video has no picture before the end of the span.
        SourceError: the video cannot be read.
        OSError: the file cannot be written; PyAV's own errors are kinds of it.
    """

    def use(frames: Iterable[Frame]) -> None:
        _write(frames, path, Fraction(start_seconds), max_side)

    over_stretch(video, start_seconds, end_seconds, use, name=name)


def _write(frames: Iterable[Frame], path: Path, start: Fraction, max_side: int) -> None:
    remaining = iter(frames)
    first = next(remaining)
    width, height = shrunk_size(first.picture.width, first.picture.height, max_side)
    painter = Painter(width=width, height=height)
    # The first picture may have begun before, and is shown from the start on.
    begin = max(start, first.time)
    with VideoWriter(path, time_base=TIME_BASE, rate=_rate(first)) as writer:
        since = Fraction(0)
        writer.write(painter.paint(first.picture), time=since, duration=_left(first, begin))
        for frame in remaining:
            time = frame.time - begin
            writer.write(painter.paint(frame.picture), time=time, duration=frame.span.duration)


def _left(first: Frame, begin: Fraction) -> Fraction:
    return max(first.span.end - begin, LEAST_SECONDS) if first.duration else Fraction(0)


def _rate(frame: Frame) -> Fraction | None:
    """A hint for the encoder."""
    return 1 / (frame.duration * frame.time_base) if frame.duration else None
