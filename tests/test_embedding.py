import threading
import time
from collections.abc import Iterator
from fractions import Fraction

import numpy as np
import pytest
from numpy.typing import NDArray

from ghoststream.embedding import contrast, embed
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


def test_batches_under_way_at_once_keep_their_order() -> None:
    all_there = threading.Barrier(3, timeout=10)

    def forward(batch: NDArray[np.uint8]) -> NDArray[np.float32]:
        all_there.wait()  # comes back only if three are called at once
        time.sleep(0.01 * (9 - int(batch.max())))  # the first one takes longest
        return batch[:, 0, 0, :1].astype(np.float32)

    embeddings = list(embed(samples(9), forward=forward, batch=1, under_way=3))

    assert [e.vector.tolist() for e in embeddings] == [[i] for i in range(9)]


def test_a_live_sample_does_not_wait_for_the_next() -> None:
    asked: list[int] = []

    def one_by_one() -> Iterator[Sample]:
        for index, sample in enumerate(samples(3)):
            asked.append(index)
            yield sample

    def forward(batch: NDArray[np.uint8]) -> NDArray[np.float32]:
        return np.zeros((len(batch), 1), np.float32)

    next(embed(one_by_one(), forward=forward, batch=1))

    assert asked == [0]


def test_what_the_network_raises_comes_out_in_its_place() -> None:
    def forward(batch: NDArray[np.uint8]) -> NDArray[np.float32]:
        if batch.max() == 2:
            raise ZeroDivisionError
        return batch[:, 0, 0, :1].astype(np.float32)

    embeddings = embed(samples(5), forward=forward, batch=1, under_way=3)

    assert [next(embeddings).vector.tolist() for _ in range(2)] == [[0], [1]]
    with pytest.raises(ZeroDivisionError):
        next(embeddings)


def test_contrast_is_the_spread_of_brightness() -> None:
    flat = np.full((8, 8, 3), 200, np.uint8)
    assert contrast(flat) == pytest.approx(0, abs=1e-4)
    halves = np.zeros((8, 8, 3), np.uint8)
    halves[:4] = 255
    assert contrast(halves) == pytest.approx(127.5, abs=0.01)
    colours = np.zeros((8, 8, 3), np.uint8)
    colours[..., 0], colours[:4, :, 1] = 255, 100
    assert contrast(colours) == pytest.approx(29.35, abs=0.01)
