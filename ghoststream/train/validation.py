"""What a classifier says of clips that it has not learnt from: cross-validation.

checked = cross_validate(data, folds=grouped_folds(data, folds=5, seed=0), seed=0)
checked.probabilities  # M x C, calibrated
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from ghoststream.train.calibration import fit_temperature, probabilities
from ghoststream.train.dataset import Dataset, Numbers
from ghoststream.train.folds import Fold
from ghoststream.train.linear import choose_strength, fit_linear


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Checked:
    """Answers for all clips, each by a classifier that knows no clip of its group."""

    logits: Numbers
    """N x C, of windows, as they come."""
    raw: Numbers
    """M x C, of clips, not calibrated."""
    probabilities: Numbers
    """M x C, calibrated by the clips of the other parts."""


def cross_validate(
    data: Dataset,
    *,
    folds: Sequence[Fold],
    seed: int,
    pooled: Callable[[Fold], Dataset] | None = None,
) -> Checked:
    """Trains on all parts but one, and asks about that one; each part in turn.

    Args:
        data: all clips.
        folds: that test each clip once.
        seed: of what is chosen within each.
        pooled: makes the vectors of all clips anew for each fold, where pooling is learnt, too.
    """
    logits = np.zeros((len(data.vectors), len(data.classes)))
    for fold in folds:
        seen = data if pooled is None else pooled(fold)
        learnt = seen.of(fold.learnt)
        model = fit_linear(learnt, strength=choose_strength(learnt, seed=seed))
        windows = data.windows_of(fold.tested)
        logits[windows] = model.logits(seen.vectors[windows])
    return checked_answers(logits, data, folds)


def checked_answers(logits: Numbers, data: Dataset, folds: Sequence[Fold]) -> Checked:
    """Answers that are there already.

    Args:
        logits: N x C, of windows, each by a classifier that knows no clip of its group.
        data: of the same windows.
        folds: by which they were made.
    """
    return Checked(
        logits=logits,
        raw=probabilities(logits, data),
        probabilities=_calibrated(logits, data, folds),
    )


def _calibrated(logits: Numbers, data: Dataset, folds: Sequence[Fold]) -> Numbers:
    means = np.zeros((len(data.labels), len(data.classes)))
    for fold in folds:
        others = data.windows_of(fold.learnt)
        temperature = fit_temperature(logits[others], data.of(fold.learnt))
        windows = data.windows_of(fold.tested)
        means[fold.tested] = probabilities(logits[windows] / temperature, data.of(fold.tested))
    return means
