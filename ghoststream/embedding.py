"""Samples to embeddings, in batches."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from ghoststream.stages import batched
from ghoststream.types import Embedding, Pixels, Sample

Forward: TypeAlias = Callable[[NDArray[np.uint8]], NDArray[np.float32]]
"""N x S x S x 3 to N x D."""

Batch: TypeAlias = list[Sample]


def embed(
    samples: Iterable[Sample], *, forward: Forward, batch: int, under_way: int = 1
) -> Iterator[Embedding]:
    """Embeds each sample over its own span.

    Args:
        samples: prepared as belongs to the weights.
        forward: the network up to its embedding.
        batch: samples a forward pass; a live source wants 1, for the lowest latency.
        under_way: forward passes at once, each called in a thread of its own, so that no core waits
            for the last one of a batch.
    """
    with ThreadPoolExecutor(under_way, thread_name_prefix="embed") as pool:
        running: deque[tuple[Batch, Future[NDArray[np.float32]]]] = deque()
        for group in batched(samples, batch):
            pixels = np.stack([sample.pixels for sample in group])
            running.append((group, pool.submit(forward, pixels)))
            if len(running) >= under_way:
                yield from _embeddings(*running.popleft())
        for each in running:
            yield from _embeddings(*each)


LUMA = np.array([0.299, 0.587, 0.114], np.float32)
"""Brightness of red, green and blue (ITU-R BT.601)."""
CONTRAST_STEP = 4
"""Every so many pixels are enough to tell a picture from a plain colour."""


def contrast(pixels: Pixels) -> float:
    """How much there is to see: the standard deviation of the brightness, 0 to 127.5.

    Args:
        pixels: S x S x 3.

    Example:
        >>> contrast(np.full((224, 224, 3), 16, np.uint8))
        0.0
    """
    some = pixels[::CONTRAST_STEP, ::CONTRAST_STEP].astype(np.float32)
    # Not by BLAS: its threads spin while they wait, and take cores from decoders.
    return float(np.std(np.einsum("hwc,c->hw", some, LUMA)))


def _embeddings(group: Batch, vectors: Future[NDArray[np.float32]]) -> Iterator[Embedding]:
    for sample, vector in zip(group, vectors.result(), strict=True):
        yield Embedding(span=sample.span, vector=vector)
