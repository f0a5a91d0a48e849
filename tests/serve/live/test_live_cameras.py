"""The cameras of a page: a process of their own that may fail, and what is known of them."""

import asyncio
import os
import signal
import time
from collections.abc import Callable, Coroutine
from fractions import Fraction
from pathlib import Path
from typing import Any

import camera_watchers
import numpy as np
import pytest
from pages import page

from ghoststream.config import ServeConfig
from ghoststream.errors import ConfigError, HeadError
from ghoststream.heads import LinearHead, Training, save_head
from ghoststream.serve.feed import Feed, News
from ghoststream.serve.live import cameras as cameras_module
from ghoststream.serve.live.cameras import Line, Live
from ghoststream.serve.live.process import Launcher, Life

PIPELINE = """
weights: bundled
cameras:
  - name: gate
    source: rtsp://user:secret@127.0.0.1:9/1
"""
LONG_SECONDS = 20


@pytest.fixture
def pipeline(tmp_path: Path) -> Path:
    path = tmp_path / "cameras.yaml"
    path.write_text(PIPELINE)
    return path


@pytest.fixture
def head(tmp_path: Path) -> Path:
    """Trained with 5 frames a second."""
    path = tmp_path / "head.safetensors"
    training = Training(fps=Fraction(5), window=Fraction(2), framing="center", enter=0.5, leave=0.4)
    head = LinearHead(
        labels=("day", "night"),
        weight=np.zeros((2, 1280), np.float32),
        bias=np.zeros(2, np.float32),
        pooling="mean",
        backbone_sha256="0" * 64,
        training=training,
    )
    save_head(head, path)
    return path


@pytest.fixture(autouse=True)
def _short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cameras_module, "RETRY_INITIAL_SECONDS", 0.1)
    monkeypatch.setattr(cameras_module, "STOP_SECONDS", 0.5)


def live_of(pipeline: Path, life: Life, feed: Feed | None = None, **given: Any) -> Live:
    config = ServeConfig(pipeline=pipeline, data=pipeline.parent / "data")
    return Live(config, pipeline, feed=feed or Feed(), launcher=Launcher(life), **given)


def watched(live: Live, look: Callable[[], Coroutine[Any, Any, None]]) -> float:
    """Starts, looks, and stops; returns how many seconds the end took."""

    async def run() -> float:
        await live.start()
        try:
            await look()
        finally:
            began = time.monotonic()
            await live.stop()
        return time.monotonic() - began

    return asyncio.run(run())


async def until(is_so: Callable[[], object]) -> None:
    end = time.monotonic() + LONG_SECONDS
    while not is_so():
        assert time.monotonic() < end
        await asyncio.sleep(0.01)


def state(live: Live) -> str:
    return live.cameras()[0].state


def test_cameras_are_there_before_anything_is_known_of_them(pipeline: Path) -> None:
    live = live_of(pipeline, camera_watchers.show)
    assert [(camera.name, camera.state) for camera in live.cameras()] == [("gate", "connecting")]
    assert live.has("gate")
    assert not live.has("rtsp://user:secret@127.0.0.1:9/1")


def test_lines_are_taken_in_and_states_are_told(pipeline: Path) -> None:
    taken: list[Line] = []
    news: list[News] = []
    feed = Feed()
    live = live_of(pipeline, camera_watchers.show, feed, take_line=taken.append)

    async def look() -> None:
        with feed.subscribe() as subscription:
            news.append(await anext(subscription))
        await until(lambda: len(taken) == 2)

    watched(live, look)
    assert [line["record"] for line in taken] == ["event", "evidence"]
    assert taken[0]["after"] == {"id": "e", "source": "gate"}
    assert news[0].kind == "camera"
    assert (news[0].data["name"], news[0].data["state"]) == ("gate", "running")


@pytest.mark.parametrize(
    ("life", "cause"),
    [
        pytest.param(
            camera_watchers.crash_first,
            "the process that watches the cameras was ended by SIGSEGV",
            marks=pytest.mark.slow,
            id="crash",
        ),
        pytest.param(
            camera_watchers.fail_first, "the disk is full", marks=pytest.mark.slow, id="error"
        ),
    ],
)
def test_a_process_that_fails_is_told_of_and_started_again(
    pipeline: Path, life: Life, cause: str
) -> None:
    live = live_of(pipeline, life)
    causes = []

    async def look() -> None:
        await until(lambda: state(live) == "reconnecting")
        causes.append(live.cameras()[0].cause)
        await until(lambda: state(live) == "running")

    watched(live, look)
    assert causes == [f"{cause}; it is tried again in 0 s."]


