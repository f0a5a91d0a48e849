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
    windower = Windower(window_seconds=window_seconds, hop_seconds=hop_seconds)
    for embedding in embeddings:
        yield from windower.update(embedding)
    yield from windower.finish()


class Windower:
    """The window at a moment, and the embeddings in it."""

    def __init__(self, *, window_seconds: Fraction, hop_seconds: Fraction) -> None:
        self._window, self._hop = window_seconds, hop_seconds
        self._held: deque[Embedding] = deque()
        self._origin: Fraction | None = None
        self._start = Fraction(0)

    def update(self, embedding: Embedding) -> Iterator[Clip]:
        """Clips that end before the next embedding."""
        time, held = embedding.span.start, self._held
        if self._origin is None:
            self._origin = self._start = time
        while held and time >= self._start + self._window:
            yield _clip(held, TimeSpan(start=self._start, end=self._start + self._window))
            self._start += self._hop
            _drop_before(held, self._start)
        if not held:
            first = _first_window(time - self._origin, self._window, self._hop) + self._origin
            self._start = max(self._start, first)
        if time >= self._start:
            held.append(embedding)

    def finish(self) -> Iterator[Clip]:
        """The clip that the end of the stream cuts short."""
        if self._held:
            end = min(self._start + self._window, self._held[-1].span.end)
            yield _clip(self._held, TimeSpan(start=self._start, end=end))
            self._held.clear()


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
