"""The last stages of the network, trained on labelled clips together with their head.

tuned = finetune(clips, data, pooling="mean_change", place=place, config=config)
tuned.scores.mean_recall, tuned.epochs
"""

import tempfile
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ghoststream.config import TrainConfig
from ghoststream.errors import WeightsError
from ghoststream.heads import LinearHead, OwnBackbone, Training
from ghoststream.models import Weights, choose_device, resolve_weights
from ghoststream.models.checkpoint import save_checkpoint
from ghoststream.models.factory import load_model
from ghoststream.models.tail import Tail, cut
from ghoststream.runners.archive.analysis import sha256_of
from ghoststream.runners.train.attention import attended
from ghoststream.runners.train.candidates import ATTENTION
from ghoststream.runners.train.features import ClipFeatures, cut_windows, windows_of
from ghoststream.runners.train.head import calibrated_head
from ghoststream.runners.train.store import Place
from ghoststream.runners.train.window_pictures import TimedWindow, window_pictures
from ghoststream.sampling import AtFps
from ghoststream.sinks.atomic import output_errors
from ghoststream.train.dataset import Dataset, Indices
from ghoststream.train.feature_file import FeatureFile
from ghoststream.train.finetuning import (
    Clips,
    Recipe,
    Start,
    Student,
    checked_finetuning,
    finetuned,
)
from ghoststream.train.folds import grouped_folds
from ghoststream.train.frozen_layers import FrozenLayers
from ghoststream.train.linear import choose_strength, fit_linear, spread_of
from ghoststream.train.scores import Scores, score
from ghoststream.train.validation import Checked, checked_answers

VIEWS = 4
"""Versions of each clip: itself, and three drawn ones."""
COSTS = 0.02
"""Recall by which it has to be better: it brings a network of its own, for which every store has to
be made anew."""
TORCH_DEVICES = ("cuda", "mps")

