"""Pairs of videos of a store that share a stretch, aligned in time.

Files with equal bytes are found by their hash. Others are found by their vectors: about one frame a
second votes for pairs and offsets, and each of those is then looked at with all frames.
"""

import math
import os
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import combinations, product
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ghoststream.archive.alignment import Stretch, Track, align
from ghoststream.archive.candidates import (
    Frames,
    Pair,
    candidates,
    fit_projection,
    unit,
)
from ghoststream.archive.schema import FRAMES
from ghoststream.archive.store import BATCH_ROWS, Store, quoted
from ghoststream.errors import ConfigError

MIN_LENGTH_SECONDS = 3.0
MIN_SCORE = 0.5
FLAT_CONTRAST = 5.0
"""Below it a frame is one colour, or nearly, and like every other such frame."""
IS_NOT_FLAT = f"contrast >= {FLAT_CONTRAST}"
VOTING_SECONDS = 1.0
TRACK_SECONDS = 0.2
"""Frames that are nearer to each other are thinned out."""
SAMPLE_FRAMES = 16_384
"""From which the projection is made."""
TRACK_FRAMES = 20_000
"""Read at once: 100 MB at 1280 features."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Duplicate:
    """A stretch that two videos share."""

    first: Path
    second: Path
    start_seconds: float
    """In the first video, on its own clock."""
    other_start_seconds: float
    """In the second video."""
    offset_seconds: float
    """From a moment of the first video to the same one of the second."""
    length_seconds: float
    score: float
    """How well the two move alike; 1 for files with equal bytes."""
    is_same_file: bool
    """Whether all bytes are equal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Video:
    id: str
    path: Path
    start_seconds: float
    duration_seconds: float
    """As declared; 0 where nobody knows."""
    sampled: int

    @property
    def end_seconds(self) -> float:
        return self.start_seconds + (self.duration_seconds or math.inf)


def find_duplicates(
    store: Store,
    *,
    min_length_seconds: float = MIN_LENGTH_SECONDS,
    min_score: float = MIN_SCORE,
) -> list[Duplicate]:
    """Stretches that two videos share, longest first.

    Args:
        store: with embeddings of frames.
        min_length_seconds: shorter ones are left out.
        min_score: how well the videos must move alike, above 0 to 1.

    Raises:
        ConfigError: a limit that makes no sense.

    Example:
        >>> for pair in find_duplicates(open_store("archive.store")):
        ...     print(pair.first, pair.second, pair.offset_seconds)
    """
    _require_limits(min_length_seconds, min_score)
    copies = _same_files(store)
    found = [pair for group in copies for pair in _equal_pairs(group, min_length_seconds)]
    frames = _voting_frames(store, copies)
    pairs = candidates(frames) if frames else {}
    aligned = partial(align, min_length_seconds=min_length_seconds, min_score=min_score)
    for (a, b), first, second in _tracks(store, copies, pairs):
        stretches = [
            stretch
            for proposal in pairs[a, b]
            for stretch in aligned(
                first,
                second,
                offset_seconds=proposal.offset_seconds,
                near_seconds=proposal.near_seconds,
            )
        ]
        found += _spread(_without_overlaps(stretches), copies[a], copies[b])
    return sorted(found, key=_order)


def _require_limits(min_length_seconds: float, min_score: float) -> None:
    if not min_length_seconds > 0:
        raise ConfigError(f"shortest length is {min_length_seconds} s; give more than 0, such as 3")
    if not 0 < min_score <= 1:
        raise ConfigError(f"lowest score is {min_score}; give one above 0 up to 1, such as 0.5")


def _order(pair: Duplicate) -> tuple[object, ...]:
    return (-pair.length_seconds, -pair.score, pair.first, pair.second, pair.start_seconds)


def _same_files(store: Store) -> list[list[_Video]]:
    """Videos in groups of equal bytes; the first of each group speaks for all in comparisons."""
    groups: defaultdict[str, list[_Video]] = defaultdict(list)
    for row in store.videos("status = 'done'").sort_by("path_bytes").to_pylist():
        video = _Video(
            id=row["video"],
            path=Path(os.fsdecode(row["path_bytes"])),
            start_seconds=row["start_seconds"] or 0.0,
            duration_seconds=row["duration_seconds"] or 0.0,
            sampled=row["sampled"],
        )
        groups[row["content_sha256"] or video.id].append(video)
    return list(groups.values())


def _equal_pairs(group: Sequence[_Video], min_length_seconds: float) -> Iterator[Duplicate]:
    for first, second in combinations(group, 2):
        if first.duration_seconds >= min_length_seconds:
            yield Duplicate(
                first=first.path,
                second=second.path,
                start_seconds=first.start_seconds,
                other_start_seconds=second.start_seconds,
                offset_seconds=0.0,
                length_seconds=first.duration_seconds,
                score=1.0,
                is_same_file=True,
            )


