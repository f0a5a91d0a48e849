"""Cameras behind a real RTSP server that is killed, frozen, and comes back as another one."""

import time
from dataclasses import replace
from pathlib import Path
from typing import Literal

import pytest
from capture_watch import Watch
from http_camera import center_crop, number_of
from rtsp_server import Codec, Login, Mount, RtspServer, numbered_clip, require_rtsp

from ghoststream.runners.live.messages import (
    CameraEnded,
    Item,
    Sampled,
    SegmentBegun,
    SegmentEnded,
)
from ghoststream.runners.live.supervision.patience import Patience
from ghoststream.types import LiveState, Status

pytestmark = pytest.mark.slow

PASSWORD = "p@s/s?#%:ü"
SIZE = (160, 120)
PATIENCE = Patience(open_seconds=5, stall_seconds=2, retry_initial_seconds=0.2, retry_max_seconds=1)
RECOVERY_SECONDS = PATIENCE.retry_max_seconds + 2
"""From the moment that the server is back to the first frame."""
LONG_SECONDS = 30
"""Only something that hangs takes so long."""


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    require_rtsp()
    return numbered_clip(tmp_path_factory.mktemp("clips") / "clip.mkv", frames=1500)


def numbers(items: list[Item], size: tuple[int, int] = SIZE) -> list[list[int | None]]:
    """What the sampled pictures of each segment say of themselves."""
    segments: list[list[int | None]] = []
    for item in items:
        if isinstance(item, SegmentBegun):
            segments.append([])
        if isinstance(item, Sampled):
            segments[-1].append(number_of(item.pixels[0], size=size, shown=center_crop(size)))
    return segments


def states(items: list[Item]) -> list[LiveState]:
    """One after the other."""
    return [item.state for item in items if isinstance(item, Status)]


def check_rising(items: list[Item]) -> None:
    """No time runs backwards, ever, and no picture within a segment."""
    check_times_rise(items)
    for segment in numbers(items):
        check_numbers(segment)


def check_times_rise(items: list[Item]) -> None:
    """Over all connections."""
    times = [item.span.start for item in items if isinstance(item, Sampled)]
    assert times == sorted(set(times))


def check_numbers(segment: list[int | None]) -> None:
    """Each picture was sent, and none twice or late."""
    sent = [number for number in segment if number is not None]
    assert sent == segment
    assert sent == sorted(set(sent))


def test_every_death_of_the_server_is_recovered_from(clip: Path) -> None:
    deaths, recoveries = 20, []
    with RtspServer(cam=Mount(clip=clip)) as server, Watch(server.url("cam"), PATIENCE) as watch:
        assert watch.until(lambda: watch.samples() >= 3, LONG_SECONDS)
        for death in range(1, deaths + 1):
            server.kill()
            assert watch.until(lambda death=death: watch.ended_segments() == death, LONG_SECONDS)
            server.start()
            back, seen = time.monotonic(), watch.samples()
            assert watch.until(lambda seen=seen: watch.samples() > seen, LONG_SECONDS)
            recoveries.append(time.monotonic() - back)
            assert watch.until(lambda seen=seen: watch.samples() >= seen + 3, LONG_SECONDS)
        items = watch.stop()
    assert max(recoveries) < RECOVERY_SECONDS
    check_rising(items)
    begun = [item for item in items if isinstance(item, SegmentBegun)]
    assert [item.number for item in begun] == list(range(1, deaths + 2))
    assert [item.cause for item in begun] == ["connected"] + ["reconnected"] * deaths
    assert [i.number for i in items if isinstance(i, SegmentEnded)] == list(range(1, deaths + 2))
    assert all(segment[0] == 0 for segment in numbers(items))  # each connection from the start
    end = items[-1]
    assert isinstance(end, CameraEnded)
    assert (end.summary.reconnects, end.summary.stalls) == (deaths, 0)
    assert (end.summary.reason, end.summary.decode_errors) == ("interrupted", 0)
    assert end.summary.frames >= sum(map(len, numbers(items)))


