"""Decoded pictures that stay in the decoder's own format until somebody asks for RGB.

Untagged colours are read as players read them: BT.709 above standard definition, BT.601 below
(https://github.com/mpv-player/mpv/blob/master/video/csputils.c, mp_csp_guess_colorspace). High
dynamic range (PQ, HLG) is converted by its matrix alone, without tone mapping: it comes out flat,
not wrong in hue.
"""

import threading
from fractions import Fraction

import numpy as np
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange, Colorspace, Interpolation, VideoReformatter

from ghoststream.types import Pixels
from ghoststream.video.orientation import UPRIGHT, Orientation, orientation_of

# Colour matrix by its number in ITU-T H.273, table 4.
_COLORSPACES = {
    1: Colorspace.ITU709,
    4: Colorspace.FCC,
    5: Colorspace.ITU601,
    6: Colorspace.ITU601,
    7: Colorspace.SMPTE240M,
    9: Colorspace.BT2020,
    10: Colorspace.BT2020,
}
_INTERPOLATION = Interpolation.BICUBIC | Interpolation.ACCURATE_RND | Interpolation.FULL_CHR_H_INT
MAX_ASPECT = 10
"""A pixel more than ten times as wide as high, or the reverse, is damage; it counts as square."""


class Converter:
    """Makes RGB of a stream's frames; keeps swscale's tables from one frame to the next."""

    def __init__(self) -> None:
        self._reformatter = VideoReformatter()
        self._angle: int | None = None
        self._orientation = UPRIGHT
        # Pictures of one stream may be converted by several threads, swscale's state by one.
        self._lock = threading.Lock()

    def orientation(self, frame: VideoFrame) -> Orientation:
        """Which way up the frame is shown; read anew only where its angle changes.

        PyAV's side data and its frame refer to each other, so that every look at them keeps the
        pixels in memory until the garbage collector comes by.
        """
        angle = frame.rotation
        if angle != self._angle:
            self._angle, self._orientation = angle, orientation_of(frame)
        return self._orientation

    def rgb(self, frame: VideoFrame, width: int, height: int) -> Pixels:
        """Scales and converts in one step, from coded pixels to H x W x 3."""
        with self._lock:
            converted = self._reformatter.reformat(
                frame,
                width=width,
                height=height,
                format="rgb24",
                src_colorspace=_colorspace(frame),
                src_color_range=_color_range(frame),
                dst_color_range=ColorRange.JPEG,
                interpolation=_INTERPOLATION,
                threads=1,
            )
        return np.asarray(converted.to_ndarray(), dtype=np.uint8)


class AvPicture:
    """A decoded frame as `ghoststream.types.Picture`."""

    __slots__ = ("_converter", "_frame", "_orientation", "height", "nbytes", "width")

    def __init__(
        self, frame: VideoFrame, *, converter: Converter, sample_aspect_ratio: Fraction
    ) -> None:
        self._frame, self._converter = frame, converter
        self._orientation = converter.orientation(frame)
        square = square_size(frame.width, frame.height, sample_aspect_ratio)
        self.width, self.height = self._orientation.size(*square)
        self.nbytes = sum(plane.buffer_size for plane in frame.planes)

    def rgb(self, size: tuple[int, int] | None = None) -> Pixels:
        """Converts once, straight to `size` (width, height); upright, square pixels."""
        coded = self._orientation.size(*(size or (self.width, self.height)))
        return self._orientation.apply(self._converter.rgb(self._frame, *coded))

    @property
    def degrees_clockwise(self) -> int:
        return self._orientation.degrees_clockwise

    @property
    def orientation(self) -> Orientation:
        """How the coded picture is turned for display."""
        return self._orientation

    @property
    def frame(self) -> VideoFrame:
        """The decoded frame, as coded; the decoder may still refer to it, so it is for reading."""
        return self._frame

    @property
    def colorspace(self) -> Colorspace:
        """Colour matrix as tagged, or guessed as players do."""
        return _colorspace(self._frame)

    @property
    def color_range(self) -> ColorRange:
        """Full or limited, as tagged, or guessed from the pixel format."""
        return _color_range(self._frame)


def pixel_aspect(declared: Fraction | None) -> Fraction:
    """Width of a pixel over its height; 1 where undeclared or impossible."""
    if not declared or not Fraction(1, MAX_ASPECT) <= declared <= MAX_ASPECT:
        return Fraction(1)
    return declared


def square_size(width: int, height: int, sample_aspect_ratio: Fraction) -> tuple[int, int]:
    """Coded size to the size in square pixels; as in players, the height stays."""
    return (max(1, round(width * sample_aspect_ratio)) if width else 0), height


def _colorspace(frame: VideoFrame) -> Colorspace:
    is_high_definition = frame.width >= 1280 or frame.height > 576
    guess = Colorspace.ITU709 if is_high_definition else Colorspace.ITU601
    return _COLORSPACES.get(frame.colorspace, guess)


def _color_range(frame: VideoFrame) -> ColorRange:
    if frame.color_range in (ColorRange.MPEG, ColorRange.JPEG):
        return ColorRange(frame.color_range)
    # Grey pictures are full range unless they say otherwise, as swscale itself has it.
    is_full = frame.format.name.startswith(("yuvj", "gray", "ya")) or frame.format.is_rgb
    return ColorRange.JPEG if is_full else ColorRange.MPEG
