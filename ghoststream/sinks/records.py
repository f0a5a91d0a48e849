"""The lines of the event log: one JSON object each, told apart by `record`.

line = to_line(clip_record(prediction, header))
json_schema()  # what every line obeys

Times are seconds on the stream's own clock, rounded to microseconds; `stream.time_base` in the
header turns them back into exact timestamps: pts = round(seconds / time_base). Nothing in a line
depends on the moment of the run, so equal input gives equal bytes.
"""

import json
from collections.abc import Mapping
from fractions import Fraction
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, JsonValue, TypeAdapter
from pydantic_core import to_jsonable_python

from ghoststream.types import (
    Clock,
    Event,
    EventState,
    EventType,
    Evidence,
    Header,
    Label,
    LiveState,
    Prediction,
    Reason,
    Record,
    SegmentCause,
    Status,
    StreamInfo,
    Summary,
)
from ghoststream.version import __version__

SCHEMA: Literal["ghoststream.events/1"] = "ghoststream.events/1"
DECIMALS = 6


def readable(text: str) -> str:
    """Text that UTF-8 can hold; of a file name in another encoding, `?` stands for its bytes."""
    return text.encode(errors="replace").decode()


Text = Annotated[str, BeforeValidator(readable)]
Seconds = Annotated[float, Field(allow_inf_nan=False)]
Score = Annotated[float, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=0)]


def _is_none(value: object) -> bool:
    return value is None


def _only_live(default: None = None) -> Any:
    """A field that lines about live sources have, and others do not."""
    return Field(default=default, exclude_if=_is_none)


Rational = Annotated[str, Field(pattern=r"^\d+/[1-9]\d*$", examples=["30000/1001"])]


class _Record(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        use_attribute_docstrings=True,
        populate_by_name=True,
        json_schema_serialization_defaults_required=True,
        defer_build=True,
    )


class StreamRecord(_Record):
    """What the container says of its video stream."""

    codec: Text
    width: Count
    """As displayed: after rotation, in square pixels."""
    height: Count
    coded_width: Count
    coded_height: Count
    pixel_format: Text
    bit_depth: Count
    time_base: Rational
    """Seconds a unit of the stream's timestamps."""
    duration: Seconds | None
    """As declared; null for a live stream."""
    average_rate: Rational | None
    """Frames a second, as declared."""
    declared_frames: Count | None
    rotation: Literal[0, 90, 180, 270]
    """Degrees clockwise by which the coded picture is turned for display."""
    sample_aspect_ratio: Rational
    color_matrix: Text
    color_range: Text
    interlaced: bool
    container: Text


class ModelRecord(_Record):
    """Which network and weights made the results."""

    name: Text
    weights: Text
    sha256: Text
    runtime: Text
    """What ran it, on which device and in which precision: `openvino 2026.4.1 cpu bf16`."""


class HeaderRecord(_Record):
    """The first line of each source: where its results come from."""

    record: Literal["header"] = "header"
    schema_: Literal["ghoststream.events/1"] = Field(default=SCHEMA, alias="schema")
    version: Text
    """Of GhostStream."""
    source: Text
    """Without passwords."""
    clock: Clock
    """Where times come from: the container, the sender, the moment of arrival, or a stated rate."""
    start_time: Seconds | None
    """Of the first frame, on the stream's own clock, which need not start at zero."""
    stream: StreamRecord
    model: ModelRecord
    preprocessing: dict[str, JsonValue]
    configuration: dict[str, JsonValue]
    """The settings that decide the results."""
    configuration_sha256: Text
    region: Text | None = _only_live()
    """The part of the picture that is looked at, by name."""
    segment: Annotated[int, Field(ge=1)] | None = _only_live()
    """Counted from 1; times never run backwards from one to the next."""
    segment_cause: SegmentCause | None = _only_live()
    """Why it begins."""


class LabelRecord(_Record):
    """A class name and its score."""

    label: Text
    label_id: Count
    score: Score


