"""A camera's packets come with times that can be relied on, whatever the camera does."""

import threading
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from fractions import Fraction
from itertools import islice, pairwise
from pathlib import Path

import pytest
from clips import write_clip
from http_camera import Connection, HttpCamera, Part, number_of
from rtsp_server import Mount, RtspServer, numbered_clip, require_rtsp

from ghoststream.errors import (
    SourceError,
    SourceNotFound,
    StreamRefused,
    StreamTimedOut,
    StreamUnauthorized,
    StreamUnreachable,
)
from ghoststream.sampling import EveryFrame
from ghoststream.types import Clock
from ghoststream.video.access import Access, file_access, network_access
from ghoststream.video.lazy import SampledDecoder
from ghoststream.video.live import LiveReader, TimedPacket


def camera_access(url: str) -> Access:
    return network_access(
        url,
        "front door",
        is_live=True,
        rtsp_transport="tcp",
        open_timeout_seconds=5,
        read_timeout_seconds=0.5,
    )


def seen(reader: LiveReader) -> tuple[list[TimedPacket], SourceError | None]:
    """All packets, and why there are no more."""
    packets = []
    with closing(reader):
        try:
            for packet in reader.packets():
                packets.append(packet)
        except SourceError as error:
            return packets, error
    return packets, None


def numbers(reader: LiveReader, packets: list[TimedPacket]) -> list[int | None]:
    decoder = SampledDecoder(reader, EveryFrame().sampler())
    frames = [frame for packet in packets for frame in decoder.feed(packet)] + decoder.finish()
    return [number_of(frame.rgb((224, 224))) for frame in frames]


def assert_rising(packets: list[TimedPacket]) -> None:
    assert all(a.time < b.time for a, b in pairwise(packets))


def test_packets_have_the_time_of_their_arrival() -> None:
    with HttpCamera(Connection(parts=(Part(frames=50, pace=4),), then="end")) as camera:
        started = time.time()
        reader = LiveReader(camera_access(camera.url))
        packets, error = seen(reader)
        ended = time.time()
    assert error is None
    assert [packet.is_keyframe for packet in packets] == ([True] + [False] * 9) * 5
    assert_rising(packets)
    assert {(packet.segment, packet.cause) for packet in packets} == {(0, "connected")}
    assert reader.clock == "arrival"
    assert started <= packets[0].arrived <= packets[-1].arrived <= ended
    # Faster than its own speed, it runs ahead by less than its two seconds.
    assert started - 2 < packets[0].time < packets[-1].time < ended + 2
    assert packets[-1].time - packets[0].time == pytest.approx(49 / 25, rel=0.01)
    assert numbers(reader, packets) == list(range(50))


def test_a_connection_that_breaks_off_says_so_after_its_last_packet() -> None:
    with HttpCamera(Connection(parts=(Part(frames=30),))) as camera:
        packets, error = seen(LiveReader(camera_access(camera.url)))
    assert len(packets) == 30
    assert isinstance(error, StreamUnreachable)
    assert str(error) == ("front door: the connection broke off; check the camera and the network.")


def test_silence_after_some_frames_is_noticed() -> None:
    with HttpCamera(Connection(parts=(Part(frames=30),), then="silence")) as camera:
        packets, error = seen(LiveReader(camera_access(camera.url)))
    assert len(packets) >= 28  # where the last one ends, the next one tells
    assert isinstance(error, StreamTimedOut)


@pytest.mark.parametrize(
    ("status", "kind"),
    [(401, StreamUnauthorized), (404, SourceNotFound), (500, StreamRefused)],
)
def test_a_refusal_is_an_error_of_its_kind(status: int, kind: type[SourceError]) -> None:
    with HttpCamera(Connection(status=status)) as camera, pytest.raises(kind):
        LiveReader(camera_access(camera.url))


def test_a_password_opens() -> None:
    with HttpCamera(
        Connection(parts=(Part(frames=10),), then="end"), credentials="me:p@/?#%:ü"
    ) as camera:
        packets, error = seen(LiveReader(camera_access(camera.url_for("me", "p@/?#%:ü"))))
    assert (len(packets), error) == (10, None)


def test_a_clock_that_starts_again_begins_a_segment() -> None:
    parts = (Part(frames=40, start_seconds=7000), Part(frames=40, start_seconds=0))
    with HttpCamera(Connection(parts=parts, then="end")) as camera:
        reader = LiveReader(camera_access(camera.url))
        packets, error = seen(reader)
    assert error is None
    assert [packet.segment for packet in packets] == [0] * 40 + [1] * 40
    assert (packets[39].cause, packets[40].cause) == ("connected", "clock_reset")
    assert_rising(packets)
    assert abs(float(packets[-1].time) - time.time()) < 10
    assert numbers(reader, packets) == list(range(80))


def test_times_go_on_after_those_of_the_connection_before() -> None:
    later = Fraction(round(time.time()) + 60)
    with HttpCamera(Connection(parts=(Part(frames=20),), then="end")) as camera:
        packets, _ = seen(LiveReader(camera_access(camera.url), not_before=later))
    assert_rising(packets)
    assert later < packets[0].time < later + 1


def test_b_frames_keep_their_order_of_decoding() -> None:
    with HttpCamera(Connection(parts=(Part(frames=30, b_frames=2),), then="end")) as camera:
        reader = LiveReader(camera_access(camera.url))
        packets, _ = seen(reader)
    assert [packet.pts for packet in packets] != sorted(packet.pts for packet in packets)
    assert all(a.dts < b.dts for a, b in pairwise(packets))
    assert numbers(reader, packets) == list(range(30))


