"""Class activation maps: where in a picture the evidence for a class lies.

activation_map(places, weight)  # D x h x w and D numbers to h x w
"""

import numpy as np
from numpy.typing import NDArray

from ghoststream.types import Vector


def activation_map(places: NDArray[np.float32], weight: Vector) -> NDArray[np.float32]:
    """Weighs the embedding of each place by a class's row of the classifier.

    Zhou et al., arXiv 1512.04150. GhostNet has one more layer between pooling and classifier than
    the paper's networks; here it has been applied at every place.

    Args:
        places: D x h x w.
        weight: D numbers.

    Returns:
        h x w: 1 where the evidence is strongest, 0 where there is none or it speaks against.

    Example:
        >>> activation_map(np.array([[[1.0, 2.0]]], np.float32), np.array([3.0], np.float32))
        array([[0.5, 1. ]], dtype=float32)
    """
    evidence = np.tensordot(weight, places, axes=1).clip(min=0)
    return np.asarray(evidence / max(evidence.max(), 1e-6), dtype=np.float32)
