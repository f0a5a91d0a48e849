"""How well a head does on labelled clips, with figures, and the mistakes to look at.

evaluation = evaluate(make_config(EvaluateConfig, {"data": "gestures", "head": "head.safetensors"}))
evaluation.scores.accuracy
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from ghoststream.config import EvaluateConfig
from ghoststream.errors import DataError, HeadError
from ghoststream.heads import LinearHead, Training, check_head, load_head
from ghoststream.pipeline import pooling_of, with_backbone_of_head
from ghoststream.pooling import Pooling
from ghoststream.runners.train.candidates import check_pooling, fixed_pooling
from ghoststream.runners.train.features import (
    ClipFeatures,
    Features,
    dataset_of,
    hashed_group,
    labelled_clips,
    read_features,
)
from ghoststream.runners.train.store import Place, Progress, find_place
from ghoststream.train.calibration import probabilities
from ghoststream.train.dataset import Dataset, Indices, Numbers
from ghoststream.train.folds import grouped_folds
from ghoststream.train.learning_curve import Point, learning_curve, verdict
from ghoststream.train.scores import Scores, score

Basis = Literal["unseen", "known-groups", "cross-validation"]
"""Answers of the head to clips of files and groups that it was not trained on; where there are none
of them, to clips of new files of groups that it knows; and where there are none of those either,
answers of heads that were trained like it without the group of the clip."""


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
    known: int
    """Clips of files that the head was trained on."""
    of_known_groups: int
    """Clips of other files, of groups that the head was trained on."""
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
        progress: told of each video that is embedded.

    Raises:
        DataError: clips that say nothing.
        HeadError: a head that is damaged, of other weights, or does not know the classes.
        ConfigError, WeightsError: settings or weights that do not hold.
        StoreError: a store that cannot be used, or was made in another way than the head wants.
        OutputError: the store cannot be written.
    """
    head = load_head(config.head)
    training = _training_of(head, config.head)
    config = with_backbone_of_head(config, head, config.head)
    examples = labelled_clips(config.data)
    if not examples:
        raise DataError(f"there are no clips in {config.data}; give a folder a class, or a table")
    _check_labels(head, {example.label for example in examples})
    place = find_place(config, fps=training.fps, framing=training.framing)
    _check_fits(head, place)
    features = read_features(examples, place, progress=progress)
    if not features.clips:
        raise DataError(f"none of {len(examples)} clips can be read; the first: {features.lost[0]}")
    return _evaluated(config, head, training, features)


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


def _check_fits(head: LinearHead, place: Place) -> None:
    check_head(
        head,
        features=head.weight.shape[1],
        pooling=head.pooling,
        backbone_sha256=place.weights_sha256,
    )


def _evaluated(
    config: EvaluateConfig, head: LinearHead, training: Training, features: Features
) -> Evaluation:
    whole = _dataset(features.clips, head, training, pooling_of(head))
    asked = _asked(features.clips, training)
    basis, scored = asked.basis()
    if head.backbone is not None and basis == "cross-validation":
        raise DataError(
            "the network of this head has learnt from all of these clips, so that nothing honest "
            "can be said with them; give others. What cross-validation said is told by train"
        )
    if basis == "cross-validation":
        means = _cross_validated(config, head, training, features)[scored]
    else:
        means = _answers(head, whole.of(scored))
    clips = [features.clips[index] for index in scored]
    even = _even(features.clips, head, training)
    # A network that has learnt from a clip would flatter the curve with it.
    curve = _curve(even if head.backbone is None else even.of(scored), config)
    return Evaluation(
        head=head,
        basis=basis,
        known=len(asked.known),
        of_known_groups=len(asked.of_known_groups),
        clips=clips,
        probabilities=means,
        scores=score(means, whole.labels[scored], classes=head.labels),
        curve=curve,
        curve_says=verdict(curve),
        mistakes=_mistakes(clips, means, head.labels),
        notices=features.notices,
        lost=features.lost,
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Asked:
    """Clips of the test split, or all, by what the head knows of them."""

    unseen: Indices
    of_known_groups: Indices
    known: Indices

    def basis(self) -> tuple[Basis, Indices]:
        """What the figures rest on, and the clips that are scored."""
        if len(self.unseen):
            return "unseen", self.unseen
        if len(self.of_known_groups):
            return "known-groups", self.of_known_groups
        return "cross-validation", self.known


def _asked(clips: Sequence[ClipFeatures], training: Training) -> _Asked:
    is_test = np.array([clip.example.split == "test" for clip in clips])
    is_asked = is_test if is_test.any() else np.ones(len(clips), dtype=bool)
    is_known = np.array([clip.sha256 in training.files for clip in clips])
    is_near = np.array([hashed_group(clip) in training.groups for clip in clips])
    return _Asked(
        unseen=np.flatnonzero(is_asked & ~is_known & ~is_near),
        of_known_groups=np.flatnonzero(is_asked & ~is_known & is_near),
        known=np.flatnonzero(is_asked & is_known),
    )


def _cross_validated(
    config: EvaluateConfig, head: LinearHead, training: Training, features: Features
) -> Numbers:
    """M x C, of heads that were trained like this one without the group of the clip."""
    alike = check_pooling(
        head.pooling,
        features.clips,
        classes=head.labels,
        window_seconds=training.window,
        folds=config.folds,
        seed=config.seed,
    )
    return alike.checked.probabilities


def _dataset(
    clips: Sequence[ClipFeatures], head: LinearHead, training: Training, pooling: Pooling
) -> Dataset:
    return dataset_of(clips, classes=head.labels, pooling=pooling, window_seconds=training.window)


def _even(clips: Sequence[ClipFeatures], head: LinearHead, training: Training) -> Dataset:
    """For the learning curve: a query that was learnt from all clips would flatter it."""
    return _dataset(clips, head, training, fixed_pooling(head.pooling))


def _answers(head: LinearHead, data: Dataset) -> Numbers:
    logits = data.vectors.astype(np.float64) @ head.weight.T + head.bias
    return probabilities(logits, data)


def _curve(data: Dataset, config: EvaluateConfig) -> tuple[Point, ...]:
    """Nothing where the groups are too few to learn from some and check with others."""
    try:
        folds = grouped_folds(data, folds=config.folds, seed=config.seed)
    except DataError:
        return ()
    return learning_curve(data, folds=folds, seed=config.seed)


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