def test_damaged_packets_are_survived() -> None:
    part = Part(frames=40, damaged=(5, 22))
    with HttpCamera(Connection(parts=(part,), then="end")) as camera:
        reader = LiveReader(camera_access(camera.url))
        packets, error = seen(reader)
    assert error is None
    assert len(packets) == 40
    shown = numbers(reader, packets)
    assert shown[:5] == [0, 1, 2, 3, 4]
    assert shown[-10:] == list(range(30, 40))
    assert not {5, 22} & set(shown)


def test_a_description_says_which_clock_and_when_it_begins() -> None:
    with HttpCamera(Connection(parts=(Part(frames=20),), then="end")) as camera:
        reader = LiveReader(camera_access(camera.url))
        decoder = SampledDecoder(reader, EveryFrame().sampler())
        with closing(reader):
            first = next(f for packet in reader.packets() for f in decoder.feed(packet))
            info = reader.describe(first.picture.frame, first.time)  # type: ignore[attr-defined]
    assert (info.clock, info.start_time, info.duration) == ("arrival", first.time, None)
    assert (info.width, info.height, info.codec) == (160, 120, "h264")
    with pytest.raises(SourceError, match="closed"):
        reader.describe(first.picture.frame, first.time)  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", ["a.mp4", "b.mkv", "c.avi", "d.h264"])
def test_a_file_is_played_at_its_own_speed(tmp_path: Path, name: str) -> None:
    codec = "mpeg4" if name.endswith("avi") else "libx264"
    b_frames = 0 if name.endswith("h264") else 2
    clip = write_clip(tmp_path / name, frames=8, gop=5, codec=codec, b_frames=b_frames)
    started = time.time()
    reader = LiveReader(file_access(clip), is_paced=True)
    packets, error = seen(reader)
    assert error is None
    assert time.time() - started >= 7 / 25 - 0.1
    times = sorted(packet.time for packet in packets)
    assert [float(b - a) for a, b in pairwise(times)] == pytest.approx([0.04] * 7, abs=0.002)
    assert started - 0.2 <= times[0] <= started + 2
    arrivals = [packet.arrived for packet in packets]
    assert arrivals == sorted(arrivals)
    assert arrivals[-1] - arrivals[0] == pytest.approx(0.28, abs=0.05)
    decoder = SampledDecoder(reader, EveryFrame().sampler())
    frames = [frame for packet in packets for frame in decoder.feed(packet)] + decoder.finish()
    assert [frame.time for frame in frames] == times
    levels = [float(frame.rgb().mean()) for frame in frames]
    assert levels == sorted(levels)


def test_a_looped_file_goes_on_without_a_gap(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.mp4", frames=5)
    reader = LiveReader(file_access(clip), is_paced=True, is_looped=True)
    with closing(reader):
        packets = list(islice(reader.packets(), 13))
    assert [packet.segment for packet in packets] == [0] * 5 + [1] * 5 + [2] * 3
    assert {packet.cause for packet in packets[5:]} == {"loop"}
    times = [float(packet.time) for packet in packets]
    assert [b - a for a, b in pairwise(times)] == pytest.approx([0.04] * 12, abs=0.002)


def test_a_paced_file_ends_at_once_when_it_is_closed(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "slow.mp4", frames=10, pts=range(10), time_base=Fraction(4))
    reader = LiveReader(file_access(clip), is_paced=True)
    packets: list[TimedPacket] = []
    thread = threading.Thread(target=lambda: packets.extend(reader.packets()))
    thread.start()
    time.sleep(0.1)
    reader.close()
    thread.join(2)
    assert not thread.is_alive()
    assert len(packets) == 1


def test_pictures_without_times_have_the_time_of_their_arrival(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "pictures.mjpeg", frames=10, codec="mjpeg", pix_fmt="yuvj420p")
    started = time.time()
    packets, _ = seen(LiveReader(file_access(clip)))
    assert len(packets) == 10
    assert_rising(packets)
    assert started - 0.01 <= packets[0].time <= packets[-1].time <= time.time() + 0.01


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RtspServer]:
    require_rtsp()
    clip = numbered_clip(tmp_path_factory.mktemp("clips") / "clip.mkv", frames=250)
    b_frames = numbered_clip(clip.with_name("b.mkv"), frames=250, b_frames=3)
    with RtspServer(
        right=Mount(clip=clip),
        wrong=Mount(clip=clip, clock="wrong"),
        none=Mount(clip=clip, clock="none"),
        b=Mount(clip=b_frames),
    ) as server:
        yield server


@pytest.mark.slow
@pytest.mark.parametrize(
    ("mount", "clock"),
    [("right", "ntp"), ("wrong", "arrival"), ("none", "arrival"), ("b", "ntp")],
)
def test_rtsp_has_the_sender_s_clock_from_the_first_packet_on(
    server: RtspServer, mount: str, clock: Clock
) -> None:
    reader = LiveReader(camera_access(server.url(mount)))
    packets = reader.packets()
    with closing(reader):
        first = next(packets)
        assert reader.clock == clock
        taken = [first, *islice(packets, 99)]
    shown = numbers(reader, taken)
    assert shown == list(range(len(shown)))
    times = sorted(packet.time for packet in taken)
    assert {packet.segment for packet in taken} == {0}
    assert [float(b - a) for a, b in pairwise(times)][:90] == pytest.approx([0.04] * 90, abs=0.002)
    assert abs(float(taken[-1].time) - taken[-1].arrived) < 2


@pytest.mark.slow
def test_a_server_that_is_killed_ends_the_stream(server: RtspServer) -> None:
    reader = LiveReader(camera_access(server.url("none")), sender_wait_seconds=0)
    with closing(reader), suppress(SourceError):
        for index, _ in enumerate(reader.packets()):
            if index == 20:
                server.kill()
    server.start()
