"""`ghoststream run` on cameras, as a user has it: one process that starts others, and ends them."""

import json
import os
import queue
import random
import signal
import socket
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, suppress
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from itertools import groupby, pairwise
from pathlib import Path
from resource import RLIM_INFINITY, RLIMIT_FSIZE, prlimit
from typing import Any

import pytest
from click.testing import CliRunner
from clips import quadrants, write_clip
from http_camera import Connection, HttpCamera, Part
from live_command import LiveCommand
from mqtt_broker import Gate, Listener, MosquittoBroker, free_port
from webhook_server import WebhookServer

from ghoststream.cli import main
from ghoststream.video.recording import is_playable

ENDLESS = Connection(parts=(Part(frames=50, pace=1),), is_endless=True)


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    return write_clip(tmp_path / "clip.mp4", frames=25, rate=25, picture=quadrants)


def test_a_file_is_played_like_a_camera_and_ends_by_itself(clip: Path, tmp_path: Path) -> None:
    began = time.time()
    with LiveCommand(clip, "--realtime", folder=tmp_path) as command:
        assert command.wait() == 0, command.said
        assert command.is_alone()
    (header,) = command.lines("header")
    assert (header["clock"], header["segment"], header["segment_cause"]) == (
        "arrival", 1, "connected",
    )  # fmt: skip
    assert began < header["start_time"] < time.time()
    new, *_, end = command.lines("event")
    assert (new["type"], end["type"]) == ("new", "end")
    assert began < new["after"]["start_time"] < end["after"]["end_time"] < time.time()
    assert end["after"]["end_time"] - new["after"]["start_time"] == pytest.approx(1, abs=0.2)
    states = [line["state"] for line in command.lines("status")]
    assert states == ["connecting", "running", "ended"]
    last = command.lines()[-1]
    assert (last["record"], last["reason"], last["frames"]) == ("end", "completed", 25)
    assert (last["reconnects"], last["stalls"], last["overrun"]) == (0, 0, 0)
    assert "  new  " in command.shown


def test_ctrl_c_ends_a_file_without_end(clip: Path, tmp_path: Path) -> None:
    with LiveCommand(clip, "--realtime", "--loop", folder=tmp_path) as command:
        command.until(lambda: command.lines("header", segment_cause="loop"))
        command.until(lambda: command.lines("event", type="new")[1:])
        began = time.monotonic()
        command.signal(signal.SIGINT)
        assert command.wait() == 130
        assert time.monotonic() - began < 5
        assert command.is_alone(0.5)
    assert command.log.read_bytes().endswith(b"\n")
    ids = [
        [line["after"]["id"] for line in command.lines("event", type=type)]
        for type in ("new", "end")
    ]
    assert ids[0] == ids[1]
    assert command.lines("status")[-1]["cause"] == "it was stopped"
    assert command.lines()[-1]["reason"] == "interrupted"


@pytest.fixture
def cameras() -> Iterator[tuple[HttpCamera, HttpCamera]]:
    """Two that go on and on."""
    with HttpCamera(ENDLESS) as one, HttpCamera(ENDLESS) as other:
        yield one, other


def gaps(command: LiveCommand, camera: str) -> list[float]:
    """Seconds from the beginning of a camera's clip to that of the next one."""
    starts = [line["start"] for line in command.lines("clip", source=camera)]
    return [later - earlier for earlier, later in pairwise(starts)]


def states(command: LiveCommand, camera: str) -> list[str]:
    return [line["state"] for line in command.lines("status", source=camera)]


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


