"""What is told of a distillation while it goes on."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from ghoststream.train.distill.judging import Agreement


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """Something worth knowing."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """The pictures are being decoded, for this and all later runs."""

    pictures: int
    """So far."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Learning:
    """How it goes."""

    samples: int
    """In all, those before a break included."""
    done: float
    """Share of the budget; 0 without one."""
    divergence: float
    """From the teacher's scores, in nats a picture, the mean since the last report."""
    images_per_second: float
    """Since the last report."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """How the averaged student does on held-out pictures."""

    samples: int
    agreement: Agreement


Report: TypeAlias = Note | Reading | Learning | Judged
Watcher: TypeAlias = Callable[[Report], None]
