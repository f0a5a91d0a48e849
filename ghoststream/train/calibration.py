"""Logits to probabilities that mean what they say.

temperature = fit_temperature(logits, data)
error = calibration_error(probabilities(logits / temperature, data), data.labels)
"""

from dataclasses import dataclass

import numpy as np

from ghoststream.train.dataset import Dataset, Indices, Numbers

BINS = 10
TEMPERATURES = np.geomspace(0.05, 20, 241)
"""Steps of 2.5 %, finer than any data can tell."""


def probabilities(logits: Numbers, data: Dataset) -> Numbers:
    """Of each clip, the mean over its windows: N x C to M x C."""
    return data.clip_means(softmax(logits))


def softmax(logits: Numbers) -> Numbers:
    """Rows that sum to 1."""
    exponentials = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(exponentials / exponentials.sum(axis=1, keepdims=True))


def log_loss(means: Numbers, labels: Indices) -> float:
    """Mean over clips of minus the logarithm of what their class was given."""
    given = means[np.arange(len(labels)), labels]
    return float(-np.log(np.maximum(given, 1e-12)).mean())


def fit_temperature(logits: Numbers, data: Dataset) -> float:
    """What to divide logits by, so that the clips are most likely (arXiv 1706.04599).

    Args:
        logits: N x C, of windows that the classifier has not learnt from.
        data: of the same windows.
    """
    losses = [log_loss(probabilities(logits / t, data), data.labels) for t in TEMPERATURES]
    return float(TEMPERATURES[int(np.argmin(losses))])


@dataclass(frozen=True, slots=True, kw_only=True)
class Bin:
    """Clips whose best score lies within a tenth."""

    clips: int
    confidence: float
    """Mean of their best scores."""
    accuracy: float
    """Part of them that was named right."""


def calibration_bins(means: Numbers, labels: Indices) -> tuple[Bin, ...]:
    """Ten bins by best score; those without a clip are left out."""
    best = means.max(axis=1)
    right = means.argmax(axis=1) == labels
    places = np.minimum((best * BINS).astype(int), BINS - 1)
    return tuple(
        Bin(
            clips=int(members.sum()),
            confidence=float(best[members].mean()),
            accuracy=float(right[members].mean()),
        )
        for members in (places == place for place in range(BINS))
        if members.any()
    )


def calibration_error(means: Numbers, labels: Indices) -> float:
    """Expected calibration error: how far best scores are from the part that is right, 0 to 1."""
    bins = calibration_bins(means, labels)
    return sum(b.clips * abs(b.confidence - b.accuracy) for b in bins) / len(labels)
