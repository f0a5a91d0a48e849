"""What a video shows when, with no more to draw than a screen can show.

timeline_of(stored_rows(store, video), clips=5, start_seconds=0, end_seconds=6)
"""

import heapq
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from ghoststream.archive.store import Store, quoted
from ghoststream.serve.archive.catalogue import CataloguedVideo
from ghoststream.serve.archive.item import ShownLabel, Timeline, TimelineClip

MAX_CLIPS = 1000
"""Of a longer video, neighbours are put together."""
LABELS_PER_CLIP = 5
TOP_LABELS = 12
Row: TypeAlias = Mapping[str, Any]
"""Of a clip: COLUMNS of the store's table."""

COLUMNS = ("start_seconds", "end_seconds", "labels", "scores")


@dataclass(slots=True)
class _Bin:
    """Clips that begin in the same part of the video."""

    start: float
    end: float
    scores: dict[str, float] = field(default_factory=dict)

    def add(self, row: Row) -> None:
        self.start = min(self.start, row["start_seconds"])
        self.end = max(self.end, row["end_seconds"])
        for label, score in zip(row["labels"], row["scores"], strict=True):
            self.scores[label] = max(score, self.scores.get(label, 0.0))


def span_of(video: CataloguedVideo) -> tuple[float, float]:
    """Start and end of a video, in seconds on its own clock."""
    start = video.start_seconds or 0.0
    return start, start + (video.duration_seconds or 0.0)


def stored_rows(store: Store, video: str) -> Iterator[Row]:
    """The clips of a video as the store names them, a batch at a time.

    Args:
        store: that holds it.
        video: its id there.

    Raises:
        StoreError: the store cannot be read.
    """
    for batch in store.clips(where=f"video = {quoted([video])}", columns=COLUMNS):
        yield from batch.to_pylist()


def timeline_of(
    rows: Iterable[Row], *, clips: int, start_seconds: float, end_seconds: float
) -> Timeline:
    """Puts clips together, without the events.

    Args:
        rows: of clips, with COLUMNS.
        clips: how many there are, about.
        start_seconds: of the video, on its own clock.
        end_seconds: likewise.
    """
    width = (end_seconds - start_seconds) / MAX_CLIPS if clips > MAX_CLIPS else None
    ordered = sorted(_binned(rows, width), key=lambda one: one.start)
    return Timeline(
        start_seconds=min([start_seconds, *(one.start for one in ordered)]),
        end_seconds=max([end_seconds, *(one.end for one in ordered)]),
        labels=_top(ordered),
        clips=[_clip(one) for one in ordered],
        events=[],
    )


def _binned(rows: Iterable[Row], width: float | None) -> list[_Bin]:
    """Each clip for itself, or all of a part of the video as one."""
    bins: dict[float, _Bin] = {}
    for row in rows:
        start = row["start_seconds"]
        place = start if not width else start // width
        one = bins.setdefault(place, _Bin(start, row["end_seconds"]))
        one.add(row)
    return list(bins.values())


def _clip(one: _Bin) -> TimelineClip:
    best = heapq.nlargest(LABELS_PER_CLIP, one.scores.items(), key=lambda pair: pair[1])
    labels = [ShownLabel(label=label, score=score) for label, score in best]
    return TimelineClip(start=one.start, end=one.end, labels=labels)


def _top(bins: Sequence[_Bin]) -> list[str]:
    totals: dict[str, float] = defaultdict(float)
    for one in bins:
        for label, score in one.scores.items():
            totals[label] += score
    return heapq.nlargest(TOP_LABELS, totals, key=lambda label: totals[label])
