"""Pairs of videos that may share something, and at which offset in time.

Each frame looks for its nearest ones in other videos, and each of those votes for the offset that
it would mean: the frames of a shared stretch agree on one. The vectors are made short and centred
for that. Short ones are cheap to compare; and without their common part, a picture that is near to
everything, since it shows little, is near to nothing.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

FEATURES = 128
NEIGHBOURS = 16
"""Stretches of other videos that a frame votes for."""
SEGMENT_FRAMES = 16
"""Of a stretch: its nearest frame alone votes, so that a long quiet video has one vote as well."""
MIN_VOTES = 3
OFFSET_SECONDS = 1.0
NEAR_SECONDS = 10.0
"""How far votes for one offset may lie apart: chance spreads them over the whole of a video."""
MAX_PROPOSALS, MAX_ATTEMPTS = 6, 24
"""Of a pair of videos."""
BLOCK_NUMBERS = 1 << 25
"""Similarities at once: 128 MiB."""

Pair: TypeAlias = tuple[int, int]
Indices: TypeAlias = NDArray[np.int64]
Seconds: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Projection:
    """From vectors to short ones, in which frames differ most."""

    mean: NDArray[np.float32]
    """D."""
    basis: NDArray[np.float32]
    """D x P."""

    def __call__(self, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        """N x D to N x P, of length 1."""
        return unit((vectors - self.mean) @ self.basis)


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """Where two videos may share something."""

    offset_seconds: float
    """From a moment of the first to the same one of the second, known to about a second."""
    near_seconds: float
    """A moment of the first video."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Frames:
    """Frames of all videos, in the order of video and time."""

    videos: Indices
    """N, the number of each one's video."""
    seconds: Seconds
    vectors: NDArray[np.float32]
    """N x P, of length 1."""


def unit(vectors: NDArray[np.floating]) -> NDArray[np.float32]:
    """N x D, each made as long as 1; zero stays zero."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(lengths, np.float32(1e-12)), np.float32)


def fit_projection(vectors: NDArray[np.float32]) -> Projection:
    """Principal components of a sample, N x D."""
    mean = vectors.mean(0)
    centred = vectors - mean
    _, basis = np.linalg.eigh(centred.T @ centred)
    return Projection(mean=mean, basis=np.ascontiguousarray(basis[:, ::-1][:, :FEATURES]))


def candidates(frames: Frames) -> dict[Pair, list[Proposal]]:
    """Pairs of videos, the lower number first, with what most votes are for, best first.

    Args:
        frames: about one a second.
    """
    votes = [_votes(frames, rows, others) for rows, others in _neighbours(frames)]
    if not votes:
        return {}
    first, second, times, offsets = (np.concatenate(each) for each in zip(*votes, strict=True))
    order = np.lexsort((offsets, second, first))
    first, second, times, offsets = (each[order] for each in (first, second, times, offsets))
    is_new = (np.diff(first, prepend=-1) != 0) | (np.diff(second, prepend=-1) != 0)
    starts = np.flatnonzero(is_new)
    found: dict[Pair, list[Proposal]] = {}
    for start, end in zip(starts, np.append(starts, len(first))[1:], strict=True):
        if chosen := elected(offsets[start:end], times[start:end]):
            found[int(first[start]), int(second[start])] = chosen
    return found


def _votes(
    frames: Frames, rows: Indices, others: Indices
) -> tuple[Indices, Indices, Seconds, Seconds]:
    """Both videos of each two frames, the lower number first; the time in the first; the offset."""
    is_later = frames.videos[rows] > frames.videos[others]
    first, second = np.where(is_later, others, rows), np.where(is_later, rows, others)
    times = frames.seconds[first]
    return frames.videos[first], frames.videos[second], times, frames.seconds[second] - times


def elected(offsets: Seconds, times: Seconds) -> list[Proposal]:
    """What most votes are for; a few of them must lie near each other.

    Args:
        offsets: of each vote.
        times: of each vote, in the first video.
    """
    order = np.argsort(offsets)
    offsets, times = offsets[order], times[order]
    found: list[Proposal] = []
    for _ in range(MAX_ATTEMPTS):
        agreeing = _densest(offsets, OFFSET_SECONDS)
        if agreeing.stop - agreeing.start < MIN_VOTES or len(found) == MAX_PROPOSALS:
            break
        near = np.sort(times[agreeing])
        near = near[_densest(near, NEAR_SECONDS)]
        if len(near) >= MIN_VOTES:
            offset = float(offsets[agreeing].mean())
            found.append(Proposal(offset_seconds=offset, near_seconds=float(near.mean())))
        offsets, times = np.delete(offsets, agreeing), np.delete(times, agreeing)
    return found


def _densest(values: Seconds, width: float) -> slice:
    """Where most of sorted values lie within a width."""
    if len(values) == 0:
        return slice(0, 0)
    ends = np.searchsorted(values, values + width, side="right")
    start = int(np.argmax(ends - np.arange(len(values))))
    return slice(start, int(ends[start]))


def _neighbours(frames: Frames) -> Iterator[tuple[Indices, Indices]]:
    """Frames, and the nearest of other videos; both as indices, a block at a time."""
    starts = _segment_starts(frames.videos)
    rows_a_block = max(1, BLOCK_NUMBERS // max(1, len(frames.videos)))
    for low in range(0, len(frames.videos), rows_a_block):
        block = slice(low, low + rows_a_block)
        # Segments run along the first axis, because maxima over whole rows are much faster.
        similar = frames.vectors @ frames.vectors[block].T
        best = np.maximum.reduceat(similar, starts, axis=0)
        best[frames.videos[starts][:, None] == frames.videos[block][None, :]] = -1
        count = min(NEIGHBOURS, len(starts))
        top = np.argpartition(best, len(starts) - count, axis=0)[-count:]
        for segments in top:
            columns = np.flatnonzero(np.take_along_axis(best, segments[None], 0)[0] > 0)
            chosen = segments[columns]
            yield columns + low, _best_rows(similar, starts, chosen, columns)


def _best_rows(
    similar: NDArray[np.float32], starts: Indices, segments: Indices, columns: Indices
) -> Indices:
    """The row of each column's highest similarity within its segment."""
    ends = np.append(starts[1:], len(similar))[segments]
    rows = starts[segments][:, None] + np.arange(SEGMENT_FRAMES)
    inside = np.minimum(rows, ends[:, None] - 1)
    places = np.argmax(similar[inside, columns[:, None]], axis=1)
    return np.asarray(inside[np.arange(len(columns)), places], np.int64)


def _segment_starts(videos: Indices) -> Indices:
    """Where a video begins, and every few frames within it."""
    begins = np.flatnonzero(np.diff(videos, prepend=-1))
    lengths = np.diff(np.append(begins, len(videos)))
    starts = [
        np.arange(begin, begin + length, SEGMENT_FRAMES)
        for begin, length in zip(begins, lengths, strict=True)
    ]
    return np.concatenate(starts) if starts else begins
