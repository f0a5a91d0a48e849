"""Which way up a coded picture is shown: the eight ways to turn and mirror a rectangle."""

import struct
from dataclasses import dataclass

import numpy as np
from av.sidedata.sidedata import SideData
from av.video.frame import VideoFrame

from ghoststream.types import Pixels, Region


@dataclass(frozen=True, slots=True, kw_only=True)
class Orientation:
    """Turns a coded picture into the displayed one: transpose, then mirror."""

    transpose: bool = False
    flip_x: bool = False
    flip_y: bool = False

    @property
    def degrees_clockwise(self) -> int:
        """The turn alone; a mirrored picture reports the turn before the mirror."""
        if self.transpose:
            return 90 if self.flip_x else 270
        return 180 if self.flip_y else 0

    def size(self, width: int, height: int) -> tuple[int, int]:
        """Coded size to displayed size, and back."""
        return (height, width) if self.transpose else (width, height)

    def coded_region(self, region: Region) -> Region:
        """A part of the displayed picture to the same part of the coded one."""
        left, top, right, bottom = region
        if self.flip_x:
            left, right = 1 - right, 1 - left
        if self.flip_y:
            top, bottom = 1 - bottom, 1 - top
        return (top, left, bottom, right) if self.transpose else (left, top, right, bottom)

    def apply(self, pixels: Pixels) -> Pixels:
        """Turns H x W x 3 pixels; a copy only where something has to be turned."""
        if self == UPRIGHT:
            return pixels
        turned = pixels.swapaxes(0, 1) if self.transpose else pixels
        turned = turned[:, ::-1] if self.flip_x else turned
        turned = turned[::-1] if self.flip_y else turned
        return np.ascontiguousarray(turned)


UPRIGHT = Orientation()
_TURNS = {
    0: UPRIGHT,
    90: Orientation(transpose=True, flip_x=True),
    180: Orientation(flip_x=True, flip_y=True),
    270: Orientation(transpose=True, flip_y=True),
}


def orientation_of(frame: VideoFrame) -> Orientation:
    """Reads a frame's display matrix; odd angles go to the nearest right one.

    The matrix maps coded (x, y) to displayed (a x + c y, b x + d y).
    https://ffmpeg.org/doxygen/trunk/group__lavu__video__display.html
    """
    try:
        side_data = frame.side_data.get("DISPLAYMATRIX")
    except ValueError:
        # PyAV 18 stumbles over side data that it does not know, such as EXIF; the angle it has.
        return _TURNS[round(-frame.rotation / 90) * 90 % 360]
    if not isinstance(side_data, SideData):
        return UPRIGHT
    a, b, _, c, d, *_ = struct.unpack("=9i", bytes(side_data))
    if abs(b) + abs(c) > abs(a) + abs(d):
        return Orientation(transpose=True, flip_x=c < 0, flip_y=b < 0)
    return Orientation(flip_x=a < 0, flip_y=d < 0)
