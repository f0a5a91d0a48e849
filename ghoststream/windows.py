"""Embeddings to clips: a window that slides over time.

The grid of windows starts at the first embedding: `[k * hop, k * hop + window)` after it. A window
in which nothing was sampled gives no clip. The last clip ends where the stream ends.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from fractions import Fraction
from math import floor

import numpy as np

from ghoststream.types import Clip, Embedding, TimeSpan


def windows(
    embeddings: Iterable[Embedding], *, window_seconds: Fraction, hop_seconds: Fraction
) -> Iterator[Clip]:
    """Groups embeddings into overlapping (hop < window) or spaced (hop > window) clips.

    Args:
        embeddings: in order of time.
        window_seconds: length of a clip.
        hop_seconds: from the start of a clip to the start of the next.

    Returns:
        Clips in order; every embedding is in at least one of them, unless it lies between spaced
        windows.

    Example:
        >>> clips = windows(embeddings, window_seconds=Fraction(2), hop_seconds=Fraction(1))
    """
    held: deque[Embedding] = deque()
    origin = start = None
    for embedding in embeddings:
        time = embedding.span.start
        if origin is None or start is None:
            origin = start = time
        while held and time >= start + window_seconds:
            yield _clip(held, TimeSpan(start=start, end=start + window_seconds))
            start += hop_seconds
            _drop_before(held, start)
        if not held:
            start = max(start, _first_window(time - origin, window_seconds, hop_seconds) + origin)
        if time >= start:
            held.append(embedding)
    if held and start is not None:
        end = min(start + window_seconds, held[-1].span.end)
        yield _clip(held, TimeSpan(start=start, end=end))


def _first_window(time: Fraction, window: Fraction, hop: Fraction) -> Fraction:
    """Start of the first window that ends after `time`; by arithmetic, since gaps may be huge."""
    return max(0, floor((time - window) / hop) + 1) * hop


def _drop_before(held: deque[Embedding], start: Fraction) -> None:
    while held and held[0].span.start < start:
        held.popleft()


def _clip(held: Iterable[Embedding], span: TimeSpan) -> Clip:
    members = list(held)
    return Clip(
        span=span,
        times=tuple(e.span.start for e in members),
        vectors=np.stack([e.vector for e in members]),
    )
