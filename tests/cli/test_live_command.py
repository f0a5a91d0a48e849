"""`ghoststream run` on cameras, as a user types it: what is played and refused."""

import signal
import threading
import time
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from click.testing import CliRunner
from clips import quadrants, write_clip
from http_camera import Connection, Part
from live_command import LiveCommand
from mqtt_broker import free_port

from ghoststream.cli import main

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


@pytest.mark.slow
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
