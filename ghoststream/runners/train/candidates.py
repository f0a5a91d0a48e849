"""Poolings that a head may have, and how each does on clips of other groups.

candidates = compare(features.clips, config)
best(candidates).pooling
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from ghoststream.config import TrainConfig
from ghoststream.pooling import POOLINGS, Pooling
from ghoststream.runners.train.attention import repool
from ghoststream.runners.train.features import ClipFeatures, dataset_of, windows_of
from ghoststream.train.dataset import Dataset
from ghoststream.train.examples import classes_of
from ghoststream.train.folds import grouped_folds
from ghoststream.train.scores import Scores, score
from ghoststream.train.validation import Checked, cross_validate

ATTENTION = "attention"
EVENLY = "mean_change"
"""What attention is without a query."""
CANDIDATES = ("mean", "max", "mean_std", EVENLY, ATTENTION)
"""Of equally good ones, the first is taken."""
ATTENTION_COSTS = 0.02
"""Recall by which it has to be better: it has more to fit, and a store that is filled with it
cannot be searched by a stretch of video."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Candidate:
    """A pooling, and how it did on clips of other groups."""

    pooling: str
    data: Dataset
    checked: Checked
    scores: Scores


def compare(clips: Sequence[ClipFeatures], config: TrainConfig) -> list[Candidate]:
    """How each pooling does in cross-validation, all over the same parts."""
    poolings = CANDIDATES if config.pool is None else (config.pool,)
    classes = classes_of([clip.example for clip in clips])
    return [
        check_pooling(
            pooling,
            clips,
            classes=classes,
            window_seconds=config.window,
            folds=config.folds,
            seed=config.seed,
        )
        for pooling in poolings
    ]


def best(candidates: Sequence[Candidate]) -> Candidate:
    """The one that finds most of every class."""
    return max(candidates, key=_worth)


def _worth(candidate: Candidate) -> float:
    recall = candidate.scores.mean_recall
    return recall - ATTENTION_COSTS if candidate.pooling == ATTENTION else recall


def check_pooling(
    pooling: str,
    clips: Sequence[ClipFeatures],
    *,
    classes: tuple[str, ...],
    window_seconds: Fraction,
    folds: int,
    seed: int,
) -> Candidate:
    """Cross-validates one pooling; one that is learnt is learnt for each part.

    Raises:
        DataError: the groups cannot be split.
    """
    fixed = fixed_pooling(pooling)
    data = dataset_of(clips, classes=classes, pooling=fixed, window_seconds=window_seconds)
    pooled = repool(windows_of(clips, window_seconds), data) if pooling == ATTENTION else None
    parts = grouped_folds(data, folds=folds, seed=seed)
    checked = cross_validate(data, folds=parts, seed=seed, pooled=pooled)
    scores = score(checked.probabilities, data.labels, classes=data.classes)
    return Candidate(pooling=pooling, data=data, checked=checked, scores=scores)


def fixed_pooling(pooling: str) -> Pooling:
    """The pooling itself, or what one that is learnt begins with."""
    return POOLINGS[EVENLY if pooling == ATTENTION else pooling]
