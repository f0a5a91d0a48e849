"""A head that knows how it was trained, and whose scores mean what they say.

training = training_of(config, place, features, chosen, background=None, limit=None)
head = calibrated_head(linear, chosen.checked, chosen.data, pooling="mean", training=training, ...)
"""

from dataclasses import asdict

import numpy as np

from ghoststream.config import TrainConfig
from ghoststream.heads import LinearHead, OwnBackbone, Training
from ghoststream.runners.train.candidates import Candidate
from ghoststream.runners.train.features import Features, hashed_group
from ghoststream.runners.train.store import Place
from ghoststream.train.calibration import calibration_error, fit_temperature, softmax
from ghoststream.train.dataset import Dataset
from ghoststream.train.linear import Linear
from ghoststream.train.threshold import DEFAULT_ENTER, AlarmLimit, choose_threshold
from ghoststream.train.validation import Checked
from ghoststream.types import Vector

LEAVE_SHARE = 2 / 3
"""Of `enter`, where an event ends: as far apart as the defaults are."""


def calibrated_head(
    linear: Linear,
    checked: Checked,
    data: Dataset,
    *,
    pooling: str,
    query: Vector | None,
    training: Training,
    backbone_sha256: str,
    backbone: OwnBackbone | None = None,
) -> LinearHead:
    """What all clips have taught, at the temperature of cross-validation.

    Args:
        linear: of all clips.
        checked: answers to clips that were not learnt.
        data: of all clips.
        pooling: by which vectors are made.
        query: of pooling by attention.
        training: how it was trained.
        backbone_sha256: of the weights that make the embeddings.
        backbone: where they are the head's own.
    """
    temperature = fit_temperature(checked.logits, data)
    return LinearHead(
        weight=(linear.weight / temperature).astype(np.float32),
        bias=(linear.bias / temperature).astype(np.float32),
        labels=data.classes,
        pooling=pooling,
        backbone_sha256=backbone_sha256,
        query=query,
        training=training,
        backbone=backbone,
    )


def training_of(
    config: TrainConfig,
    place: Place,
    features: Features,
    chosen: Candidate,
    *,
    background: str | None,
    limit: AlarmLimit | None,
) -> Training:
    """How a head was trained, and from which score on it tells of events."""
    enter = DEFAULT_ENTER
    if limit is not None and background is not None:
        enter = _enter(chosen, chosen.data.classes.index(background), limit)
    return Training(
        fps=place.fps,
        window=config.window,
        framing=place.framing,
        enter=enter,
        leave=round(enter * LEAVE_SHARE, 3),
        model=place.config.model,
        background=background,
        files=tuple(sorted({clip.sha256 for clip in features.clips})),
        groups=tuple(sorted(set(filter(None, map(hashed_group, features.clips))))),
        figures=_figures(chosen),
    )


def _enter(chosen: Candidate, background: int, limit: AlarmLimit) -> float:
    """By windows of background that the classifier did not learn from."""
    data = chosen.data
    temperature = fit_temperature(chosen.checked.logits, data)
    scores = softmax(chosen.checked.logits / temperature)
    of_background = data.labels[data.owners] == background
    others = np.delete(scores[of_background], background, axis=1).max(axis=1)
    seconds = float(data.seconds[of_background].sum())
    return choose_threshold(others, allowed=limit.allowed(windows=len(others), seconds=seconds))


def _figures(chosen: Candidate) -> dict[str, object]:
    """What the head's file says of how well it does on clips of other groups."""
    scores, data = chosen.scores, chosen.data
    return {
        "clips": len(data.labels),
        "groups": len(np.unique(data.groups)),
        "accuracy": asdict(scores.accuracy),
        "mean_recall": scores.mean_recall,
        "calibration_error_before": calibration_error(chosen.checked.raw, data.labels),
        "calibration_error": scores.calibration_error,
    }
