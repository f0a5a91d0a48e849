"""Moments: neighbouring hits of a video put together, and those that look the same folded.

hits --merged--> stretches --folded--> stretches, best first
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeAlias

import numpy as np

from ghoststream.types import Vector

Seconds: TypeAlias = tuple[float, float]
"""Start and end, half open, on the video's own clock."""

MERGE_GAP = 2
"""How far numbers of neighbours lie apart, at most: one sample between two hits may be no hit."""
MERGE_WITHIN = 0.05
"""How much worse than the best hit of a moment another one may be, as cosine: of real surveillance,
two frames a quarter of a second apart differ by 0.03 at the median, and by 0.09 in one of 20."""
SAME_COSINE = 0.95
"""From here on, two moments of a video show the same: that of frames within two seconds of real
surveillance at the median; of two cameras, it is 0.79 in one of 20 pairs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """A place in a video that matches a query."""

    video: str
    """Its id in the store."""
    path: Path
    source: str
    """What JSON lines call the video."""
    start_seconds: float
    """On the video's own clock, as all times here."""
    end_seconds: float
    """The first time that is no longer part of it."""
    best_seconds: float
    """Where to look: the time of the best frame, or the middle of the best clip."""
    score: float
    """Cosine to the query, or the label's score."""
    label: str | None = None
    """Of the best clip; None for a frame."""
    also: tuple[Seconds, ...] = ()
    """Spans of the same video that look the same and match less."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Hit:
    """A row that matches a query."""

    row: int
    """Its address in the table."""
    video: str
    number: int
    """Of the frame or clip in its video, counted without gaps."""
    span: Seconds
    best_seconds: float
    score: float
    label: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Stretch:
    """Hits of one video, side by side."""

    best: Hit
    span: Seconds
    also: tuple[Seconds, ...] = ()


def merged(hits: Sequence[Hit], *, within: float = MERGE_WITHIN) -> list[Stretch]:
    """Neighbours put together.

    Args:
        hits: in any order.
        within: how much worse than the best one of its stretch a hit may be.

    Returns:
        Best first.
    """
    left = {(hit.video, hit.number): hit for hit in hits}
    stretches = []
    for hit in sorted(hits, key=lambda hit: (-hit.score, hit.video, hit.number)):
        if left.pop((hit.video, hit.number), None):
            members = [hit, *_neighbours(hit, left, 1, within), *_neighbours(hit, left, -1, within)]
            _drop_between(members, left)
            starts, ends = zip(*(member.span for member in members), strict=True)
            stretches.append(Stretch(best=hit, span=(min(starts), max(ends))))
    return stretches


def folded(
    stretches: Sequence[Stretch], vectors: Sequence[Vector], *, cosine: float = SAME_COSINE
) -> list[Stretch]:
    """Stretches of one video that look the same, told of in the best one of them.

    Args:
        stretches: best first.
        vectors: of the best hit of each.
        cosine: from which on two look the same.
    """
    kept: dict[str, list[int]] = {}
    units = [vector / (np.linalg.norm(vector) or 1) for vector in vectors]
    also: dict[int, list[Seconds]] = {}
    for place, stretch in enumerate(stretches):
        before = kept.setdefault(stretch.best.video, [])
        same = next((k for k in before if float(units[k] @ units[place]) >= cosine), None)
        if same is None:
            before.append(place)
            also[place] = []
        else:
            also[same].append(stretch.span)
    return [
        replace(stretches[place], also=(*stretches[place].also, *sorted(spans)))
        for place, spans in also.items()
    ]


def _drop_between(members: Sequence[Hit], left: dict[tuple[str, int], Hit]) -> None:
    """Worse hits amid a stretch belong to it, so that no two stretches overlap."""
    numbers = [member.number for member in members]
    for number in range(min(numbers), max(numbers)):
        left.pop((members[0].video, number), None)


def _neighbours(
    best: Hit, left: dict[tuple[str, int], Hit], step: int, within: float
) -> Iterator[Hit]:
    """Takes those on one side out of what is left."""
    number, since_last = best.number, 0
    while since_last < MERGE_GAP:
        number, since_last = number + step, since_last + 1
        hit = left.get((best.video, number))
        if hit and hit.score >= best.score - within:
            since_last = 0
            yield left.pop((best.video, number))