WEBHOOK_NOBODY = "http://127.0.0.1:9/hook"
DEAD = "rtsp://127.0.0.1:9/live"
"""Nobody listens there."""


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["{clip}", DEAD], 2, "a file among cameras has to be played like one; set realtime"),
        ([DEAD, "--roi", "door=480,0,960,540"], 2, "fractions of the picture"),
        ([DEAD, "--drop-policy", "newest"], 2, "'newest' is not one of 'latest', 'oldest'"),
        ([DEAD, "--evidence", "{clip}"], 5, "cannot write {clip}"),
        ([DEAD, "--evidence", "/proc/evidence"], 5, "cannot write /proc/evidence"),
        ([DEAD, "--jsonl", "/proc/log.jsonl"], 5, "cannot write /proc/log.jsonl"),
        ([DEAD, "--pre-roll", "3"], 2, "pre_roll without evidence would do nothing"),
        ([DEAD, "--loop"], 2, "set realtime too"),
        (["{clip}", "--evidence", "e"], 2, "only where cameras are watched"),
        ([DEAD, "--annotate", "a.mp4", "--realtime"], 2, "without realtime"),
        ([DEAD, "--max-retries", "0"], 4, "nobody answers there"),
        (["7", "--max-retries", "0"], 4, "7"),
        (["{folder}/missing.mp4", "--realtime"], 4, "missing.mp4"),
        ([DEAD, "--webhook", "http://127.0.0.1:9/x", "--spool", "{clip}"], 5, "{clip}"),
        (["{folder}/notes.mp4", "--realtime"], 4, "no video can be found in it"),
        (["{clip}", "--realtime", "--jsonl", "{clip}"], 2, "{clip} is a source"),
        ([DEAD, "--csv", "{folder}/log.jsonl"], 2, "two outputs go to one path"),
        (["{folder}/missing.yaml"], 2, "missing.yaml"),
        (["{folder}/cameras.txt"], 4, "cameras.txt"),
    ],
)
def test_wrong_input_is_told_in_one_sentence(
    clip: Path, tmp_path: Path, arguments: list[str], code: int, message: str
) -> None:
    (tmp_path / "notes.mp4").write_text("Buy milk.")
    places = {"clip": clip, "folder": tmp_path}
    given = [argument.format(**places) for argument in arguments]
    log = [] if "--jsonl" in given else ["--jsonl", str(tmp_path / "log.jsonl")]
    done = CliRunner().invoke(main, ["run", *given, *log, "--weights", "bundled"])
    assert (done.exit_code, done.exception.__class__) == (code, SystemExit), done.output
    last = done.output.splitlines()[-1]
    assert last.startswith("Error: ")
    assert message.format(**places) in last
    assert "Traceback" not in done.output


@pytest.mark.slow
def test_what_belongs_to_another_run_is_refused(clip: Path, tmp_path: Path) -> None:
    one, spool, evidence = tmp_path / "one", tmp_path / "spool", tmp_path / "evidence"
    one.mkdir()
    port = free_port()
    delivery = ["--webhook", WEBHOOK_NOBODY, "--spool", str(spool)]
    theirs = [*delivery, "--evidence", str(evidence), "--metrics-port", str(port)]
    with LiveCommand(clip, "--realtime", "--loop", *theirs, folder=one) as command:
        command.until(lambda: command.lines("header"))
        for wanted in (delivery, ["--evidence", str(evidence)], ["--metrics-port", str(port)]):
            log = tmp_path / "log.jsonl"
            run = ["run", DEAD, "--weights", "bundled", "--jsonl", str(log), *wanted]
            done = CliRunner().invoke(main, run)
            assert (done.exit_code, done.exception.__class__) == (2, SystemExit), done.output
            assert done.output.splitlines()[-1].startswith("Error: ")
            assert wanted[-1] in done.output.splitlines()[-1]
        command.signal(signal.SIGINT)
        assert command.wait(5) == 130


