"""Clips to embeddings: T x D vectors become one.

Pooling over time keeps what a clip shows and forgets in which order (Temporal Segment Networks,
arXiv 1608.00859).
"""

from collections.abc import Callable, Iterable, Iterator
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from ghoststream.types import Clip, Embedding, Vector

Pooling: TypeAlias = Callable[[NDArray[np.float32]], Vector]
"""T x D to D, or to a multiple of D."""

GEM_POWER = 3.0
"""Generalized mean (arXiv 1711.02512): 1 is the mean, infinity the maximum."""


def pool(clips: Iterable[Clip], *, pooling: Pooling) -> Iterator[Embedding]:
    """Pools each clip over its span."""
    for clip in clips:
        yield Embedding(span=clip.span, vector=pooling(clip.vectors))


def mean(vectors: NDArray[np.float32]) -> Vector:
    return np.asarray(vectors.mean(axis=0))


def maximum(vectors: NDArray[np.float32]) -> Vector:
    return np.asarray(vectors.max(axis=0))


def gem(vectors: NDArray[np.float32]) -> Vector:
    # Defined for features behind a ReLU; what lies below zero counts as zero.
    powers = np.clip(vectors, 0, None) ** GEM_POWER
    return np.asarray(mean(powers) ** np.float32(1 / GEM_POWER))


def mean_std(vectors: NDArray[np.float32]) -> Vector:
    """Mean and standard deviation side by side, 2 D: how much it moves, beside what it is."""
    return np.concatenate([mean(vectors), np.std(vectors, axis=0)])


def mean_change(vectors: NDArray[np.float32]) -> Vector:
    """Mean, and mean absolute difference of neighbours, side by side, 2 D: how fast it moves, too.

    The difference grows with the time between frames, so that a head is to be used at the rate at
    which it was trained.
    """
    change = np.abs(np.diff(vectors, axis=0)).sum(axis=0) / max(1, len(vectors) - 1)
    return np.concatenate([mean(vectors), change]).astype(np.float32, copy=False)


POOLINGS: dict[str, Pooling] = {
    "mean": mean,
    "max": maximum,
    "gem": gem,
    "mean_std": mean_std,
    "mean_change": mean_change,
}
