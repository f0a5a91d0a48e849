from collections.abc import Iterator
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from ghoststream.embedding import embed
from ghoststream.types import Frame, Pixels


class Grey:
    """A picture of one grey value."""

    width, height, nbytes = 4, 2, 24

    def __init__(self, value: int) -> None:
        self.value = value

    def rgb(self, size: tuple[int, int] | None = None) -> Pixels:
        width, height = size or (self.width, self.height)
        return np.full((height, width, 3), self.value, dtype=np.uint8)


def frames(count: int) -> Iterator[Frame]:
    for i in range(count):
        yield Frame(pts=i * 10, time_base=Fraction(1, 100), duration=10, picture=Grey(i))


def prepare(frame: Frame) -> Pixels:
    return frame.rgb((2, 2))


def test_each_frame_keeps_its_vector_and_span_across_batches() -> None:
    sizes: list[int] = []

    def forward(batch: NDArray[np.uint8]) -> NDArray[np.float32]:
        sizes.append(len(batch))
        return batch[:, 0, 0, :].astype(np.float32)

    embeddings = list(embed(frames(5), prepare=prepare, forward=forward, batch=2))
    assert sizes == [2, 2, 1]
    assert [e.vector.tolist() for e in embeddings] == [[i] * 3 for i in range(5)]
    assert [e.span.start for e in embeddings] == [Fraction(i, 10) for i in range(5)]
    assert embeddings[0].span.end == Fraction(1, 10)