Say = Callable[[str], None]
"""Told how far it is."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Finetuned:
    """What fine-tuning comes to on clips of other groups, and the student, where it is worth it."""

    checked: Checked
    scores: Scores
    losses: tuple[float, ...]
    """Log loss after each epoch, from 0 on."""
    epochs: int
    student: Student | None
    """Of all clips; None where the head on the frozen network stays."""
    weights: Weights
    """That training began with."""
    pooling: str


def finetune(
    clips: Sequence[ClipFeatures],
    data: Dataset,
    *,
    pooling: str,
    recall: float,
    place: Place,
    config: TrainConfig,
    say: Say = lambda line: None,
) -> Finetuned:
    """Fine-tunes within each part of the cross-validation, and on all clips where that is better.

    Args:
        clips: that were embedded.
        data: their windows, pooled by `pooling`, or `mean_change` of attention.
        pooling: of the head that training begins with.
        recall: mean over the classes, of that head in cross-validation.
        place: how they were embedded.
        config: how to train.
        say: told of what is under way.

    Raises:
        ConfigError: a network that cannot be cut.
        WeightsError, DataError: weights or files that have changed meanwhile.
        OutputError: no room for what the frozen layers say of all clips.
    """
    weights = _weights(place)
    frames = windows_of(clips, config.window)
    with closing(FeatureFile()) as features:
        tail = _looked_at(
            _timed_windows(clips, config.window), features, weights, place, config, say
        )
        start = partial(_start, pooling, frames, data, seed=config.seed)
        return _compared(
            tail,
            Clips(data=data, features=features),
            start,
            pooling=pooling,
            weights=weights,
            recall=recall,
            config=config,
            say=say,
        )


def write_network(tuned: Finetuned, path: Path, *, clips: int) -> str:
    """Writes the whole network as a file of weights, and says its sha256.

    Args:
        tuned: with a student.
        path: of a .safetensors file.
        clips: that taught it.

    Raises:
        OSError: it cannot be written.
    """
    assert tuned.student is not None
    weights = tuned.weights
    save_checkpoint(
        tuned.student.network.published,
        path,
        architecture=weights.model,
        preprocessing=weights.preprocessing,
        about={
            **weights.metadata,
            "training": f"fine-tuned on {clips} labelled clips; its classifier is as it was before",
            "origin_sha256": weights.sha256,
        },
    )
    return sha256_of(path)


def tuned_head(
    tuned: Finetuned, data: Dataset, training: Training, *, file: str, sha256: str
) -> LinearHead:
    """The head that learnt together with the network.

    Args:
        tuned: with a student.
        data: of the clips.
        training: how it was trained.
        file: name of the network's file.
        sha256: of the network's file.
    """
    assert tuned.student is not None
    linear, query = tuned.student.linear(), tuned.student.query
    return calibrated_head(
        linear,
        tuned.checked,
        data,
        pooling=tuned.pooling,
        query=None if query is None else query.cpu().numpy(),
        training=training,
        backbone_sha256=sha256,
        backbone=OwnBackbone(model=tuned.weights.model, file=file),
    )


def _weights(place: Place) -> Weights:
    weights = resolve_weights(place.config.model, place.config.weights)
    if weights.sha256 != place.weights_sha256:
        raise WeightsError(
            f"the embeddings are of weights {place.weights_sha256[:12]}, but those of "
            f"{place.config.model} are {weights.sha256[:12]}; name the right file with --weights"
        )
    framed = replace(weights.preprocessing, framing=place.framing)
    return replace(weights, preprocessing=framed)


def _device(config: TrainConfig) -> str:
    chosen = choose_device(config.device)
    return chosen if chosen in TORCH_DEVICES else "cpu"


def _timed_windows(clips: Sequence[ClipFeatures], window_seconds: Fraction) -> list[TimedWindow]:
    return [
        TimedWindow(path=clip.example.path, times=window.times)
        for clip in clips
        for window in cut_windows(clip.embeddings, window_seconds)
    ]


def _looked_at(
    windows: Sequence[TimedWindow],
    features: FeatureFile,
    weights: Weights,
    place: Place,
    config: TrainConfig,
    say: Say,
) -> Tail:
    """Shows all windows to the frozen layers, and gives the others."""
    frozen, tail = cut(load_model(weights), stages=config.finetune_stages)
    layers = FrozenLayers(
        layers=frozen.to(_device(config)),
        preprocessing=weights.preprocessing,
        views=VIEWS,
        device=_device(config),
    )
    pictures = window_pictures(
        windows, sampling=AtFps(rate=place.fps), prepare=weights.preprocessing.prepare
    )
    for done, (number, seen) in enumerate(pictures):
        say(f"fine-tuning: {done} of {len(windows)} clips decoded")
        found = layers.features(seen, seed=config.seed + number)
        with output_errors(tempfile.gettempdir()):
            features.append(number, found)
    return tail


def _start(
    pooling: str,
    frames: Sequence[NDArray[np.float32]],
    data: Dataset,
    learnt: Indices,
    *,
    seed: int,
) -> Start:
    """The head that the frozen network gets from some of the clips."""
    query = None
    if pooling == ATTENTION:
        data, query = attended(frames, data, learnt)
    seen = data.of(learnt)
    return Start(
        linear=fit_linear(seen, strength=choose_strength(seen, seed=seed)),
        center=seen.vectors.mean(axis=0, dtype=np.float64),
        spread=spread_of(seen.vectors),
        pooling=pooling,
        query=query,
    )


def _compared(
    tail: Tail,
    clips: Clips,
    start: Callable[[Indices], Start],
    *,
    pooling: str,
    weights: Weights,
    recall: float,
    config: TrainConfig,
    say: Say,
) -> Finetuned:
    data = clips.data
    folds = grouped_folds(data, folds=config.folds, seed=config.seed)
    recipe = Recipe(
        epochs=config.finetune_epochs, views=VIEWS, seed=config.seed, device=_device(config)
    )
    curve = checked_finetuning(
        tail,
        [start(fold.learnt) for fold in folds],
        clips,
        folds=folds,
        recipe=recipe,
        tell=lambda epoch, loss, before: say(
            f"fine-tuning: epoch {epoch} of {recipe.epochs}, log loss {loss:.3f}, "
            f"{before:.3f} without"
        ),
    )
    checked = checked_answers(curve.logits, data, folds)
    scores = score(checked.probabilities, data.labels, classes=data.classes)
    is_better = curve.epochs > 0 and scores.mean_recall >= recall + COSTS
    return Finetuned(
        checked=checked,
        scores=scores,
        losses=curve.losses,
        epochs=curve.epochs,
        student=_student(tail, clips, start, curve.epochs, recipe, say) if is_better else None,
        weights=weights,
        pooling=pooling,
    )


def _student(
    tail: Tail,
    clips: Clips,
    start: Callable[[Indices], Start],
    epochs: int,
    recipe: Recipe,
    say: Say,
) -> Student:
    return finetuned(
        tail,
        start(np.arange(len(clips.data.labels))),
        clips,
        epochs=epochs,
        recipe=recipe,
        tell=lambda epoch: say(f"fine-tuning on all clips: epoch {epoch} of {epochs}"),
    )
