"""What people said of an event, for the same event told anew: with another head, or settings.

verdict = adopted(event_id, "tabby", 3.0, 8.0, said)
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ghoststream.serve.events.item import Verdict

MIN_OVERLAP = 0.5
"""Of the time that either spans: from here on two spans mean the same thing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A verdict, and what it was said of."""

    event: str
    label: str
    start_time: float
    end_time: float | None
    verdict: Verdict
    corrected_label: str | None
    said_at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Adopted:
    """What holds for an event."""

    verdict: Verdict = "none"
    corrected_label: str | None = None


def adopted(
    event: str, label: str, start_time: float, end_time: float | None, said: Sequence[Said]
) -> Adopted:
    """The verdict on the event itself, or else the newest one that tells something about it.

    Args:
        event: its opaque id.
        label: of the event.
        start_time: in seconds.
        end_time: in seconds; None while it lasts.
        said: of the same video or camera.
    """
    own = next((one for one in said if one.event == event), None)
    if own is not None:
        return Adopted(verdict=own.verdict, corrected_label=own.corrected_label)
    told = (_told(one, label) for one in _alike(said, start_time, end_time))
    return next((one for one in told if one is not None), Adopted())


def _alike(said: Iterable[Said], start: float, end: float | None) -> list[Said]:
    span = (start, start if end is None else end)
    alike = [one for one in said if one.verdict != "none" and _overlap(one, span) >= MIN_OVERLAP]
    return sorted(alike, key=lambda one: -one.said_at)


def _overlap(one: Said, span: tuple[float, float]) -> float:
    start, end = one.start_time, one.start_time if one.end_time is None else one.end_time
    common = min(end, span[1]) - max(start, span[0])
    whole = max(end, span[1]) - min(start, span[0])
    return 1.0 if whole == 0 else common / whole


def _told(one: Said, label: str) -> Adopted | None:
    if one.label == label:
        return Adopted(verdict=one.verdict, corrected_label=one.corrected_label)
    # The new head sees what people said it is.
    return Adopted(verdict="confirmed") if one.corrected_label == label else None
