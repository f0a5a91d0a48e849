"""Clips to parts that take turns at being tested, with groups kept whole."""

from dataclasses import dataclass

import numpy as np

from ghoststream.errors import DataError
from ghoststream.train.dataset import Dataset, Indices

ATTEMPTS = 20


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Fold:
    """Numbers of clips to learn from, and of clips to check with; no group is in both."""

    learnt: Indices
    tested: Indices


def grouped_folds(data: Dataset, *, folds: int, seed: int) -> list[Fold]:
    """Cuts the clips into parts of about the same mixture of classes.

    Args:
        data: the clips; their groups decide what stays together.
        folds: parts, or as many as the class with the fewest groups allows.
        seed: of the shuffling.

    Returns:
        A fold a part; each learns from every class, and each clip is tested once.

    Raises:
        DataError: groups and classes cannot be cut so.
    """
    several = len(np.unique(data.labels)) > 1
    parts = min(folds, _fewest_groups(data)) if several else 0
    for cut in (_stratified, _shuffled) if parts > 1 else ():
        for attempt in range(ATTEMPTS):
            found = cut(data, parts, seed + attempt)
            if all(_is_whole(data, fold) for fold in found):
                return found
    raise DataError(
        "the groups cannot be split so that every class is learnt and tested; add clips of other "
        "groups to the rarest class"
    )


def _stratified(data: Dataset, parts: int, seed: int) -> list[Fold]:
    from sklearn.model_selection import StratifiedGroupKFold

    splitter = StratifiedGroupKFold(parts, shuffle=True, random_state=seed)
    cut = splitter.split(np.zeros(len(data.labels)), data.labels, data.groups)
    return [Fold(learnt=learnt, tested=tested) for learnt, tested in cut]


def _shuffled(data: Dataset, parts: int, seed: int) -> list[Fold]:
    """Where a group holds several classes, parts of equal mixture may leave out a class, and others
    need not."""
    groups = np.unique(data.groups)
    part_of = np.random.default_rng(seed).integers(parts, size=len(groups))
    parts_of_clips = part_of[np.searchsorted(groups, data.groups)]
    cut = [parts_of_clips == part for part in range(parts)]
    return [Fold(learnt=np.flatnonzero(~part), tested=np.flatnonzero(part)) for part in cut]


def _fewest_groups(data: Dataset) -> int:
    """Of the classes, those that the clips have."""
    present = np.unique(data.labels)
    return min(len(np.unique(data.groups[data.labels == label])) for label in present)


def _is_whole(data: Dataset, fold: Fold) -> bool:
    classes = len(np.unique(data.labels))
    return len(fold.tested) > 0 and len(np.unique(data.labels[fold.learnt])) == classes
