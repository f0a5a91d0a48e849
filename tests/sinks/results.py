"""Results as a pipeline gives them, for the tests of sinks."""

from dataclasses import replace
from fractions import Fraction

import numpy as np

from ghoststream.types import (
    Embedding,
    Event,
    EventState,
    Header,
    Label,
    ModelInfo,
    Prediction,
    Record,
    StreamInfo,
    Summary,
    TimeSpan,
)

STREAM = StreamInfo(
    codec="h264",
    width=64,
    height=48,
    coded_width=64,
    coded_height=48,
    pixel_format="yuv420p",
    bit_depth=8,
    time_base=Fraction(1, 90000),
    start_time=Fraction(10),
    duration=Fraction(4),
    average_rate=Fraction(30000, 1001),
    declared_frames=120,
    rotation=0,
    sample_aspect_ratio=Fraction(1),
    color_matrix="bt709",
    color_range="limited",
    interlaced=False,
    container="mov,mp4",
    clock="pts",
)

MODEL = ModelInfo(
    name="ghostnet_100",
    weights="bundled",
    sha256="ab" * 32,
    preprocessing={"input_size": 224, "mean": (0.485, 0.456, 0.406)},
    runtime="torch 2.14.1 cpu fp32",
)

HEADER = Header(
    source="Küche/камера.mp4",
    stream=STREAM,
    model=MODEL,
    configuration={"fps": Fraction(4), "window": Fraction(2)},
    configuration_sha256="cd" * 32,
)

SUMMARY = Summary(
    frames=120,
    skipped=40,
    sampled=16,
    clips=3,
    events=1,
    dropped=0,
    decode_errors=2,
    reason="completed",
)


def prediction(start: int, *labels: str, score: float = 0.75) -> Prediction:
    """A clip of two seconds, `start` seconds into the video; scores halve from label to label."""
    begin = 10 + Fraction(start)
    return Prediction(
        span=TimeSpan(start=begin, end=begin + 2),
        labels=tuple(
            Label(label=label, label_id=index, score=score / 2**index)
            for index, label in enumerate(labels or ("кошка", "Tasse"))
        ),
    )


def state(label: str = "кошка", *, start: int = 0, end: int | None = None) -> EventState:
    begin = 10 + Fraction(start)
    return EventState(
        id=f"{float(begin):.6f}-abcdef",
        label=label,
        label_id=0,
        score=0.5,
        top_score=0.75,
        start_time=begin,
        end_time=None if end is None else 10 + Fraction(end),
        frame_time=begin + 2,
    )


def event_new(label: str = "кошка", *, start: int = 0) -> Event:
    return Event(type="new", before=None, after=state(label, start=start))


def event_end(label: str = "кошка", *, start: int = 0, end: int = 3) -> Event:
    before = state(label, start=start)
    return Event(type="end", before=before, after=state(label, start=start, end=end))


RECORDS: tuple[Record, ...] = (
    prediction(0),
    event_new(),
    prediction(1),
    prediction(2),
    event_end(),
)


def embedding(index: int, *, dimension: int = 8, step: Fraction = Fraction(1, 4)) -> Embedding:
    """Of the frame at `index` steps into the video."""
    start = 10 + index * step
    vector = np.arange(dimension, dtype=np.float32) + index
    return Embedding(span=TimeSpan(start=start, end=start + step), vector=vector)


def other_source(name: str) -> Header:
    return replace(HEADER, source=name)
