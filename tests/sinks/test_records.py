import json
from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError
from results import HEADER, STREAM, SUMMARY, event_end, event_new, prediction

from ghoststream.sinks.records import (
    clip_record,
    end_record,
    event_record,
    header_record,
    json_schema,
    readable,
    seconds,
    to_line,
)
from ghoststream.types import Label, Prediction, TimeSpan


@pytest.fixture(scope="module")
def schema() -> Draft202012Validator:
    Draft202012Validator.check_schema(json_schema())
    return Draft202012Validator(json_schema())


LINES = {
    "header": to_line(header_record(HEADER)),
    "clip": to_line(clip_record(prediction(1), HEADER)),
    "event": to_line(event_record(event_new(), HEADER)),
    "event that ends": to_line(event_record(event_end(), HEADER)),
    "end": to_line(end_record(SUMMARY, HEADER.source)),
}


@pytest.mark.parametrize("line", LINES.values(), ids=LINES.keys())
def test_lines_obey_the_schema(line: str, schema: Draft202012Validator) -> None:
    schema.validate(json.loads(line))


@pytest.mark.parametrize(
    ("kind", "change"),
    [
        ("clip", {"record": "clap"}),
        ("clip", {"record": "event"}),
        ("clip", {"start": "soon"}),
        ("clip", {"more": 1}),
        ("end", {"reason": "tired"}),
        ("header", {"schema": "ghoststream.events/2"}),
    ],
)
def test_schema_refuses_what_no_line_holds(
    kind: str, change: dict[str, Any], schema: Draft202012Validator
) -> None:
    with pytest.raises(ValidationError):
        schema.validate({**json.loads(LINES[kind]), **change})


@pytest.mark.parametrize("kind", LINES)
def test_schema_misses_every_key_that_is_left_out(kind: str, schema: Draft202012Validator) -> None:
    line = json.loads(LINES[kind])
    for key in line:
        with pytest.raises(ValidationError):
            schema.validate({other: line[other] for other in line if other != key})


def test_clip_line() -> None:
    assert LINES["clip"] == (
        '{"record":"clip","source":"Küche/камера.mp4","start":11.0,"end":13.0,"labels":['
        '{"label":"кошка","label_id":0,"score":0.75},{"label":"Tasse","label_id":1,"score":0.375}]}'
        "\n"
    )


def test_event_line() -> None:
    state = {
        "id": "10.000000-abcdef",
        "source": "Küche/камера.mp4",
        "label": "кошка",
        "label_id": 0,
        "score": 0.5,
        "top_score": 0.75,
        "start_time": 10.0,
        "end_time": None,
        "frame_time": 12.0,
        "model": "ghostnet_100",
    }
    assert json.loads(LINES["event"]) == {
        "record": "event",
        "type": "new",
        "before": None,
        "after": state,
    }
    assert json.loads(LINES["event that ends"]) == {
        "record": "event",
        "type": "end",
        "before": state,
        "after": {**state, "end_time": 13.0},
    }


def test_header_line_says_where_results_come_from() -> None:
    line = json.loads(LINES["header"])
    assert list(line) == [
        "record",
        "schema",
        "version",
        "source",
        "clock",
        "start_time",
        "stream",
        "model",
        "preprocessing",
        "configuration",
        "configuration_sha256",
    ]
    assert line["schema"] == "ghoststream.events/1"
    assert line["clock"] == "pts"
    assert line["start_time"] == 10.0
    assert line["stream"]["time_base"] == "1/90000"
    assert line["stream"]["average_rate"] == "30000/1001"
    assert line["model"] == {
        "name": "ghostnet_100",
        "weights": "bundled",
        "sha256": "ab" * 32,
        "runtime": "torch 2.14.1 cpu fp32",
    }
    assert line["preprocessing"] == {"input_size": 224, "mean": [0.485, 0.456, 0.406]}
    assert line["configuration"] == {"fps": "4", "window": "2"}


def test_live_header_has_no_length() -> None:
    stream = replace(STREAM, duration=None, average_rate=None, declared_frames=None, clock="ntp")
    line = json.loads(to_line(header_record(replace(HEADER, stream=stream))))
    assert [line["stream"][key] for key in ("duration", "average_rate", "declared_frames")] == [
        None,
        None,
        None,
    ]


@pytest.mark.parametrize("pts", [0, 1, 90001, 123456789012, -1500])
def test_microseconds_give_timestamps_back(pts: int) -> None:
    time_base = Fraction(1, 90000)
    assert round(Fraction(seconds(pts * time_base)) / time_base) == pts


def test_score_a_hair_above_one_is_one() -> None:
    label = Label(label="cup", label_id=1, score=1.0000001)
    span = TimeSpan(start=Fraction(0), end=Fraction(1))
    record = clip_record(Prediction(span=span, labels=(label,)), HEADER)
    assert record.labels[0].score == 1.0


def test_file_name_in_another_encoding() -> None:
    source = b"caf\xe9.mp4".decode("utf-8", "surrogateescape")
    line = to_line(clip_record(prediction(0), replace(HEADER, source=source)))
    assert json.loads(line.encode())["source"] == "caf?.mp4"
    assert readable(source) == "caf?.mp4"
