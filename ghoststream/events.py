"""Predictions to events: what began, became clearer, and ended.

A label's event begins with a clip that scores at least `enter`, lives while clips score at least
`leave`, survives gaps of up to `gap` seconds, and is told of once it has lasted `min_duration`.
"""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction

from ghoststream.types import Event, EventState, Label, Prediction, Record, TimeSpan

UPDATE_STEP = 0.05
"""An `update` is worth sending when the best score has risen by as much since the last message."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EventRules:
    """When an event begins and ends. Scores from 0 to 1, times in seconds."""

    enter: float = 0.15
    leave: float = 0.1
    min_duration_seconds: Fraction = Fraction(0)
    gap_seconds: Fraction = Fraction(1)
    untold: frozenset[str] = frozenset()
    """Labels that make no events, such as that of the background."""


def debounce(
    predictions: Iterable[Prediction], *, rules: EventRules, source: str
) -> Iterator[Record]:
    """Passes each prediction on, followed by the events that it causes.

    Args:
        predictions: in order of time.
        rules: thresholds and durations.
        source: part of each event's id, so that ids of two sources differ.

    Returns:
        Predictions and events. When the predictions end, so does every open event.
    """
    debouncer = Debouncer(rules=rules, source=source)
    for prediction in predictions:
        yield prediction
        yield from debouncer.update(prediction)
    yield from debouncer.finish()


class Debouncer:
    """The events that are open at a moment, at most one a label."""

    def __init__(self, *, rules: EventRules, source: str) -> None:
        self._rules, self._source = rules, source
        self._open: dict[int, EventState] = {}
        self._told: dict[int, EventState] = {}
        """As the world last heard of an open event; absent while the event is too short to tell."""

    def update(self, prediction: Prediction) -> Iterator[Event]:
        """Events caused by the next clip."""
        yield from self._end_idle(prediction.span.start)
        for label in prediction.labels:
            if label.label in self._rules.untold:
                continue
            state = self._open.get(label.label_id)
            if label.score >= (self._rules.enter if state is None else self._rules.leave):
                yield from self._see(label, prediction.span, state)

    def finish(self) -> Iterator[Event]:
        """Ends whatever is still open."""
        for label_id in list(self._open):
            yield from self._end(label_id)

    def _see(self, label: Label, span: TimeSpan, state: EventState | None) -> Iterator[Event]:
        state = _begun(label, span, self._source) if state is None else _renewed(state, label, span)
        self._open[label.label_id] = state
        told = self._told.get(label.label_id)
        if told is None and state.frame_time - state.start_time < self._rules.min_duration_seconds:
            return
        if told is None or state.top_score >= told.top_score + UPDATE_STEP:
            self._told[label.label_id] = state
            yield Event(type="new" if told is None else "update", before=told, after=state)

    def _end_idle(self, now: Fraction) -> Iterator[Event]:
        for label_id, state in list(self._open.items()):
            if now - state.frame_time > self._rules.gap_seconds:
                yield from self._end(label_id)

    def _end(self, label_id: int) -> Iterator[Event]:
        state, told = self._open.pop(label_id), self._told.pop(label_id, None)
        if told is not None:
            yield Event(type="end", before=told, after=replace(state, end_time=state.frame_time))


def _begun(label: Label, span: TimeSpan, source: str) -> EventState:
    return EventState(
        id=event_id(source, label.label, float(span.start)),
        label=label.label,
        label_id=label.label_id,
        score=label.score,
        top_score=label.score,
        start_time=span.start,
        end_time=None,
        frame_time=span.end,
    )


def _renewed(state: EventState, label: Label, span: TimeSpan) -> EventState:
    top_score = max(state.top_score, label.score)
    return replace(state, score=label.score, top_score=top_score, frame_time=span.end)


def event_source(camera: str, region: str | None) -> str:
    """What stands for a region of a camera in the ids of its events.

    Example:
        >>> event_source("front", "door")
        'front/door'
    """
    return camera if region is None else f"{camera}/{region}"


def event_id(source: str, label: str, start_seconds: float) -> str:
    """Frigate's `<seconds>-<6 characters>`, but the same in every run over the same video.

    Args:
        source: its redacted name.
        label: of the event.
        start_seconds: of the event; what the id shows of it counts, so that a stored one will do.

    Example:
        >>> event_id("camera", "tabby", 1.5)
        '1.500000-898d0c'
    """
    start = f"{start_seconds:.6f}"
    digest = hashlib.sha256(f"{source}\0{label}\0{start}".encode(errors="replace")).hexdigest()
    return f"{start}-{digest[:6]}"