class Site(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""


@pytest.fixture
def site(tmp_path: Path, clip: Path) -> Iterator[str]:
    """Serves /clip.mp4, and /page, which is HTML."""
    (tmp_path / "page").write_text("<html><body>hello</body></html>")
    handler = partial(Site, directory=str(tmp_path))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


@pytest.mark.slow
def test_a_page_is_no_camera(site: str, tmp_path: Path) -> None:
    with LiveCommand(f"{site}/page", "--max-retries", 1, folder=tmp_path) as command:
        assert command.wait() == 4
        assert command.is_alone(0.5)
    assert command.said.splitlines()[-1].startswith(f"Error: {site}/page: ")
    assert "Traceback" not in command.said


@pytest.mark.slow
@pytest.mark.parametrize("flags", [(), ("--realtime",), ("--realtime", "--loop")])
def test_a_video_on_a_server_is_read_or_played(
    site: str, tmp_path: Path, flags: tuple[str, ...]
) -> None:
    with LiveCommand(f"{site}/clip.mp4", *flags, folder=tmp_path) as command:
        if "--loop" in flags:
            command.until(lambda: command.lines("header", segment_cause="loop"))
            command.signal(signal.SIGINT)
        assert command.wait() == (130 if "--loop" in flags else 0)
    clock = command.lines("header")[0]["clock"]
    assert clock == ("arrival" if flags else "pts")


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


Told = tuple[str, str, float]
"""Type, id and time of an event."""


def told(messages: Iterable[dict[str, Any]], camera: str) -> list[Told]:
    """What is told of a camera's events, once each, where repeats come one after the other."""
    events = [m for m in messages if m["type"] != "evidence" and "after" in m]
    once = [next(same) for _, same in groupby(events, key=lambda m: m["message_id"])]
    assert len({message["message_id"] for message in once}) == len(once)
    return [_told(message) for message in once if message["after"]["camera"] == camera]


def _told(event: dict[str, Any]) -> Told:
    return event["type"], event["after"]["id"], event["after"]["frame_time"]


def heard(listener: Listener) -> list[dict[str, Any]]:
    """All events that have come by now and in the next second."""
    messages = []
    with suppress(queue.Empty):
        while True:
            topic, payload, _ = listener.next(timeout=1)
            if topic == "ghoststream/events":
                messages.append(json.loads(payload))
    return messages


@pytest.mark.slow
def test_every_event_reaches_broker_and_webhook_whatever_happens_to_them(
    clip: Path, tmp_path: Path
) -> None:
    clips = [clip, write_clip(tmp_path / "other.mp4", frames=30, rate=25, picture=quadrants)]
    messages: list[dict[str, Any]] = []
    with MosquittoBroker(tmp_path) as broker, WebhookServer() as hook, Listener(broker) as listener:
        gate = Gate(broker.port)
        gate.open()
        addresses = ("--mqtt", f"mqtt://127.0.0.1:{gate.port}", "--webhook", hook.url)
        arguments = (*clips, "--realtime", "--loop", *addresses, "--log-clips")

        def more(command: LiveCommand, count: int = 8) -> None:
            seen = len(command.lines("event"))
            command.until(lambda: len(command.lines("event")) >= seen + count)

        with LiveCommand(*arguments, folder=tmp_path) as command:
            more(command)
            gate.cut()
            messages += heard(listener)
            broker.kill()
            hook.stop()
            more(command)
            broker.start()
            hook.start()
            hook.answers = [500, 503]
            listener.subscribed(10)
            gate.open()
            more(command)
            gate.cut()
            hook.stop()
            more(command)
            began = time.monotonic()
            command.signal(signal.SIGINT)
            assert command.wait() == 130
            assert time.monotonic() - began < 5
        gate.open()
        hook.start()
        with LiveCommand(*arguments, folder=tmp_path) as command:
            more(command)
            command.signal(signal.SIGINT)
            assert command.wait() == 130
        messages += heard(listener)
        bodies = [json.loads(r.body) for r in hook.requests]
    for name in map(str, clips):
        events = [line for line in command.lines("event") if line["after"]["source"] == name]
        wanted = [_told(event) for event in events]
        assert len(wanted) > 10
        assert told(messages, name) == wanted
        assert told(bodies, name) == wanted