class ClipRecord(_Record):
    """What one window of the video shows, best label first."""

    record: Literal["clip"] = "clip"
    source: Text
    region: Text | None = _only_live()
    start: Seconds
    """The clip spans the times from `start` up to, and without, `end`."""
    end: Seconds
    labels: list[LabelRecord]


class EventStateRecord(_Record):
    """What is known of an event at one moment of its life."""

    id: Text
    source: Text
    region: Text | None = _only_live()
    label: Text
    label_id: Count
    score: Score
    """Of the newest clip that shows the label."""
    top_score: Score
    start_time: Seconds
    end_time: Seconds | None
    """null until the event has ended."""
    frame_time: Seconds
    """End of the newest clip that shows the label."""
    model: Text


class EventRecord(_Record):
    """Something began (`new`), became clearer (`update`), or ended (`end`)."""

    record: Literal["event"] = "event"
    type: EventType
    before: EventStateRecord | None
    """null for `new`."""
    after: EventStateRecord


class EndRecord(_Record):
    """The last line of each source: how its run ended."""

    record: Literal["end"] = "end"
    source: Text
    frames: Count
    """Good ones of the video, decoded or skipped."""
    skipped: Count
    """Of those, not decoded: nobody asked for them, nor for what is predicted from them."""
    sampled: Count
    """Looked at by the network."""
    clips: Count
    events: Count
    dropped: Count
    """Decoded, but unusable: their time does not come after that of the frame before."""
    decode_errors: Count
    reason: Reason
    error: Text | None
    """One sentence, where `reason` is `failed`."""
    overrun: Count | None = _only_live()
    """Frames given up because the machine did not keep up."""
    reconnects: Count | None = _only_live()
    """Connections after the first one."""
    stalls: Count | None = _only_live()
    """Times that the source stayed silent for too long."""


class StatusRecord(_Record):
    """What a live source does from now on."""

    record: Literal["status"] = "status"
    source: Text
    state: LiveState
    cause: Text | None
    """One sentence, where there is something to say."""
    time: Seconds
    segment: Count
    """The newest one; 0 before the first."""


class EvidenceRecord(_Record):
    """A file that shows an event of a live source is whole."""

    record: Literal["evidence"] = "evidence"
    source: Text
    event: Text
    """Its id."""
    kind: Literal["clip", "thumbnail"]
    path: Text
    start: Seconds
    """Of a clip; of a thumbnail, the time of its frame."""
    end: Seconds
    is_whole: bool
    """Whether nothing is missing of what was asked for."""


Line: TypeAlias = (
    HeaderRecord | ClipRecord | EventRecord | EndRecord | StatusRecord | EvidenceRecord
)


def json_schema() -> dict[str, object]:
    """The JSON Schema (draft 2020-12) that every line of the event log obeys."""
    lines: TypeAdapter[Line] = TypeAdapter(Annotated[Line, Field(discriminator="record")])
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": SCHEMA,
        "description": "One line of a GhostStream event log.",
        **lines.json_schema(mode="serialization", by_alias=True),
    }


def to_line(record: Line) -> str:
    """One line of JSON, with its newline; letters stay as they are, for UTF-8."""
    data = record.model_dump(mode="json", by_alias=True)
    return json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":")) + "\n"


def header_record(header: Header) -> HeaderRecord:
    """The line that begins a source."""
    model, stream = header.model, header.stream
    return HeaderRecord(
        version=__version__,
        source=header.source,
        clock=stream.clock,
        start_time=None if stream.start_time is None else seconds(stream.start_time),
        stream=_stream_record(stream),
        model=ModelRecord(
            name=model.name,
            weights=model.weights,
            sha256=model.sha256,
            runtime=model.runtime,
        ),
        preprocessing=plain(model.preprocessing),
        configuration=plain(header.configuration),
        configuration_sha256=header.configuration_sha256,
        region=header.region,
        segment=header.segment,
        segment_cause=header.segment_cause,
    )


