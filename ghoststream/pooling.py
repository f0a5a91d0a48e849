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


def with_change(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Each frame beside its absolute difference to the one before: T x D to T x 2 D."""
    change = np.abs(np.diff(vectors, axis=0, prepend=vectors[:1]))
    change[:1] = change[1:2] if len(change) > 1 else 0
    return np.concatenate([vectors, change], axis=1)


def attention(query: Vector) -> Pooling:
    """A mean of frames and their change in which some moments count more, 2 D.

    Args:
        query: 2 D numbers that were learnt: a frame counts by the softmax of its product with them.
    """

    def pooled(vectors: NDArray[np.float32]) -> Vector:
        frames = with_change(vectors)
        # Not by BLAS: its threads spin while they wait, and take cores from decoders.
        scores = np.einsum("td,d->t", frames, query)
        weights = np.exp(scores - scores.max())
        shares = (weights / weights.sum()).astype(np.float32)
        return np.asarray(np.einsum("t,td->d", shares, frames))

    return pooled


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
