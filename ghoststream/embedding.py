"""Frames to embeddings, in batches."""

from collections.abc import Callable, Iterable, Iterator
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from ghoststream.stages import batched
from ghoststream.types import Embedding, Frame, Pixels

Prepare: TypeAlias = Callable[[Frame], Pixels]
"""A frame to the network's input, S x S x 3."""

Forward: TypeAlias = Callable[[NDArray[np.uint8]], NDArray[np.float32]]
"""N x S x S x 3 to N x D."""


def embed(
    frames: Iterable[Frame], *, prepare: Prepare, forward: Forward, batch: int
) -> Iterator[Embedding]:
    """Embeds each frame over its own span.

    Args:
        frames: sampled frames.
        prepare: the preprocessing that belongs to the weights.
        forward: the network up to its embedding.
        batch: frames a forward pass; a live source wants 1, for the lowest latency.
    """
    # Prepared at once: what waits for its batch is a small input, not the decoder's large picture.
    prepared = ((frame.span, prepare(frame)) for frame in frames)
    for group in batched(prepared, batch):
        spans, inputs = zip(*group, strict=True)
        for span, vector in zip(spans, forward(np.stack(inputs)), strict=True):
            yield Embedding(span=span, vector=vector)