def result_record(record: Record, header: Header) -> ClipRecord | EventRecord:
    """The line of a prediction or an event."""
    if isinstance(record, Event):
        return event_record(record, header)
    return clip_record(record, header)


def clip_record(prediction: Prediction, header: Header) -> ClipRecord:
    """The line of a prediction."""
    return ClipRecord(
        source=header.source,
        region=header.region,
        start=seconds(prediction.span.start),
        end=seconds(prediction.span.end),
        labels=[_label_record(label) for label in prediction.labels],
    )


def event_record(event: Event, header: Header) -> EventRecord:
    """The line of an event, in the shape that Frigate made common, with `source` for `camera`."""
    return EventRecord(
        type=event.type,
        before=None if event.before is None else _state_record(event.before, header),
        after=_state_record(event.after, header),
    )


def end_record(summary: Summary, source: str) -> EndRecord:
    """The line that ends a source."""
    return EndRecord(
        source=readable(source),
        frames=summary.frames,
        skipped=summary.skipped,
        sampled=summary.sampled,
        clips=summary.clips,
        events=summary.events,
        dropped=summary.dropped,
        decode_errors=summary.decode_errors,
        reason=summary.reason,
        error=summary.error,
        overrun=summary.overrun,
        reconnects=summary.reconnects,
        stalls=summary.stalls,
    )


def status_record(status: Status) -> StatusRecord:
    """The line of what a live source does."""
    return StatusRecord(
        source=status.source,
        state=status.state,
        cause=status.cause,
        time=seconds(status.time),
        segment=status.segment,
    )


def evidence_record(evidence: Evidence) -> EvidenceRecord:
    """The line of a file that shows an event."""
    return EvidenceRecord(
        source=evidence.source,
        event=evidence.event_id,
        kind=evidence.kind,
        path=evidence.path,
        start=seconds(evidence.span.start),
        end=seconds(evidence.span.end),
        is_whole=evidence.is_whole,
    )


def seconds(time: Fraction) -> float:
    """Seconds as a float, rounded to microseconds."""
    return round(float(time), DECIMALS)


def rational(number: Fraction) -> str:
    """Numerator and denominator, always both: `25/1`."""
    return f"{number.numerator}/{number.denominator}"


def plain(values: Mapping[str, object]) -> dict[str, JsonValue]:
    """The mapping as JSON can hold it; what JSON does not know becomes text."""
    data: dict[str, JsonValue] = to_jsonable_python(dict(values), fallback=str)
    return data


def _stream_record(stream: StreamInfo) -> StreamRecord:
    return StreamRecord.model_validate(
        {
            "codec": stream.codec,
            "width": stream.width,
            "height": stream.height,
            "coded_width": stream.coded_width,
            "coded_height": stream.coded_height,
            "pixel_format": stream.pixel_format,
            "bit_depth": stream.bit_depth,
            "time_base": rational(stream.time_base),
            "duration": None if stream.duration is None else seconds(stream.duration),
            "average_rate": None if stream.average_rate is None else rational(stream.average_rate),
            "declared_frames": stream.declared_frames,
            "rotation": stream.rotation,
            "sample_aspect_ratio": rational(stream.sample_aspect_ratio),
            "color_matrix": stream.color_matrix,
            "color_range": stream.color_range,
            "interlaced": stream.interlaced,
            "container": stream.container,
        }
    )


def _label_record(label: Label) -> LabelRecord:
    score = round(label.score, DECIMALS)
    return LabelRecord(label=label.label, label_id=label.label_id, score=score)


def _state_record(state: EventState, header: Header) -> EventStateRecord:
    return EventStateRecord(
        id=state.id,
        source=header.source,
        region=header.region,
        label=state.label,
        label_id=state.label_id,
        score=round(state.score, DECIMALS),
        top_score=round(state.top_score, DECIMALS),
        start_time=seconds(state.start_time),
        end_time=None if state.end_time is None else seconds(state.end_time),
        frame_time=seconds(state.frame_time),
        model=header.model.name,
    )
