"""The poolings once more, in torch: what pools has to pass on what is learnt behind it.

pooled = torch_pooling("mean_change")(vectors)  # T x D to 2 D
"""

from collections.abc import Callable
from typing import TypeAlias

import torch
from torch import Tensor

TorchPooling: TypeAlias = Callable[[Tensor], Tensor]
"""T x D to D, or to a multiple of D."""

GEM_POWER = 3.0
TINY = 1e-6
"""Roots are infinitely steep at zero."""


def torch_pooling(name: str, query: Tensor | None = None) -> TorchPooling:
    """The pooling of that name.

    Args:
        name: as in `pooling.POOLINGS`, or attention.
        query: of attention, 2 D numbers.
    """
    return POOLINGS[name] if query is None else _attention(query)


def _mean(vectors: Tensor) -> Tensor:
    return vectors.mean(0)


def _max(vectors: Tensor) -> Tensor:
    return vectors.amax(0)


def _gem(vectors: Tensor) -> Tensor:
    powers = vectors.clamp(min=TINY) ** GEM_POWER
    return powers.mean(0) ** (1 / GEM_POWER)


def _mean_std(vectors: Tensor) -> Tensor:
    variance = vectors.var(0, correction=0)
    return torch.cat([vectors.mean(0), (variance + TINY**2).sqrt()])


def _mean_change(vectors: Tensor) -> Tensor:
    change = vectors.diff(dim=0).abs().sum(0) / max(1, len(vectors) - 1)
    return torch.cat([vectors.mean(0), change])


def _attention(query: Tensor) -> TorchPooling:
    def pooled(vectors: Tensor) -> Tensor:
        change = vectors.diff(dim=0).abs()
        first = change[:1] if len(change) else torch.zeros_like(vectors)
        frames = torch.cat([vectors, torch.cat([first, change])], dim=1)
        return (frames @ query).softmax(0) @ frames

    return pooled


POOLINGS: dict[str, TorchPooling] = {
    "mean": _mean,
    "max": _max,
    "gem": _gem,
    "mean_std": _mean_std,
    "mean_change": _mean_change,
}
