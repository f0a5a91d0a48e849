"""What is to be learnt, and what came of it: said between a page and the process of a training."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ghoststream.serve.teach.examples import Example
from ghoststream.train.scores import Share

HEAD = "head.safetensors"
REPORT = "report"
"""Folder of the figures, within that of the training."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LearningPlan:
    """What to learn from, and where to put what comes of it."""

    table: Path
    """CSV file of the examples."""
    examples: tuple[Example, ...]
    archive: str | None
    """Address of the store that the archive's examples are in."""
    stores: Path
    """Folder for a store of what is not in the archive."""
    folder: Path
    """For the head and the report."""
    running: Mapping[str, object]
    """Settings that say how the network is run: weights, device, precision, workers."""
    looking: Mapping[str, object]
    """What frames are looked at where there is no archive: model, framing, fps."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LearningProgress:
    """So many videos are embedded, of so many."""

    done: int
    of: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Learnt:
    """The head and the report are there."""

    accuracy: Share
    notices: tuple[str, ...]
    lost: tuple[str, ...]
    """A sentence for each example that could not be read."""
