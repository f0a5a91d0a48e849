"""What is seen of a job over an archive."""

import io
import json
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result
from rich.console import Console

from ghoststream.cli.archive_display import ArchiveDisplay
from ghoststream.cli.archive_report import ArchiveReport
from ghoststream.cli.archive_tally import ArchiveTally, duration
from ghoststream.runners.archive.summary import (
    ArchiveCounts,
    ArchiveSummary,
    ArchiveWatcher,
    FailedFile,
)
from ghoststream.types import Summary

A, B, C = Path("gate/a.mp4"), Path("gate/b.mp4"), Path("c.mp4")

OF_A_FILE = Summary(
    frames=1500,
    skipped=0,
    sampled=240,
    clips=59,
    events=2,
    dropped=0,
    decode_errors=0,
    reason="completed",
)

OF_A_JOB = ArchiveSummary(
    run=ArchiveCounts(done=2, seconds_of_video=7200, frames=180_000, sampled=28_800, clips=7_196),
    archive=ArchiveCounts(
        done=1_003,
        seconds_of_video=3_610_800,
        frames=90_270_000,
        sampled=14_443_200,
        clips=3_608_000,
        events=12,
    ),
    already_done=1_000,
    moved=1,
    wall_seconds=100,
)


class Clock:
    def __init__(self) -> None:
        self.now = 5000.0

    def __call__(self) -> float:
        return self.now


def job(
    tell: Callable[[ArchiveWatcher, Clock], None],
    summary: ArchiveSummary = OF_A_JOB,
    *,
    as_json: bool = False,
) -> Result:
    """A command that does nothing but to tell of its job."""

    @click.command()
    def command() -> None:
        clock = Clock()
        with ArchiveReport(as_json=as_json, clock=clock) as report:
            tell(report, clock)
            report.end(summary)

    return CliRunner().invoke(command)


def nothing(watcher: ArchiveWatcher, clock: Clock) -> None:
    pass


def three_files(watcher: ArchiveWatcher, clock: Clock) -> None:
    """60 s of video are done in 20 s, 30 s in the next 20 s, and the last file fails."""
    watcher.notice("disk2: this link leads nowhere")
    watcher.expect(files=3, size_bytes=4000, already_done=1000, failed_before=2)
    watcher.begin(A)
    clock.now += 20
    watcher.done(A, size_bytes=1000, summary=OF_A_FILE, seconds_of_video=60)
    watcher.begin(B)
    clock.now += 20
    watcher.progress(B, frames=750, seconds=30)
    clock.now += 20
    watcher.failed(B, size_bytes=1000, error="gate/b.mp4: the decoder hung; --file-timeout")
    watcher.moved(C, size_bytes=2000)


def test_lines_of_a_log() -> None:
    told = job(three_files).stderr.splitlines()
    assert told[:5] == [
        "Note: disk2: this link leads nowhere",
        "3 files to analyse, 1,000 done already, 2 failed before (--retry-failed tries them again)",
        "1 of 3 files, 56 frames/s, 2.2x realtime, 0:02:00 left",
        "Failed: gate/b.mp4: the decoder hung; --file-timeout",
        "                this run     archive",
    ]


def test_a_line_every_half_minute() -> None:
    def tell(watcher: ArchiveWatcher, clock: Clock) -> None:
        watcher.begin(A)
        for second in range(100):
            clock.now += 1
            watcher.progress(A, frames=second * 25, seconds=second)

    lines = [line for line in job(tell).stderr.splitlines() if " of " in line and "x real" in line]
    assert len(lines) == 3


def test_table_at_the_end() -> None:
    done = job(nothing)
    assert done.stdout == ""
    assert done.stderr.splitlines() == [
        "                this run     archive",
        "files done             2       1,003",
        "files failed           0           0",
        "done already       1,000",
        "moved                  1",
        "hours of video      2.00    1,003.00",
        "frames           180,000  90,270,000",
        "looked at         28,800  14,443,200",
        "clips              7,196   3,608,000",
        "events                 0          12",
        "dropped frames         0           0",
        "decode errors          0           0",
        "wall time        0:01:40",
        "frames/s           1,800",
        "realtime speed     72.0x",
    ]


def test_failed_files_at_the_end() -> None:
    failures = [FailedFile(path=f"{k}.mp4", error="the file is empty") for k in range(23)]
    failures[1] = FailedFile(path="1.mp4", error="1.mp4: not a video")
    problems = ("disk2: this link leads nowhere",)
    summary = replace(OF_A_JOB, failures=failures, problems=problems)
    lines = job(nothing, summary).stderr.splitlines()
    assert lines[15:18] == [
        "Failed files:",
        "  0.mp4: the file is empty",
        "  1.mp4: not a video",
    ]
    assert lines[35:] == [
        "  19.mp4: the file is empty",
        "  and 3 more",
        "Could not be looked at:",
        "  disk2: this link leads nowhere",
    ]


def test_an_interrupted_job_says_how_to_go_on() -> None:
    done = job(nothing, replace(OF_A_JOB, reason="interrupted"))
    assert done.exit_code == 130
    assert done.stderr.splitlines()[-1] == (
        "Interrupted; run the same command again, and it goes on where it stopped."
    )


