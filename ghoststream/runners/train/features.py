"""Labelled clips to vectors: cut out of a store, to which videos are added that it lacks.

features = read_features(labelled_clips(Path("gestures")), place, progress=print)
data = dataset_of(features.clips, classes=("a", "b"), pooling=mean, window_seconds=Fraction(2))
"""

import hashlib
import math
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ghoststream.archive.spans import Span, embeddings_of
from ghoststream.archive.store import Store
from ghoststream.errors import DataError
from ghoststream.pooling import Pooling
from ghoststream.runners.archive.analysis import sha256_of
from ghoststream.runners.train.store import Place, Progress, fill, identity
from ghoststream.sources.archive import ArchiveFile
from ghoststream.sources.file import VIDEO_SUFFIXES, shown
from ghoststream.train.dataset import Dataset
from ghoststream.train.examples import (
    Example,
    check_duplicates,
    check_examples,
    check_splits,
    read_examples,
)
from ghoststream.types import Clip, Embedding
from ghoststream.windows import windows

Frames = NDArray[np.float32]
VideoRow = Mapping[str, Any]
"""Of the store's table `videos`."""

VIDEO_COLUMNS = (
    "video", "path_bytes", "source", "content_sha256", "status", "error", "dropped",
    "decode_errors",
)  # fmt: skip


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
    lost: tuple[str, ...]
    notices: tuple[str, ...]
    """What else is worth knowing of how they were read."""


def labelled_clips(data: Path) -> list[Example]:
    """Reads and checks what there is to learn from.

    Raises:
        DataError: nothing there, or nothing that can be learnt from.
    """
    examples = read_examples(data, suffixes=VIDEO_SUFFIXES)
    check_splits(examples)
    check_duplicates(examples, _contents({example.path for example in examples}))
    return examples


def _contents(paths: Iterable[Path]) -> dict[Path, str]:
    """What tells files apart: their hash where another one is as long, and else their path."""
    sizes = {path: path.stat().st_size for path in paths}
    alike = Counter(sizes.values())
    return {path: _content(path) if alike[sizes[path]] > 1 else str(path) for path in sizes}


def _content(path: Path) -> str:
    try:
        return sha256_of(path)
    except OSError:
        return str(path)  # it is told later that it cannot be read


def read_features(
    examples: Sequence[Example], place: Place, *, progress: Progress = lambda done, of: None
) -> Features:
    """Cuts clips out of a store; videos that it does not know are embedded first, each whole.

    Args:
        examples: at least one.
        place: the store.
        progress: told of each video that is embedded.

    Raises:
        StoreError: it cannot be read or added to.
        GhostStreamError: as `run_archive`.
    """
    filled = fill(place, sorted({example.path for example in examples}), progress=progress)
    rows = _rows(filled.store)
    known = [(example, _row_of(example, filled.files, rows)) for example in examples]
    there = [(example, row) for example, row in known if row is not None]
    lost = [_gone(example) for example, row in known if row is None]
    clips: list[ClipFeatures] = []
    cut = embeddings_of(filled.store, [_span(example, row) for example, row in there])
    for (example, row), embeddings in zip(there, cut, strict=True):
        if embeddings:
            sha256 = row["content_sha256"]
            clips.append(ClipFeatures(example=example, sha256=sha256, embeddings=embeddings))
        else:
            lost.append(_loss(example, row))
    notices = (*filled.notices, *_damage([row for _, row in there]))
    return Features(clips=tuple(clips), lost=tuple(lost), notices=notices)


def _rows(store: Store) -> dict[Path, VideoRow]:
    rows = store.videos(columns=VIDEO_COLUMNS).to_pylist()
    return {Path(os.fsdecode(row["path_bytes"])): row for row in rows}


def _row_of(
    example: Example, files: Mapping[Path, ArchiveFile], rows: Mapping[Path, VideoRow]
) -> VideoRow | None:
    file = files.get(identity(example.path))
    return None if file is None else rows.get(file.path)


def _span(example: Example, row: VideoRow) -> Span:
    start, end = example.start_seconds, example.end_seconds
    return Span(
        video=row["video"],
        start=-math.inf if start is None else start,
        end=math.inf if end is None else end,
    )


def _gone(example: Example) -> str:
    name = shown(example.path)
    return f"{name}: it has changed or gone while it was read; run again once it rests"


def _loss(example: Example, row: VideoRow) -> str:
    """Why a clip could not be had."""
    name = shown(example.path)
    if row["status"] != "done":
        return f"{name}: {row['error'].removeprefix(row['source'] + ': ')}"
    if example.start_seconds is None and example.end_seconds is None:
        return f"{name}: no frame is looked at; give a longer clip"
    start = "its start" if example.start_seconds is None else f"{example.start_seconds:g} s"
    end = "its end" if example.end_seconds is None else f"{example.end_seconds:g} s"
    return f"{name}: nothing between {start} and {end} is looked at; give a longer span"


def _damage(rows: Sequence[VideoRow]) -> Iterator[str]:
    lost = {row["video"]: row["dropped"] + row["decode_errors"] for row in rows}
    damaged = [frames for frames in lost.values() if frames]
    if damaged:
        yield (
            f"{sum(damaged)} frames of {len(damaged)} videos are damaged, and the clips are what "
            "is left without them"
        )


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


def hashed_group(clip: ClipFeatures) -> str | None:
    """The hash of the name of a clip's group, as a head remembers it; None where it has none."""
    example = clip.example
    if not example.is_named_group:
        return None
    return hashlib.sha256(example.group.encode("utf-8", "surrogateescape")).hexdigest()


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
    cut = [list(cut_windows(clip.embeddings, window_seconds)) for clip in clips]
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
    cut = (window for clip in clips for window in cut_windows(clip.embeddings, window_seconds))
    return [window.vectors for window in cut]


def cut_windows(embeddings: Sequence[Embedding], window_seconds: Fraction) -> list[Clip]:
    """The windows of a clip.

    The last one may be cut short; less than half of one says too little to learn from.
    """
    cut = list(windows(embeddings, window_seconds=window_seconds, hop_seconds=window_seconds))
    long = [window for window in cut if window.span.duration * 2 >= window_seconds]
    return long or cut[:1]
