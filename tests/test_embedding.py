from collections.abc import Iterator
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from ghoststream.embedding import embed
from ghoststream.types import Sample, TimeSpan


def samples(count: int) -> Iterator[Sample]:
    for i in range(count):
        span = TimeSpan(start=Fraction(i, 10), end=Fraction(i + 1, 10))
        yield Sample(span=span, pixels=np.full((2, 2, 3), i, np.uint8))


def test_each_sample_keeps_its_vector_and_span_across_batches() -> None:
    sizes: list[int] = []

    def forward(batch: NDArray[np.uint8]) -> NDArray[np.float32]:
        sizes.append(len(batch))
        return batch[:, 0, 0, :].astype(np.float32)

    embeddings = list(embed(samples(5), forward=forward, batch=2))
    assert sizes == [2, 2, 1]
    assert [e.vector.tolist() for e in embeddings] == [[i] * 3 for i in range(5)]
    assert [e.span.start for e in embeddings] == [Fraction(i, 10) for i in range(5)]
    assert embeddings[0].span.end == Fraction(1, 10)
