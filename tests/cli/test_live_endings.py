"""How runs of cameras end or go on, in order or not, and the cost: edits, signals, kills, disks."""

import os
import random
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from resource import RLIM_INFINITY, RLIMIT_FSIZE, prlimit

import pytest
from clips import quadrants, write_clip
from http_camera import Connection, HttpCamera, Part
from live_command import LiveCommand, gaps, states
from webhook_server import WebhookServer

from ghoststream.video.recording import is_playable

ENDLESS = Connection(parts=(Part(frames=50, pace=1),), is_endless=True)


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    return write_clip(tmp_path / "clip.mp4", frames=25, rate=25, picture=quadrants)


@pytest.fixture
def cameras() -> Iterator[tuple[HttpCamera, HttpCamera]]:
    """Two that go on and on."""
    with HttpCamera(ENDLESS) as one, HttpCamera(ENDLESS) as other:
        yield one, other


def victim_of(command: LiveCommand, *cameras: HttpCamera) -> tuple[str, str]:
    """The camera that is not as it was, and the other one."""
    lost, kept = sorted(
        (camera.url for camera in cameras), key=lambda url: -len(states(command, url))
    )
    assert states(command, kept) == ["connecting", "running"]
    return lost, kept


@pytest.mark.slow
def test_sigterm_ends_a_run_like_ctrl_c(clip: Path, tmp_path: Path) -> None:
    with LiveCommand(clip, "--realtime", "--loop", folder=tmp_path) as command:
        command.until(lambda: command.lines("event"))
        command.signal(signal.SIGTERM)
        assert command.wait(5) == 130
        assert command.is_alone(0.5)
    assert command.lines()[-1]["reason"] == "interrupted"


@pytest.mark.slow
@pytest.mark.parametrize("wait_seconds", [0.4, 2.5])
def test_a_second_signal_ends_a_run_at_once(
    clip: Path, tmp_path: Path, wait_seconds: float
) -> None:
    with WebhookServer() as server:
        server.answers = [0] * 100  # it takes all that comes, and never answers
        arguments = (clip, "--realtime", "--loop", "--webhook", server.url)
        with LiveCommand(*arguments, folder=tmp_path) as command:
            command.until(lambda: command.lines("event"))
            os.kill(command.captures()[0], signal.SIGSTOP)  # it takes no leave
            command.signal(signal.SIGINT)
            time.sleep(wait_seconds)
            began = time.monotonic()
            command.signal(signal.SIGINT)
            assert command.wait(5) == 130
            assert time.monotonic() - began < 1.5
            assert command.is_alone()
    assert "Error: interrupted" in command.said
    assert "Traceback" not in command.said


@pytest.mark.slow
def test_kills_cost_at_most_the_line_being_written(clip: Path, tmp_path: Path) -> None:
    evidence, dice = tmp_path / "evidence", random.Random(0)
    arguments = (clip, "--realtime", "--loop", "--evidence", evidence, "--log-clips")
    lengths = []
    for _ in range(10):
        before = len(lengths) and lengths[-1]
        with LiveCommand(*arguments, folder=tmp_path) as command:
            command.until(lambda: len(command.lines("clip")) > 2 and command.log.stat().st_size)
            command.until(lambda n=before: len(command.lines()) > n + 3)
            time.sleep(dice.uniform(0, 1.5))
            command.signal(signal.SIGKILL)
            assert command.wait() == -signal.SIGKILL
            assert command.is_alone(2)
        lengths.append(len(command.lines()))
    assert lengths == sorted(set(lengths))
    left = {path.name for path in evidence.rglob("*.partial.*")}
    with LiveCommand(*arguments, folder=tmp_path) as command:
        command.until(lambda: len(command.lines("header", segment=1)) == 11)
        assert not left & {path.name for path in evidence.rglob("*.partial.*")}
        command.signal(signal.SIGINT)
        assert command.wait(5) == 130
    clips = list(evidence.rglob("*.mp4"))
    assert len(clips) > 10
    assert all(map(is_playable, clips))
    assert not list(evidence.rglob("*.partial.*"))
    assert len(command.lines("end")) == 1


@pytest.mark.slow
def test_a_capture_process_that_is_killed_costs_its_camera_alone(
    cameras: tuple[HttpCamera, HttpCamera], tmp_path: Path
) -> None:
    urls = [camera.url for camera in cameras]
    with LiveCommand(*urls, "--log-clips", folder=tmp_path) as command:
        command.until(lambda: all(len(gaps(command, url)) > 4 for url in urls))
        os.kill(command.captures()[0], signal.SIGKILL)
        command.until(lambda: command.lines("header", segment_cause="reconnected"))
        lost, kept = victim_of(command, *cameras)
        seen = len(gaps(command, kept))
        command.until(lambda: len(gaps(command, kept)) > seen + 4)
        command.signal(signal.SIGINT)
        assert command.wait(5) == 130
    assert states(command, lost) == [
        "connecting", "running", "reconnecting", "connecting", "running", "ended",
    ]  # fmt: skip
    (why,) = command.lines("status", state="reconnecting")
    assert "SIGKILL" in why["cause"]
    assert gaps(command, kept) == pytest.approx([0.2] * len(gaps(command, kept)), abs=0.05)
    assert {line["source"]: line["reconnects"] for line in command.lines("end")} == {
        lost: 1, kept: 0,
    }  # fmt: skip


