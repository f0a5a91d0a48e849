"""No secret of a camera or a receiver reaches anything that is written, printed, sent or shown.

The command runs as loud as anybody can make it: all loggers at their lowest level, FFmpeg's and
those of processes, too, warnings shown, and tracebacks.
"""

import base64
import json
import os
import signal
import urllib.request
from contextlib import suppress
from pathlib import Path
from typing import Literal
from urllib.parse import quote

import pytest
from clips import quadrants, write_clip
from http_camera import Connection, HttpCamera, Part
from live_command import LiveCommand
from mistakes import BROKEN, MISTAKES_WHILE_IT_RUNS, RAW
from mqtt_broker import Listener, MosquittoBroker, free_port
from rtsp_server import Login, Mount, RtspServer, numbered_clip, require_rtsp
from spellings import (
    CREDENTIALS,
    HOOK_KEY,
    PASSWORD,
    QUOTED,
    SIGNING_SECRET,
    TOKEN,
    USER,
    hook_address,
    leaks,
)
from webhook_server import WebhookServer

from ghoststream.video.ffmpeg_log import HIDDEN

LOUD = """
import faulthandler, logging, multiprocessing.util, os
import av, av.logging

faulthandler.enable()
logging.basicConfig(level=1)
multiprocessing.util.log_to_stderr(1)
logging.getLogger("libav").setLevel(1)
av.logging.set_level(av.logging.DEBUG)

if os.environ.get("DEFECTIVE"):
    def fail(file, *args, _open=av.open, **options):
        if os.environ["DEFECTIVE"] in file:
            raise RuntimeError(f"cannot open {file}")
        return _open(file, *args, **options)

    av.open = fail
"""
QUICK = ("--retry-initial", "0.2", "--retry-max", "0.4", "--read-timeout", "1")
PACED = Part(frames=25, pace=1)
BROKEN_OFF = Connection(parts=(Part(frames=15, pace=2),), then="break")
ENDLESS = Connection(parts=(PACED,), is_endless=True)


