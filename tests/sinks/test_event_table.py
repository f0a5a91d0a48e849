from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest
from results import HEADER, STREAM, SUMMARY, event_end, event_new, prediction

from ghoststream.sinks.csv import EventTable
from ghoststream.sinks.timecode import timecode


def test_rows_are_ended_events(tmp_path: Path) -> None:
    with EventTable(tmp_path / "events.csv") as table:
        table.start(HEADER)
        table.write(prediction(0))
        table.write(event_new())
        table.write(event_end('tea, "hot"', start=1, end=3))
        table.finish(SUMMARY)
    assert (tmp_path / "events.csv").read_bytes().decode() == (
        "source,id,label,label_id,top_score,start_seconds,end_seconds,start_timecode,end_timecode\n"
        'Küche/камера.mp4,11.000000-abcdef,"tea, ""hot""",0,0.75,11.0,13.0,'
        "00:00:01.000,00:00:03.000\n"
    )


def test_stream_without_start_time_counts_from_its_clock(tmp_path: Path) -> None:
    with EventTable(tmp_path / "events.csv") as table:
        table.start(replace(HEADER, stream=replace(STREAM, start_time=None)))
        table.write(event_end(start=1, end=3))
        table.finish(SUMMARY)
    assert "00:00:11.000,00:00:13.000" in (tmp_path / "events.csv").read_text("utf-8")


def test_rows_are_in_the_partial_file_before_the_end(tmp_path: Path) -> None:
    with EventTable(tmp_path / "events.csv") as table:
        table.start(HEADER)
        table.write(event_end())
        assert not (tmp_path / "events.csv").exists()
        assert "кошка" in (tmp_path / "events.partial.csv").read_text("utf-8")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (Fraction(0), "00:00:00.000"),
        (Fraction(1001, 30000), "00:00:00.033"),
        (Fraction(59_9996, 10000), "00:01:00.000"),
        (Fraction(3600 * 123 + 61), "123:01:01.000"),
        (Fraction(-1), "00:00:00.000"),
    ],
)
def test_timecode(seconds: Fraction, text: str) -> None:
    assert timecode(seconds) == text
