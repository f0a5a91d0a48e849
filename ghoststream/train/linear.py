"""A linear classifier of windows: multinomial logistic regression.

model = fit_linear(data, strength=choose_strength(data, seed=0))
model.logits(vectors)  # N x C
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ghoststream.errors import DataError
from ghoststream.train.calibration import log_loss, probabilities
from ghoststream.train.dataset import Dataset, Numbers
from ghoststream.train.folds import Fold, grouped_folds

STRENGTHS = (1e-4, 1e-3, 1e-2, 1e-1, 1.0)
"""Inverse of the regularisation, as scikit-learn's C: the less data, the smaller the best one."""
DEFAULT_STRENGTH = 1e-2
"""Where there is too little to choose by."""
INNER_FOLDS = 3
NEVER = -100.0
"""Logit of a class that none of the clips has."""
FLAT = 0.01
"""A feature that varies by less than this part of the average counts as varying by so much."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Linear:
    """Logits are linear in the vector as it comes: scaling is folded in."""

    weight: Numbers
    """C x D."""
    bias: Numbers
    """C."""

    def logits(self, vectors: NDArray[np.float32]) -> Numbers:
        """N x D to N x C."""
        return np.asarray(vectors @ self.weight.T + self.bias)


def fit_linear(data: Dataset, *, strength: float) -> Linear:
    """Fits all windows; clips count alike within a class, and classes among each other.

    Args:
        data: with every class present.
        strength: see `STRENGTHS`.
    """
    (fitted,) = _fit_all(data, (strength,))
    return fitted


def choose_strength(data: Dataset, *, seed: int) -> float:
    """The strength that predicts clips of left-out groups best, by log loss."""
    try:
        folds = grouped_folds(data, folds=INNER_FOLDS, seed=seed)
    except DataError:
        return DEFAULT_STRENGTH
    losses = sum(_losses(data, fold) for fold in folds)
    return STRENGTHS[int(np.argmin(losses))]


def _losses(data: Dataset, fold: Fold) -> Numbers:
    """Of each strength, summed over the tested clips."""
    tested = data.of(fold.tested)
    models = _fit_all(data.of(fold.learnt), STRENGTHS)
    means = [probabilities(model.logits(tested.vectors), tested) for model in models]
    return np.array([log_loss(mean, tested.labels) for mean in means]) * len(tested.labels)


def _fit_all(data: Dataset, strengths: tuple[float, ...]) -> list[Linear]:
    center = data.vectors.mean(axis=0, dtype=np.float64)
    spread = spread_of(data.vectors)
    # The matrices are small: threads that wait for each other cost more than they bring.
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1):
        rows, basis = _turned((data.vectors - center) / spread)
        fits = [_fit(rows, data, strength) for strength in strengths]
    return [_folded_in(fit, data, basis, center, spread) for fit in fits]


def spread_of(vectors: NDArray[np.float32]) -> Numbers:
    """What each of the D features is divided by."""
    spread = vectors.std(axis=0, dtype=np.float64)
    # A feature that hardly moved in training would shout whenever it moves later.
    least = max(FLAT * spread.mean(), np.finfo(np.float32).tiny)
    return np.asarray(np.maximum(spread, least))


def _turned(rows: Numbers) -> tuple[Numbers, Numbers | None]:
    """The same rows in as few columns as there are rows.

    What is penalised by its length lies in the span of the rows, so that the answer is the same and
    takes a tenth of the time.
    """
    if len(rows) >= rows.shape[1]:
        return rows, None
    left, sizes, basis = np.linalg.svd(rows, full_matrices=False)
    return left * sizes, basis


def _fit(rows: Numbers, data: Dataset, strength: float) -> Any:
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(C=strength, max_iter=5000)
    return model.fit(rows, data.labels[data.owners], sample_weight=class_weights(data))


def class_weights(data: Dataset) -> Numbers:
    """Weights of windows, alike for every class, that sum to the number of clips."""
    windows = np.bincount(data.owners, minlength=len(data.labels))
    clips = np.bincount(data.labels, minlength=len(data.classes))
    share = len(data.labels) / (np.count_nonzero(clips) * clips[data.labels])
    return np.asarray((share / windows)[data.owners])


def _folded_in(
    fit: Any, data: Dataset, basis: Numbers | None, center: Numbers, spread: Numbers
) -> Linear:
    rows, offsets = fit.coef_, fit.intercept_
    if len(rows) == 1:  # of two classes, it gives the logit of the second one against the first
        rows, offsets = np.vstack([-rows, rows]) / 2, np.concatenate([-offsets, offsets]) / 2
    rows = (rows if basis is None else rows @ basis) / spread
    weight = np.zeros((len(data.classes), rows.shape[1]))
    bias = np.full(len(data.classes), NEVER)
    weight[fit.classes_], bias[fit.classes_] = rows, offsets - rows @ center
    return Linear(weight=weight, bias=bias)
