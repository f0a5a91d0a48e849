"""What the process of a training does: from examples to a head, and to the report on it.

child = Child(learn, LearningPlan(...))
"""

import hashlib
import time
from collections.abc import Mapping

from ghoststream.config import EvaluateConfig, TrainConfig, make_config
from ghoststream.models import resolve_weights
from ghoststream.runners.train.evaluation import evaluate
from ghoststream.runners.train.evaluation_files import write_evaluation
from ghoststream.runners.train.run import train
from ghoststream.serve.child import Send
from ghoststream.serve.teach.plan import (
    HEAD,
    REPORT,
    LearningPlan,
    LearningProgress,
    Learnt,
)
from ghoststream.serve.teach.training_store import store_for

TELL_SECONDS = 0.5
"""From one word about progress to the next."""


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
        return str(plan.stores / f"store-{_key(plan)}"), plan.looking
    return store_for(plan.examples, archive=plan.archive, folder=plan.stores), {}


def _key(plan: LearningPlan) -> str:
    """Another one for each way of looking, since a store that is there decides how it is done."""
    model, weights = str(plan.looking["model"]), str(plan.running["weights"])
    looking = sorted((name, str(value)) for name, value in plan.looking.items())
    key = repr([resolve_weights(model, weights).sha256, *looking])
    return hashlib.sha256(key.encode()).hexdigest()[:12]


class _Teller:
    """Tells of progress now and then: the page has no use for more."""

    def __init__(self, send: Send) -> None:
        self._send, self._told_at = send, 0.0

    def __call__(self, done: int, of: int) -> None:
        now = time.monotonic()
        if done == of or now - self._told_at >= TELL_SECONDS:
            self._told_at = now
            self._send(LearningProgress(done=done, of=of))
