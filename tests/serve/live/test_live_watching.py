"""Real cameras, watched by a real process: for the page, without it, and after it."""

import asyncio
import io
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from http_camera import Connection, HttpCamera, Part, number_of
from live_command import whole_lines
from PIL import Image
from processes import with_descendants

from ghoststream.config import ServeConfig
from ghoststream.serve.feed import Feed
from ghoststream.serve.live.cameras import Line, Live
from ghoststream.serve.live.messages import ShowCamera
from ghoststream.serve.live.process import Launcher
from ghoststream.serve.live.settings import watch_spec

pytestmark = pytest.mark.slow

ENDLESS = Connection(parts=(Part(frames=50, pace=1),), is_endless=True)
PIPELINE = """
weights: bundled
fps: 10
window: 0.4
hop: 0.2
enter: 0.08
leave: 0.05
log_clips: true
cameras:
  - name: gate
    source: {url}
"""
LONG_SECONDS = 60


def config_of(folder: Path, camera: HttpCamera) -> tuple[ServeConfig, Path]:
    pipeline = folder / "cameras.yaml"
    pipeline.write_text(PIPELINE.format(url=camera.url))
    return ServeConfig(pipeline=pipeline, data=folder / "data"), pipeline


async def until(is_so: Callable[[], object]) -> None:
    end = time.monotonic() + LONG_SECONDS
    while not is_so():
        assert time.monotonic() < end
        await asyncio.sleep(0.05)


def alive(pids: list[int]) -> list[int]:
    return [pid for pid in pids if Path(f"/proc/{pid}/stat").exists()]


def test_a_camera_is_shown_told_of_and_watched_again_when_its_process_is_killed(
    tmp_path: Path,
) -> None:
    taken: list[Line] = []
    shown: list[np.ndarray] = []

    async def look(camera: HttpCamera) -> None:
        config, pipeline = config_of(tmp_path, camera)
        live = Live(config, pipeline, feed=Feed(), take_line=taken.append)
        await live.start()
        try:
            async for picture in live.previews.pictures("gate"):
                shown.append(np.asarray(Image.open(io.BytesIO(picture.jpeg))))
                if len(shown) == 10:
                    break
            await until(lambda: live.cameras()[0].fps > 5)
            await until(lambda: any(line["record"] == "evidence" for line in taken))
            first = with_descendants(live.pid or 0)
            os.kill(live.pid or 0, signal.SIGKILL)
            await until(lambda: live.cameras()[0].state == "reconnecting")
            await until(lambda: live.cameras()[0].state == "running")
            await until(lambda: not alive(first))
            second = with_descendants(live.pid or 0)
        finally:
            began = time.monotonic()
            await live.stop()
        assert time.monotonic() - began < 5
        await until(lambda: not alive(second))

    with HttpCamera(ENDLESS) as camera:
        asyncio.run(look(camera))
    assert None not in [number_of(picture) for picture in shown]
    log = whole_lines(tmp_path / "data" / "events.jsonl")
    events = [line for line in log if line["record"] == "event"]
    assert events
    assert [line for line in taken if line["record"] == "event"] == events
    kept = next(line for line in taken if line["record"] == "evidence")
    assert Path(kept["path"]).parts[:-2] == (tmp_path / "data" / "evidence" / "gate").parts


def test_a_page_that_takes_nothing_does_not_slow_the_analysis(tmp_path: Path) -> None:
    async def look(camera: HttpCamera) -> None:
        config, pipeline = config_of(tmp_path, camera)
        launcher = Launcher()
        process = await launcher.launch(watch_spec(config, pipeline))
        await until(lambda: len(clip_starts(tmp_path)) > 10)
        process.send(ShowCamera(camera="gate", seconds=3600))
        await until(lambda: len(clip_starts(tmp_path)) > 80)
        await process.stop(5)
        assert await process.ended() is None
        launcher.close()

    # Its pictures are more than there is room for between the two processes.
    part = Part(frames=50, pace=1, size=(640, 480))
    with HttpCamera(Connection(parts=(part,), is_endless=True)) as camera:
        asyncio.run(look(camera))
    starts = clip_starts(tmp_path)
    gaps = [later - earlier for earlier, later in pairwise(starts)]
    assert gaps == pytest.approx([0.2] * len(gaps), abs=0.05)


def clip_starts(folder: Path) -> list[float]:
    log = whole_lines(folder / "data" / "events.jsonl")
    return [line["start"] for line in log if line["record"] == "clip"]


def test_everything_ends_with_the_page_even_if_that_is_killed(tmp_path: Path) -> None:
    with HttpCamera(ENDLESS) as camera:
        config, pipeline = config_of(tmp_path, camera)
        given = ["--pipeline", str(pipeline), "--data", str(config.data), "--port", "0"]
        page = subprocess.Popen([sys.executable, "-m", "ghoststream", "serve", *given])
        asyncio.run(until(lambda: len(clip_starts(tmp_path)) > 3))
        family = with_descendants(page.pid)
        page.kill()
        page.wait()
        asyncio.run(until(lambda: not alive(family)))
    assert len(family) >= 4  # itself, who watches, what forks captures, and one of these
    last = whole_lines(tmp_path / "data" / "events.jsonl")[-1]
    assert (last["record"], last["reason"]) == ("end", "interrupted")
