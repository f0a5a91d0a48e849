"""Event logs as runs write them, for the tests of the page."""

from collections.abc import Iterable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

from results import HEADER, STREAM, SUMMARY

from ghoststream.sinks.records import (
    clip_record,
    end_record,
    event_record,
    evidence_record,
    header_record,
    status_record,
    to_line,
)
from ghoststream.types import (
    Event,
    EventState,
    Evidence,
    Header,
    Label,
    LiveState,
    Prediction,
    Status,
    Summary,
    TimeSpan,
)

FILE = replace(HEADER, source="clip.mp4", configuration={"window": Fraction(2), "enter": 0.15})
CAMERA = replace(
    HEADER, source="gate", stream=replace(STREAM, clock="ntp", duration=None), segment=1
)
WHOLE = replace(SUMMARY, decode_errors=0)
UNIX = 1_790_000_000


def header(of: Header = FILE) -> str:
    return to_line(header_record(of))


def clip(start: float, scores: dict[str, float], of: Header = FILE, seconds: float = 2) -> str:
    span = TimeSpan(start=Fraction(start), end=Fraction(start + seconds))
    labels = [Label(label=label, label_id=0, score=score) for label, score in scores.items()]
    return to_line(clip_record(Prediction(span=span, labels=tuple(labels)), of))


def event(
    label: str = "cat",
    start: float = 10,
    end: float = 13,
    score: float = 0.5,
    of: Header = FILE,
    *,
    goes_on: bool = False,
    number: int = 0,
) -> str:
    """The line that ends an event, or that begins one that goes on."""
    state = EventState(
        id=event_name(start, number),
        label=label,
        label_id=0,
        score=score,
        top_score=score,
        start_time=Fraction(start),
        end_time=None if goes_on else Fraction(end),
        frame_time=Fraction(end),
    )
    if goes_on:
        return to_line(event_record(Event(type="new", before=None, after=state), of))
    before = replace(state, end_time=None)
    return to_line(event_record(Event(type="end", before=before, after=state), of))


def event_name(start: float, number: int = 0) -> str:
    return f"{start:.6f}-{number:06x}"


def status(state: LiveState, seconds: float, cause: str | None = None, source: str = "gate") -> str:
    told = Status(source=source, state=state, cause=cause, time=Fraction(seconds), segment=1)
    return to_line(status_record(told))


def evidence(path: Path | str, start: float, of_event: str, *, is_clip: bool = True) -> str:
    span = TimeSpan(start=Fraction(start), end=Fraction(start + (10 if is_clip else 0)))
    kept = Evidence(
        source="gate",
        event_id=of_event,
        kind="clip" if is_clip else "thumbnail",
        path=str(path),
        span=span,
        nbytes=1,
        is_whole=True,
    )
    return to_line(evidence_record(kept))


def end(of: Header | str = FILE, summary: Summary = WHOLE) -> str:
    return to_line(end_record(summary, of if isinstance(of, str) else of.source))


def write_log(path: Path, lines: Iterable[str]) -> Path:
    path.write_text("".join(lines), "utf-8")
    return path


def plain_log(path: Path, source: str = "clip.mp4") -> Path:
    """One file with one event, read to its end."""
    of = replace(FILE, source=source)
    begun = event(end=12, of=of, goes_on=True)
    return write_log(path, [header(of), clip(10, {"cat": 0.5}, of), begun, event(of=of), end(of)])