@pytest.fixture
def loud(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    folder = tmp_path / "loud"
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(LOUD)
    monkeypatch.setenv("PYTHONPATH", str(folder))
    monkeypatch.setenv("PYTHONWARNINGS", "default")
    monkeypatch.setenv("GHOSTSTREAM_DEBUG", "1")
    monkeypatch.setenv("GHOSTSTREAM_USER", USER)
    monkeypatch.setenv("GHOSTSTREAM_PASSWORD", PASSWORD)
    monkeypatch.setenv("GHOSTSTREAM_TOKEN", TOKEN)
    monkeypatch.setenv("GHOSTSTREAM_SIGNING_SECRET", SIGNING_SECRET)
    return monkeypatch


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """Where the command runs, and all that it writes lies."""
    folder = tmp_path / "work"
    folder.mkdir()
    return folder


def check_files(folder: Path) -> None:
    """All names and contents; the settings themselves lie elsewhere."""
    paths = list(folder.rglob("*"))
    assert paths
    for path in paths:
        assert leaks(os.fsencode(path)) == []
        if path.is_file():
            assert leaks(path.read_bytes()) == []


def check_processes(command: LiveCommand) -> None:
    pids = command.processes()
    assert len(pids) > 1
    for pid in pids:
        with suppress(FileNotFoundError, ProcessLookupError):
            assert leaks(Path(f"/proc/{pid}/cmdline").read_bytes()) == []


def check_requests(server: WebhookServer) -> None:
    """Path and authorization are the receiver's own."""
    assert server.requests
    for request in server.requests:
        headers = {k: v for k, v in request.headers.items() if k != "authorization"}
        assert leaks(repr(headers).encode() + request.body) == []


def test_secrets_are_found_in_every_spelling() -> None:
    pair = CREDENTIALS.encode()
    spelt = [
        *(pair, CREDENTIALS.encode("latin-1"), QUOTED.encode(), quote(QUOTED).encode()),
        *(repr(PASSWORD).encode(), json.dumps({"a": PASSWORD}).encode(), ascii(USER).encode()),
        *(base64.b64encode(b"x" * shift + pair) for shift in range(3)),
        *(base64.urlsafe_b64encode(pair), TOKEN.encode(), HOOK_KEY.upper().encode()),
        *(SIGNING_SECRET.encode(), PASSWORD.partition("/")[0].encode(), pair.hex().encode()),
    ]
    assert [data for data in spelt if not leaks(data)] == []
    assert leaks(b"rtsp://127.0.0.1/live, and nothing else") == []


@pytest.mark.slow
def test_a_loud_run_writes_no_secret(loud: pytest.MonkeyPatch, tmp_path: Path, work: Path) -> None:
    cameras = tmp_path / "cameras.txt"
    clip = write_clip(tmp_path / "clip.mp4", frames=25, picture=quadrants)
    # A reader asks without a password first.
    script = (ENDLESS, BROKEN_OFF, ENDLESS)
    with HttpCamera(*script, credentials=CREDENTIALS) as camera, WebhookServer() as hook:
        hook.answers = [500, 301]
        hook.headers = {"location": f"/hooks/{HOOK_KEY}?token={quote(TOKEN)}"}
        loud.setenv("GHOSTSTREAM_HOOK", hook_address(hook.port))
        raw = camera.url.replace("://", f"://{CREDENTIALS}@")
        cameras.write_text(f"{raw}?token={TOKEN}\n{clip}\n", "utf-8")
        delivery = ("--webhook", "{GHOSTSTREAM_HOOK}")
        delivery += ("--webhook-secret", "{GHOSTSTREAM_SIGNING_SECRET}")
        evidence = ("--evidence", "evidence", "--pre-roll", "0.5", "--post-roll", "0")
        outputs = ("--csv", "table.csv", "--log-clips", "--realtime", "--loop")
        with LiveCommand(
            cameras, *QUICK, *delivery, *evidence, *outputs, folder=work
        ) as command:  # fmt: skip
            command.until(lambda: command.lines("header", segment_cause="reconnected"))
            check_processes(command)
            for pid in command.captures():
                os.kill(pid, signal.SIGKILL)
            command.until(lambda: len(command.lines("status", state="reconnecting")) > 2)
            command.until(lambda: len(hook.requests) > 3)
            command.signal(signal.SIGINT)
            assert command.wait() == 130
    assert f"libav.http:{HIDDEN}" in command.said
    assert "httpcore.http11:receive_response_headers" in command.said
    assert list(work.rglob("*.mp4"))
    check_files(work)
    check_requests(hook)


@pytest.mark.slow
def test_cameras_that_fail_in_every_way_tell_no_secret(
    loud: pytest.MonkeyPatch, tmp_path: Path, work: Path
) -> None:
    damaged = Connection(parts=(Part(frames=50, pace=2, damaged=(2, 7, 11)),), is_endless=True)
    silent = Connection(parts=(Part(frames=15, pace=2),), then="silence")
    pipeline = tmp_path / "cameras.yaml"
    loud.setenv("DEFECTIVE", "/defective")
    with (
        HttpCamera(ENDLESS, BROKEN_OFF, ENDLESS, credentials=CREDENTIALS) as breaking,
        HttpCamera(ENDLESS, silent, credentials=CREDENTIALS) as stalling,
        HttpCamera(ENDLESS, damaged, credentials=CREDENTIALS) as damaging,
        HttpCamera(ENDLESS, credentials="somebody:else") as refusing,
        HttpCamera(Connection(status=404)) as lacking,
    ):
        given = {
            "breaking": breaking.url,
            "stalling": stalling.url,
            "damaging": damaging.url,
            "refusing": refusing.url,
            "lacking": lacking.url,
            "defective": "http://127.0.0.1:9/defective",
            "unreachable": f"http://127.0.0.1:{free_port()}/live",
        }
        pair = "://{GHOSTSTREAM_USER}:{GHOSTSTREAM_PASSWORD}@"
        cameras = "".join(
            f"  - name: {name}\n    source: '{url.replace('://', pair)}?token={TOKEN}'\n"
            for name, url in given.items()
        )
        pipeline.write_text(f"cameras:\n{cameras}", "utf-8")
        port = free_port()
        flags = ("--metrics-port", port, "--evidence", "evidence", "--log-clips")
        with LiveCommand(pipeline, *QUICK, *flags, folder=work) as command:

            def was(name: str, state: str) -> bool:
                return bool(command.lines("status", source=name, state=state))

            command.until(lambda: command.lines("header", source="breaking", segment=2))
            command.until(lambda: was("stalling", "stalled") and was("refusing", "auth_failed"))
            command.until(
                lambda: was("lacking", "not_found") and was("unreachable", "reconnecting")
            )
            command.until(lambda: was("defective", "reconnecting") and was("damaging", "running"))
            check_processes(command)
            pages = [page(port, "/metrics"), page(port, "/healthz")]
            for number, mistake in enumerate(MISTAKES_WHILE_IT_RUNS, start=1):
                pipeline.write_text(BROKEN[mistake], "utf-8")
                command.signal(signal.SIGHUP)
                command.until(lambda n=number: stays(command) >= n)  # type: ignore[misc]
            pipeline.write_text(f"cameras: [{RAW}]", "latin-1")
            command.signal(signal.SIGHUP)
            command.until(lambda: stays(command) > len(MISTAKES_WHILE_IT_RUNS))
            command.signal(signal.SIGTERM)
            assert command.wait() == 130
    assert "a fault of this program" in command.said + json.dumps(command.lines())
    assert b"ghoststream_camera_state" in pages[0]
    assert b'"refusing"' in pages[1]
    assert leaks(b"".join(pages)) == []
    check_files(work)


def page(port: int, path: str) -> bytes:
    address = f"http://127.0.0.1:{port}{path}"
    with urllib.request.urlopen(address, timeout=10) as answer:
        return bytes(answer.read())


def stays(command: LiveCommand) -> int:
    """How many edits were refused."""
    return command.said.count("the cameras stay as they are")


@pytest.mark.slow
@pytest.mark.parametrize("auth", ["basic", "digest"])
def test_rtsp_tells_no_secret(
    auth: Literal["basic", "digest"], loud: pytest.MonkeyPatch, tmp_path: Path, work: Path
) -> None:
    require_rtsp()
    clip = numbered_clip(tmp_path / "clip.mkv", frames=250)
    # FFmpeg takes no more than 127 letters of user name and password, encoded.
    password = "schlehdornä@zwergmispel/?#%:haselstrauch"
    loud.setenv("GHOSTSTREAM_PASSWORD", password)
    loud.setenv("GHOSTSTREAM_USER", "kranichfeder")
    login = Login(user="kranichfeder", password=password, auth=auth)
    right, wrong = tmp_path / "right.rtsp", tmp_path / "wrong.rtsp"
    with RtspServer(login=login, cam=Mount(clip=clip)) as server:
        address = server.url("cam").removeprefix("rtsp://")
        pair = "rtsp://{GHOSTSTREAM_USER}:{GHOSTSTREAM_PASSWORD}"
        right.write_text(f"{pair}@{address}\n", "utf-8")
        wrong.write_text(f"{pair}x@{address}\nrtsp_transport = tcp\n", "utf-8")
        flags = ("--evidence", "evidence", "--post-roll", "0.5", "--json")
        with LiveCommand(right, wrong, *QUICK, *flags, folder=work) as command:
            command.until(lambda: command.lines("status", state="auth_failed"))
            command.until(lambda: command.lines("evidence"))
            server.kill()
            command.until(lambda: command.lines("status", state="reconnecting"))
            server.start()
            command.until(lambda: command.lines("header", segment=2))
            check_processes(command)
            command.signal(signal.SIGINT)
            assert command.wait() == 130
    assert "libav." in command.said
    assert len(json.loads(command.shown)["sources"]) == 2
    check_files(work)


@pytest.mark.slow
def test_brokers_and_webhooks_are_told_no_secret(
    loud: pytest.MonkeyPatch, tmp_path: Path, work: Path
) -> None:
    clip = write_clip(tmp_path / "clip.mp4", frames=50, picture=quadrants)
    pipeline = tmp_path / "watch.yaml"
    with (
        MosquittoBroker(tmp_path, user=USER, password=PASSWORD) as broker,
        WebhookServer() as hook,
        Listener(broker) as listener,
        HttpCamera(ENDLESS, credentials=CREDENTIALS) as camera,
    ):
        hook.answers = [500, 401, 400]
        loud.setenv("GHOSTSTREAM_HOOK", hook_address(hook.port))
        loud.setenv("GHOSTSTREAM_DOWN", hook_address(free_port()))
        pair = "{GHOSTSTREAM_USER}:{GHOSTSTREAM_PASSWORD}"
        pipeline.write_text(
            f"""
source: ["http://{pair}@{camera.url.removeprefix("http://")}?token={{GHOSTSTREAM_TOKEN}}", {clip}]
realtime: true
loop: true
mqtt: "mqtt://{pair}@127.0.0.1:{broker.port}"
home_assistant: true
webhook: ["{{GHOSTSTREAM_HOOK}}", "{{GHOSTSTREAM_DOWN}}"]
webhook_secret: "{{GHOSTSTREAM_SIGNING_SECRET}}"
evidence: evidence
"""
        )
        with LiveCommand(pipeline, *QUICK, folder=work) as command:
            told = listener.until("ghoststream/events")
            command.until(lambda: len(hook.requests) > 5)
            broker.kill()
            command.until(lambda: "the connection broke" in command.said)
            check_files(work)  # the spool while messages wait, and its journal
            broker.start()
            command.until(lambda: f"127.0.0.1:{broker.port}: connected" in command.said)
            told += listener.until("ghoststream/events")
            command.signal(signal.SIGINT)
            assert command.wait() == 130
            told += listener.until("ghoststream/available", "offline")
    assert any(topic.startswith("homeassistant/") for topic, _, _ in told)
    assert leaks(repr(told).encode()) == []
    check_requests(hook)
    check_files(work)


@pytest.mark.slow
def test_a_broker_that_refuses_is_told_of_without_secrets(
    loud: pytest.MonkeyPatch, tmp_path: Path, work: Path
) -> None:
    clip = write_clip(tmp_path / "clip.mp4", frames=50, picture=quadrants)
    with MosquittoBroker(tmp_path, user=USER, password="another") as broker:
        address = f"mqtt://{USER}:{PASSWORD}@127.0.0.1:{broker.port}"
        loud.setenv("GHOSTSTREAM_BROKER", address)
        delivery = ("--mqtt", "{GHOSTSTREAM_BROKER}", "--realtime")
        with LiveCommand(clip, *delivery, folder=work) as command:
            command.until(lambda: "check user name and password" in command.said)
            assert command.wait() == 0
    assert "wait on disk for the next run" in command.said
    check_files(work)
