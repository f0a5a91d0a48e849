"""Whether two videos show the same moments, at which distance in time.

A copy changes as its original does. So vectors are compared by their way around the mean of a few
seconds, not by where that mean lies: two recordings of one quiet scene look alike but move apart,
while the copy with a logo looks different and moves along.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Seconds: TypeAlias = NDArray[np.float64]
Indices: TypeAlias = NDArray[np.int64]
Vectors: TypeAlias = NDArray[np.float32]
Vectors64: TypeAlias = NDArray[np.float64]

AROUND_SECONDS = 5.0
"""To either side of a moment, at which the lag is looked for."""
PROBE_SECONDS = 0.5
"""To either side of a proposed offset, which lies as far from the true one as frames vote apart."""
PROBE_SHARE = 0.5
"""Of the lowest score, that a lag next to the true one reaches at least."""
FINE_LAGS = 4
"""Half steps to either side of the best of those."""
WINDOW_SHARE = 0.75
"""Of the shortest stretch: a window that is to lie in it wherever it begins."""
HOPS = 6
"""Steps from one window to the next that lies beside it."""
MIN_FRAMES = 5
"""Fewer say nothing about a movement."""
NOISE = 1e-6
"""Squared movement of a unit vector that rounding and noise may make: a still picture has no more,
and could lie at any offset."""
MAX_GAP_STEPS = 1.6
"""Between frames that follow each other."""
EDGE_SHARE = 0.25
"""Of a gap, by which a time may lie before the first frame or after the last."""
BLOCK = 128
"""Windows at once, so that an hour needs no more memory than a minute."""
MIN_SIMILARITY = 0.7
"""Cosine of frames that may show the same at all."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Track:
    """Frames of a video in the order of time."""

    seconds: Seconds
    """N."""
    vectors: Vectors
    """N x D, of length 1."""

    @property
    def step_seconds(self) -> float:
        """Between one frame and the next, as a rule."""
        return float(np.median(np.diff(self.seconds))) if len(self.seconds) > 1 else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """What two videos share."""

    start_seconds: float
    """In the first video."""
    offset_seconds: float
    """From a moment of the first video to the same one of the second."""
    length_seconds: float
    score: float
    """How well the movements agree: 1 for a perfect copy, about 0 for other content."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Overlap:
    """How well two videos agree at a lag: frame by frame, and in windows over frames."""

    lag_seconds: float
    seconds: Seconds
    """Of the frames of the first video."""
    similarities: NDArray[np.float32]
    """Of each of those to what the second video shows then."""
    spans: tuple[slice, ...]
    """Of the windows, in frames."""
    scores: NDArray[np.float64]
    """One a window."""

    def gain(self, min_score: float) -> float:
        """How much of it agrees, and how well."""
        return float(np.maximum(self.scores - min_score, 0).sum())


def align(
    first: Track,
    second: Track,
    *,
    offset_seconds: float,
    near_seconds: float,
    min_length_seconds: float,
    min_score: float,
) -> list[Stretch]:
    """Stretches that two videos share near an offset, in the order of time.

    Args:
        first: N x D.
        second: M x D.
        offset_seconds: from a moment of the first to the same one of the second, known to about a
            second.
        near_seconds: a moment of the first around which they seem to share something.
        min_length_seconds: shorter ones are left out.
        min_score: how well the movements must agree, 0 to 1.
    """
    if min(len(first.seconds), len(second.seconds)) < MIN_FRAMES:
        return []
    step = max(first.step_seconds, second.step_seconds)
    window = max(min_length_seconds * WINDOW_SHARE, MIN_FRAMES * step)
    some = _around(first, near_seconds, AROUND_SECONDS + window)
    overlaps = _near(some, second, offset_seconds, window, step, min_score)
    if not overlaps:
        return []
    best = max(overlaps, key=lambda overlap: overlap.gain(min_score))
    for lag in (_peak(best, overlaps), _meeting(best, second)):
        if finer := _overlap(some, second, lag, window):
            best = max(best, finer, key=lambda overlap: overlap.gain(min_score))
    whole = _overlap(first, second, best.lag_seconds, window) or best
    stretches = [_stretch(whole, run, step) for run in _runs(whole, min_score)]
    return [each for each in stretches if each.length_seconds >= min_length_seconds - step]


def _around(track: Track, seconds: float, reach_seconds: float) -> Track:
    """The frames near a moment."""
    limits = [seconds - reach_seconds, seconds + reach_seconds]
    low, high = np.searchsorted(track.seconds, limits)
    return Track(seconds=track.seconds[low:high], vectors=track.vectors[low:high])


def _near(
    first: Track, second: Track, offset: float, window: float, step: float, min_score: float
) -> list[_Overlap]:
    """Overlaps at lags around the best of a few; none where nothing agrees at any of those."""
    reach = max(PROBE_SECONDS, step / 2)
    lags = (offset, offset - reach, offset + reach)
    probes = [each for lag in lags if (each := _overlap(first, second, lag, window))]
    if not any(each.scores.max() >= min_score * PROBE_SHARE for each in probes):
        return []
    best = max(probes, key=lambda overlap: overlap.gain(min_score * PROBE_SHARE))
    fine = best.lag_seconds + np.arange(-FINE_LAGS, FINE_LAGS + 1) * max(step / 2, 0.05)
    return [each for lag in fine if (each := _overlap(first, second, float(lag), window))]


def _overlap(first: Track, second: Track, lag: float, window: float) -> _Overlap | None:
    """Each frame of the first video with what the second shows then; None without windows."""
    rows, theirs = _shown_at(second, first.seconds + lag)
    seconds, mine = first.seconds[rows], first.vectors[rows]
    spans = tuple(_windows(seconds, window))
    if not spans:
        return None
    blocks = [spans[low : low + BLOCK] for low in range(0, len(spans), BLOCK)]
    return _Overlap(
        lag_seconds=lag,
        seconds=seconds,
        similarities=np.einsum("nd,nd->n", mine, theirs),
        spans=spans,
        scores=np.concatenate([_scores(mine, theirs, block) for block in blocks]),
    )


def _shown_at(track: Track, times: Seconds) -> tuple[Indices, Vectors]:
    """Which times lie between two frames that follow each other, and the vector between those.

    Two samplings of one film look at different moments; what moves would seem to differ.
    """
    after = np.clip(np.searchsorted(track.seconds, times), 1, len(track.seconds) - 1)
    gaps = track.seconds[after] - track.seconds[after - 1]
    shares = (times - track.seconds[after - 1]) / gaps
    near = (gaps <= MAX_GAP_STEPS * track.step_seconds) & (np.abs(shares - 0.5) <= 0.5 + EDGE_SHARE)
    rows, after, weights = np.flatnonzero(near), after[near], np.clip(shares[near], 0, 1)[:, None]
    weights = weights.astype(np.float32)
    between = (1 - weights) * track.vectors[after - 1] + weights * track.vectors[after]
    return rows, np.asarray(between, np.float32)


def _windows(seconds: Seconds, length: float) -> Iterator[slice]:
    """Windows over frames that follow each other; those with too few frames are left out."""
    if len(seconds) == 0:
        return
    for start in np.arange(seconds[0], seconds[-1] - length * 0.75, length / HOPS):
        low, high = np.searchsorted(seconds, [start - 1e-6, start + length - 1e-6])
        if high - low >= MIN_FRAMES:
            yield slice(int(low), int(high))


def _scores(mine: Vectors, theirs: Vectors, spans: Sequence[slice]) -> NDArray[np.float64]:
    """Of each window, the correlation of both movements around their means."""
    low = spans[0].start
    starts = np.array([span.start - low for span in spans])
    stops = np.array([span.stop - low for span in spans])
    # The movement of a quiet scene is a millionth of the vectors' squares: too little for 32 bits.
    a, b = (each[low : spans[-1].stop].astype(np.float64) for each in (mine, theirs))
    mean_a, mean_b = (_means(each, starts, stops) for each in (a, b))

    def mean_products(x: Vectors64, y: Vectors64) -> Vectors64:
        return _means(np.einsum("nd,nd->n", x, y)[:, None], starts, stops)[:, 0]

    products = mean_products(a, b)
    moves_a = mean_products(a, a) - np.einsum("nd,nd->n", mean_a, mean_a) + NOISE
    moves_b = mean_products(b, b) - np.einsum("nd,nd->n", mean_b, mean_b) + NOISE
    together = products - np.einsum("nd,nd->n", mean_a, mean_b)
    return np.where(products >= MIN_SIMILARITY, together / np.sqrt(moves_a * moves_b), 0.0)


def _means(rows: Vectors64, starts: Indices, stops: Indices) -> Vectors64:
    """Of windows over rows, N x D. Sums that run on need no product of small matrices, for which
    the cores would wait for each other longer than they compute."""
    sums = np.cumsum(np.concatenate([np.zeros_like(rows[:1]), rows]), axis=0)
    return np.asarray((sums[stops] - sums[starts]) / (stops - starts)[:, None], np.float64)


def _runs(overlap: _Overlap, min_score: float) -> Iterator[list[int]]:
    """Windows that agree and follow each other."""
    run: list[int] = []
    for index, score in enumerate(overlap.scores):
        is_next = run and overlap.spans[index].start < overlap.spans[run[-1]].stop
        if score >= min_score and (is_next or not run):
            run.append(index)
        elif run and (score >= min_score or not is_next):
            yield run
            run = [index] if score >= min_score else []
    if run:
        yield run


def _stretch(overlap: _Overlap, run: list[int], step: float) -> Stretch:
    low, high = _trimmed(overlap, overlap.spans[run[0]].start, overlap.spans[run[-1]].stop)
    start, end = overlap.seconds[low], overlap.seconds[high - 1] + step
    return Stretch(
        start_seconds=float(start),
        offset_seconds=overlap.lag_seconds,
        length_seconds=float(end - start),
        score=min(1.0, float(np.mean(overlap.scores[run]))),
    )


def _trimmed(overlap: _Overlap, low: int, high: int) -> tuple[int, int]:
    """Without frames at the ends that are far less alike than the rest: windows reach over."""
    distances = 1 - overlap.similarities[low:high]
    same = np.flatnonzero(distances <= 4 * np.median(distances) + NOISE)
    return low + int(same[0]), low + int(same[-1]) + 1


def _peak(best: _Overlap, overlaps: list[_Overlap]) -> float:
    """The lag between those that were tried, where a parabola through the scores is highest."""
    around = sorted(overlaps, key=lambda overlap: overlap.lag_seconds)
    place = around.index(best)
    if not 0 < place < len(around) - 1:
        return best.lag_seconds
    near = around[place - 1 : place + 2]
    x = np.array([each.lag_seconds - best.lag_seconds for each in near])
    bend, slope, _ = np.polyfit(x, [each.gain(0) for each in near], 2)
    if bend >= 0:
        return best.lag_seconds
    return best.lag_seconds + float(np.clip(-slope / (2 * bend), x[0], x[-1]))


def _meeting(best: _Overlap, second: Track) -> float:
    """The lag next to the best at which frames of both videos come together, as those of a file
    that was packed anew do."""
    times = best.seconds + best.lag_seconds
    after = np.clip(np.searchsorted(second.seconds, times), 1, len(second.seconds) - 1)
    before = second.seconds[after - 1] - times
    behind = second.seconds[after] - times
    return best.lag_seconds + float(np.median(np.where(-before < behind, before, behind)))
