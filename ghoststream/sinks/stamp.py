"""A translucent picture, made ready to be laid over 4:2:0 planes many times.

stamp = make_stamp(rgba, x=0, y=300, matrix=1)
stamp.onto(canvas)
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ghoststream.video.encode import Canvas, Plane

LUMA = {1: (0.2126, 0.0722), 4: (0.30, 0.11), 7: (0.212, 0.087), 9: (0.2627, 0.0593)}
"""Weights of red and blue by number of the matrix in ITU-T H.273, table 4; others as BT.601."""
BT601 = (0.299, 0.114)

Rgba = NDArray[np.uint8]
"""H x W x 4."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Layer:
    """For one plane: under the stamp, `plane * keep / 255 + add`."""

    keep: Plane
    add: Plane


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Stamp:
    """Layers for Y, U and V with the place where they belong; all of it even."""

    x: int
    y: int
    layers: tuple[Layer, Layer, Layer]

    def onto(self, canvas: Canvas, *, dx: int = 0) -> None:
        """Blends the stamp with a canvas, `dx` pixels (even) further to the right."""
        for plane, layer, step in zip(
            (canvas.y, canvas.u, canvas.v), self.layers, (1, 2, 2), strict=True
        ):
            _blend(plane, layer, (self.x + dx) // step, self.y // step)


def make_stamp(rgba: Rgba, *, x: int, y: int, matrix: int) -> Stamp:
    """Converts colours and opacity once.

    Args:
        rgba: H x W x 4, both even; opacity is not multiplied into the colours.
        x: left edge in pixels, even.
        y: top edge, even.
        matrix: of the video, by its number in ITU-T H.273.
    """
    if any(number % 2 for number in (*rgba.shape[:2], x, y)):
        raise ValueError(f"chroma has half the resolution: {rgba.shape = }, {x = }, {y = }")
    alpha = rgba[..., 3:].astype(np.float32) / np.float32(255)
    planes = _yuv(rgba[..., :3].astype(np.float32) / np.float32(255), matrix)
    luma, *chroma = (plane * alpha[..., 0] for plane in planes)
    halved = _halve(alpha[..., 0])
    layers = (
        _layer(alpha[..., 0], luma),
        _layer(halved, _halve(chroma[0])),
        _layer(halved, _halve(chroma[1])),
    )
    return Stamp(x=x, y=y, layers=layers)


def _blend(plane: Plane, layer: Layer, x: int, y: int) -> None:
    height, width = layer.keep.shape
    area = plane[y : y + height, x : x + width]
    if area.shape != layer.keep.shape:
        raise ValueError(f"a stamp of {width} x {height} at {x}, {y} leaves {plane.shape = }")
    cv2.add(cv2.multiply(area, layer.keep, scale=1 / 255), layer.add, dst=area)


def _layer(alpha: NDArray[np.float32], premultiplied: NDArray[np.float32]) -> Layer:
    keep = np.rint(255 * (1 - alpha)).astype(np.uint8)
    return Layer(keep=keep, add=np.rint(premultiplied).astype(np.uint8))


def _yuv(rgb: NDArray[np.float32], matrix: int) -> tuple[NDArray[np.float32], ...]:
    """Limited range, as in ITU-R BT.709-6, section 3."""
    kr, kb = LUMA.get(matrix, BT601)
    red, green, blue = rgb[..., 0], rgb[..., 1], rgb[..., 2]
    y = kr * red + (1 - kr - kb) * green + kb * blue
    u, v = (blue - y) / (1 - kb) / 2, (red - y) / (1 - kr) / 2
    return 16 + 219 * y, 128 + 224 * u, 128 + 224 * v


def _halve(plane: NDArray[np.float32]) -> NDArray[np.float32]:
    height, width = plane.shape
    mean: NDArray[np.float32] = plane.reshape(height // 2, 2, width // 2, 2).mean(axis=(1, 3))
    return mean
