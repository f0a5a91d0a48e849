"""`ghoststream run` over real RTSP: its event log while servers die, one of them for good."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from clips import Rgb, write_clip
from http_camera import HttpCamera
from rtsp_server import Mount, RtspServer, require_rtsp

pytestmark = pytest.mark.slow

GHOSTSTREAM = str(Path(sys.executable).with_name("ghoststream"))
ENTER = ("--enter", "0.05", "--leave", "0.01")
FLAGS = (*ENTER, "--weights", "bundled", "--fps", "4", "--retry-initial", "0.2", "--retry-max", "1")
DEATHS = 3
LONG_SECONDS = 60
"""Only something that hangs takes so long."""

Line = dict[str, Any]


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory, sample_videos: Path) -> Path:
    """A minute of a cup of coffee, so that an event goes on for as long as the stream does."""
    require_rtsp()
    with av.open(str(sample_videos / "coffee.mp4")) as container:
        frame = next(container.decode(video=0))
        still: Rgb = frame.reformat(width=320, height=240).to_ndarray(format="rgb24")
    path = tmp_path_factory.mktemp("clips") / "coffee.mkv"

    def trembling(index: int, size: tuple[int, int]) -> Rgb:
        return np.roll(still, index % 3, axis=1)

    return write_clip(path, frames=1500, size=(320, 240), gop=25, picture=trembling)


def logged(path: Path) -> list[Line]:
    """All whole lines."""
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_text().splitlines(keepends=True) if "\n" in line]


def of_camera(lines: list[Line], address: str, kind: str | None = None) -> list[Line]:
    """In their order; an event names its camera inside."""
    return [
        line
        for line in lines
        if line.get("after", line)["source"] == address and kind in (None, line["record"])
    ]


def wait_until(is_so: Callable[[], bool]) -> None:
    end = time.monotonic() + LONG_SECONDS
    while not is_so():
        assert time.monotonic() < end, "waited for too long"
        time.sleep(0.1)


def begun(path: Path, address: str) -> int:
    """Events of a camera so far."""
    return sum(x["type"] == "new" for x in of_camera(logged(path), address, "event"))


def check_events(lines: list[Line]) -> None:
    """Each ends once, before the segment after it begins, and not before it began."""
    is_open: dict[str, Line] = {}
    for line in lines:
        if line["record"] in ("header", "end"):
            assert not is_open
        if line["record"] == "event":
            event = line["after"]
            if line["type"] == "end":
                assert is_open.pop(event["id"])["start_time"] <= event["end_time"]
            else:
                is_open[event["id"]] = event
    assert not is_open


def test_events_end_with_their_stream_and_other_cameras_go_on(clip: Path, tmp_path: Path) -> None:
    log = tmp_path / "events.jsonl"
    gone = HttpCamera()
    gone.start()
    gone.stop()  # an address at which nobody listens
    with RtspServer(cam=Mount(clip=clip)) as dying, RtspServer(cam=Mount(clip=clip)) as living:
        mortal, steady = dying.url("cam"), living.url("cam")
        command = [GHOSTSTREAM, "run", mortal, steady, gone.url, "--jsonl", str(log), *FLAGS]
        with (tmp_path / "printed").open("w") as printed:
            run = subprocess.Popen(command, stdout=printed, stderr=printed)
        try:
            wait_until(lambda: begun(log, steady) > 0)
            for _ in range(DEATHS):
                wait_until(lambda: newest_begins_an_event(log, mortal))
                dying.kill()
                wait_until(lambda: is_lost(log, mortal))
                dying.start()
            wait_until(lambda: newest_begins_an_event(log, mortal))
            run.send_signal(signal.SIGINT)
            assert run.wait(10) == 130
        finally:
            run.kill()
    lines = logged(log)
    for address, connections in ((mortal, DEATHS + 1), (steady, 1)):
        own = of_camera(lines, address)
        check_events(own)
        headers = of_camera(lines, address, "header")
        assert [x["segment"] for x in headers] == list(range(1, connections + 1))
        assert own[-1]["record"] == "end"
        assert own[-1]["reason"] == "interrupted"
        assert own[-1]["reconnects"] == connections - 1
        assert (own[-1]["overrun"], own[-1]["decode_errors"], own[-1]["stalls"]) == (0, 0, 0)
        assert own[-1]["events"] == begun(log, address)
    starts = [
        x["after"]["start_time"] for x in of_camera(lines, mortal, "event") if x["type"] == "new"
    ]
    assert starts == sorted(starts)
    assert len(set(starts)) >= DEATHS + 1  # one in each connection at least
    assert abs(starts[0] - time.time()) < 300  # on the wall clock
    assert {x["record"] for x in of_camera(lines, gone.url)} == {"status", "end"}


def newest_begins_an_event(path: Path, address: str) -> bool:
    """Whether something is seen that has not ended."""
    own = of_camera(logged(path), address)
    return bool(own) and own[-1]["record"] == "event" and own[-1]["type"] != "end"


def is_lost(path: Path, address: str) -> bool:
    """Whether the newest news of a camera is that it is gone."""
    return str(of_camera(logged(path), address, "status")[-1]["state"]) == "reconnecting"
