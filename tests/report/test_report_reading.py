from dataclasses import replace
from pathlib import Path

import pytest
from report_logs import (
    CAMERA,
    FILE,
    UNIX,
    WHOLE,
    clip,
    end,
    event,
    event_name,
    evidence,
    header,
    plain_log,
    status,
    write_log,
)

from ghoststream.errors import LogError
from ghoststream.report import source_log
from ghoststream.report.losses import losses_of
from ghoststream.report.reading import read_logs


def test_a_whole_log(tmp_path: Path) -> None:
    logs = read_logs([plain_log(tmp_path / "a.jsonl")])
    (source,) = logs.sources
    (found,) = source.events()
    assert (source.name, source.clips, source.begun) == ("clip.mp4", 1, 1)
    assert (found.lane, found.start_seconds, found.end_seconds) == ("cat", 10.0, 13.0)
    assert losses_of(source) == []
    assert (logs.torn, logs.unreadable_lines, logs.problems) == ([], 0, [])


def test_the_best_moment_is_the_middle_of_the_best_clip(tmp_path: Path) -> None:
    lines = [header(), clip(10, {"cat": 0.2}), event(end=12, score=0.2, goes_on=True)]
    # Risen by too little to be told of, and still the best.
    lines += [clip(11, {"cat": 0.24}), clip(12, {"cat": 0.21}), event(end=14, score=0.21), end()]
    (found,) = read_logs([write_log(tmp_path / "a.jsonl", lines)]).sources[0].events()
    assert (found.best_seconds, found.best_score) == (12.0, 0.24)


def test_without_clips_the_best_moment_lies_in_the_window_before_it_was_told(
    tmp_path: Path,
) -> None:
    lines = [header(), event(start=10, end=15, score=0.4), end()]
    (source,) = read_logs([write_log(tmp_path / "a.jsonl", lines)]).sources
    assert source.events()[0].best_seconds == 14.0
    assert source.series.line("cat") == [0.4]


def test_a_torn_last_line_costs_that_line_and_is_told(tmp_path: Path) -> None:
    log = plain_log(tmp_path / "a.jsonl")
    log.write_bytes(log.read_bytes()[:-20])
    logs = read_logs([log])
    assert logs.torn == [log]
    assert len(logs.sources[0].events()) == 1
    assert losses_of(logs.sources[0]) == [
        "The log has no end of it: the run goes on, or was killed."
    ]


