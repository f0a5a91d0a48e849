"""The page on outputs shows what is really written."""

import json
import re
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from ghoststream.sinks import EMBEDDING_SINKS, SINKS
from ghoststream.sinks.csv import COLUMNS
from ghoststream.sinks.records import json_schema

PAGE = (Path(__file__).parents[2] / "docs" / "outputs.md").read_text("utf-8")
LINES = re.findall(r"```json\n(.*)\n```", PAGE)


@pytest.mark.parametrize("line", LINES, ids=lambda line: json.loads(line)["record"])
def test_example_obeys_the_schema(line: str) -> None:
    Draft202012Validator(json_schema()).validate(json.loads(line))


def test_every_kind_of_record_has_an_example() -> None:
    kinds = [json.loads(line)["record"] for line in LINES]
    assert kinds == ["header", "clip", "event", "end", "status", "evidence"]


def test_every_option_is_described() -> None:
    for name in {*SINKS} - {"memory"}:
        assert f"`--{name} FILE" in PAGE
    for name in EMBEDDING_SINKS:
        assert f"`.{name}`" in PAGE


def test_columns_are_those_of_the_table() -> None:
    assert ",".join(COLUMNS) in PAGE
