"""From labelled clips to a head in a file, and how well it does.

trained = train(make_config(TrainConfig, {"data": "gestures", "out": "gestures.safetensors"}))
trained.head.training.figures["accuracy"]
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from ghoststream.config import TrainConfig
from ghoststream.errors import ConfigError
from ghoststream.heads import LinearHead, Training, save_head
from ghoststream.pooling import POOLINGS
from ghoststream.runners.attention import attended, repool
from ghoststream.runners.features import (
    ClipFeatures,
    Features,
    Frames,
    check_enough,
    dataset_of,
    hashed_group,
    labelled_clips,
    read_features,
    windows_of,
)
from ghoststream.runners.training_store import Place, Progress, find_place
from ghoststream.sinks.atomic import AtomicFile, output_errors
from ghoststream.train.calibration import calibration_error, fit_temperature, softmax
from ghoststream.train.dataset import Dataset
from ghoststream.train.examples import Example, check_examples, classes_of
from ghoststream.train.folds import grouped_folds
from ghoststream.train.linear import choose_strength, fit_linear
from ghoststream.train.scores import Scores, score
from ghoststream.train.threshold import DEFAULT_ENTER, AlarmLimit, choose_threshold, parse_limit
from ghoststream.train.validation import Checked, cross_validate

if TYPE_CHECKING:
    from ghoststream.runners.finetuning import Finetuned

Say: TypeAlias = Callable[[str], None]

ATTENTION = "attention"
EVENLY = "mean_change"
"""What attention is without a query."""
CANDIDATES = ("mean", "max", "mean_std", EVENLY, ATTENTION)
"""Of equally good ones, the first is taken."""
ATTENTION_COSTS = 0.02
"""Recall by which it has to be better: it has more to fit, and a store that is filled with it
cannot be searched by a stretch of video."""
BACKGROUND = "background"
LEAVE_SHARE = 2 / 3
"""Of `enter`, where an event ends: as far apart as the defaults are."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Candidate:
    """A pooling, and how it did on clips of other groups."""

    pooling: str
    data: Dataset
    checked: Checked
    scores: Scores


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Trained:
    """A head, written, and where it comes from."""

    head: LinearHead
    path: Path
    candidates: Sequence[Candidate]
    chosen: Candidate
    finetuned: "Finetuned | None"
    """None where nobody asked for it."""
    notices: tuple[str, ...]
    lost: tuple[str, ...]
    """A sentence for each clip that could not be read."""


def train(
    config: TrainConfig,
    *,
    progress: Progress = lambda done, of: None,
    say: Say = lambda line: None,
) -> Trained:
    """Trains a head, and writes it; and, where fine-tuning pays, its network beside it.

    Args:
        config: clips, and how to learn from them.
        progress: told of each video that is embedded.
        say: told how far fine-tuning is.

    Raises:
        DataError: clips that nothing can be learnt from.
        ConfigError, WeightsError: settings or weights that do not hold.
        StoreError: a store that cannot be used, or was made in another way than is asked for.
        OutputError: head or store cannot be written.

    Example:
        >>> train(make_config(TrainConfig, {"data": "gestures"})).chosen.pooling
        'mean_change'
    """
    limit = None if config.false_alarms is None else parse_limit(config.false_alarms)
    examples = labelled_clips(config.data)
    to_learn = [example for example in examples if is_to_learn(example)]
    check_examples(to_learn)
    background = _background(config, classes_of(to_learn))
    place = find_place(config, fps=config.fps, framing=config.framing)
    file, network = AtomicFile(config.out), AtomicFile(network_path(config.out))
    file.prepare()
    try:
        features = read_features(to_learn, place, progress=progress)
        check_enough(features)
        candidates = compare(features.clips, config)
        chosen = max(candidates, key=_worth)
        tuned = _finetuned(chosen, features, place, config, say) if config.finetune else None
        if tuned is None or tuned.student is None:
            training = _training(config, place, features, chosen, background, limit)
            frames = windows_of(features.clips, config.window)
            head = _fitted(chosen, frames, config, training, place.weights_sha256)
        else:
            better = replace(chosen, checked=tuned.checked, scores=tuned.scores)
            training = _training(config, place, features, better, background, limit)
            head = _written_with_network(tuned, better, training, network)
        with output_errors(config.out):
            save_head(head, file.partial)
        file.commit()
    finally:
        file.discard()
        network.discard()
    return Trained(
        head=head,
        path=config.out,
        candidates=candidates,
        chosen=chosen,
        finetuned=tuned,
        notices=features.notices,
        lost=features.lost,
    )


def network_path(head: Path) -> Path:
    """Where the network of a head lies, if it has one of its own.

    Example:
        >>> network_path(Path("gestures.safetensors")).name
        'gestures.backbone.safetensors'
    """
    return head.with_name(f"{head.stem}.backbone.safetensors")


