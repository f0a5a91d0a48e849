"""Which moments of a window to look at: a query, learnt together with a classifier.

query = fit_query(windows, data)  # weights of frames are softmax(frames @ query)
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ghoststream.train.calibration import softmax
from ghoststream.train.dataset import Dataset, Indices, Numbers
from ghoststream.train.linear import DEFAULT_STRENGTH, class_weights, spread_of

DIRECTIONS = 256
"""In which the query may point, at most: those in which windows differ most."""
ITERATIONS = 100
GAIN = 0.1
"""Of a query of length one; the longer it has to be, the more it is penalised."""
QUERY_STRENGTH = 1.0
"""As the strength of a classifier, of the query."""


def fit_query(windows: Sequence[NDArray[np.float32]], data: Dataset) -> NDArray[np.float32]:
    """Learns what to look for.

    Args:
        windows: T x F frames of each window of `data`.
        data: the same windows, pooled evenly: N x F.

    Returns:
        F numbers.
    """
    center, spread = data.vectors.mean(axis=0, dtype=np.float64), spread_of(data.vectors)
    pooled = (data.vectors - center) / spread
    _, sizes, basis = np.linalg.svd(pooled, full_matrices=False)
    differing = int((sizes > sizes[0] * 1e-6).sum())
    basis = basis[: max(1, min(DIRECTIONS, differing))]
    turned = (basis / spread).T
    frames = np.concatenate(windows) @ turned.astype(np.float32) - center @ turned
    problem = _Problem(
        frames=frames,
        starts=np.cumsum([0, *map(len, windows[:-1])]),
        lengths=np.array([len(window) for window in windows]),
        labels=data.labels[data.owners],
        weights=class_weights(data),
        classes=len(data.classes),
        strength=DEFAULT_STRENGTH,
        gain=GAIN / (float(frames.std()) or 1.0),
    )
    query = _minimised(problem) * problem.gain
    return np.asarray(query @ basis / spread, dtype=np.float32)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Problem:
    """All frames one after the other, P x K, and where each window begins."""

    frames: Numbers
    starts: Indices
    lengths: Indices
    labels: Indices
    weights: Numbers
    classes: int
    strength: float
    """Of the classifier that is learnt beside, and thrown away."""
    gain: float

    def loss(self, flat: Numbers) -> tuple[float, Numbers]:
        """Weighted log loss with penalties, and its gradient, at a query, weights and biases."""
        query, weight, bias = self._parts(flat)
        attention = self._attention(query)
        pooled = np.add.reduceat(self.frames * attention[:, None], self.starts)
        logits = pooled @ weight.T + bias
        chances = softmax(logits)
        given = chances[np.arange(len(self.labels)), self.labels]
        loss = -(self.weights * np.log(np.maximum(given, 1e-300))).sum()
        loss += (weight**2).sum() / self.strength / 2 + (query**2).sum() / QUERY_STRENGTH / 2
        wrong = chances.copy()
        wrong[np.arange(len(self.labels)), self.labels] -= 1
        wrong *= self.weights[:, None]
        return float(loss), np.concatenate(
            [
                self._pull(attention, pooled, wrong @ weight) + query / QUERY_STRENGTH,
                (wrong.T @ pooled + weight / self.strength).ravel(),
                wrong.sum(axis=0),
            ]
        )

    def _parts(self, flat: Numbers) -> tuple[Numbers, Numbers, Numbers]:
        features = self.frames.shape[1]
        query, rest = flat[:features], flat[features:]
        weight = rest[: -self.classes].reshape(self.classes, features)
        return query, weight, rest[-self.classes :]

    def _attention(self, query: Numbers) -> Numbers:
        """P numbers that sum to 1 within each window."""
        scores = self.frames @ query * self.gain
        tops = np.repeat(np.maximum.reduceat(scores, self.starts), self.lengths)
        exponentials = np.exp(scores - tops)
        sums = np.add.reduceat(exponentials, self.starts)
        return np.asarray(exponentials / np.repeat(sums, self.lengths))

    def _pull(self, attention: Numbers, pooled: Numbers, wanted: Numbers) -> Numbers:
        """Gradient of the query, given that of each pooled window."""
        along = np.repeat(wanted, self.lengths, axis=0)
        means = np.repeat((pooled * wanted).sum(axis=1), self.lengths)
        scores = attention * ((self.frames * along).sum(axis=1) - means)
        return np.asarray(self.frames.T @ scores * self.gain)


def _minimised(problem: _Problem) -> Numbers:
    from scipy.optimize import minimize
    from threadpoolctl import threadpool_limits

    features = problem.frames.shape[1]
    start = np.zeros(features + problem.classes * (features + 1))
    with threadpool_limits(1):
        found = minimize(
            problem.loss, start, jac=True, method="L-BFGS-B", options={"maxiter": ITERATIONS}
        )
    return np.asarray(found.x[:features])
