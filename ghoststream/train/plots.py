"""Figures as PNG.

for name, figure in figures(scores, means, labels, curve).items():
    figure.savefig(f"{name}.png")
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ghoststream.train.dataset import Indices, Numbers
from ghoststream.train.learning_curve import Point
from ghoststream.train.scores import Scores

DOTS_PER_INCH = 120
MAX_NUMBERED = 20
"""Classes up to which a matrix shows numbers, and curves are named."""


def figures(
    scores: Scores, means: Numbers, labels: Indices, curve: Sequence[Point]
) -> dict[str, Any]:
    """Every figure by the name of its file.

    Args:
        scores: of the clips.
        means: M x C, their probabilities.
        labels: M true classes.
        curve: may be empty; then there is no figure of it.
    """
    drawn = {
        "confusion": _confusion(scores),
        "precision_recall": _precision_recall(scores, means, labels),
        "calibration": _calibration(scores),
    }
    return {**drawn, "learning_curve": _learning_curve(curve)} if curve else drawn


def _figure(title: str, across: str, up: str, *, size: float = 5.0) -> tuple[Any, Any]:
    # Without pyplot, which would look for a screen and keep every figure.
    from matplotlib.figure import Figure

    figure = Figure(figsize=(size, size), dpi=DOTS_PER_INCH, layout="constrained")
    axes = figure.add_subplot()
    axes.set(title=title, xlabel=across, ylabel=up)
    return figure, axes


def _confusion(scores: Scores) -> Any:
    names, counts = [each.label for each in scores.classes], np.array(scores.confusion)
    size = min(16.0, 3.5 + 0.4 * len(names))
    figure, axes = _figure("Confusion", "named", "is", size=size)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    axes.set_xticks(range(len(names)), names, rotation=45, ha="right")
    axes.set_yticks(range(len(names)), names)
    if len(names) <= MAX_NUMBERED:
        for (row, column), count in np.ndenumerate(counts):
            color = "white" if shares[row, column] > 0.5 else "black"
            axes.text(column, row, str(count), ha="center", va="center", color=color)
    return figure


def _precision_recall(scores: Scores, means: Numbers, labels: Indices) -> Any:
    from sklearn.metrics import precision_recall_curve

    figure, axes = _figure("Precision over recall", "recall", "precision")
    for number, each in enumerate(scores.classes):
        if each.average_precision is not None:
            precision, recall, _ = precision_recall_curve(labels == number, means[:, number])
            name = f"{each.label} ({each.average_precision:.2f})"
            axes.step(recall, precision, where="post", label=name)
    axes.set(xlim=(0, 1), ylim=(0, 1.02))
    if len(scores.classes) <= MAX_NUMBERED:
        axes.legend(loc="lower left", title="average precision")
    return figure


def _calibration(scores: Scores) -> Any:
    title = f"Calibration (error {scores.calibration_error:.3f})"
    figure, axes = _figure(title, "score of the name", "part named right")
    axes.plot([0, 1], [0, 1], color="grey", linestyle="dashed")
    axes.plot([b.confidence for b in scores.bins], [b.accuracy for b in scores.bins], marker="o")
    for b in scores.bins:
        axes.annotate(
            str(b.clips), (b.confidence, b.accuracy), xytext=(4, -12), textcoords="offset points"
        )
    axes.set(xlim=(0, 1), ylim=(0, 1.02))
    return figure


def _learning_curve(curve: Sequence[Point]) -> Any:
    figure, axes = _figure("Learning curve", "clips learnt from", "accuracy on other groups")
    clips = [point.clips for point in curve]
    axes.plot(clips, [point.accuracy.value for point in curve], marker="o")
    axes.fill_between(
        clips,
        [point.accuracy.low for point in curve],
        [point.accuracy.high for point in curve],
        alpha=0.2,
    )
    axes.set_ylim(0, 1.02)
    return figure
