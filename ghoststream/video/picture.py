"""Decoded pictures that stay in the decoder's own format until somebody asks for RGB.

Untagged colours are read as players read them: BT.709 above standard definition, BT.601 below
(https://github.com/mpv-player/mpv/blob/master/video/csputils.c, mp_csp_guess_colorspace). High
dynamic range (PQ, HLG) is converted by its matrix alone, without tone mapping: it comes out flat,
not wrong in hue.
"""

import threading
from fractions import Fraction

from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange, Colorspace

from ghoststream.types import WHOLE_PICTURE, Interpolation, Pixels, Region
from ghoststream.video.conversion import (
    Conversion,
    Converting,
    color_range_of,
    colorspace_of,
)
from ghoststream.video.orientation import UPRIGHT, Orientation, orientation_of

MAX_ASPECT = 10
"""A pixel more than ten times as wide as high, or the reverse, is damage; it counts as square."""
MAX_KEPT = 4
"""Conversions that are kept ready: a run asks for one size, a look at heat for a second."""


class Converter:
    """Makes RGB of a stream's frames; keeps what it has set up from one frame to the next."""

    def __init__(self) -> None:
        self._kept: dict[Conversion, Converting] = {}
        self._angle: int | None = None
        self._orientation = UPRIGHT
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

    def rgb(
        self,
        frame: VideoFrame,
        size: tuple[int, int],
        region: Region,
        interpolation: Interpolation,
    ) -> Pixels:
        """Cuts, scales and converts in one step, from coded pixels to H x W x 3.

        Any number of threads may call it at once; what one of them is using is taken out of
        `_kept` meanwhile, and does not come back if it fails halfway.
        """
        conversion = Conversion.of(frame, size=size, region=region, interpolation=interpolation)
        with self._lock:
            converting = self._kept.pop(conversion, None)
        converting = converting or Converting(conversion)
        pixels = converting.rgb(frame)
        with self._lock:
            self._kept[conversion] = converting
            if len(self._kept) > MAX_KEPT:
                del self._kept[next(iter(self._kept))]
        return pixels


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

    def rgb(
        self,
        size: tuple[int, int] | None = None,
        region: Region | None = None,
        interpolation: Interpolation = "bicubic",
    ) -> Pixels:
        """Converts once, straight to `size` (width, height); upright, square pixels.

        Args:
            size: unset, as many pixels as the region has.
            region: the part to show; unset, the whole.
            interpolation: how it is scaled.
        """
        left, top, right, bottom = region = region or WHOLE_PICTURE
        if not (0 <= left < right <= 1 and 0 <= top < bottom <= 1):
            raise ValueError(f"a region lies within 0 to 1, left before right, got {region}")
        if size is None:
            own = self.width * (right - left), self.height * (bottom - top)
            size = max(1, round(own[0])), max(1, round(own[1]))
        turn = self._orientation
        pixels = self._converter.rgb(
            self._frame, turn.size(*size), turn.coded_region(region), interpolation
        )
        return turn.apply(pixels)

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
        return colorspace_of(self._frame)

    @property
    def color_range(self) -> ColorRange:
        """Full or limited, as tagged, or guessed from the pixel format."""
        return color_range_of(self._frame)


def pixel_aspect(declared: Fraction | None) -> Fraction:
    """Width of a pixel over its height; 1 where undeclared or impossible."""
    if not declared or not Fraction(1, MAX_ASPECT) <= declared <= MAX_ASPECT:
        return Fraction(1)
    return declared


def square_size(width: int, height: int, sample_aspect_ratio: Fraction) -> tuple[int, int]:
    """Coded size to the size in square pixels; as in players, the height stays."""
    return (max(1, round(width * sample_aspect_ratio)) if width else 0), height


def shrunk_size(width: int, height: int, max_side: int) -> tuple[int, int]:
    """Size of a picture whose longer side has so many pixels at most; none is enlarged.

    Example:
        >>> shrunk_size(1920, 1080, 640), shrunk_size(64, 48, 640)
        ((640, 360), (64, 48))
    """
    scale = min(Fraction(1), Fraction(max_side, max(width, height)))
    return max(1, round(width * scale)), max(1, round(height * scale))
