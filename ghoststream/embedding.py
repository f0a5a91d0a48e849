"""Samples to embeddings, in batches."""

from collections.abc import Callable, Iterable, Iterator
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from ghoststream.stages import batched
from ghoststream.types import Embedding, Sample

Forward: TypeAlias = Callable[[NDArray[np.uint8]], NDArray[np.float32]]
"""N x S x S x 3 to N x D."""


def embed(samples: Iterable[Sample], *, forward: Forward, batch: int) -> Iterator[Embedding]:
    """Embeds each sample over its own span.

    Args:
        samples: prepared as belongs to the weights.
        forward: the network up to its embedding.
        batch: samples a forward pass; a live source wants 1, for the lowest latency.
    """
    for group in batched(samples, batch):
        vectors = forward(np.stack([sample.pixels for sample in group]))
        for sample, vector in zip(group, vectors, strict=True):
            yield Embedding(span=sample.span, vector=vector)