def _finetuned(
    chosen: Candidate, features: Features, place: Place, config: TrainConfig, say: Say
) -> "Finetuned":
    # Here, because it brings torch, which takes seconds, and most trainings need none.
    from ghoststream.runners.finetuning import finetune

    return finetune(
        features.clips,
        chosen.data,
        pooling=chosen.pooling,
        recall=chosen.scores.mean_recall,
        place=place,
        config=config,
        say=say,
    )


def _written_with_network(
    tuned: "Finetuned", better: Candidate, training: Training, file: AtomicFile
) -> LinearHead:
    """The network first: a head without one is worth nothing."""
    from ghoststream.runners.finetuning import tuned_head, write_network

    file.prepare()
    with output_errors(file.path):
        sha256 = write_network(tuned, file.partial, clips=len(better.data.labels))
    file.commit()
    return tuned_head(tuned, better.data, training, file=file.path.name, sha256=sha256)


def _worth(candidate: Candidate) -> float:
    recall = candidate.scores.mean_recall
    return recall - ATTENTION_COSTS if candidate.pooling == ATTENTION else recall


def is_to_learn(example: Example) -> bool:
    """Whether it is not kept for the test."""
    return example.split != "test"


def compare(clips: Sequence[ClipFeatures], config: TrainConfig) -> list[Candidate]:
    """How each pooling does in cross-validation, all over the same parts."""
    poolings = CANDIDATES if config.pool is None else (config.pool,)
    classes = classes_of([clip.example for clip in clips])
    return [
        check_pooling(
            pooling,
            clips,
            classes=classes,
            window_seconds=config.window,
            folds=config.folds,
            seed=config.seed,
        )
        for pooling in poolings
    ]


def check_pooling(
    pooling: str,
    clips: Sequence[ClipFeatures],
    *,
    classes: tuple[str, ...],
    window_seconds: Fraction,
    folds: int,
    seed: int,
) -> Candidate:
    """Cross-validates one pooling; one that is learnt is learnt for each part.

    Raises:
        DataError: the groups cannot be split.
    """
    fixed = POOLINGS[EVENLY if pooling == ATTENTION else pooling]
    data = dataset_of(clips, classes=classes, pooling=fixed, window_seconds=window_seconds)
    pooled = repool(windows_of(clips, window_seconds), data) if pooling == ATTENTION else None
    parts = grouped_folds(data, folds=folds, seed=seed)
    checked = cross_validate(data, folds=parts, seed=seed, pooled=pooled)
    scores = score(checked.probabilities, data.labels, classes=data.classes)
    return Candidate(pooling=pooling, data=data, checked=checked, scores=scores)


def _background(config: TrainConfig, classes: tuple[str, ...]) -> str | None:
    background = config.background or (BACKGROUND if BACKGROUND in classes else None)
    if background is not None and background not in classes:
        raise ConfigError(
            f"background is {background!r}, but the classes are {', '.join(classes)}; name one of "
            "them"
        )
    if background is None and config.false_alarms is not None:
        raise ConfigError(
            "false_alarms needs a class of which no events are told; set background too, or call "
            "one of the classes background"
        )
    return background


def _training(
    config: TrainConfig,
    place: Place,
    features: Features,
    chosen: Candidate,
    background: str | None,
    limit: AlarmLimit | None,
) -> Training:
    enter = DEFAULT_ENTER
    if limit is not None and background is not None:
        enter = _enter(chosen, chosen.data.classes.index(background), limit)
    return Training(
        fps=place.fps,
        window=config.window,
        framing=place.framing,
        enter=enter,
        leave=round(enter * LEAVE_SHARE, 3),
        background=background,
        files=tuple(sorted({clip.sha256 for clip in features.clips})),
        groups=tuple(sorted(set(filter(None, map(hashed_group, features.clips))))),
        figures=figures_of(chosen),
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


def figures_of(chosen: Candidate) -> dict[str, object]:
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


def _fitted(
    chosen: Candidate,
    frames: Sequence[Frames],
    config: TrainConfig,
    training: Training,
    backbone_sha256: str,
) -> LinearHead:
    """All clips teach the head that is kept; its temperature is that of cross-validation."""
    data, query = chosen.data, None
    if chosen.pooling == ATTENTION:
        everything = np.arange(len(data.labels))
        data, query = attended(frames, data, everything)
    model = fit_linear(data, strength=choose_strength(data, seed=config.seed))
    temperature = fit_temperature(chosen.checked.logits, data)
    return LinearHead(
        weight=(model.weight / temperature).astype(np.float32),
        bias=(model.bias / temperature).astype(np.float32),
        labels=data.classes,
        pooling=chosen.pooling,
        backbone_sha256=backbone_sha256,
        query=query,
        training=training,
    )
