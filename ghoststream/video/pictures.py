"""Numbered pictures as a video: one frame a file, timed by a stated rate.

with PictureSequence([Path("shots/0001.png"), Path("shots/0002.png")], name="shots") as video:
    for frame in video.frames(): ...
"""

import io
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Self

import av
import av.error
from av.container import InputContainer
from av.video.frame import VideoFrame

from ghoststream.errors import NoFrames, NotAVideo, SourceError
from ghoststream.types import Counts, Frame, Sample, Sampling, StreamInfo
from ghoststream.video.access import MAX_PIXELS, Access, check_regular_file
from ghoststream.video.errors import translated
from ghoststream.video.picture import AvPicture, Converter, pixel_aspect
from ghoststream.video.probe import describe, video_stream
from ghoststream.video.sample import Prepare, samples_of

PICTURE_FORMATS = (
    "png_pipe,jpeg_pipe,bmp_pipe,webp_pipe,tiff_pipe,ppm_pipe,pgm_pipe,pbm_pipe,pam_pipe,"
    "jpegxl_pipe,mjpeg"
)
MAX_PICTURE_BYTES = 1 << 28

_NO_OPTIONS: Mapping[str, str] = MappingProxyType({})
_STRICT = {"err_detect": "explode"}
"""A picture that is cut off is refused, and not filled up with grey."""


def read_picture(path: Path, *, name: str) -> Frame:
    """A single picture, as if it were a frame of a video.

    Args:
        path: to it.
        name: for messages.

    Raises:
        SourceError: there is none, or it cannot be decoded, all of it.
    """
    return decode_picture(_read(path, name), name=name)


def decode_picture(data: bytes, *, name: str) -> Frame:
    """As `read_picture`, of a file's bytes.

    Raises:
        SourceError: they are no picture, or not all of one.
    """
    try:
        with _opened_bytes(data, name) as container:
            picture = _picture(container, name, Converter(), _STRICT)
    except SourceError as error:
        raise NotAVideo(
            f"{name}: it cannot be decoded as a picture; "
            "is it whole, and one of png, jpg, webp, bmp, tiff?"
        ) from error
    return Frame(pts=0, time_base=Fraction(1), is_keyframe=True, picture=picture)


class PictureSequence:
    """Pictures in the order given, `rate` of them a second; see `ghoststream.video.decode.Video`.

    A picture that cannot be decoded is counted in `counts.decode_errors`; those after it keep
    their times.

    Args:
        paths: of the pictures, at least one.
        name: of the whole, for messages.
        rate: frames a second.
    """

    def __init__(self, paths: Sequence[Path], *, name: str, rate: Fraction = Fraction(25)) -> None:
        self.counts = Counts()
        self._paths, self._name, self._rate = tuple(paths), name, rate
        self._interrupted = threading.Event()
        self._converter = Converter()

    @cached_property
    def info(self) -> StreamInfo:
        """Of the first picture that can be decoded.

        Raises:
            NoFrames: there is none.
        """
        for path in self._paths:
            try:
                return self._describe(path)
            except SourceError:
                continue  # frames() will count it
        raise self._no_frames(len(self._paths))

    def frames(self) -> Iterator[Frame]:
        """One frame a picture.

        Raises:
            NoFrames: at the end, where not one could be decoded.
        """
        for index, path in enumerate(self._paths):
            if self._interrupted.is_set():
                return
            frame = self._frame(index, path)
            if frame is not None:
                self.counts.frames += 1
                yield frame
        if not self.counts.frames:
            raise self._no_frames(self.counts.decode_errors)

    def samples(self, sampling: Sampling, prepare: Prepare) -> Iterator[Sample]:
        """What `sampling` picks, made ready; to be called instead of `frames()`."""
        return samples_of(self.frames(), sampling, prepare)

    def interrupt(self) -> None:
        """Ends `frames()` before its next frame; may be called from another thread."""
        self._interrupted.set()

    def close(self) -> None:
        self.interrupt()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _frame(self, index: int, path: Path) -> Frame | None:
        try:
            with _opened(path) as container:
                picture = _picture(container, str(path), self._converter)
        except SourceError:
            self.counts.decode_errors += 1
            return None
        return Frame(
            pts=index, time_base=1 / self._rate, duration=1, is_keyframe=True, picture=picture
        )

    def _describe(self, path: Path) -> StreamInfo:
        with _opened(path) as container:
            stream = video_stream(container, str(path))
            first = _decode(container, str(path))
            access = Access(address="", name=self._name, clock="rate")
            info = describe(container, stream, access, first=first, start_time=Fraction(0))
        return replace(
            info,
            time_base=1 / self._rate,
            duration=len(self._paths) / self._rate,
            average_rate=self._rate,
            declared_frames=len(self._paths),
            container="images",
        )

    def _no_frames(self, errors: int) -> NoFrames:
        return NoFrames(
            f"{self._name}: none of {len(self._paths)} pictures could be decoded "
            f"({errors} errors); expected are files such as png or jpg."
        )


def _opened(path: Path) -> InputContainer:
    """Through memory: FFmpeg then goes by content, and a % in the name is just a %."""
    return _opened_bytes(_read(path, str(path)), str(path))


def _read(path: Path, name: str) -> bytes:
    check_regular_file(path, name, max_bytes=MAX_PICTURE_BYTES)
    with translated(name, remote=False):
        return path.read_bytes()


def _opened_bytes(data: bytes, name: str) -> InputContainer:
    with translated(name, remote=False):
        return av.open(
            io.BytesIO(data),
            mode="r",
            options={
                "protocol_whitelist": "",
                "format_whitelist": PICTURE_FORMATS,
                "max_pixels": str(MAX_PIXELS),
            },
            metadata_errors="replace",
        )


def _picture(
    container: InputContainer,
    name: str,
    converter: Converter,
    options: Mapping[str, str] = _NO_OPTIONS,
) -> AvPicture:
    aspect = pixel_aspect(video_stream(container, name).sample_aspect_ratio)
    decoded = _decode(container, name, options)
    return AvPicture(decoded, converter=converter, sample_aspect_ratio=aspect)


def _decode(
    container: InputContainer, name: str, options: Mapping[str, str] = _NO_OPTIONS
) -> VideoFrame:
    with translated(name, remote=False):
        stream = container.streams.video[0]
        stream.codec_context.options = {"max_pixels": str(MAX_PIXELS), **options}
        for frame in container.decode(stream):
            if not frame.is_corrupt:
                return frame
    raise NoFrames(f"{name}: it holds no whole picture.")
