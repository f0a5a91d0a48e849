"""Frames to embeddings, in batches."""

from collections.abc import Iterable, Iterator
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ghoststream.stages import batched
from ghoststream.types import Embedding, Frame, Pixels


class Embedder(Protocol):
    """The part of a model runtime that this stage needs."""

    def prepare(self, frame: Frame) -> Pixels:
        """The network's input, S x S x 3."""
        ...

    def embed(self, batch: NDArray[np.uint8]) -> NDArray[np.float32]:
        """N x S x S x 3 to N x D."""
        ...


def embed(frames: Iterable[Frame], *, embedder: Embedder, batch: int) -> Iterator[Embedding]:
    """Embeds each frame over its own span.

    Args:
        frames: sampled frames.
        embedder: a model runtime.
        batch: frames a forward pass; a live source wants 1, for the lowest latency.
    """
    # Prepared at once: what waits for its batch is a small input, not the decoder's large picture.
    prepared = ((frame.span, embedder.prepare(frame)) for frame in frames)
    for group in batched(prepared, batch):
        spans, inputs = zip(*group, strict=True)
        for span, vector in zip(spans, embedder.embed(np.stack(inputs)), strict=True):
            yield Embedding(span=span, vector=vector)