def test_silence_is_a_stall_and_ends_when_the_server_goes_on(clip: Path) -> None:
    with RtspServer(cam=Mount(clip=clip)) as server, Watch(server.url("cam"), PATIENCE) as watch:
        assert watch.until(lambda: watch.samples() >= 3, LONG_SECONDS)
        server.freeze()
        assert watch.until(lambda: "stalled" in states(watch.items), LONG_SECONDS)
        assert watch.ended_segments() == 1
        seen = watch.samples()
        time.sleep(PATIENCE.open_seconds)  # attempts fail, one after the other
        server.thaw()
        assert watch.until(lambda: watch.samples() >= seen + 3, LONG_SECONDS)
        items = watch.stop()
    check_rising(items)
    told = states(items)
    assert told[:3] == ["connecting", "running", "stalled"]
    assert told[-2:] == ["running", "ended"]
    end = items[-1]
    assert isinstance(end, CameraEnded)
    assert (end.summary.reconnects, end.summary.stalls) == (1, 1)


@pytest.mark.parametrize("auth", ["basic", "digest"])
def test_a_refused_password_is_tried_again_and_shown_nowhere(
    clip: Path, auth: Literal["basic", "digest"]
) -> None:
    login = Login(user="viewer", password="of old", auth=auth)
    with (
        RtspServer(login=login, cam=Mount(clip=clip)) as server,
        Watch(server.url_with("cam", "viewer", PASSWORD), PATIENCE) as watch,
    ):
        assert watch.until(lambda: "auth_failed" in states(watch.items), LONG_SECONDS)
        server.kill()
        server.login = replace(login, password=PASSWORD)
        server.start()
        assert watch.until(lambda: watch.samples() >= 3, LONG_SECONDS)
        items = watch.stop()
    check_rising(items)
    assert "auth_failed" in states(items)
    shown = repr([item for item in items if not isinstance(item, Sampled)])
    for secret in (PASSWORD, "p%40s", "%C3%BC", "s/s?"):
        assert secret not in shown


def test_a_wrong_path_is_not_found_until_there_is_one(clip: Path) -> None:
    with RtspServer(other=Mount(clip=clip)) as server, Watch(server.url("cam"), PATIENCE) as watch:
        assert watch.until(lambda: "not_found" in states(watch.items), LONG_SECONDS)
        assert watch.samples() == 0
        server.kill()
        server.start(cam=Mount(clip=clip))
        assert watch.until(lambda: watch.samples() >= 3, LONG_SECONDS)
        items = watch.stop()
    check_rising(items)
    assert states(items)[:2] == ["connecting", "not_found"]


@pytest.mark.parametrize(
    ("codec", "size", "rate", "b_frames"),
    [
        ("h264", (320, 240), 25, 0),
        ("h264", SIZE, 50, 2),
        ("hevc", SIZE, 25, 0),
        ("mjpeg", (240, 160), 12, 0),
    ],
)
def test_it_may_come_back_as_another_camera(
    clip: Path, tmp_path: Path, codec: Codec, size: tuple[int, int], rate: int, b_frames: int
) -> None:
    other = numbered_clip(
        tmp_path / "other.mkv",
        frames=300,
        first=10_000,
        size=size,
        rate=rate,
        b_frames=b_frames,
        codec=codec,
    )
    with RtspServer(cam=Mount(clip=clip)) as server, Watch(server.url("cam"), PATIENCE) as watch:
        assert watch.until(lambda: watch.samples() >= 3, LONG_SECONDS)
        server.kill()
        server.start(cam=Mount(clip=other, codec=codec))
        seen = watch.samples()
        assert watch.until(lambda: watch.samples() >= seen + 8, LONG_SECONDS)
        items = watch.stop()
    check_times_rise(items)
    before, after = (item.info for item in items if isinstance(item, SegmentBegun))
    assert (before.codec, before.width, before.height) == ("h264", *SIZE)
    assert (after.codec, after.width, after.height) == (codec, *size)
    first, _ = numbers(items)
    _, second = numbers(items, size)
    check_numbers(first)
    check_numbers(second)
    assert second[0] == 10_000


def test_times_are_the_senders_where_it_knows_the_time(clip: Path) -> None:
    mounts = {"right": Mount(clip=clip), "wrong": Mount(clip=clip, clock="wrong")}
    with RtspServer(**mounts) as server:
        for name, clock in (("right", "ntp"), ("wrong", "arrival")):
            with Watch(server.url(name), PATIENCE) as watch:
                assert watch.until(lambda watch=watch: watch.samples() >= 20, LONG_SECONDS)
                items = watch.stop()
            check_rising(items)
            begun = next(item for item in items if isinstance(item, SegmentBegun))
            assert begun.info.clock == clock
            lateness = [i.arrived - float(i.span.start) for i in items if isinstance(i, Sampled)]
            assert max(map(abs, lateness)) < 2
