"""Frames, sampled and made ready one by one: what every stream can do."""

from collections.abc import Callable, Iterable, Iterator
from typing import TypeAlias

from ghoststream.types import Frame, Pixels, Sample, Sampling

Prepare: TypeAlias = Callable[[Frame], Pixels]
"""Makes of a frame what is kept of it: the network's input, S x S x 3."""


def samples_of(frames: Iterable[Frame], sampling: Sampling, prepare: Prepare) -> Iterator[Sample]:
    """What `sampling` picks, made ready."""
    for frame in sampling(frames):
        yield Sample(span=frame.span, pixels=prepare(frame))
