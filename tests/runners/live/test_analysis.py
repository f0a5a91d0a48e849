"""What the network makes of cameras, item by item."""

from dataclasses import replace
from fractions import Fraction
from functools import cache

import numpy as np
import pytest
from numpy.typing import NDArray
from results import STREAM, SUMMARY

from ghoststream.config import RunConfig, make_config
from ghoststream.pipeline import EventPipeline, build_event_pipeline
from ghoststream.runners.live.analysis import Analysis
from ghoststream.runners.live.messages import (
    CameraEnded,
    NotKept,
    Sampled,
    SegmentBegun,
    SegmentEnded,
)
from ghoststream.sinks.live import LiveSink
from ghoststream.types import Event, Header, Prediction, Record, Status, Summary, TimeSpan

LIVE = replace(STREAM, start_time=Fraction(1000), duration=None, clock="ntp")
BEGUN = SegmentBegun(number=1, cause="connected", info=LIVE)
ENDED = CameraEnded(summary=replace(SUMMARY, reconnects=1, stalls=0, overrun=0), error=None)


class Told(LiveSink):
    """Keeps what it is told, in order."""

    def __init__(self) -> None:
        self.headers: list[Header] = []
        self.records: list[tuple[Header, Record]] = []
        self.rest: list[object] = []

    def start(self, header: Header) -> None:
        self.headers.append(header)

    def write(self, record: Record, header: Header) -> None:
        self.records.append((header, record))

    def status(self, status: Status) -> None:
        self.rest.append(status)

    def finish(self, source: str, summary: Summary) -> None:
        self.rest.append((source, summary))

    def kinds(self, source: str) -> list[str]:
        return [
            record.type if isinstance(record, Event) else "clip"
            for header, record in self.records
            if header.source == source
        ]


class Observed:
    """Stands in for metrics."""

    def __init__(self) -> None:
        self.batches: list[int] = []
        self.lags: list[str] = []
        self.events: list[tuple[str, str]] = []

    def observe_inference(self, seconds: float, batch: int) -> None:
        self.batches.append(batch)

    def observe_lag(self, camera: str, seconds: float) -> None:
        self.lags.append(camera)

    def event(self, camera: str, label: str) -> None:
        self.events.append((camera, label))


@cache
def pipeline() -> EventPipeline:
    return build_event_pipeline(
        make_config(RunConfig, {"fps": 2, "window": 1, "hop": 1, "enter": 0.001, "leave": 0.0009})
    )


def picture(seed: int) -> NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 256, (224, 224, 3), np.uint8)


def sampled(second: float, *seeds: int) -> Sampled:
    start = Fraction(1000) + Fraction(second)
    return Sampled(
        span=TimeSpan(start=start, end=start + Fraction(1, 2)),
        pixels=tuple(picture(seed) for seed in seeds or (0,)),
        arrived=float(start),
    )


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
def observed() -> Observed:
    return Observed()


@pytest.fixture
def analysis(told: Told, observed: Observed) -> Analysis:
    made = Analysis(pipeline(), sink=told, metrics=observed)
    made.add("a", regions=(None,), settings={"fps": "2"})
    made.add("b", regions=("door", "gate"), settings={"fps": "4"})
    return made


def test_cameras_share_a_batch_and_keep_their_own_windows(
    analysis: Analysis, told: Told, observed: Observed
) -> None:
    analysis.take([("a", BEGUN), ("b", BEGUN)])
    for second in (0, 0.5, 1, 1.5, 2):
        analysis.take([("a", sampled(second)), ("b", sampled(second, 1, 2))])
    assert observed.batches == [3] * 5
    assert [(h.source, h.region, h.segment, h.segment_cause) for h in told.headers] == [
        ("a", None, 1, "connected"),
        ("b", "door", 1, "connected"),
        ("b", "gate", 1, "connected"),
    ]
    assert [header.configuration["fps"] for header in told.headers] == ["2", "4", "4"]
    assert len({header.configuration_sha256 for header in told.headers}) == 2
    spans = [
        (header.source, header.region, float(record.span.start))
        for header, record in told.records
        if isinstance(record, Prediction)
    ]
    assert spans == [
        ("a", None, 1000.0),
        ("b", "door", 1000.0),
        ("b", "gate", 1000.0),
        ("a", None, 1001.0),
        ("b", "door", 1001.0),
        ("b", "gate", 1001.0),
    ]
    assert observed.lags.count("b") == len([h for h, _ in told.records if h.source == "b"])


def test_a_lost_stream_ends_its_events_and_no_others(analysis: Analysis, told: Told) -> None:
    analysis.take([("a", BEGUN), ("b", BEGUN)])
    for second in (0, 0.5, 1):
        analysis.take([("a", sampled(second)), ("b", sampled(second, 1, 2))])
    assert "new" in told.kinds("a")
    assert "end" not in told.kinds("a")
    analysis.take([("a", SegmentEnded(number=1))])
    assert told.kinds("a").count("end") == told.kinds("a").count("new")
    assert "end" not in told.kinds("b")
    ids = {r.after.id for h, r in told.records if isinstance(r, Event) and h.source == "b"}
    by_region = [
        {r.after.id for h, r in told.records if isinstance(r, Event) and h.region == region}
        for region in ("door", "gate")
    ]
    assert ids == by_region[0] | by_region[1]
    assert not by_region[0] & by_region[1]


def test_a_new_segment_begins_new_windows(analysis: Analysis, told: Told) -> None:
    analysis.take([("a", BEGUN), ("a", sampled(0)), ("a", sampled(0.5))])
    analysis.take([("a", SegmentBegun(number=2, cause="clock_reset", info=LIVE))])
    analysis.take([("a", sampled(10)), ("a", sampled(11))])
    spans = [
        (header.segment, float(record.span.start), float(record.span.end))
        for header, record in told.records
        if isinstance(record, Prediction)
    ]
    assert spans == [(1, 1000.0, 1001.0), (2, 1010.0, 1011.0)]


def test_the_end_of_a_camera(analysis: Analysis, told: Told) -> None:
    status = Status(source="a", state="running", cause=None, time=Fraction(1000), segment=1)
    analysis.take([("a", status), ("a", BEGUN), ("a", sampled(0)), ("a", sampled(1))])
    analysis.take([("a", NotKept(event_id="x", cause="no room")), ("a", ENDED)])
    events = told.kinds("a").count("new")
    assert events > 0
    expected = replace(ENDED.summary, sampled=2, clips=2, events=events)
    assert told.rest == [status, ("a", expected)]
    assert analysis.summaries == {"a": expected}
    assert told.kinds("a").count("end") == events
