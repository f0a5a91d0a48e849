import json
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest
from results import HEADER, SUMMARY, event_end, event_new, prediction

from ghoststream.errors import OutputError
from ghoststream.sinks.appended import AppendedFile
from ghoststream.sinks.live_log import LiveLog
from ghoststream.sinks.live_table import LiveTable
from ghoststream.types import Evidence, Status, TimeSpan

LIVE = replace(HEADER, source="front", region="door", segment=2, segment_cause="reconnected")
STATUS = Status(
    source="front",
    state="stalled",
    cause="front: nothing came within the time allowed",
    time=Fraction(12),
    segment=2,
)
EVIDENCE = Evidence(
    source="front",
    event_id="10.000000-abcdef",
    kind="clip",
    path="evidence/front/a.mp4",
    span=TimeSpan(start=Fraction(5), end=Fraction(18)),
    nbytes=1000,
    is_whole=True,
)
COUNTED = replace(SUMMARY, overrun=1, reconnects=2, stalls=3)


def lines(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def write_run(log: LiveLog) -> None:
    log.start(LIVE)
    log.write(prediction(0), LIVE)
    log.write(event_new(), LIVE)
    log.status(STATUS)
    log.evidence(EVIDENCE)
    log.finish("front", COUNTED)
    log.close()


def test_the_log_tells_of_segments_states_and_evidence(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    write_run(LiveLog(path, notice=pytest.fail))
    header, event, status, evidence, end = lines(path)
    assert {key: header[key] for key in ("record", "region", "segment", "segment_cause")} == {
        "record": "header",
        "region": "door",
        "segment": 2,
        "segment_cause": "reconnected",
    }
    assert isinstance(event["after"], dict)
    assert (event["after"]["source"], event["after"]["region"]) == ("front", "door")
    assert status == {
        "record": "status",
        "source": "front",
        "state": "stalled",
        "cause": "front: nothing came within the time allowed",
        "time": 12.0,
        "segment": 2,
    }
    assert evidence == {
        "record": "evidence",
        "source": "front",
        "event": "10.000000-abcdef",
        "kind": "clip",
        "path": "evidence/front/a.mp4",
        "start": 5.0,
        "end": 18.0,
        "is_whole": True,
    }
    assert (end["source"], end["overrun"], end["reconnects"], end["stalls"]) == ("front", 1, 2, 3)


def test_clips_are_written_where_they_are_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    write_run(LiveLog(path, notice=pytest.fail, has_clips=True))
    assert [line["record"] for line in lines(path)] == [
        "header",
        "clip",
        "event",
        "status",
        "evidence",
        "end",
    ]
    assert lines(path)[1]["region"] == "door"


def test_a_restart_goes_on_with_the_log(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    write_run(LiveLog(path, notice=pytest.fail))
    write_run(LiveLog(path, notice=pytest.fail))
    assert [line["record"] for line in lines(path)].count("header") == 2


def test_lines_that_a_disk_does_not_take_are_counted_and_told_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    notices: list[str] = []
    log = LiveLog(tmp_path / "log.jsonl", notice=notices.append)
    table = LiveTable(tmp_path / "events.csv", notice=notices.append)

    def full(self: AppendedFile, lines: bytes) -> None:
        raise OutputError("cannot write it: the disk is full")

    with monkeypatch.context() as disk:
        disk.setattr(AppendedFile, "write", full)
        log.status(STATUS)
        log.status(STATUS)
        table.write(event_end(), LIVE)
    log.status(STATUS)
    log.close()
    table.close()
    assert (log.lost_lines, table.lost_lines) == (2, 1)
    assert notices == ["cannot write it: the disk is full (1 lines lost so far)"] * 2
    assert len(lines(tmp_path / "log.jsonl")) == 1


def test_standard_output(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    log = LiveLog("-", notice=pytest.fail)
    log.status(STATUS)
    log.close()
    assert json.loads(capfdbinary.readouterr().out)["state"] == "stalled"


def test_a_row_for_each_event_that_has_ended(tmp_path: Path) -> None:
    path = tmp_path / "events.csv"
    for _ in range(2):
        table = LiveTable(path, notice=pytest.fail)
        table.write(prediction(0), LIVE)
        table.write(event_new(), LIVE)
        table.write(event_end(), LIVE)
        table.close()
    row = (
        "front,door,10.000000-abcdef,кошка,0,0.75,10.0,13.0,"
        "1970-01-01T00:00:10.000Z,1970-01-01T00:00:13.000Z"
    )
    columns = (
        "source,region,id,label,label_id,top_score,start_seconds,end_seconds,start_utc,end_utc"
    )
    assert path.read_text("utf-8").splitlines() == [columns, row, row]
