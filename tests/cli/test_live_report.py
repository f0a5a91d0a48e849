"""What a person sees of cameras."""

import re
from dataclasses import replace
from fractions import Fraction

import pytest
from results import HEADER, event_end, event_new, prediction

from ghoststream.cli.live_report import LiveReport
from ghoststream.cli.run_display import RunDisplay
from ghoststream.types import LiveState, Status

FRONT = replace(HEADER, source="front", segment=1, segment_cause="connected")
DOOR = replace(FRONT, region="door")


@pytest.fixture
def report() -> LiveReport:
    return LiveReport(RunDisplay(as_json=False, quiet=False, has_bar=False), quiet=False)


def status(state: LiveState, cause: str | None = None, source: str = "front") -> Status:
    return Status(source=source, state=state, cause=cause, time=Fraction(10), segment=1)


def said(text: str) -> list[str]:
    """Lines without the time of day, which depends on where this runs."""
    return [re.sub(r"\d\d:\d\d:\d\d\.\d{3}", "T", line) for line in text.splitlines()]


def test_events_are_shown_with_their_region(
    report: LiveReport, capsys: pytest.CaptureFixture[str]
) -> None:
    report.write(prediction(0), FRONT)
    report.write(event_new(), FRONT)
    report.write(event_end(), DOOR)
    assert said(capsys.readouterr().out) == [
        "T  front  new  кошка  0.50",
        "T  front/door  end  кошка  0.75  since T",
    ]


def test_a_quiet_report_shows_no_events(capsys: pytest.CaptureFixture[str]) -> None:
    report = LiveReport(RunDisplay(as_json=False, quiet=True, has_bar=False), quiet=True)
    report.write(event_new(), FRONT)
    assert capsys.readouterr().out == ""


def test_trouble_is_told_once_and_again_when_it_changes(
    report: LiveReport, capsys: pytest.CaptureFixture[str]
) -> None:
    away = status("reconnecting", "front: nobody answers there.")
    refused = status("auth_failed", "front: refused.")
    for each in (status("connecting"), status("running"), away, status("connecting"), away):
        report.status(each)
    report.status(status("connecting", source="yard"))
    for each in (status("connecting"), refused, status("connecting"), refused, status("running")):
        report.status(each)
    for each in (refused, status("ended", "it was stopped"), status("connecting")):
        report.status(each)
    assert said(capsys.readouterr().err) == [
        "T  front  connecting",
        "T  front  running",
        "T  front  reconnecting: nobody answers there.",
        "T  yard  connecting",
        "T  front  auth_failed: refused.",
        "T  front  running",
        "T  front  auth_failed: refused.",
        "T  front  ended: it was stopped",
        "T  front  connecting",
    ]


def test_notices_pass(report: LiveReport, capsys: pytest.CaptureFixture[str]) -> None:
    report.notice("the disk is full")
    assert capsys.readouterr().err == "Note: the disk is full\n"
