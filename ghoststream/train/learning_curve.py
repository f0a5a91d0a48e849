"""Have I labelled enough? How well fewer clips would have done.

curve = learning_curve(data, folds=folds, seed=0)
verdict(curve)
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ghoststream.train.calibration import probabilities
from ghoststream.train.dataset import Dataset, Indices
from ghoststream.train.folds import Fold
from ghoststream.train.linear import choose_strength, fit_linear
from ghoststream.train.scores import Share, share

PARTS = (0.1, 0.2, 0.4, 0.6, 0.8, 1.0)
REPETITIONS = 3
"""With the groups added in other orders, since one order may be lucky."""
WORTH_IT = 0.02
"""Accuracy gained by the second half of the clips that makes more of them worth the work."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """Accuracy on clips of other groups, after learning from so many."""

    clips: int
    accuracy: Share


def learning_curve(data: Dataset, *, folds: Sequence[Fold], seed: int) -> tuple[Point, ...]:
    """Trains on growing parts of the groups, and always checks with the same clips.

    Args:
        data: all clips.
        folds: that test each clip once.
        seed: of the order in which groups are added.

    Returns:
        A point for each number of clips with which every class is there to learn.
    """
    points = (_point(data, folds, part, seed) for part in PARTS)
    # Of few groups, several parts are the same ones.
    return tuple({point.clips: point for point in points if point is not None}.values())


def _point(data: Dataset, folds: Sequence[Fold], part: float, seed: int) -> Point | None:
    right, learnt = 0, 0
    strengths: list[float] = []
    for number, fold in enumerate([*folds] * REPETITIONS):
        clips = _some_groups(data, fold.learnt, part, seed + number)
        if len(np.unique(data.labels[clips])) < len(np.unique(data.labels)):
            return None
        # Chosen by what is learnt from alone; one choice a fold, since it takes most of the time.
        if number < len(folds):
            strengths.append(choose_strength(data.of(clips), seed=seed))
        right += _right(data, clips, fold.tested, strengths[number % len(folds)])
        learnt += len(clips)
    mean_clips = learnt / len(folds) / REPETITIONS
    accuracy = share(round(right / REPETITIONS), len(data.labels))
    return Point(clips=round(mean_clips), accuracy=accuracy)


def _some_groups(data: Dataset, clips: Indices, part: float, seed: int) -> Indices:
    groups = np.unique(data.groups[clips])
    order = np.random.default_rng(seed).permutation(groups)
    kept = order[: max(1, round(part * len(order)))]
    return np.sort(clips[np.isin(data.groups[clips], kept)])


def _right(data: Dataset, learnt: Indices, tested: Indices, strength: float) -> int:
    model, asked = fit_linear(data.of(learnt), strength=strength), data.of(tested)
    means = probabilities(model.logits(asked.vectors), asked)
    return int((means.argmax(axis=1) == asked.labels).sum())


def verdict(curve: Sequence[Point]) -> str:
    """What the curve says, in one sentence."""
    if len(curve) < 2:
        return "too few clips for a learning curve; label more"
    last = curve[-1]
    half = min(curve[:-1], key=lambda point: abs(point.clips - last.clips / 2))
    gain = (last.accuracy.value or 0.0) - (half.accuracy.value or 0.0)
    rose = (
        f"from {half.clips} to {last.clips} clips the accuracy changed by {100 * gain:+.1f} points"
    )
    if gain >= WORTH_IT:
        return f"{rose}: more labelled clips will likely help"
    return (
        f"{rose}: more clips of the same kind will hardly help; other kinds, or a better "
        "backbone, may"
    )
