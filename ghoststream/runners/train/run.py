"""From labelled clips to a head in a file, and how well it does.

trained = train(make_config(TrainConfig, {"data": "gestures", "out": "gestures.safetensors"}))
trained.head.training.figures["accuracy"]
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from ghoststream.config import TrainConfig
from ghoststream.errors import ConfigError
from ghoststream.heads import LinearHead, Training, save_head
from ghoststream.runners.train.attention import attended
from ghoststream.runners.train.candidates import ATTENTION, Candidate, best, compare
from ghoststream.runners.train.features import (
    Features,
    check_enough,
    labelled_clips,
    read_features,
    windows_of,
)
from ghoststream.runners.train.head import calibrated_head, training_of
from ghoststream.runners.train.store import Place, Progress, find_place
from ghoststream.sinks.atomic import AtomicFile, output_errors
from ghoststream.train.examples import check_examples, classes_of
from ghoststream.train.linear import choose_strength, fit_linear
from ghoststream.train.threshold import parse_limit

if TYPE_CHECKING:
    from ghoststream.runners.train.finetuning import Finetuned

Say: TypeAlias = Callable[[str], None]

BACKGROUND = "background"


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
    to_learn = [example for example in examples if example.split != "test"]
    check_examples(to_learn)
    background = _background(config, classes_of(to_learn))
    place = find_place(config, fps=config.fps, framing=config.framing)
    file, network = AtomicFile(config.out), AtomicFile(network_path(config.out))
    file.prepare()
    try:
        features = read_features(to_learn, place, progress=progress)
        check_enough(features)
        candidates = compare(features.clips, config)
        chosen = best(candidates)
        described = partial(
            training_of, config, place, features, background=background, limit=limit
        )
        tuned = _finetuned(chosen, features, place, config, say) if config.finetune else None
        if tuned is None or tuned.student is None:
            head = _fitted(chosen, features, config, described(chosen), place)
        else:
            better = replace(chosen, checked=tuned.checked, scores=tuned.scores)
            head = _written_with_network(tuned, better, described(better), network)
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
    from ghoststream.runners.train.finetuning import finetune

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
    from ghoststream.runners.train.finetuning import tuned_head, write_network

    file.prepare()
    with output_errors(file.path):
        sha256 = write_network(tuned, file.partial, clips=len(better.data.labels))
    file.commit()
    return tuned_head(tuned, better.data, training, file=file.path.name, sha256=sha256)


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


def _fitted(
    chosen: Candidate, features: Features, config: TrainConfig, training: Training, place: Place
) -> LinearHead:
    """All clips teach the head that is kept."""
    data, query = chosen.data, None
    if chosen.pooling == ATTENTION:
        frames = windows_of(features.clips, config.window)
        data, query = attended(frames, data, np.arange(len(data.labels)))
    return calibrated_head(
        fit_linear(data, strength=choose_strength(data, seed=config.seed)),
        chosen.checked,
        data,
        pooling=chosen.pooling,
        query=query,
        training=training,
        backbone_sha256=place.weights_sha256,
    )