@pytest.mark.slow
def test_a_decoder_that_hangs_costs_its_camera_alone(
    cameras: tuple[HttpCamera, HttpCamera], tmp_path: Path
) -> None:
    urls = [camera.url for camera in cameras]
    arguments = (*urls, "--log-clips", "--read-timeout", 2)
    with LiveCommand(*arguments, folder=tmp_path) as command:
        command.until(lambda: all(len(gaps(command, url)) > 4 for url in urls))
        stopped = command.captures()[0]
        os.kill(stopped, signal.SIGSTOP)
        command.until(lambda: command.lines("header", segment_cause="reconnected"))
        assert stopped not in command.processes()
        lost, kept = victim_of(command, *cameras)
        command.signal(signal.SIGINT)
        assert command.wait(5) == 130
    assert states(command, lost)[1:4] == ["running", "stalled", "connecting"]
    assert gaps(command, kept) == pytest.approx([0.2] * len(gaps(command, kept)), abs=0.05)
    ends = {line["source"]: (line["stalls"], line["reconnects"]) for line in command.lines("end")}
    assert ends == {lost: (1, 1), kept: (0, 0)}


@pytest.mark.slow
def test_cameras_that_nobody_can_end_in_order_do_not_hold_the_run_up(
    cameras: tuple[HttpCamera, HttpCamera], tmp_path: Path
) -> None:
    with ExitStack() as stack:
        silent = stack.enter_context(HttpCamera(Connection(parts=(Part(),), then="silence")))
        black_hole = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        hole = f"rtsp://127.0.0.1:{black_hole.getsockname()[1]}/live"
        command = stack.enter_context(
            LiveCommand(cameras[0].url, silent.url, hole, folder=tmp_path)
        )
        command.until(lambda: command.lines("event", type="new")[1:])
        command.until(lambda: silent.frames_sent == 50)
        began = time.monotonic()
        command.signal(signal.SIGINT)
        assert command.wait() == 130
        assert time.monotonic() - began < 5
        assert command.is_alone(0.5)
    assert {line["source"] for line in command.lines("end")} == {cameras[0].url, silent.url, hole}
    begun, ended = (
        {line["after"]["id"] for line in command.lines("event", type=type)}
        for type in ("new", "end")
    )
    assert begun == ended


@pytest.mark.slow
def test_a_disk_that_is_full_for_a_while_costs_lines_and_nothing_else(
    clip: Path, tmp_path: Path
) -> None:
    arguments = (clip, "--realtime", "--loop", "--log-clips")
    with LiveCommand(*arguments, folder=tmp_path) as command:
        command.until(lambda: command.lines("clip"))
        # Part of the next line fits.
        prlimit(command.pid, RLIMIT_FSIZE, (command.log.stat().st_size + 50, RLIM_INFINITY))
        command.until(lambda: "lines lost so far" in command.said)
        full = command.lines()
        time.sleep(1)
        assert command.lines() == full
        prlimit(command.pid, RLIMIT_FSIZE, (RLIM_INFINITY, RLIM_INFINITY))
        command.until(lambda: len(command.lines()) > len(full) + 3)
        command.signal(signal.SIGINT)
        code = command.wait(5)
    assert code == 130
    assert command.log.read_bytes().endswith(b"\n")
    assert command.lines()[-1]["record"] == "end"
    assert command.said.count("lines lost so far") == 1


@pytest.mark.slow
def test_cameras_are_edited_while_they_are_watched(
    cameras: tuple[HttpCamera, HttpCamera], tmp_path: Path
) -> None:
    one, other = cameras
    pipeline, listing = tmp_path / "cameras.yaml", tmp_path / "more.txt"
    gate = f"cameras:\n  - name: gate\n    source: {one.url}\n"
    yard = f"  - name: yard\n    source: {other.url}\n"
    pipeline.write_text(gate)
    with LiveCommand(pipeline, "--log-clips", folder=tmp_path) as command:

        def has_begun(name: str, count: int = 1) -> bool:
            return len(command.lines("header", source=name)) == count

        command.until(lambda: has_begun("gate"))
        pipeline.write_text(gate + yard)
        command.until(lambda: has_begun("yard"))
        pipeline.write_text(gate + yard + "    roi: {door: [0, 0, 0.5, 1]}\n")
        command.until(lambda: command.lines("header", source="yard", region="door"))
        pipeline.write_text(gate + "  - {")
        command.until(lambda: "the cameras stay as they are" in command.said)
        pipeline.write_text(gate)
        command.until(lambda: len(command.lines("end", source="yard")) == 2)
        pipeline.write_text(gate + "min_duration: 1\n")
        command.until(lambda: "restart to apply: min_duration" in command.said)
        pipeline.unlink()
        command.until(lambda: command.said.count("the cameras stay as they are") == 2)
        # A list of addresses, read at once.
        listing.write_text(f"{other.url}\n")
        pipeline.write_text(gate + f"source: {listing}\n")
        command.signal(signal.SIGHUP)
        command.until(lambda: has_begun(other.url))
        listing.write_text("# nothing\n")
        command.until(lambda: command.said.count("the cameras stay as they are") == 3)
        pipeline.write_text(gate)
        command.until(lambda: command.lines("end", source=other.url))
        command.signal(signal.SIGINT)
        assert command.wait(5) == 130
    assert states(command, "gate") == ["connecting", "running", "ended"]
    assert gaps(command, "gate") == pytest.approx([0.2] * len(gaps(command, "gate")), abs=0.05)
    assert "Traceback" not in command.said
