"""The stored embeddings of spans of videos, with their exact times.

(frames,) = embeddings_of(store, [Span(video="0f3a9c1b5d7e2468", start=3.0, end=5.5)])
frames[0].span.start
"""

import math
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import pyarrow as pa

from ghoststream.archive.store import Store
from ghoststream.stages import batched
from ghoststream.types import Embedding, TimeSpan

VIDEOS_A_QUERY = 64
COLUMNS = ("video", "pts", "time_base", "end_seconds", "vector")


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """The times `start <= t < end` of a video, in seconds on its own clock.

    Floats, to which a frame's time is rounded before it is compared: a time that was printed and
    read back must still be that of the frame.
    """

    video: str
    """Its id in the store."""
    start: float = -math.inf
    end: float = math.inf


def embeddings_of(store: Store, spans: Sequence[Span]) -> list[tuple[Embedding, ...]]:
    """Reads the sampled frames of each span.

    Args:
        store: which holds the videos.
        spans: in any order; they may overlap.

    Returns:
        For each span its frames in order of time, maybe none.
    """
    by_video: defaultdict[str, list[Span]] = defaultdict(list)
    for span in spans:
        by_video[span.video].append(span)
    found: dict[Span, tuple[Embedding, ...]] = {}
    for some in batched(by_video.items(), VIDEOS_A_QUERY):
        frames = _frames(store, [_condition(video, wanted) for video, wanted in some])
        for video, wanted in some:
            found |= _cut(frames[video], wanted)
    return [found[span] for span in spans]


def _frames(store: Store, conditions: Sequence[str]) -> defaultdict[str, list[Embedding]]:
    """Of several videos, by their ids."""
    frames: defaultdict[str, list[Embedding]] = defaultdict(list)
    for batch in store.embeddings(where=" OR ".join(conditions), columns=COLUMNS):
        for video, embedding in stored_embeddings(batch):
            frames[video].append(embedding)
    return frames


def _cut(frames: list[Embedding], spans: Sequence[Span]) -> dict[Span, tuple[Embedding, ...]]:
    frames.sort(key=lambda frame: frame.span.start)
    starts = [float(frame.span.start) for frame in frames]
    return {
        span: tuple(frames[bisect_left(starts, span.start) : bisect_left(starts, span.end)])
        for span in spans
    }


def _condition(video: str, spans: Sequence[Span]) -> str:
    within = " OR ".join(map(_within, spans))
    return f"(video = '{video}' AND ({within}))"


def _within(span: Span) -> str:
    bounds = []
    if math.isfinite(span.start):
        bounds.append(f"seconds >= {span.start!r}")
    if math.isfinite(span.end):
        bounds.append(f"seconds < {span.end!r}")
    return f"({' AND '.join(bounds) or 'true'})"


def stored_embeddings(batch: pa.RecordBatch) -> Iterator[tuple[str, Embedding]]:
    """Rows of the table of frames, each with the id of its video.

    Args:
        batch: with at least `COLUMNS`.
    """
    videos, pts, units, ends = (batch[name].to_pylist() for name in COLUMNS[:-1])
    vectors = batch["vector"].flatten().to_numpy().reshape(len(videos), -1).astype(np.float32)
    for video, start, unit, end, vector in zip(videos, pts, units, ends, vectors, strict=True):
        yield video, Embedding(span=_span(start, Fraction(unit), end), vector=vector)


def _span(pts: int, time_base: Fraction, end_seconds: float) -> TimeSpan:
    """The end is a whole number of units, too, and its float is nearer to it than half a unit."""
    end = round(Fraction(end_seconds) / time_base)
    return TimeSpan(start=pts * time_base, end=end * time_base)
