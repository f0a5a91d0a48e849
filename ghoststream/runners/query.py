"""What somebody looks for: parts of videos, pictures, and the vectors that stand for them.

lens = Lens(store.recipe, store.address)
lens.moment(parse_moment("clip.mp4@12.5"))
lens.stretch(parse_stretch("clip.mp4@10-15"))
lens.picture(Path("query.jpg"))
"""

import json
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from ghoststream.archive.schema import Recipe
from ghoststream.config import AnalysisConfig, make_config
from ghoststream.errors import ConfigError, StoreError, WeightsError
from ghoststream.models import resolve_weights, weights_of
from ghoststream.pipeline import FramePipeline, build_frame_pipeline
from ghoststream.pooling import POOLINGS, Pooling
from ghoststream.sources.file import shown
from ghoststream.types import Device, Frame, Precision, Vector
from ghoststream.video.moment import frame_at, samples_between
from ghoststream.video.pictures import read_picture

MAX_SECONDS = 1e9
"""More is no time of a video."""

_NUMBER = r"-?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?"
_MOMENT = re.compile(rf"(.+)@({_NUMBER})", re.DOTALL | re.IGNORECASE)
_STRETCH = re.compile(rf"(.+)@({_NUMBER})-({_NUMBER})", re.DOTALL | re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoMoment:
    """One time of a video."""

    path: Path
    seconds: float
    """On the video's own clock."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoStretch:
    """The times `start <= t < end` of a video."""

    path: Path
    start_seconds: float
    """On the video's own clock."""
    end_seconds: float


def parse_moment(text: str) -> VideoMoment:
    """Reads VIDEO@SECONDS.

    Raises:
        ConfigError: it is something else.

    Example:
        >>> parse_moment("me@home.mp4@12.5").seconds
        12.5
    """
    match = _MOMENT.fullmatch(text)
    if match is None:
        raise ConfigError(
            f"{text!r} names no moment of a video; write VIDEO@SECONDS, such as clip.mp4@12.5"
        )
    return VideoMoment(path=Path(match[1]), seconds=_seconds(match[2]))


def parse_stretch(text: str) -> VideoStretch:
    """Reads VIDEO@START-END, in seconds.

    Raises:
        ConfigError: it is something else, or ends before it starts.

    Example:
        >>> parse_stretch("clip.mp4@10-15").end_seconds
        15.0
    """
    match = _STRETCH.fullmatch(text)
    if match is None:
        raise ConfigError(
            f"{text!r} names no stretch of a video; write VIDEO@START-END in seconds, "
            "such as clip.mp4@10-15"
        )
    start, end = _seconds(match[2]), _seconds(match[3])
    if end <= start:
        raise ConfigError(f"{text!r} is empty: it must end after it starts, such as @10-15")
    return VideoStretch(path=Path(match[1]), start_seconds=start, end_seconds=end)


def _seconds(text: str) -> float:
    seconds = float(text)
    if not abs(seconds) < MAX_SECONDS:
        raise ConfigError(f"{text} seconds is no time of a video; times are below {MAX_SECONDS:g}")
    return seconds


class Lens:
    """Looks at queries exactly as a store was looked at; loads the network when it is first used.

    Args:
        recipe: of the store.
        address: of the store, for messages.
        weights: auto, bundled, hub, or a file; auto takes the store's, wherever they are here.
        device: on which the network runs.
        precision: in which it computes.
    """

    def __init__(
        self,
        recipe: Recipe,
        address: str,
        *,
        weights: str | Path = "auto",
        device: Device = "auto",
        precision: Precision = "auto",
    ) -> None:
        self._recipe, self._address = recipe, address
        self._weights, self._device, self._precision = weights, device, precision

    def picture(self, path: Path) -> Vector:
        """The vector of a picture, D.

        Raises:
            SourceError: there is none, or it cannot be decoded.
            WeightsError: the store's weights are not to be had.
        """
        return self._vector(read_picture(path, name=shown(path)))

    def moment(self, moment: VideoMoment) -> Vector:
        """The vector of the frame that is shown at a time, D.

        Raises:
            ConfigError: the video begins later, or has ended by then.
            SourceError: the video cannot be read.
            WeightsError: as `picture`.
        """
        return self._vector(frame_at(moment.path, moment.seconds, name=shown(moment.path)))

    def stretch(self, stretch: VideoStretch) -> Vector:
        """The pooled vector of what the store's sampling picks of a stretch.

        Raises:
            ConfigError: the stretch lies outside of the video, or nothing in it is picked.
            SourceError, WeightsError: as `moment`.
        """
        pooling = self._pooling()
        pipeline = self._pipeline
        samples = samples_between(
            stretch.path,
            stretch.start_seconds,
            stretch.end_seconds,
            sampling=pipeline.sampling,
            prepare=pipeline.runtime.preprocessing.prepare,
            name=shown(stretch.path),
        )
        return pooling(np.stack([e.vector for e in pipeline.embeddings(samples)]))

    def _pooling(self) -> Pooling:
        name = str(self._recipe.configuration["pool"])
        if name not in POOLINGS:
            raise ConfigError(
                f"clips of {self._address} are pooled by {name}, which its head has learnt, and a "
                "store holds no heads; search it by a picture or a moment"
            )
        return POOLINGS[name]

    def _vector(self, frame: Frame) -> Vector:
        runtime = self._pipeline.runtime
        vector: Vector = runtime.embed(runtime.preprocessing.prepare(frame)[np.newaxis])[0]
        return vector

    @cached_property
    def _pipeline(self) -> FramePipeline:
        weights = find_weights(self._recipe, self._address, self._weights)
        settings: dict[str, object] = dict(self._recipe.configuration)
        # Of the head only its hash is known, and frames need neither it nor a pooling.
        settings |= {
            "head": None,
            "pool": None,
            "model": self._recipe.model,
            "weights": str(weights),
        }
        settings |= {"device": self._device, "precision": self._precision}
        pipeline = build_frame_pipeline(make_config(AnalysisConfig, settings))
        _check_preprocessing(pipeline, self._recipe, self._address)
        return pipeline


def find_weights(recipe: Recipe, address: str, spec: str | Path = "auto") -> str | Path:
    """The weights with which a store was made.

    Args:
        recipe: of the store.
        address: of the store, for messages.
        spec: what `resolve_weights` takes; auto looks through all that are on this machine.

    Returns:
        What `resolve_weights` takes.

    Raises:
        WeightsError: others, or none, are there.
    """
    choices: list[str | Path] = [spec]
    if spec == "auto":
        choices = [w.weights for w in weights_of(recipe.model) if w.path is not None]
    found = {choice: resolve_weights(recipe.model, choice).sha256 for choice in choices}
    for choice, sha256 in found.items():
        if sha256 == recipe.weights_sha256:
            return choice
    there = " and ".join(f"{choice} has {sha256[:12]}" for choice, sha256 in found.items())
    raise WeightsError(
        f"{address} was made with weights of {recipe.model} whose sha256 begins with "
        f"{recipe.weights_sha256[:12]}, {there or 'and none are on this machine'}; "
        "give the file of those weights with --weights"
    )


def _check_preprocessing(pipeline: FramePipeline, recipe: Recipe, address: str) -> None:
    ours = json.loads(json.dumps(dict(pipeline.runtime.preprocessing.as_dict())))
    theirs = json.loads(json.dumps(dict(recipe.preprocessing)))
    for key in sorted(ours.keys() | theirs.keys()):
        if ours.get(key) != theirs.get(key):
            raise StoreError(
                f"{address} was made with {key} {theirs.get(key)}, and this GhostStream has "
                f"{ours.get(key)} for its weights; use the GhostStream that made it"
            )