@pytest.mark.parametrize(
    ("summary", "code"),
    [
        (OF_A_JOB, 0),
        (replace(OF_A_JOB, run=ArchiveCounts(failed=1)), 3),
        (replace(OF_A_JOB, run=ArchiveCounts(decode_errors=1)), 3),
        (replace(OF_A_JOB, run=ArchiveCounts(dropped=1)), 3),
        (replace(OF_A_JOB, archive=ArchiveCounts(failed=1)), 3),
        (replace(OF_A_JOB, archive=ArchiveCounts(decode_errors=1)), 0),
        (replace(OF_A_JOB, problems=("closed: permission denied",)), 3),
        (replace(OF_A_JOB, reason="interrupted", run=ArchiveCounts(failed=1)), 130),
    ],
)
def test_exit_codes(summary: ArchiveSummary, code: int) -> None:
    assert job(nothing, summary).exit_code == code


def test_json_is_one_object_and_nothing_else() -> None:
    failures = [FailedFile(path="größe\\n.mp4", error="the file is empty")]
    done = job(three_files, replace(OF_A_JOB, failures=failures), as_json=True)
    assert done.stderr == ""
    assert "größe" in done.stdout
    told = json.loads(done.stdout)
    assert told["reason"] == "completed"
    assert told["run"] == {
        "done": 2,
        "failed": 0,
        "seconds_of_video": 7200,
        "frames": 180_000,
        "skipped": 0,
        "sampled": 28_800,
        "clips": 7_196,
        "events": 0,
        "dropped": 0,
        "decode_errors": 0,
        "already_done": 1_000,
        "moved": 1,
        "wall_seconds": 100,
        "frames_per_second": 1800,
        "realtime_speed": 72,
    }
    assert told["archive"]["done"] == 1_003
    assert told["failures"] == [{"path": "größe\\n.mp4", "error": "the file is empty"}]
    assert told["problems"] == []


def test_speeds_count_the_time_of_work() -> None:
    clock = Clock()
    tally = ArchiveTally(clock)
    assert (tally.frames_per_second, tally.seconds_left) == (0, None)
    tally.expect(files=2, size_bytes=300)
    clock.now += 1000
    assert tally.line() == "0 of 2 files"
    tally.begin(A)
    tally.begin(B)
    clock.now += 4
    tally.progress(A, frames=100, seconds=4)
    tally.progress(B, frames=300, seconds=12)
    assert (tally.frames_per_second, tally.realtime_speed) == (100, 4)
    tally.finish(A, 100, frames=500, seconds=20)
    assert (tally.frames_per_second, tally.realtime_speed) == (200, 8)
    assert tally.seconds_left == 8
    clock.now += 6
    tally.finish(B, 200, has_failed=True)
    clock.now += 1000
    assert (tally.busy_seconds, tally.frames_per_second) == (10, 80)
    assert (tally.share, tally.seconds_left) == (1, 0)
    tally.begin(C)
    clock.now += 10
    assert (tally.busy_seconds, tally.frames_per_second) == (20, 40)


def test_progress_of_a_file_that_is_not_at_hand_counts_for_nothing() -> None:
    tally = ArchiveTally(Clock())
    tally.progress(A, frames=100, seconds=4)
    assert tally.at_hand == {}
    tally.finish(A, 100)
    assert (tally.finished, tally.busy_seconds) == (1, 0)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0:00:00"), (59.6, "0:01:00"), (3723.4, "1:02:03"), (360_000, "100:00:00")],
)
def test_durations(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def screen(tally: ArchiveTally, width: int) -> list[str]:
    file = io.StringIO()
    console = Console(file=file, width=width)
    console.print(ArchiveDisplay(tally, console))
    return file.getvalue().splitlines()


def test_a_screen() -> None:
    clock = Clock()
    tally = ArchiveTally(clock)
    tally.expect(files=12, size_bytes=400)
    tally.begin(A)
    clock.now += 10
    tally.finish(A, 100, frames=1000, seconds=40)
    tally.begin(Path("gate [red]/very/long/way/入口の録画.mp4"))
    tally.begin(Path("a\nb\udcff.mp4"))
    tally.progress(Path("a\nb\udcff.mp4"), frames=2200, seconds=88)
    tally.finish(B, 0, has_failed=True)
    bar, *lines = screen(tally, 60)
    assert bar == "━" * 13 + "╸" + " " * 43 + "25%"
    assert lines == [
        "2 of 12 files, 1 failed, 320 frames/s, 12.8x realtime, 0:00…",
        "  …]/very/long/way/入口の録画.mp4                    opening",
        "  a\\nb\\udcff.mp4                   0:01:28      2,200 frames",
    ]


def test_more_files_at_hand_than_lines() -> None:
    tally = ArchiveTally(Clock())
    for number in range(70):
        tally.begin(Path(f"{number}.mp4"))
    lines = screen(tally, 80)
    assert len(lines) == 11
    assert lines[-1] == "  and 62 more"


def drained(terminal: int) -> str:
    """What was written to a terminal whose other end is closed; then it gives an error."""
    data = b""
    with suppress(OSError):
        while piece := os.read(terminal, 1 << 16):
            data += piece
    os.close(terminal)
    return data.decode()


def test_on_a_terminal_lines_go_above_the_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    master, slave = os.openpty()
    with os.fdopen(slave, "w") as terminal:
        monkeypatch.setattr(sys, "stderr", terminal)
        monkeypatch.setenv("TERM", "xterm")
        with ArchiveReport(as_json=False) as report:
            three_files(report, Clock())
    shown = drained(master)
    assert "Failed: gate/b.mp4: the decoder hung; --file-timeout\r\n" in shown
    assert "3 of 3 files, 1 failed" in shown
    assert "\x1b[?25l" in shown
    assert shown.count("\x1b[?25h") == 1
