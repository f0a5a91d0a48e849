"""Labelled clips to vectors: each file is decoded and embedded once, and kept for the next time.

reader = FeatureReader(config, cache=Path("embeddings"))
clips, lost = reader.read(examples)
data = dataset_of(clips, classes=("a", "b"), pooling=mean, window_seconds=Fraction(2))
"""

import io
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ghoststream.config import EmbedConfig
from ghoststream.errors import ConfigError, DataError, SourceError
from ghoststream.models.cache import Cache, cache_folder, cache_key
from ghoststream.pipeline import FramePipeline, build_frame_pipeline
from ghoststream.pooling import Pooling
from ghoststream.runners.archive.analysis import sha256_of
from ghoststream.runners.local import ahead
from ghoststream.sinks.records import plain
from ghoststream.sources.file import VIDEO_SUFFIXES, FileSource, shown
from ghoststream.train.dataset import Dataset
from ghoststream.train.examples import (
    Example,
    check_duplicates,
    check_examples,
    check_splits,
    read_examples,
)
from ghoststream.types import Clip, Embedding, TimeSpan
from ghoststream.video.moment import samples_between
from ghoststream.windows import windows

FOLDER = "training"
"""Within the user's cache folder."""
FORMAT = 1
"""Of what is kept; another number, and all is made anew."""

Frames = NDArray[np.float32]
Progress = Callable[[int, int], None]
"""Told how many clips are done, and of how many."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ClipFeatures:
    """A labelled clip, and what the network says of its frames."""

    example: Example
    sha256: str
    """Of its file."""
    embeddings: tuple[Embedding, ...]
    """At least one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Features:
    """All clips that could be read, and a sentence for each that could not."""

    clips: tuple[ClipFeatures, ...]
    lost: tuple[str, ...] = field(default=())


def labelled_clips(data: Path) -> list[Example]:
    """Reads and checks what there is to learn from.

    Raises:
        DataError: nothing there, or nothing that can be learnt from.
    """
    examples = read_examples(data, suffixes=VIDEO_SUFFIXES)
    check_splits(examples)
    return examples


def read_features(
    examples: Sequence[Example],
    config: EmbedConfig,
    *,
    wanted: Callable[[Example], bool] = lambda example: True,
    cache: Path | None,
    progress: Progress,
) -> tuple[Features, FramePipeline]:
    """Embeds every clip, or takes its embeddings from the cache.

    Args:
        examples: all of them, since none may be there twice.
        config: network and sampling.
        wanted: which of them to embed.
        cache: folder for embeddings; None takes the user's.
        progress: told of each clip.

    Returns:
        What was read, and the pipeline that read it.

    Raises:
        DataError: one clip under two names.
        ConfigError, WeightsError: as `build_frame_pipeline`.
    """
    clips: list[ClipFeatures] = []
    lost: list[str] = []
    found, sha256s = _hashed(examples, lost)
    check_duplicates(found, sha256s)
    pipeline = build_frame_pipeline(config)
    kept = Cache(cache or cache_folder() / FOLDER)
    to_read = [pair for pair in zip(found, sha256s, strict=True) if wanted(pair[0])]
    for done, (example, sha256) in enumerate(to_read):
        progress(done, len(to_read))
        try:
            embeddings = _remembered(example, sha256, pipeline, kept)
        except (SourceError, ConfigError) as error:
            lost.append(str(error))
        else:
            clips.append(ClipFeatures(example=example, sha256=sha256, embeddings=embeddings))
    progress(len(to_read), len(to_read))
    return Features(clips=tuple(clips), lost=tuple(lost)), pipeline


def _hashed(examples: Sequence[Example], lost: list[str]) -> tuple[list[Example], list[str]]:
    found, sha256s = [], []
    known: dict[Path, str] = {}
    for example in examples:
        try:
            known[example.path] = known.get(example.path) or sha256_of(example.path)
        except OSError as error:
            lost.append(f"{shown(example.path)}: {error.strerror or error}; check its permissions")
        else:
            found.append(example)
            sha256s.append(known[example.path])
    return found, sha256s


def check_enough(features: Features) -> None:
    """What was lost may have been all that a class had.

    Raises:
        DataError: nothing can be learnt from the rest.
    """
    try:
        check_examples([clip.example for clip in features.clips])
    except DataError as error:
        if not features.lost:
            raise
        raise DataError(
            f"{len(features.lost)} clips cannot be read, and without them {error}; the first: "
            f"{features.lost[0]}"
        ) from error


