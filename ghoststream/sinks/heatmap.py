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
from ghoststream.types import Frame, Region
from ghoststream.video.encode import Canvas, Plane

Heat: TypeAlias = Callable[[Frame, int], NDArray[np.float32]]
"""From a frame and a class to h x w numbers from 0 to 1."""

MAX_OPACITY = 0.6
COLD = 0.15
"""Heat below it is not drawn, so that the rest of the picture keeps its colours."""
FADE = 1 / 16
"""Part of the region's side over which heat fades towards its edge."""
VISIBLE_SIDE = 64
"""Numbers along each side of a map that was cut to the picture."""


class HeatLayer:
    """Looks at the heat a few times a second of video, and draws the last look on every frame.

    Args:
        heat: the network's answer; it is as costly as an embedding.
        region: what the network sees; below 0 and above 1 lies what is no part of the picture.
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
            heat, region = visible(self._heat(frame, label_id), self._region)
            box = pixel_box(region, canvas.width, canvas.height)
            self._stamp = make_heat_stamp(heat, box, self._matrix)
            self._label_id, self._time = label_id, frame.time
        if self._stamp is not None:
            self._stamp.onto(canvas)


def visible(heat: NDArray[np.float32], region: Region) -> tuple[NDArray[np.float32], Region]:
    """Cuts off what lies outside of the picture, and gives what remains with its own region.

    Example:
        >>> heat, region = visible(np.ones((7, 7), np.float32), (0, -0.5, 1, 1.5))
        >>> region
        (0, 0, 1, 1)
    """
    left, top, right, bottom = region
    inside = max(0, left), max(0, top), min(1, right), min(1, bottom)
    if inside == region:
        return heat, region
    rows, columns = heat.shape
    across = _line(inside[0], inside[2], low=left, high=right, cells=columns)
    down = _line(inside[1], inside[3], low=top, high=bottom, cells=rows)
    matrix = np.array([[across[0], 0, across[1]], [0, down[0], down[1]]])
    cut = cv2.warpAffine(
        heat.astype(np.float32),
        matrix,
        (VISIBLE_SIDE, VISIBLE_SIDE),
        flags=cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return np.asarray(cut, np.float32), inside


def _line(start: float, stop: float, *, low: float, high: float, cells: int) -> tuple[float, float]:
    """Slope and intercept, from the index of a visible number to that of a cell from low to high.

    Numbers and cells lie at the middle of what they stand for.
    """
    cells_each = cells / (high - low)
    slope = (stop - start) / VISIBLE_SIDE * cells_each
    return slope, (start - low) * cells_each + slope / 2 - 0.5


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
