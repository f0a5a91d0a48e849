"""How well clips were named.

scores = score(probabilities, labels, classes=("fight", "peace"))
scores.accuracy.value, scores.accuracy.low, scores.accuracy.high
"""

import math
from dataclasses import dataclass

import numpy as np

from ghoststream.train.calibration import Bin, calibration_bins, calibration_error, log_loss
from ghoststream.train.dataset import Indices, Numbers

Z = 1.959964
"""95 % of a normal distribution lie within so many standard deviations."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """A part of some clips, with the interval in which its true value lies in 19 of 20 cases."""

    value: float | None
    """None of no clips."""
    low: float
    high: float
    of: int
    """Clips."""


def share(part: int, whole: int) -> Share:
    """Wilson's interval, which holds for few clips and near 0 and 1, too.

    Example:
        >>> share(9, 10).low
        0.5958...
    """
    if whole == 0:
        return Share(value=None, low=0.0, high=1.0, of=0)
    rate, square = part / whole, Z * Z / whole
    middle = (rate + square / 2) / (1 + square)
    half = Z * math.sqrt(rate * (1 - rate) / whole + square / (4 * whole)) / (1 + square)
    # Rounding must not put the value itself outside of its interval.
    low, high = min(rate, max(0.0, middle - half)), max(rate, min(1.0, middle + half))
    return Share(value=rate, low=low, high=high, of=whole)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassScores:
    """One class."""

    label: str
    precision: Share
    """Of the clips that were called so, those that are."""
    recall: Share
    """Of the clips that are so, those that were called so."""
    average_precision: float | None
    """Area under the curve of precision over recall; None without a clip of the class."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scores:
    """All classes."""

    accuracy: Share
    """Top-1."""
    mean_recall: float
    """Over the classes that have clips, each counting alike."""
    classes: tuple[ClassScores, ...]
    confusion: tuple[tuple[int, ...], ...]
    """Clips by true class (rows) and given one (columns)."""
    log_loss: float
    calibration_error: float
    bins: tuple[Bin, ...]


def score(means: Numbers, labels: Indices, *, classes: tuple[str, ...]) -> Scores:
    """Counts.

    Args:
        means: M x C, probabilities of clips.
        labels: M true classes; at least one.
        classes: names of the C.
    """
    confusion = confusion_of(means.argmax(axis=1), labels, len(classes))
    per_class = tuple(
        ClassScores(
            label=name,
            precision=share(int(confusion[c, c]), int(confusion[:, c].sum())),
            recall=share(int(confusion[c, c]), int(confusion[c].sum())),
            average_precision=average_precision(means[:, c], labels == c),
        )
        for c, name in enumerate(classes)
    )
    recalls = [each.recall.value for each in per_class if each.recall.value is not None]
    return Scores(
        accuracy=share(int(np.trace(confusion)), len(labels)),
        mean_recall=sum(recalls) / len(recalls),
        classes=per_class,
        confusion=tuple(tuple(map(int, row)) for row in confusion),
        log_loss=log_loss(means, labels),
        calibration_error=calibration_error(means, labels),
        bins=calibration_bins(means, labels),
    )


def confusion_of(given: Indices, labels: Indices, classes: int) -> Indices:
    """Clips by true class (rows) and given one (columns): C x C."""
    pairs = np.bincount(labels * classes + given, minlength=classes * classes)
    return np.asarray(pairs.reshape(classes, classes))


def average_precision(scores: Numbers, is_class: np.ndarray) -> float | None:
    """Area under the curve of precision over recall; None without a clip of the class."""
    if not is_class.any():
        return None
    from sklearn.metrics import average_precision_score

    return float(average_precision_score(is_class, scores))
