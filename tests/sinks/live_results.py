"""Results of live cameras, for the tests of what tells other systems."""

from dataclasses import replace
from fractions import Fraction

from results import HEADER, STREAM

from ghoststream.types import Event, EventState, Evidence, Header, LiveState, Status, TimeSpan

START = Fraction(1_790_000_000)
DOOR = replace(HEADER, source="door", stream=replace(STREAM, clock="ntp"), region="gate", segment=1)


def header(camera: str) -> Header:
    return replace(DOOR, source=camera, region=None)


def state(id: str = "1790000000.5-abc123", *, seconds: int = 0, ended: bool = False) -> EventState:
    return EventState(
        id=id,
        label="cat",
        label_id=281,
        score=0.75,
        top_score=0.875,
        start_time=START,
        end_time=START + seconds if ended else None,
        frame_time=START + seconds,
    )


def new(id: str = "1790000000.5-abc123") -> Event:
    return Event(type="new", before=None, after=state(id, seconds=2))


def end(id: str = "1790000000.5-abc123") -> Event:
    return Event(type="end", before=state(id, seconds=2), after=state(id, seconds=9, ended=True))


def status(camera: str, live_state: LiveState, cause: str | None = None) -> Status:
    return Status(source=camera, state=live_state, cause=cause, time=START, segment=1)


def clip(camera: str, id: str = "1790000000.5-abc123") -> Evidence:
    return Evidence(
        source=camera,
        event_id=id,
        kind="clip",
        path=f"evidence/{camera}/{id}.mp4",
        span=TimeSpan(start=START - 5, end=START + 14),
        nbytes=123456,
        is_whole=True,
    )
