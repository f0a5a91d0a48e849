"""What FFmpeg makes of a real RTSP server: times, the sender's wall clock, how things end.

The live reader rests on these; they are seen here without it.
"""

import struct
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import av
import numpy as np
import pytest
from http_camera import number_of
from rtsp_server import Codec, Login, Mount, RtspServer, numbered_clip, require_rtsp

PRODUCER_REFERENCE_TIME = struct.Struct("<qi")
"""Microseconds of Unix time, and flags."""
TICKS_A_SECOND = 90_000
TICKS_A_FRAME = 3600
"""Of 25 a second."""
LOGIN = Login(user="viewer", password="p@s/s?#%:ü")
SILENCE_SECONDS = 1.0


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    require_rtsp()
    return numbered_clip(tmp_path_factory.mktemp("clips") / "clip.mkv", frames=250)


@pytest.fixture(scope="module")
def server(clip: Path) -> Iterator[RtspServer]:
    clocks: tuple[Literal["right", "wrong", "none"], ...] = ("right", "wrong", "none")
    with RtspServer(**{clock: Mount(clip=clip, clock=clock) for clock in clocks}) as server:
        yield server


def opened(url: str) -> "av.container.InputContainer":
    return av.open(url, options={"rtsp_transport": "tcp"}, timeout=(5, SILENCE_SECONDS))


def wall_seconds(packet: "av.Packet") -> float | None:
    """What the sender says of when the picture was taken."""
    if not packet.has_sidedata("prft"):
        return None
    data = bytes(packet.get_sidedata("prft"))[: PRODUCER_REFERENCE_TIME.size]
    return float(PRODUCER_REFERENCE_TIME.unpack(data)[0]) / 1e6


def told(url: str, *, packets: int) -> list[tuple[int, float, float]]:
    """Of each packet with the sender's clock: pts, that clock, and ours at its arrival."""
    seen = []
    with opened(url) as container:
        for _, packet in zip(range(packets), container.demux(video=0), strict=False):
            wall = wall_seconds(packet)
            if wall is not None and packet.pts is not None:
                seen.append((packet.pts, wall, time.time()))
    return seen


@pytest.mark.slow
def test_the_sender_says_its_wall_clock_within_seconds(server: RtspServer) -> None:
    seen = told(server.url("right"), packets=100)
    assert len(seen) >= 10  # not from the first packet on, but soon
    assert all(abs(wall - arrived) < 2 for _, wall, arrived in seen)
    beginnings = [wall - pts / TICKS_A_SECOND for pts, wall, _ in seen]
    # One clock, which goes as the times of the pictures do; the first is that of the frame after.
    assert np.ptp(beginnings) < 0.05


@pytest.mark.slow
def test_a_sender_can_be_wrong_by_a_century(server: RtspServer) -> None:
    seen = told(server.url("wrong"), packets=100)
    assert len(seen) >= 10
    assert all(wall < 0 for _, wall, _ in seen)  # before 1970


@pytest.mark.slow
def test_a_sender_without_reports_says_nothing(server: RtspServer) -> None:
    assert told(server.url("none"), packets=150) == []


@pytest.mark.slow
@pytest.mark.parametrize(
    ("codec", "b_frames", "first_times"),
    [
        # The first picture has lost its time: FFmpeg's parser takes it for the one after.
        ("h264", 0, [None, 3600, 7200, 10800]),
        ("h264", 2, [None, 10800, 3600, 7200]),
        ("hevc", 0, [None, 3600, 7200, 10800]),
        ("mjpeg", 0, [0, 3600, 7200, 10800]),
    ],
)
def test_every_connection_begins_at_zero_with_a_keyframe(
    tmp_path: Path, codec: Codec, b_frames: int, first_times: list[int | None]
) -> None:
    require_rtsp()
    clip = numbered_clip(tmp_path / "clip.mkv", frames=100, first=7, codec=codec, b_frames=b_frames)
    with RtspServer(cam=Mount(clip=clip, codec=codec)) as server:
        for _ in range(2):
            with opened(server.url("cam")) as container:
                packets = [p for _, p in zip(range(4), container.demux(video=0), strict=False)]
            assert [packet.pts for packet in packets] == first_times
            assert packets[0].is_keyframe
            with opened(server.url("cam")) as container:
                frame = next(container.decode(video=0))
            assert number_of(frame.to_ndarray(format="rgb24")) == 7
            server.kill()
            server.start()


@pytest.mark.slow
def test_a_server_that_dies_looks_like_one_that_has_come_to_its_end(clip: Path) -> None:
    require_rtsp()
    with RtspServer(cam=Mount(clip=clip)) as server, opened(server.url("cam")) as container:
        packets = container.demux(video=0)
        for _ in range(30):
            next(packets)
        server.kill()
        rest = [packet for packet in packets if packet.size]
    assert len(rest) < 250 - 30


@pytest.mark.slow
def test_silence_ends_after_the_time_for_it(clip: Path) -> None:
    require_rtsp()
    with RtspServer(cam=Mount(clip=clip)) as server, opened(server.url("cam")) as container:
        packets = container.demux(video=0)
        next(packets)
        server.freeze()
        with pytest.raises(av.error.ExitError):
            for _ in packets:
                pass
        start = time.monotonic()
        with pytest.raises(av.error.FFmpegError), opened(server.url("cam")):
            pass
        assert time.monotonic() - start < 20


@pytest.mark.slow
@pytest.mark.parametrize("auth", ["digest", "basic"])
def test_a_password_of_any_letters_is_let_in(clip: Path, auth: Literal["basic", "digest"]) -> None:
    login = Login(user=LOGIN.user, password=LOGIN.password, auth=auth)
    with RtspServer(login=login, cam=Mount(clip=clip)) as server:
        with pytest.raises(av.error.HTTPUnauthorizedError):
            opened(server.url("cam"))
        with pytest.raises(av.error.HTTPUnauthorizedError):
            opened(server.url_with("cam", LOGIN.user, "wrong"))
        with pytest.raises(av.error.HTTPNotFoundError):
            opened(server.url_with("nothing", LOGIN.user, LOGIN.password))
        with opened(server.url_with("cam", LOGIN.user, LOGIN.password)) as container:
            assert container.streams.video[0].codec_context.name == "h264"
    with pytest.raises(av.error.ConnectionRefusedError):
        opened(server.url("cam"))
