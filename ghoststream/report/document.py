"""What a page says, as data: short names and plain lists, since thousands of events go into it."""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

from ghoststream.report.losses import losses_of
from ghoststream.report.reading import Logs
from ghoststream.report.source_log import LoggedEvent, Outage, SourceLog
from ghoststream.report.thumbnails import Pictures, Wanted
from ghoststream.report.videos import Videos

STEPS = 60_000
"""Of all scores together; many sources have fewer each."""
FEWEST_STEPS, MOST_STEPS = 24, 1500
DECIMALS = 3
"""Of seconds and scores."""

Data = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """An event, and where it can be seen."""

    source: int
    """Its place among the sources."""
    event: LoggedEvent
    clip: Path | None = None
    clip_start_seconds: float = 0.0
    wanted: Wanted | None = None
    """Of its thumbnail."""


@dataclass(slots=True, kw_only=True)
class Scenes:
    """All events, by source and time."""

    scenes: list[Scene] = field(default_factory=list)
    videos: list[Path | None] = field(default_factory=list)
    """Of each source."""
    evidence_gone: int = 0
    """Files that the log speaks of, and that are not there any more."""


def find_scenes(logs: Logs, videos: Videos) -> Scenes:
    """Looks up where each event can be seen."""
    found = Scenes()
    for index, source in enumerate(logs.sources):
        path = videos.path_of(source)
        found.videos.append(path)
        for event in source.events():
            if source.is_live:
                found.scenes.append(_live_scene(index, source, event, videos, found))
            else:
                wanted = None if path is None else Wanted(path=path, seconds=event.best_seconds)
                found.scenes.append(Scene(source=index, event=event, wanted=wanted))
    return found


def _live_scene(
    index: int, source: SourceLog, event: LoggedEvent, videos: Videos, found: Scenes
) -> Scene:
    """The clip that shows the best moment, or else the first one that is still there."""
    there = [(clip, videos.file_of(clip.path, source)) for clip in event.clips]
    kept = [(clip, path) for clip, path in there if path is not None]
    found.evidence_gone += len(there) - len(kept)
    kept.sort(key=lambda pair: not pair[0].start <= event.best_seconds <= pair[0].end)
    picture = event.thumbnail
    thumbnail = None if picture is None else videos.file_of(picture.path, source)
    found.evidence_gone += picture is not None and thumbnail is None
    return Scene(
        source=index,
        event=event,
        clip=kept[0][1] if kept else None,
        clip_start_seconds=kept[0][0].start if kept else 0.0,
        wanted=None if thumbnail is None else Wanted(path=thumbnail, seconds=None),
    )


def choose_pictures(scenes: Sequence[Scene], limit: int) -> list[Wanted]:
    """Moments to show, each once: with too many, the most certain event of each stretch of them.

    Args:
        scenes: by source and time.
        limit: pictures, at most.
    """
    best: dict[Wanted, float] = {}
    for scene in scenes:
        if scene.wanted is not None:
            best[scene.wanted] = max(best.get(scene.wanted, 0), scene.event.score)
    moments = list(best)
    if len(moments) <= limit or limit == 0:
        return moments[:limit]
    bounds = [round(place * len(moments) / limit) for place in range(limit + 1)]
    stretches = (moments[start:end] for start, end in pairwise(bounds))
    return [max(stretch, key=lambda wanted: best[wanted]) for stretch in stretches]


def document(
    logs: Logs,
    found: Scenes,
    *,
    videos: Videos,
    wanted: Sequence[Wanted],
    pictures: Pictures,
) -> Data:
    """Everything that the script of the page works with.

    Args:
        logs: which were read.
        found: the events of all of them.
        videos: makes links.
        wanted: moments that were looked up.
        pictures: what came of them, by their place among the wanted.
    """
    lanes = _ranked_lanes(logs.sources)
    numbers = {lane: number for number, lane in enumerate(lanes)}
    images = {wanted[place]: number for number, place in enumerate(sorted(pictures.jpegs))}
    return {
        "lanes": lanes,
        "sources": [
            _source(source, path, videos, numbers, len(logs.sources))
            for source, path in zip(logs.sources, found.videos, strict=True)
        ],
        "events": [_event(scene, numbers, images, videos) for scene in found.scenes],
        "images": [base64.b64encode(pictures.jpegs[p]).decode() for p in sorted(pictures.jpegs)],
    }


def _ranked_lanes(sources: Sequence[SourceLog]) -> list[str]:
    """All labels that anything is shown of, those with the most events first."""
    counts: dict[str, int] = {}
    for source in sources:
        for lane in source.top_lanes(source.series):
            counts.setdefault(lane, 0)
        for event in source.events():
            counts[event.lane] = counts.get(event.lane, 0) + 1
    return sorted(counts, key=lambda lane: (-counts[lane], lane))


def _source(
    source: SourceLog,
    path: Path | None,
    videos: Videos,
    numbers: Mapping[str, int],
    sources: int,
) -> Data:
    header, series = source.header, source.series
    series.reduce(max(FEWEST_STEPS, min(MOST_STEPS, STEPS // sources)))
    return {
        "name": source.name,
        "live": source.is_live,
        "origin": _origin(source),
        "first": _rounded(source.first_seconds),
        "last": _rounded(source.last_seconds),
        "clock": header and header.clock,
        "stream": header and header.stream.model_dump(mode="json"),
        "video": path and videos.link_to(path),
        "enter": _enter(source),
        "times": [round(time, DECIMALS) for time in series.times()],
        "lines": [
            [numbers[lane], [_rounded(score) for score in series.line(lane)]]
            for lane in source.top_lanes(series)
        ],
        "clips": source.has_clips,
        "reduced": series.is_reduced,
        "begun": source.begun,
        "outages": [_outage(outage) for outage in source.outages],
        "losses": losses_of(source),
    }


def _origin(source: SourceLog) -> float:
    """Where players begin to count."""
    return 0.0 if source.is_live or source.header is None else source.header.start_time or 0.0


def _enter(source: SourceLog) -> float | None:
    enter = source.header and source.header.configuration.get("enter")
    return enter if isinstance(enter, float | int) else None


def _outage(outage: Outage) -> list[object]:
    return [outage.start_seconds, outage.end_seconds, outage.state, outage.cause]


def _event(
    scene: Scene, numbers: Mapping[str, int], images: Mapping[Wanted, int], videos: Videos
) -> list[object]:
    event = scene.event
    clip = None if scene.clip is None else videos.link_to(scene.clip)
    return [
        scene.source,
        numbers[event.lane],
        _rounded(event.start_seconds),
        _rounded(event.end_seconds),
        _rounded(event.best_seconds),
        _rounded(event.score),
        -1 if scene.wanted is None else images.get(scene.wanted, -1),
        *([] if clip is None else [clip, _rounded(scene.clip_start_seconds)]),
    ]


def _rounded(number: float | None) -> float | None:
    return None if number is None else round(number, DECIMALS)