def _remembered(
    example: Example, sha256: str, pipeline: FramePipeline, cache: Cache
) -> tuple[Embedding, ...]:
    name = f"{_key(example, sha256, pipeline)}.npz"
    payload = cache.read(name)
    if payload is not None:
        return _unpacked(payload)
    embeddings = _embedded(example, pipeline)
    if not embeddings:
        raise SourceError(f"{shown(example.path)}: no frame is looked at; give a longer clip")
    cache.write(name, _packed(embeddings))
    return embeddings


def _key(example: Example, sha256: str, pipeline: FramePipeline) -> str:
    info = pipeline.runtime.info
    return cache_key(
        {
            "format": FORMAT,
            "file": sha256,
            "span": [example.start_seconds, example.end_seconds],
            "sampling": pipeline.sampling.describe(),
            "model": [info.name, info.sha256, info.runtime],
            "preprocessing": plain(info.preprocessing),
        }
    )


def _embedded(example: Example, pipeline: FramePipeline) -> tuple[Embedding, ...]:
    if example.start_seconds is None and example.end_seconds is None:
        source = FileSource(path=example.path)
        with source.open() as stream, ahead(stream, pipeline.samples(stream)) as samples:
            return tuple(pipeline.embeddings(samples))
    span = samples_between(
        example.path,
        -math.inf if example.start_seconds is None else example.start_seconds,
        math.inf if example.end_seconds is None else example.end_seconds,
        sampling=pipeline.sampling,
        prepare=pipeline.runtime.preprocessing.prepare,
        name=shown(example.path),
    )
    return tuple(pipeline.embeddings(span))


def _packed(embeddings: Sequence[Embedding]) -> bytes:
    """Times as fractions, so that windows fall as they would the first time."""
    ends = [(e.span.start, e.span.end) for e in embeddings]
    times = [[[t.numerator, t.denominator] for t in pair] for pair in ends]
    file = io.BytesIO()
    vectors = np.stack([e.vector for e in embeddings])
    np.savez(file, times=np.array(times, dtype=np.int64), vectors=vectors)
    return file.getvalue()


def _unpacked(payload: bytes) -> tuple[Embedding, ...]:
    with np.load(io.BytesIO(payload)) as arrays:
        times, vectors = arrays["times"].tolist(), arrays["vectors"]
    return tuple(
        Embedding(span=TimeSpan(start=Fraction(*start), end=Fraction(*end)), vector=vector)
        for (start, end), vector in zip(times, vectors, strict=True)
    )


def dataset_of(
    clips: Sequence[ClipFeatures],
    *,
    classes: tuple[str, ...],
    pooling: Pooling,
    window_seconds: Fraction,
) -> Dataset:
    """Windows of clips, pooled.

    Args:
        clips: at least one.
        classes: names, of which every clip has one.
        pooling: of each window.
        window_seconds: longer clips are cut into several windows of this length.
    """
    cut = [list(_windows(clip.embeddings, window_seconds)) for clip in clips]
    groups = {
        group: number for number, group in enumerate(sorted({c.example.group for c in clips}))
    }
    return Dataset(
        vectors=np.stack([pooling(window.vectors) for each in cut for window in each]),
        owners=np.repeat(np.arange(len(clips)), [len(each) for each in cut]),
        seconds=np.array([float(window.span.duration) for each in cut for window in each]),
        labels=np.array([classes.index(clip.example.label) for clip in clips], dtype=np.intp),
        groups=np.array([groups[clip.example.group] for clip in clips], dtype=np.intp),
        classes=classes,
    )


def windows_of(clips: Sequence[ClipFeatures], window_seconds: Fraction) -> list[Frames]:
    """The frames of each window, T x D, in the order of `dataset_of`."""
    cut = (window for clip in clips for window in _windows(clip.embeddings, window_seconds))
    return [window.vectors for window in cut]


def _windows(embeddings: Sequence[Embedding], window_seconds: Fraction) -> list[Clip]:
    """The last one may be cut short; less than half of one says too little to learn from."""
    cut = list(windows(embeddings, window_seconds=window_seconds, hop_seconds=window_seconds))
    long = [window for window in cut if window.span.duration * 2 >= window_seconds]
    return long or cut[:1]
