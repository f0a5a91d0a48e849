"""A page over a small archive of real clips, whose vectors and labels are made up.

with archive_page(tmp_path / "data", archive=small_archive(tmp_path)) as client: ...
"""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import anyio.to_thread
from clips import write_clip
from fastapi.testclient import TestClient
from stores import RECIPE, SmallVideo, clip, event, failed, video, video_rows

from ghoststream.archive.writer import open_writer
from ghoststream.config import ServeConfig
from ghoststream.serve.app import create_app
from ghoststream.serve.server import opened_site
from ghoststream.serve.wanted import Wanted, always
from ghoststream.video.decode import open_file

RATE = 5
SECONDS = 4
PATIENCE_SECONDS = 120

VIDEOS: dict[str, SmallVideo] = {
    "gate/a.mp4": video(
        [[1, 0], [1, 0.1], [0, 1], [0, 1]],
        clips=[
            clip(0, 2, [1, 0], {"tabby, tabby cat": 0.9, "lynx": 0.2}),
            clip(2, 4, [0, 1], {"tiger cat": 0.6}),
        ],
        events=[
            event("new", "tabby, tabby cat", 0, score=0.5),
            event("update", "tabby, tabby cat", 0, score=0.9),
            event("end", "tabby, tabby cat", 0, 2.0, score=0.9),
            event("new", "tiger cat", 2, score=0.6),
        ],
    ),
    "gate/b.ts": video(
        [[0.6, 0.8], [0, 0, 1], [0, 0, 1], [0, 0, 1]],
        clips=[clip(0, 4, [0, 0, 1], {"lynx": 0.8})],
        events=[event("new", "lynx", 1), event("end", "lynx", 1, 3.0)],
    ),
    "yard/c.webm": video([[0, 0, 0, 1]] * 4),
    "broken.mp4": failed("broken.mp4: it is not a video."),
}


class Here:
    """Does what a worker does, without a process; counts what it is asked for."""

    def __init__(self) -> None:
        self.calls: list[str] = []

    async def call(
        self,
        function: Callable[..., Any],
        *args: object,
        timeout_seconds: float,
        is_wanted: Wanted = always,
    ) -> Any:
        assert await is_wanted()
        self.calls.append(function.__name__)
        return await anyio.to_thread.run_sync(function, *args)

    def close(self) -> None:
        """There is nothing to end."""


def small_archive(folder: Path, videos: dict[str, SmallVideo] = VIDEOS) -> Path:
    """Writes clips and their store; returns its address."""
    codecs = {".mp4": "libx264", ".ts": "libx264", ".webm": "libvpx-vp9"}
    for name, small in videos.items():
        path = folder / "videos" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if small.error is None:
            codec = codecs[path.suffix]
            write_clip(path, frames=RATE * SECONDS, rate=Fraction(RATE), gop=5, codec=codec)
        else:
            path.write_bytes(b"this is no video")
    return store_of_clips(folder / "x.store", folder / "videos", videos)


def store_of_clips(
    address: Path, root: Path, videos: dict[str, SmallVideo] = VIDEOS, **configuration: object
) -> Path:
    """A store of clips that are there; or adds to one."""
    settings = {**RECIPE.configuration, **configuration}
    recipe = replace(RECIPE, configuration=settings)
    with open_writer(address, recipe) as writer:
        for name, small in videos.items():
            rows = video_rows(name, small, recipe)
            facts = _facts(root / name, small)
            writer.append([replace(rows, row={**rows.row, **facts})])
    return address


def _facts(path: Path, small: SmallVideo) -> dict[str, object]:
    status = path.stat()
    facts: dict[str, object] = {
        "path": str(path),
        "path_bytes": bytes(path),
        "size": status.st_size,
        "mtime_ns": status.st_mtime_ns,
    }
    if small.error is not None:
        return facts
    with open_file(path, threads=1) as opened:
        info = opened.info
    names = ("codec", "container", "pixel_format", "width", "height")
    stream = {name: getattr(info, name) for name in names}
    header = json.dumps({"stream": {**stream, "average_rate": f"{RATE}/1"}})
    start = float(info.start_time or 0)
    return {**facts, "header": header, "start_seconds": start, "duration_seconds": float(SECONDS)}


@contextmanager
def archive_page(data: Path, **settings: object) -> Iterator[TestClient]:
    """A page that has taken in its archive, and does without processes of its own."""
    config = ServeConfig.model_validate({"data": data, **settings})
    with opened_site(config) as site:
        site.worker = site.converter = Here()  # type: ignore[assignment]
        with TestClient(create_app(site), base_url="http://127.0.0.1:8008") as client:
            client.headers["X-CSRF-Token"] = site.sessions.csrf_token(None)
            wait_for(lambda: client.get("/api/archive").json()["state"] != "labelling")
            yield client


def wait_for(is_so: Callable[[], bool]) -> None:
    """Until something is so; fails where it never will be."""
    end = time.monotonic() + PATIENCE_SECONDS
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.02)


def ids_by_source(client: TestClient) -> dict[str, str]:
    """Opaque ids of the videos."""
    return {one["source"]: one["id"] for one in client.get("/api/videos").json()["items"]}
