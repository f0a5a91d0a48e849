"""Batches of pixels as networks take them: N x S x S x 3, uint8."""

import numpy as np
from numpy.typing import NDArray


def check_pixels(batch: NDArray[np.uint8], side: int) -> None:
    """Refuses anything but uint8 pixels N x side x side x 3.

    Raises:
        ValueError: another shape or type, which a network would read as noise.
    """
    if batch.ndim != 4 or batch.shape[1:] != (side, side, 3) or batch.dtype != np.uint8:
        raise ValueError(
            f"expected uint8 pixels N x {side} x {side} x 3, got {batch.dtype} {batch.shape}"
        )
