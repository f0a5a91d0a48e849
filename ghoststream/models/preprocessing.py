"""From a frame to the square of pixels that a network looks at.

    pixels = Preprocessing().prepare(frame)  # 224 x 224 x 3, uint8

The recipe belongs to the weights: it is the one that they were trained with. What becomes of
pictures that are not square may be chosen, by `framing`:

    center   the middle; what lies left and right of it, or above and below, is not seen
    squash   the whole picture, each side scaled for itself
    pad      the whole picture in proportion, and the rest filled with ImageNet's mean colour
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import get_args

import numpy as np

from ghoststream.types import Frame, Framing, Interpolation, Pixels, Region

MAX_ASPECT = 16
"""A longer strip is squeezed to this, because scaled in proportion it could fill the memory."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Preprocessing:
    """Scale, crop and normalisation; the defaults are GhostNet's.

    Example:
        >>> Preprocessing().scaled_size(1920, 1080)
        (455, 256)
    """

    input_size: int = 224
    """Side of the square, in pixels."""
    crop: float = 0.875
    """Share of the scaled picture's shorter side that the square covers."""
    framing: Framing = "center"
    """What becomes of pictures that are not square."""
    interpolation: Interpolation = "bicubic"
    """How pictures are scaled."""
    mean: tuple[float, float, float] = (0.485, 0.456, 0.406)
    """Of red, green, blue over ImageNet, with pixels in 0 to 1."""
    std: tuple[float, float, float] = (0.229, 0.224, 0.225)

    def __post_init__(self) -> None:
        if self.input_size < 32:
            raise ValueError(f"input_size must be at least 32 pixels, got {self.input_size}")
        if not 0 < self.crop <= 1:
            raise ValueError(f"crop must be above 0 and at most 1, got {self.crop}")
        if self.framing not in get_args(Framing):
            known = ", ".join(get_args(Framing))
            raise ValueError(f"framing must be one of {known}, got {self.framing!r}")
        if self.interpolation not in get_args(Interpolation):
            known = ", ".join(get_args(Interpolation))
            raise ValueError(f"interpolation must be one of {known}, got {self.interpolation!r}")
        if len(self.mean) != 3 or len(self.std) != 3 or min(self.std) <= 0:
            raise ValueError(
                f"mean and std (> 0) must be three numbers, got {self.mean} and {self.std}"
            )

    def prepare(self, frame: Frame) -> Pixels:
        """The square that the network looks at, S x S x 3 uint8 RGB; it is normalised later.

        Args:
            frame: scales what is seen of it once, straight to the size needed here.
        """
        if self.framing == "pad":
            return self._padded(frame)
        seen = self.seen_region(frame.picture.width, frame.picture.height)
        return frame.rgb((self.input_size, self.input_size), seen, self.interpolation)

    def seen_region(self, width: int, height: int) -> Region:
        """Edges of the square, as fractions of a picture's sides.

        With `pad` it reaches out of the picture: top and bottom, or left and right, are then below
        0 and above 1.

        Example:
            >>> Preprocessing(crop=1.0).seen_region(448, 224)
            (0.25, 0.0, 0.75, 1.0)
            >>> Preprocessing(framing="pad").seen_region(448, 224)
            (0.0, -0.5, 1.0, 1.5)
        """
        if self.framing == "squash":
            return 0, 0, 1, 1
        padded = self.framing == "pad"
        across, down = (
            self._fitted_size(width, height) if padded else self.scaled_size(width, height)
        )
        # Whole pixels, rounded as torchvision's CenterCrop does it.
        left, top = round((across - self.input_size) / 2), round((down - self.input_size) / 2)
        right, bottom = left + self.input_size, top + self.input_size
        return left / across, top / down, right / across, bottom / down

    def scaled_size(self, width: int, height: int) -> tuple[int, int]:
        """Width and height of the whole picture, in pixels, when the square is cut out of it."""
        short = round(self.input_size / self.crop)
        # The longer side is rounded down, as torchvision's Resize does it.
        long = short * max(width, height) // min(width, height)
        long = min(long, MAX_ASPECT * short)
        return (short, long) if width <= height else (long, short)

    def _fitted_size(self, width: int, height: int) -> tuple[int, int]:
        """Width and height, in pixels, with which the whole picture fits into the square."""
        scale = self.input_size / max(width, height)
        return max(1, round(width * scale)), max(1, round(height * scale))

    def _padded(self, frame: Frame) -> Pixels:
        side = self.input_size
        across, down = self._fitted_size(frame.picture.width, frame.picture.height)
        mean = [round(255 * value) for value in self.mean]  # what the network takes for nothing
        square = np.full((side, side, 3), mean, np.uint8)
        left, top = round((side - across) / 2), round((side - down) / 2)
        square[top : top + down, left : left + across] = frame.rgb(
            (across, down), interpolation=self.interpolation
        )
        return square

    def as_dict(self) -> Mapping[str, object]:
        """Plain data, for the header of results."""
        return asdict(self)
