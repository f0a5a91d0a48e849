"""Where in the picture the winning class lies, laid over the frames as warm colours.

layer = HeatLayer(heat, region=(0.125, 0, 0.875, 1), matrix=1)
layer.draw(canvas, frame, label_id=504)
"""

from collections.abc import Callable
from fractions import Fraction
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from ghoststream.sinks.stamp import Layer, Rgba, Stamp, make_stamp
from ghoststream.types import Frame
from ghoststream.video.encode import Canvas, Plane

Heat: TypeAlias = Callable[[Frame, int], NDArray[np.float32]]
"""From a frame and a class to h x w numbers from 0 to 1."""

Region: TypeAlias = tuple[float, float, float, float]
"""Left, top, right and bottom edge as fractions of the picture as displayed."""

WHOLE_PICTURE: Region = (0, 0, 1, 1)
MAX_OPACITY = 0.6
COLD = 0.15
"""Heat below it is not drawn, so that the rest of the picture keeps its colours."""


FADE = 1 / 16
"""Part of the region's side over which heat fades towards its edge."""


class HeatLayer:
    """Looks at the heat a few times a second of video, and draws the last look on every frame.

    Args:
        heat: the network's answer; it is as costly as an embedding.
        region: the part of the picture that the network sees.
        looks_per_second: of video; a new class is looked at at once.
        matrix: colour matrix of the video, by its number in ITU-T H.273.
    """

    def __init__(
        self, heat: Heat, *, region: Region, looks_per_second: Fraction, matrix: int
    ) -> None:
        self._heat, self._region, self._matrix = heat, region, matrix
        self._interval = 1 / looks_per_second
        self._stamp: Stamp | None = None
        self._label_id, self._time = -1, Fraction(0)

    def draw(self, canvas: Canvas, frame: Frame, label_id: int) -> None:
        """Lays the heat of a class over a canvas that shows the frame."""
        is_due = self._stamp is None or frame.time - self._time >= self._interval
        if is_due or label_id != self._label_id:
            heat = self._heat(frame, label_id)
            box = pixel_box(self._region, canvas.width, canvas.height)
            self._stamp = make_heat_stamp(heat, box, self._matrix)
            self._label_id, self._time = label_id, frame.time
        if self._stamp is not None:
            self._stamp.onto(canvas)


def pixel_box(region: Region, width: int, height: int) -> tuple[int, int, int, int]:
    """Left edge, top edge, width and height in pixels, all even, and inside the picture."""
    left, right = (2 * round(edge * width / 2) for edge in region[::2])
    top, bottom = (2 * round(edge * height / 2) for edge in region[1::2])
    left, top = min(left, width - 2), min(top, height - 2)
    return left, top, max(2, min(right, width) - left), max(2, min(bottom, height) - top)


def make_heat_stamp(
    heat: NDArray[np.float32], box: tuple[int, int, int, int], matrix: int
) -> Stamp:
    """Colours a map of h x w numbers from 0 to 1 and stretches it over the box."""
    x, y, width, height = box
    # Colours and opacity vary slowly: a quarter of the resolution looks the same.
    size = max(2, 2 * (width // 8)), max(2, 2 * (height // 8))
    small = cv2.resize(heat.astype(np.float32), size, interpolation=cv2.INTER_CUBIC)
    stamp = make_stamp(
        color_heat(np.clip(small, 0, 1) * _faded_edges(*size)), x=x, y=y, matrix=matrix
    )
    sizes = ((width, height), (width // 2, height // 2), (width // 2, height // 2))
    luma, u, v = (
        Layer(keep=_stretched(layer.keep, to), add=_stretched(layer.add, to))
        for layer, to in zip(stamp.layers, sizes, strict=True)
    )
    return Stamp(x=x, y=y, layers=(luma, u, v))


def color_heat(heat: NDArray[np.float32]) -> Rgba:
    """Inferno colours, the more opaque the hotter; H x W x 4."""
    levels = np.rint(heat * 255).astype(np.uint8)
    bgr = cv2.applyColorMap(levels, cv2.COLORMAP_INFERNO)
    opacity = np.clip((heat - COLD) / (1 - COLD), 0, 1) * MAX_OPACITY
    alpha = np.rint(opacity * 255).astype(np.uint8)
    return np.dstack([bgr[..., ::-1], alpha])


def _faded_edges(width: int, height: int) -> NDArray[np.float32]:
    """Falls to 0 at the border, so that the region does not show as a box."""
    across, down = (
        np.minimum(1, np.minimum(np.arange(n), np.arange(n)[::-1]) / (FADE * n))
        for n in (width, height)
    )
    return np.outer(down, across).astype(np.float32)


def _stretched(plane: Plane, size: tuple[int, int]) -> Plane:
    return np.asarray(cv2.resize(plane, size, interpolation=cv2.INTER_LINEAR), np.uint8)
