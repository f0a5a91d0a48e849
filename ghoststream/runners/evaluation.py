"""How well a head does on labelled clips, with figures, and the mistakes to look at.

evaluation = evaluate(make_config(EvaluateConfig, {"data": "gestures", "head": "head.safetensors"}))
evaluation.scores.accuracy
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from ghoststream.config import EmbedConfig, EvaluateConfig
from ghoststream.errors import DataError, HeadError
from ghoststream.heads import LinearHead, Training, check_head, load_head
from ghoststream.pipeline import FramePipeline, pooling_of
from ghoststream.pooling import POOLINGS, Pooling
from ghoststream.runners.features import (
    ClipFeatures,
    Features,
    Progress,
    dataset_of,
    labelled_clips,
    read_features,
)
from ghoststream.runners.training import ATTENTION, EVENLY, check_pooling
from ghoststream.train.calibration import probabilities
from ghoststream.train.dataset import Dataset, Indices, Numbers
from ghoststream.train.folds import grouped_folds
from ghoststream.train.learning_curve import Point, learning_curve, verdict
from ghoststream.train.linear import choose_strength
from ghoststream.train.scores import Scores, score

Basis = Literal["unseen", "cross-validation"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mistake:
    """A clip that was named wrong."""

    path: Path
    label: str
    named: str
    score: float
    """Of the wrong name."""
    seconds: float
    """Its middle, on the video's own clock."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Evaluation:
    """Scores, and what they rest on."""

    head: LinearHead
    basis: Basis
    """The head's answers to clips of files that it was not trained on, or, where there are none,
    those of heads that were trained like it without the group of the clip."""
    known: int
    """Clips of files that the head was trained on."""
    clips: Sequence[ClipFeatures]
    """That were scored."""
    probabilities: Numbers
    """One row each."""
    scores: Scores
    curve: Sequence[Point]
    curve_says: str
    mistakes: Sequence[Mistake]
    """Worst first."""
    notices: tuple[str, ...]
    lost: tuple[str, ...]


def evaluate(config: EvaluateConfig, *, progress: Progress = lambda done, of: None) -> Evaluation:
    """Scores a head.

    Args:
        config: clips and head; where the clips have splits, those of the test split count.
        progress: told of each clip that is read.

    Raises:
        DataError: clips that say nothing.
        HeadError: a head that is damaged, of other weights, or does not know the classes.
        ConfigError, WeightsError: settings or weights that do not hold.
    """
    head = load_head(config.head)
    training = _training_of(head, config.head)
    examples = labelled_clips(config.data)
    if not examples:
        raise DataError(f"there are no clips in {config.data}; give a folder a class, or a table")
    _check_labels(head, {example.label for example in examples})
    features, pipeline = read_features(
        examples, _embed_config(config, training), cache=config.cache, progress=progress
    )
    _check_fits(head, pipeline)
    if not features.clips:
        raise DataError(f"none of {len(examples)} clips can be read; the first: {features.lost[0]}")
    return _evaluated(config, head, training, features, pipeline)


def _training_of(head: LinearHead, path: Path) -> Training:
    if head.training is None:
        raise HeadError(
            f"{path} does not say at which rate and on which clips it was trained; train it again "
            "with ghoststream train"
        )
    return head.training


def _check_labels(head: LinearHead, labels: set[str]) -> None:
    unknown = sorted(labels - set(head.labels))
    if unknown:
        raise DataError(
            f"the head does not know the class {unknown[0]!r}; its classes are "
            f"{', '.join(head.labels)}"
        )


def _embed_config(config: EvaluateConfig, training: Training) -> EmbedConfig:
    names = ("model", "weights", "device", "precision", "batch", "workers")
    settings = {name: getattr(config, name) for name in names}
    return EmbedConfig(fps=training.fps, framing=training.framing, **settings)


def _check_fits(head: LinearHead, pipeline: FramePipeline) -> None:
    check_head(
        head,
        features=head.weight.shape[1],
        pooling=head.pooling,
        backbone_sha256=pipeline.runtime.info.sha256,
    )


def _evaluated(
    config: EvaluateConfig,
    head: LinearHead,
    training: Training,
    features: Features,
    pipeline: FramePipeline,
) -> Evaluation:
    whole = _dataset(features.clips, head, training, pooling_of(head))
    asked, unseen = _asked(features.clips, training)
    scored = unseen if len(unseen) else asked
    if len(unseen):
        means = _answers(head, whole.of(unseen))
    else:
        alike = check_pooling(
            head.pooling,
            features.clips,
            classes=head.labels,
            window_seconds=training.window,
            folds=config.folds,
            seed=config.seed,
        )
        means = alike.checked.probabilities[asked]
    clips = [features.clips[index] for index in scored]
    curve = _curve(_even(features.clips, head, training), config)
    return Evaluation(
        head=head,
        basis="unseen" if len(unseen) else "cross-validation",
        known=len(asked) - len(unseen),
        clips=clips,
        probabilities=means,
        scores=score(means, whole.labels[scored], classes=head.labels),
        curve=curve,
        curve_says=verdict(curve),
        mistakes=_mistakes(clips, means, head.labels),
        notices=tuple(filter(None, [pipeline.notice])),
        lost=features.lost,
    )


def _asked(clips: Sequence[ClipFeatures], training: Training) -> tuple[Indices, Indices]:
    """The clips of the test split, or all; and those of them that the head was not trained on."""
    is_test = np.array([clip.example.split == "test" for clip in clips])
    is_asked = is_test if is_test.any() else np.ones(len(clips), dtype=bool)
    is_known = np.array([clip.sha256 in training.files for clip in clips])
    return np.flatnonzero(is_asked), np.flatnonzero(is_asked & ~is_known)


def _dataset(
    clips: Sequence[ClipFeatures], head: LinearHead, training: Training, pooling: Pooling
) -> Dataset:
    return dataset_of(clips, classes=head.labels, pooling=pooling, window_seconds=training.window)


def _even(clips: Sequence[ClipFeatures], head: LinearHead, training: Training) -> Dataset:
    """For the learning curve: a query that was learnt from all clips would flatter it."""
    pooling = POOLINGS[EVENLY if head.pooling == ATTENTION else head.pooling]
    return _dataset(clips, head, training, pooling)


def _answers(head: LinearHead, data: Dataset) -> Numbers:
    logits = data.vectors.astype(np.float64) @ head.weight.T + head.bias
    return probabilities(logits, data)


def _curve(data: Dataset, config: EvaluateConfig) -> tuple[Point, ...]:
    """Nothing where the groups are too few to learn from some and check with others."""
    try:
        folds = grouped_folds(data, folds=config.folds, seed=config.seed)
    except DataError:
        return ()
    strength = choose_strength(data, seed=config.seed)
    return learning_curve(data, folds=folds, strength=strength, seed=config.seed)


def _mistakes(
    clips: Sequence[ClipFeatures], means: Numbers, labels: Sequence[str]
) -> list[Mistake]:
    named = means.argmax(axis=1)
    wrong = [
        Mistake(
            path=clip.example.path,
            label=clip.example.label,
            named=labels[named[index]],
            score=float(means[index, named[index]]),
            seconds=_middle(clip),
        )
        for index, clip in enumerate(clips)
        if labels[named[index]] != clip.example.label
    ]
    return sorted(wrong, key=lambda mistake: -mistake.score)


def _middle(clip: ClipFeatures) -> float:
    return float(clip.embeddings[len(clip.embeddings) // 2].span.start)
