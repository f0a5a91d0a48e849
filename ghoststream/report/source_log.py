"""What a log says of one source, folded line by line in bounded memory."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from ghoststream.report.timeline import ScoreSeries, top_labels
from ghoststream.sinks.records import (
    ClipRecord,
    EndRecord,
    EventRecord,
    EventStateRecord,
    EvidenceRecord,
    HeaderRecord,
    StatusRecord,
)

MAX_EVENTS = 20_000
"""A page with more of them is slow to open; the strongest stay."""
MAX_OUTAGES = 500
MAX_LINES = 6
"""Of scores: more of them cannot be told from each other."""
DEFAULT_WINDOW_SECONDS = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedEvent:
    """An event as the log leaves it; times in seconds on the clock of its source."""

    id: str
    lane: str
    """Its label, with the region where there is one."""
    start_seconds: float
    end_seconds: float | None
    """None while it goes on."""
    score: float
    """The best one."""
    best_seconds: float
    """Middle of the clip with the best score that the log tells of."""
    best_score: float
    """Of that clip."""
    clips: tuple[EvidenceRecord, ...] = ()
    thumbnail: EvidenceRecord | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outage:
    """A time in which a camera gave no frames; `end_seconds` is None while it lasts."""

    start_seconds: float
    end_seconds: float | None
    state: str
    cause: str | None


class SourceLog:
    """Everything that a report needs of one source.

    Args:
        name: of the source, as its lines call it.
        folder: the directory of its log, from which relative names may count.
    """

    def __init__(self, name: str, folder: str) -> None:
        self.name, self.folder = name, folder
        self.header: HeaderRecord | None = None
        self._recipes: dict[str | None, set[str]] = {}
        """Weights and settings, by region."""
        self.ends: list[EndRecord] = []
        self.is_over = False
        """Whether the newest thing that the log says of it is its end."""
        self.clips = self.begun = self.left_out = 0
        self.outages: list[Outage] = []
        self.outages_left_out = 0
        self.first_seconds: float | None = None
        self.last_seconds: float | None = None
        self._series, self._told = ScoreSeries(), ScoreSeries()
        self._events: dict[str, LoggedEvent] = {}
        self._open: dict[str, str] = {}
        self._newest_clip: dict[str | None, ClipRecord] = {}
        self._windows: dict[str | None, float] = {}

    @property
    def is_live(self) -> bool:
        return self.header is not None and self.header.segment is not None

    @property
    def is_mixed(self) -> bool:
        """Whether weights or settings changed on the way."""
        return any(len(recipes) > 1 for recipes in self._recipes.values())

    @property
    def series(self) -> ScoreSeries:
        """Scores of clips, or where none were logged, those that events tell."""
        return self._series if len(self._series) else self._told

    @property
    def has_clips(self) -> bool:
        return len(self._series) > 0

    @property
    def held(self) -> int:
        """Events that are kept."""
        return len(self._events)

    def events(self) -> list[LoggedEvent]:
        """In the order in which they began."""
        return sorted(self._events.values(), key=lambda event: (event.start_seconds, event.id))

    def take_header(self, header: HeaderRecord) -> None:
        self.header = header
        self.is_over = False
        recipe = f"{header.model.sha256} {header.configuration_sha256}"
        self._recipes.setdefault(header.region, set()).add(recipe)
        self._windows[header.region] = _window_seconds(header)
        if header.start_time is not None and not self.is_live:
            self._reach(header.start_time)

    def take_clip(self, clip: ClipRecord) -> None:
        self.clips += 1
        self._newest_clip[clip.region] = clip
        self._reach(clip.start)
        self._reach(clip.end)
        middle = (clip.start + clip.end) / 2
        scores = {lane_of(each.label, clip.region): each.score for each in clip.labels}
        self._series.add(middle, scores)
        for lane in scores.keys() & self._open.keys():
            event = self._events[self._open[lane]]
            if scores[lane] > event.best_score:
                self._put(replace(event, best_seconds=middle, best_score=scores[lane]))

    def take_event(self, record: EventRecord) -> None:
        state = record.after
        self._reach(state.start_time)
        self._reach(state.frame_time)
        lane = lane_of(state.label, state.region)
        middle = self._middle(state)
        self._told.add(middle, {lane: state.score})
        known = self._events.get(state.id) or self._begun(state, lane, middle)
        if state.score > known.best_score:
            known = replace(known, best_seconds=middle, best_score=state.score)
        self._put(
            replace(
                known,
                end_seconds=state.end_time,
                score=max(known.score, state.top_score),
            )
        )
        if record.type == "end":
            self._open.pop(lane, None)
            self._thin()
        else:
            self._open[lane] = state.id

    def take_status(self, status: StatusRecord) -> None:
        self._reach(status.time)
        if self.outages and self.outages[-1].end_seconds is None:
            self.outages[-1] = replace(self.outages[-1], end_seconds=status.time)
        self.is_over = status.state == "ended"
        if status.state in ("running", "connecting", "ended"):
            return
        if len(self.outages) == MAX_OUTAGES:
            self.outages_left_out += 1
            del self.outages[0]
        outage = Outage(
            start_seconds=status.time, end_seconds=None, state=status.state, cause=status.cause
        )
        self.outages.append(outage)

    def take_evidence(self, evidence: EvidenceRecord) -> None:
        event = self._events.get(evidence.event)
        if event is None:
            return  # of an event that was left out, or that the log does not hold
        if evidence.kind == "thumbnail":
            self._put(replace(event, thumbnail=evidence))
        else:
            self._put(replace(event, clips=(*event.clips, evidence)))

    def take_end(self, end: EndRecord) -> None:
        self.ends.append(end)
        self.is_over = True

    def settle(self) -> None:
        """Lets go of scores that no page shows; what comes later is taken all the same."""
        for series in (self._series, self._told):
            series.keep(self.top_lanes(series))

    def top_lanes(self, series: ScoreSeries) -> list[str]:
        """The labels worth a line of their own: those of the most certain events come first."""
        by_score = [event.lane for event in sorted(self._events.values(), key=_rank)]
        return top_labels(series.sums(), by_score, limit=MAX_LINES)

    def keep(self, ids: Collection[str]) -> None:
        """Lets other events go, but for those that go on."""
        going_on = set(self._open.values())
        kept = {k: v for k, v in self._events.items() if k in ids or k in going_on}
        self.left_out += len(self._events) - len(kept)
        self._events = kept

    def _begun(self, state: EventStateRecord, lane: str, middle: float) -> LoggedEvent:
        self.begun += 1
        return LoggedEvent(
            id=state.id,
            lane=lane,
            start_seconds=state.start_time,
            end_seconds=state.end_time,
            score=state.top_score,
            best_seconds=middle,
            best_score=state.score,
        )

    def _middle(self, state: EventStateRecord) -> float:
        """Of the clip that an event was told with; logs of cameras mostly leave clips out."""
        clip = self._newest_clip.get(state.region)
        if clip is not None and clip.end == state.frame_time:
            return (clip.start + clip.end) / 2
        window = self._windows.get(state.region, DEFAULT_WINDOW_SECONDS)
        return max(state.start_time, state.frame_time - window / 2)

    def _put(self, event: LoggedEvent) -> None:
        self._events[event.id] = event

    def _thin(self) -> None:
        """Lets the weakest go, now and then, so that months of a camera find room."""
        if len(self._events) >= 2 * MAX_EVENTS:
            keep_strongest([self], MAX_EVENTS)

    def _reach(self, seconds: float) -> None:
        if self.first_seconds is None or seconds < self.first_seconds:
            self.first_seconds = seconds
        if self.last_seconds is None or seconds > self.last_seconds:
            self.last_seconds = seconds


def lane_of(label: str, region: str | None) -> str:
    """What a label is called where several regions are looked at.

    Example:
        >>> lane_of("tabby", "door")
        'door: tabby'
    """
    return label if region is None else f"{region}: {label}"


def keep_strongest(sources: Sequence[SourceLog], limit: int) -> None:
    """Lets the weakest events of all sources go until `limit` are left, and those that go on."""
    all_events = [(index, event) for index, log in enumerate(sources) for event in log.events()]
    if len(all_events) <= limit:
        return
    all_events.sort(key=lambda pair: _rank(pair[1]))
    kept: list[set[str]] = [set() for _ in sources]
    for index, event in all_events[:limit]:
        kept[index].add(event.id)
    for source, ids in zip(sources, kept, strict=True):
        source.keep(ids)


def _rank(event: LoggedEvent) -> tuple[float, str]:
    """Best first; among equals the hash in an id decides, which spreads them over time."""
    return -event.score, event.id[-6:]


def _window_seconds(header: HeaderRecord) -> float:
    """As the settings have it: a number, or a fraction such as `1/2`."""
    window = header.configuration.get("window")
    numerator, _, denominator = str(window).partition("/")
    try:
        return float(numerator) / float(denominator or 1)
    except (ValueError, ZeroDivisionError):
        return DEFAULT_WINDOW_SECONDS
