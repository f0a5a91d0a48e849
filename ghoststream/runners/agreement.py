"""How well vectors agree with those of a reference, frame by frame.

agreement((seconds, vectors), (true_seconds, true_vectors)).mean_cosine
"""

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Timed: TypeAlias = tuple[NDArray[np.float64], NDArray[np.float32]]
"""Seconds, N, and vectors, N x D."""

SAME_TIME_SECONDS = 0.001
"""Other readers give times as binary floats, or counted from a rate."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """Of vectors with those of the reference."""

    mean_cosine: float
    """NaN where not one frame is the same."""
    lowest_cosine: float
    strangers: int
    """Frames that the reference does not have."""
    missed: int
    """Frames that the reference alone has."""


def agreement(measured: Timed, reference: Timed) -> Agreement:
    """Compares frame by frame; a frame is known by its time.

    Example:
        >>> one = np.array([0.0]), np.array([[3.0, 4.0]], np.float32)
        >>> agreement(one, one).mean_cosine
        1.0
    """
    (times, vectors), (true_times, true_vectors) = measured, reference
    nearest = np.abs(times[:, np.newaxis] - true_times).argmin(axis=1)
    is_same = np.abs(times - true_times[nearest]) < SAME_TIME_SECONDS
    cosines = _cosines(vectors[is_same], true_vectors[nearest[is_same]])
    return Agreement(
        mean_cosine=float(cosines.mean()) if len(cosines) else float("nan"),
        lowest_cosine=float(cosines.min()) if len(cosines) else float("nan"),
        strangers=int((~is_same).sum()),
        missed=len(true_times) - len(set(nearest[is_same])),
    )


def _cosines(a: NDArray[np.float32], b: NDArray[np.float32]) -> NDArray[np.float64]:
    products = np.einsum("nd,nd->n", a, b, dtype=np.float64)
    return np.asarray(products / (np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)))
