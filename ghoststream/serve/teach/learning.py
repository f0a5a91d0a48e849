"""What the process of a training does: from examples to a head, and to the report on it.

child = Child(learn, LearningPlan(...))
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ghoststream.config import EvaluateConfig, TrainConfig, make_config
from ghoststream.runners.evaluation import evaluate
from ghoststream.runners.evaluation_files import write_evaluation
from ghoststream.runners.training import train
from ghoststream.serve.teach.child import Send
from ghoststream.serve.teach.examples import Example
from ghoststream.serve.teach.training_store import store_for
from ghoststream.train.scores import Share

HEAD = "head.safetensors"
REPORT = "report"
"""Folder of the figures, within that of the training."""
TELL_SECONDS = 0.5
"""From one word about progress to the next."""


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


def learn(send: Send, plan: LearningPlan) -> None:
    """Trains a head, and says how well it does on what it has not seen.

    Args:
        send: takes `LearningProgress`, and `Learnt` at the end.
        plan: what to do.

    Raises:
        GhostStreamError: as `train` and `evaluate`.
    """
    store, looking = _store(plan)
    common = {**plan.running, "data": plan.table, "store": store}
    head = plan.folder / HEAD
    config = make_config(TrainConfig, {**common, **looking, "out": head})
    trained = train(config, progress=_Teller(send))
    evaluation = evaluate(make_config(EvaluateConfig, {**common, "head": head}))
    write_evaluation(evaluation, plan.folder / REPORT)
    send(
        Learnt(
            accuracy=evaluation.scores.accuracy,
            notices=tuple(dict.fromkeys((*trained.notices, *evaluation.notices))),
            lost=trained.lost,
        )
    )


def _store(plan: LearningPlan) -> tuple[str, Mapping[str, object]]:
    """Where embeddings are, and settings for those that are not; an archive knows its own."""
    if plan.archive is None:
        return str(plan.stores / "store-cameras"), plan.looking
    return store_for(plan.examples, archive=plan.archive, folder=plan.stores), {}


class _Teller:
    """Tells of progress now and then: the page has no use for more."""

    def __init__(self, send: Send) -> None:
        self._send, self._told_at = send, 0.0

    def __call__(self, done: int, of: int) -> None:
        now = time.monotonic()
        if done == of or now - self._told_at >= TELL_SECONDS:
            self._told_at = now
            self._send(LearningProgress(done=done, of=of))