def test_a_process_that_is_killed_is_started_again_and_one_that_is_over_is_not(
    pipeline: Path,
) -> None:
    ends: list[bool] = []
    live = live_of(pipeline, camera_watchers.show, on_end=lambda: ends.append(True))
    pids = []

    async def look() -> None:
        await until(lambda: state(live) == "running")
        pids.append(live.pid)
        os.kill(live.pid or 0, signal.SIGKILL)
        await until(lambda: state(live) == "reconnecting")
        await until(lambda: state(live) == "running")
        pids.append(live.pid)
        assert ends == [True]

    watched(live, look)
    assert ends == [True, True]
    assert None not in pids
    assert pids[0] != pids[1]

    over = live_of(pipeline, camera_watchers.be_over)

    async def look_on() -> None:
        await until(lambda: state(over) == "ended" and over.pid is None)
        await asyncio.sleep(0.3)
        assert over.pid is None

    watched(over, look_on)
    assert over.cameras()[0].cause == "it came to its end"


def test_a_process_that_hangs_does_not_hold_up_the_end(pipeline: Path) -> None:
    live = live_of(pipeline, camera_watchers.hang)
    seconds = watched(live, lambda: until(lambda: state(live) == "running"))
    assert seconds < 3


@pytest.mark.slow
def test_a_process_that_falls_silent_is_ended(
    pipeline: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cameras_module, "HUNG_SECONDS", 0.3)
    live = live_of(pipeline, camera_watchers.hang)
    watched(live, lambda: until(lambda: state(live) == "reconnecting"))
    assert (live.cameras()[0].cause or "").startswith(
        "the process that watches the cameras did not answer; "
    )


@pytest.mark.slow
def test_another_head_takes_another_process(pipeline: Path, head: Path) -> None:
    live = live_of(pipeline, camera_watchers.show)
    said = []

    async def look() -> None:
        await until(lambda: state(live) == "running")
        said.append(live.cameras()[0].cause)
        with pytest.raises(HeadError):
            await live.restart(head=head.with_name("none.safetensors"))
        assert live.pid is not None
        await live.restart(head=head)
        await until(lambda: live.cameras()[0].cause != said[0])
        said.append(live.cameras()[0].cause)

    watched(live, look)
    # The rate is the one that the head was trained with.
    assert said == ["fps 4, head None", f"fps 5, head {head}"]


@pytest.mark.slow
def test_a_fault_of_ours_ends_the_process_and_is_told(
    pipeline: Path, caplog: pytest.LogCaptureFixture
) -> None:
    def take_line(_: Line) -> None:
        raise ValueError("no room")

    live = live_of(pipeline, camera_watchers.show, take_line=take_line)
    with pytest.raises(ValueError, match="no room"):
        watched(live, lambda: until(lambda: bool(caplog.messages)))
    assert caplog.messages == ["no camera is watched any more, by a fault of ours"]
    assert live.pid is None


@pytest.mark.slow
def test_losses_add_up_and_are_told(pipeline: Path, caplog: pytest.LogCaptureFixture) -> None:
    live = live_of(pipeline, camera_watchers.lose)
    watched(live, lambda: until(lambda: live.lost_lines == 7))
    assert caplog.messages[0].startswith("the page did not take 7 lines about cameras in time")


def test_pictures_are_asked_for_while_somebody_looks(pipeline: Path) -> None:
    live = live_of(pipeline, camera_watchers.show)
    seen = []

    async def look() -> None:
        await until(lambda: state(live) == "running")
        async for picture in live.previews.pictures("gate"):
            seen.append(picture.jpeg)
            break

    watched(live, look)
    assert seen == [b"picture 1"]


def test_a_pipeline_without_cameras_is_refused(tmp_path: Path) -> None:
    clip = tmp_path / "clip.mp4"
    clip.touch()
    pipeline = tmp_path / "files.yaml"
    pipeline.write_text(f"weights: bundled\nsource: {clip}\n")
    with pytest.raises(ConfigError, match="watches no cameras"):
        live_of(pipeline, camera_watchers.show)


def test_a_head_that_is_damaged_does_not_keep_the_page_from_starting(
    pipeline: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with page(tmp_path / "data") as client:
        (tmp_path / "data" / "heads" / "door.safetensors").write_bytes(b"no head")
        client.app.state.site.teaching.heads.choose("door")  # type: ignore[attr-defined]
    with page(tmp_path / "data", pipeline=pipeline) as client:
        assert [camera["name"] for camera in client.get("/api/cameras").json()] == ["gate"]
        assert "cannot be used" in client.get("/teach").text
    assert "cameras are named without it" in caplog.text
