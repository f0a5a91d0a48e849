"""Pictures and news over real connections, with clients that do not read."""

import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from queue import Queue

import camera_watchers
import httpx
import pytest

from ghoststream.config import ServeConfig
from ghoststream.serve.live import cameras as cameras_module
from ghoststream.serve.live import routes as routes_module
from ghoststream.serve.live.previews import Previews
from ghoststream.serve.live.process import Launcher
from ghoststream.serve.server import serve

PIPELINE = """
weights: bundled
cameras:
  - {name: gate, source: "rtsp://127.0.0.1:9/1"}
  - {name: a/dark one, source: "rtsp://127.0.0.1:9/2"}
"""
MAX_VIEWERS = 4
FILM = "/api/cameras/gate/preview.mjpeg"


@dataclass
class Served:
    """A page in a thread."""

    folder: Path
    url: str = ""
    _stop: threading.Event = field(default_factory=threading.Event)

    def start(self) -> None:
        pipeline = self.folder / "cameras.yaml"
        pipeline.write_text(PIPELINE)
        config = ServeConfig(pipeline=pipeline, data=self.folder / "data", port=0)
        told: Queue[str] = Queue()
        run = partial(serve, config, stop=self._stop, notice=told.put)
        self._thread = threading.Thread(target=run)
        self._thread.start()
        self.url = told.get(timeout=20).rstrip("/")

    def connect(self, path: str) -> socket.socket:
        """A client that has asked, and not read anything yet."""
        client = socket.socket()
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.settimeout(10)
        host, port = self.url.removeprefix("http://").split(":")
        client.connect((host, int(port)))
        client.sendall(f"GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\n\r\n".encode())
        return client

    def stop(self) -> float:
        """Returns how many seconds it took."""
        began = time.monotonic()
        self._stop.set()
        self._thread.join(20)
        assert not self._thread.is_alive()
        return time.monotonic() - began


@pytest.fixture
def page(tmp_path: Path) -> Iterator[Served]:
    served = Served(tmp_path)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cameras_module, "Launcher", partial(Launcher, camera_watchers.film))
        patch.setattr(cameras_module, "Previews", partial(Previews, max_viewers=MAX_VIEWERS))
        patch.setattr(routes_module, "PICTURE_SECONDS", 0.3)
        served.start()
        yield served
        served.stop()


def numbers(client: httpx.Client, url: str, count: int) -> list[int]:
    """Of the first pictures of a film."""
    found: list[int] = []
    with client.stream("GET", url) as answer:
        assert answer.status_code == 200
        kind = "multipart/x-mixed-replace; boundary=ghoststream-picture"
        assert answer.headers["content-type"] == kind
        rest = b""
        for chunk in answer.iter_bytes():
            rest += chunk
            *parts, rest = rest.split(b"--ghoststream-picture\r\n")
            found += [_number(part) for part in parts if part]
            if len(found) >= count:
                break
    return found


def _number(part: bytes) -> int:
    head, _, body = part.partition(b"\r\n\r\n")
    assert head == b"Content-Type: image/jpeg\r\nContent-Length: 100004"
    assert body == body[:4] + bytes(100_000) + b"\r\n"
    return int.from_bytes(body[:4])


def test_cameras_and_their_newest_pictures(page: Served) -> None:
    with httpx.Client(base_url=page.url) as client:
        deadline = time.monotonic() + 10
        while (cameras := client.get("/api/cameras").json())[0]["state"] != "running":
            assert time.monotonic() < deadline
            time.sleep(0.02)
        shown = client.get("/api/cameras/gate/preview.jpg")
        dark = client.get("/api/cameras/a%2Fdark%20one/preview.jpg")
        none = client.get("/api/cameras/none/preview.mjpeg")
    assert [(one["name"], one["state"]) for one in cameras] == [
        ("gate", "running"),
        ("a/dark one", "not_found"),
    ]
    assert (shown.status_code, shown.headers["content-type"]) == (200, "image/jpeg")
    assert len(shown.content) == 100_004
    assert (dark.status_code, none.status_code) == (404, 404)
    assert dark.json()["message"] == "a/dark one shows nothing now; its state says why"
    assert none.json()["message"] == "there is no camera 'none'"


@pytest.mark.slow
def test_who_does_not_read_holds_up_neither_others_nor_the_end(page: Served) -> None:
    with ExitStack() as clients:
        for _ in range(MAX_VIEWERS - 1):
            clients.enter_context(page.connect(FILM))
        clients.enter_context(page.connect("/api/feed"))
        with httpx.Client(base_url=page.url) as client:
            began = time.monotonic()
            seen = numbers(client, FILM, 30)
            assert time.monotonic() - began < 10
            clients.enter_context(page.connect(FILM))
            deadline = time.monotonic() + 10
            while (status := _status(client)) != 503:
                assert time.monotonic() < deadline, status
                time.sleep(0.02)
        assert page.stop() < 5
    assert seen == sorted(set(seen))


def _status(client: httpx.Client) -> int:
    with client.stream("GET", FILM) as answer:
        return answer.status_code


@pytest.mark.slow
def test_a_client_that_takes_nothing_makes_room_after_a_while(
    page: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(routes_module, "SEND_SECONDS", 0.2)
    with ExitStack() as clients, httpx.Client(base_url=page.url) as client:
        for _ in range(MAX_VIEWERS):
            clients.enter_context(page.connect(FILM))
        deadline = time.monotonic() + 10
        while _status(client) == 503:
            assert time.monotonic() < deadline
            time.sleep(0.05)


def test_news_of_cameras_come_as_they_happen(page: Served) -> None:
    with httpx.Client(base_url=page.url) as client, client.stream("GET", "/api/feed") as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        lines = answer.iter_lines()
        kind = next(line for line in lines if line.startswith("event:"))
        data = next(line for line in lines if line.startswith("data:"))
    assert kind == "event: camera"
    assert set(json.loads(data.removeprefix("data:"))) == {
        "name", "state", "cause", "fps", "camera_fps", "labels", "newest_time", "reconnects",
        "stalls", "dropped",
    }  # fmt: skip