def _voting_frames(store: Store, copies: Sequence[Sequence[_Video]]) -> Frames | None:
    """About one frame a second of each different video, with short vectors; None without any."""
    numbers = {group[0].id: number for number, group in enumerate(copies)}
    stride = -(-store.table(FRAMES).count_rows() // SAMPLE_FRAMES)
    sample = [vectors[::stride] for _, _, vectors in _voting_rows(store, numbers)]
    if not sample:
        return None
    projection = fit_projection(np.concatenate(sample))
    parts = [
        (videos, seconds, projection(v)) for videos, seconds, v in _voting_rows(store, numbers)
    ]
    videos, seconds, vectors = (np.concatenate(each) for each in zip(*parts, strict=True))
    order = np.lexsort((seconds, videos))
    return Frames(videos=videos[order], seconds=seconds[order], vectors=vectors[order])


def _voting_rows(
    store: Store, numbers: Mapping[str, int]
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float32]]]:
    """Numbers of videos, seconds and vectors, a batch of rows at a time."""
    columns = ["video", "seconds", "vector"]
    for batch in store.embeddings(where=IS_NOT_FLAT, columns=columns, batch_rows=BATCH_ROWS):
        videos = np.array([numbers.get(video, -1) for video in batch["video"].to_pylist()])
        seconds = batch["seconds"].to_numpy()
        moments = np.floor(seconds / VOTING_SECONDS)
        is_new = (np.diff(videos, prepend=-2) != 0) | (np.diff(moments, prepend=np.nan) != 0)
        rows = np.flatnonzero(is_new & (videos >= 0))
        if len(rows):
            yield videos[rows], seconds[rows], _vectors(batch["vector"].take(rows))


def _tracks(
    store: Store, copies: Sequence[Sequence[_Video]], pairs: Collection[Pair]
) -> Iterator[tuple[Pair, Track, Track]]:
    """Both tracks of each pair; those of one first video follow each other."""
    partners: defaultdict[int, list[int]] = defaultdict(list)
    for first, second in pairs:
        partners[first].append(second)
    for first, seconds in partners.items():
        for some in _chunks(seconds, copies):
            videos = [first, *some]
            tracks = _read_tracks(store, [copies[number][0].id for number in videos])
            mine = tracks[copies[first][0].id]
            for second in some:
                yield (first, second), mine, tracks[copies[second][0].id]


def _chunks(numbers: Sequence[int], copies: Sequence[Sequence[_Video]]) -> Iterator[list[int]]:
    """Videos in groups that fit into the memory."""
    chunk: list[int] = []
    frames = 0
    for number in numbers:
        sampled = copies[number][0].sampled
        if chunk and (frames + sampled > TRACK_FRAMES):
            yield chunk
            chunk, frames = [], 0
        chunk.append(number)
        frames += sampled
    if chunk:
        yield chunk


def _read_tracks(store: Store, ids: Sequence[str]) -> dict[str, Track]:
    where = f"{IS_NOT_FLAT} AND video IN ({quoted(ids)})"
    batches = [*store.embeddings(where=where, columns=["video", "seconds", "vector"])]
    order = [("video", "ascending"), ("seconds", "ascending")]
    rows = pa.Table.from_batches(batches).sort_by(order)
    videos = rows["video"].to_numpy()
    begins = np.flatnonzero(np.append(True, videos[1:] != videos[:-1]))
    ends = np.append(begins[1:], len(videos))
    return {
        str(videos[low]): _track(rows.slice(low, high - low))
        for low, high in zip(begins, ends, strict=True)
    }


def _track(rows: pa.Table) -> Track:
    """Of one video's rows, in the order of time."""
    seconds = rows["seconds"].to_numpy()
    moments = np.floor(seconds / TRACK_SECONDS)
    kept = np.flatnonzero(np.diff(moments, prepend=np.nan) != 0)
    return Track(
        seconds=seconds[kept], vectors=_vectors(rows["vector"].take(kept).combine_chunks())
    )


def _vectors(column: pa.FixedSizeListArray) -> NDArray[np.float32]:
    """N x D, of length 1."""
    numbers = column.flatten().to_numpy(zero_copy_only=False)
    return unit(numbers.reshape(len(column), -1).astype(np.float32))


def _without_overlaps(stretches: Sequence[Stretch]) -> list[Stretch]:
    """The best of those that tell of the same moments of the first video, or of the second."""
    kept: list[Stretch] = []
    for stretch in sorted(stretches, key=lambda each: -each.score * each.length_seconds):
        if not any(_overlap(stretch, other) for other in kept):
            kept.append(stretch)
    return kept


def _overlap(one: Stretch, other: Stretch) -> bool:
    moves = (0.0, one.offset_seconds), (0.0, other.offset_seconds)
    return any(
        one.start_seconds + mine < other.start_seconds + its + other.length_seconds
        and other.start_seconds + its < one.start_seconds + mine + one.length_seconds
        for mine, its in zip(*moves, strict=True)
    )


def _spread(
    stretches: Sequence[Stretch], firsts: Sequence[_Video], seconds: Sequence[_Video]
) -> Iterator[Duplicate]:
    """Of all files with the bytes of those that were compared."""
    for stretch, first, second in product(stretches, firsts, seconds):
        start, end = _within(stretch, first, second)
        yield Duplicate(
            first=first.path,
            second=second.path,
            start_seconds=start,
            other_start_seconds=start + stretch.offset_seconds,
            offset_seconds=stretch.offset_seconds,
            length_seconds=end - start,
            score=stretch.score,
            is_same_file=False,
        )


def _within(stretch: Stretch, first: _Video, second: _Video) -> tuple[float, float]:
    """Its start and end in the first video, as far as both videos reach."""
    offset = stretch.offset_seconds
    start = max(stretch.start_seconds, first.start_seconds, second.start_seconds - offset)
    end = stretch.start_seconds + stretch.length_seconds
    ends = [end, first.end_seconds, second.end_seconds - offset]
    return start, max(start, min(ends))