def test_a_damaged_line_costs_itself_only(tmp_path: Path) -> None:
    lines = [header(), '{"record":"clip"}\n', "\x00\x00garbage\n", event(), end()]
    logs = read_logs([write_log(tmp_path / "a.jsonl", lines)])
    assert logs.unreadable_lines == 2
    assert len(logs.sources[0].events()) == 1


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "it is empty"),
        (b"\n\n", "it is empty"),
        (b"time,label\n1,cat\n", "not an event log"),
        (bytes(range(256)) * 2000, "not an event log"),
        (b'{"record":"header","schema":"ghoststream.events/9"}\n', "ghoststream.events/9"),
        (b"[" * 100_000, "not an event log"),
    ],
)
def test_what_is_no_log_is_said_so(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(content)
    with pytest.raises(LogError, match=message):
        read_logs([path])


def test_a_log_that_is_missing_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(LogError, match=r"cannot read .*none\.jsonl: No such file"):
        read_logs([tmp_path / "none.jsonl"])
    with pytest.raises(LogError, match="there are no event logs"):
        read_logs([tmp_path])


def test_a_log_that_is_named_twice_is_read_once(tmp_path: Path) -> None:
    log = plain_log(tmp_path / "a.jsonl")
    assert len(read_logs([log, tmp_path, log]).sources) == 1


def test_a_directory_without_logs_is_told_beside_others(tmp_path: Path) -> None:
    (tmp_path / "none").mkdir()
    logs = read_logs([plain_log(tmp_path / "a.jsonl"), tmp_path / "none"])
    assert len(logs.sources) == 1
    assert [problem[:30] for problem in logs.problems] == ["there are no event logs (*.jso"]


def test_one_bad_log_does_not_cost_the_others(tmp_path: Path) -> None:
    logs = read_logs([plain_log(tmp_path / "a.jsonl"), tmp_path / "none.jsonl"])
    assert len(logs.sources) == 1
    assert len(logs.problems) == 1


def test_logs_one_after_the_other_in_one_file_stay_apart(tmp_path: Path) -> None:
    one, other = plain_log(tmp_path / "a.jsonl"), plain_log(tmp_path / "b.jsonl", "other.mp4")
    both = tmp_path / "both.jsonl"
    both.write_bytes(one.read_bytes() + other.read_bytes() + one.read_bytes())
    sources = read_logs([both]).sources
    assert [source.name for source in sources] == ["clip.mp4", "other.mp4", "clip.mp4"]
    assert [len(source.events()) for source in sources] == [1, 1, 1]


def test_a_source_that_could_not_be_read_has_an_end_only(tmp_path: Path) -> None:
    failed = replace(WHOLE, reason="failed", error="bad.mp4: it is empty.", clips=0, events=0)
    lines = [end("bad.mp4", failed), end("worse.mp4", failed)]
    sources = read_logs([write_log(tmp_path / "a.jsonl", lines)]).sources
    assert [source.name for source in sources] == ["bad.mp4", "worse.mp4"]
    assert losses_of(sources[0]) == ["It failed: bad.mp4: it is empty."]


def test_everything_that_was_lost_is_put_in_words(tmp_path: Path) -> None:
    lossy = replace(
        WHOLE, reason="interrupted", decode_errors=2, dropped=1, overrun=3, reconnects=1, stalls=4
    )
    (source,) = read_logs([write_log(tmp_path / "a.jsonl", [header(), end(summary=lossy)])]).sources
    assert losses_of(source) == [
        "The run was interrupted; the rest of it was not looked at.",
        "2 packets or pictures could not be decoded.",
        "1 frame was not used: its time does not come after that of the frame before.",
        "3 frames were given up, because this machine did not keep up.",
        "The connection was lost once.",
        "It stayed silent for too long 4 times.",
    ]


def test_a_camera_goes_on_after_its_end_and_between_segments(tmp_path: Path) -> None:
    second = replace(CAMERA, segment=2)
    lines = [header(CAMERA), event(start=UNIX, end=UNIX + 3, of=CAMERA), end(CAMERA)]
    lines += [header(second), event(start=UNIX + 90, end=UNIX + 95, of=second, goes_on=True)]
    (source,) = read_logs([write_log(tmp_path / "a.jsonl", lines)]).sources
    assert [found.end_seconds for found in source.events()] == [UNIX + 3, None]
    assert not source.is_over
    assert not source.is_mixed


def test_when_a_camera_was_away_is_known(tmp_path: Path) -> None:
    lines = [header(CAMERA), status("running", UNIX), status("stalled", UNIX + 5, "silent")]
    lines += [status("reconnecting", UNIX + 6), status("running", UNIX + 9)]
    (source,) = read_logs([write_log(tmp_path / "a.jsonl", lines)]).sources
    spans = [(o.start_seconds - UNIX, (o.end_seconds or 0) - UNIX, o.state) for o in source.outages]
    assert spans == [(5, 6, "stalled"), (6, 9, "reconnecting")]


def test_only_the_newest_outages_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ghoststream.report.source_log.MAX_OUTAGES", 2)
    lines = [header(CAMERA), *(status("stalled", UNIX + n) for n in range(5))]
    (source,) = read_logs([write_log(tmp_path / "a.jsonl", lines)]).sources
    assert [outage.start_seconds - UNIX for outage in source.outages] == [3, 4]
    assert source.outages_left_out == 3


def test_evidence_belongs_to_its_event(tmp_path: Path) -> None:
    lines = [header(CAMERA), event(start=UNIX, end=UNIX + 3, of=CAMERA)]
    lines += [evidence("a.mp4", UNIX - 5, event_name(UNIX)), evidence("b.mp4", UNIX, "unknown")]
    (source,) = read_logs([write_log(tmp_path / "a.jsonl", lines)]).sources
    assert [kept.path for kept in source.events()[0].clips] == ["a.mp4"]


def test_with_too_many_events_the_strongest_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source_log, "MAX_EVENTS", 10)
    monkeypatch.setattr("ghoststream.report.reading.MAX_EVENTS", 10)
    lines = [event(start=10 + n, end=11 + n, score=n / 100, number=n) for n in range(100)]
    lines.append(event(start=500, end=501, score=0.01, number=500, goes_on=True))
    (source,) = read_logs([write_log(tmp_path / "a.jsonl", [header(), *lines])]).sources
    kept = [found.score for found in source.events()]
    assert kept == [n / 100 for n in range(90, 100)] + [0.01]
    assert (source.begun, source.left_out) == (101, 90)


def test_events_that_are_all_as_certain_are_left_out_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ghoststream.report.reading.MAX_EVENTS", 10)
    lines = [event(start=10 + n, end=11 + n, score=1.0, number=n * 7919) for n in range(100)]
    (source,) = read_logs([write_log(tmp_path / "a.jsonl", [header(FILE), *lines])]).sources
    assert source.held == 10
