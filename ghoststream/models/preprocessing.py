"""From a frame to the square of pixels that a network looks at.

    pixels = Preprocessing().prepare(frame)  # 224 x 224 x 3, uint8

The recipe belongs to the weights: it is the one that they were trained with.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Literal

from ghoststream.types import Frame, Pixels

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
    interpolation: Literal["bicubic"] = "bicubic"
    """How pictures are scaled; no other way is offered."""
    mean: tuple[float, float, float] = (0.485, 0.456, 0.406)
    """Of red, green, blue over ImageNet, with pixels in 0 to 1."""
    std: tuple[float, float, float] = (0.229, 0.224, 0.225)

    def __post_init__(self) -> None:
        if self.input_size < 32:
            raise ValueError(f"input_size must be at least 32 pixels, got {self.input_size}")
        if not 0 < self.crop <= 1:
            raise ValueError(f"crop must be above 0 and at most 1, got {self.crop}")
        if self.interpolation != "bicubic":
            raise ValueError(f"interpolation must be 'bicubic', got {self.interpolation!r}")
        if len(self.mean) != 3 or len(self.std) != 3 or min(self.std) <= 0:
            raise ValueError(
                f"mean and std (> 0) must be three numbers, got {self.mean} and {self.std}"
            )

    def prepare(self, frame: Frame) -> Pixels:
        """The middle of a frame, S x S x 3 uint8 RGB; numbers are normalised by the network.

        Args:
            frame: scales itself once, straight to the size needed here.
        """
        return self.center_crop(
            frame.rgb(self.scaled_size(frame.picture.width, frame.picture.height))
        )

    def scaled_size(self, width: int, height: int) -> tuple[int, int]:
        """Width and height, in pixels, to which a picture is scaled before the crop."""
        short = round(self.input_size / self.crop)
        # The longer side is rounded down, as torchvision's Resize does it.
        long = short * max(width, height) // min(width, height)
        long = min(long, MAX_ASPECT * short)
        return (short, long) if width <= height else (long, short)

    def center_crop(self, pixels: Pixels) -> Pixels:
        """The S x S square in the middle of H x W x 3 pixels."""
        height, width = pixels.shape[:2]
        top = round((height - self.input_size) / 2)
        left = round((width - self.input_size) / 2)
        return pixels[top : top + self.input_size, left : left + self.input_size]

    def seen_region(self, width: int, height: int) -> tuple[float, float, float, float]:
        """Left, top, right and bottom edge of the square, as fractions of a picture's sides.

        Example:
            >>> Preprocessing(crop=1.0).seen_region(448, 224)
            (0.25, 0.0, 0.75, 1.0)
        """
        sides = self.scaled_size(width, height)
        left, top = ((1 - self.input_size / side) / 2 for side in sides)
        return left, top, 1 - left, 1 - top

    def as_dict(self) -> Mapping[str, object]:
        """Plain data, for the header of results."""
        return asdict(self)
