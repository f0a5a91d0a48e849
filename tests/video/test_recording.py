"""A recording is a copy of packets that plays from zero, and as far as it came when killed."""

import random
import resource
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import pytest
from clips import index_of, noise, quadrants, write_clip
from live_packets import NOON, StreamPacket, live

from ghoststream.errors import OutputError
from ghoststream.types import TimeSpan
from ghoststream.video.decode import open_file
from ghoststream.video.recording import Recording, ending_for, is_playable

X265 = "log-level=none:pools=1"


def packets_of(path: Path) -> list[bytes]:
    with av.open(str(path)) as container:
        return [bytes(packet) for packet in container.demux(video=0) if packet.size]


def times_of(path: Path) -> list[Fraction]:
    with open_file(path) as video:
        return [frame.time for frame in video.frames()]


def indices_of(path: Path) -> list[int]:
    with open_file(path) as video:
        return [index_of(frame.rgb()) for frame in video.frames()]


def add_all(recording: Recording, packets: Sequence[StreamPacket]) -> None:
    for packet in packets:
        recording.add(packet)


def record(video: Path, folder: Path, *, first: int = 0) -> Path:
    """Records a video's packets from one of them on."""
    with live(video) as (stream, packets):
        path = folder / f"recording{ending_for(stream)}"
        recording = Recording(path, stream)
        for packet in packets[first:]:
            recording.add(packet)
        recording.close()
    return path


@pytest.mark.parametrize("b_frames", [0, 2])
def test_copies_packets_byte_for_byte(tmp_path: Path, b_frames: int) -> None:
    video = write_clip(tmp_path / "clip.mp4", frames=60, gop=20, b_frames=b_frames)
    copy = record(video, tmp_path, first=20)
    assert copy.name == "recording.mp4"
    assert packets_of(copy) == packets_of(video)[20:]
    assert indices_of(copy) == list(range(20, 60))
    assert times_of(copy) == [Fraction(index, 25) for index in range(40)]


@pytest.mark.parametrize(
    ("name", "codec", "ending"),
    [
        ("clip.mp4", "libx265", ".mp4"),
        ("clip.mkv", "libsvtav1", ".mp4"),
        ("clip.mkv", "libvpx-vp9", ".mp4"),
        ("clip.mp4", "mpeg4", ".mp4"),
        ("clip.mkv", "libvpx", ".mkv"),
        ("clip.mkv", "mjpeg", ".mkv"),
        ("clip.nut", "rawvideo", ".mkv"),
        ("clip.ts", "libx264", ".mp4"),
        ("clip.ts", "libx265", ".mp4"),
    ],
)
def test_container_by_codec(tmp_path: Path, name: str, codec: str, ending: str) -> None:
    pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
    video = write_clip(tmp_path / name, frames=10, gop=5, codec=codec, pix_fmt=pix_fmt)
    copy = record(video, tmp_path)
    assert copy.suffix == ending
    assert indices_of(copy) == indices_of(video)
    assert times_of(copy) == [Fraction(index, 25) for index in range(10)]


def test_packed_raw_pictures(tmp_path: Path) -> None:
    video = write_clip(tmp_path / "clip.nut", frames=3, codec="rawvideo", pix_fmt="yuyv422")
    copy = record(video, tmp_path)
    assert copy.suffix == ".mkv"
    assert indices_of(copy) == indices_of(video) == [0, 1, 2]


def test_stays_upright(tmp_path: Path) -> None:
    video = write_clip(tmp_path / "clip.mp4", rotation=90, picture=quadrants)
    with open_file(record(video, tmp_path)) as copy:
        assert (copy.info.rotation, copy.info.width, copy.info.height) == (90, 48, 64)


def test_span_and_creation_time(tmp_path: Path) -> None:
    video = write_clip(tmp_path / "clip.mp4", frames=50, gop=25, b_frames=2)
    with live(video) as (stream, packets):
        recording = Recording(tmp_path / "copy.mp4", stream)
        for packet in packets[25:]:
            recording.add(packet)
        recording.close()
    assert recording.span == TimeSpan(start=NOON + 1, end=NOON + 2)
    with av.open(str(tmp_path / "copy.mp4")) as container:
        assert container.metadata["creation_time"] == "2027-01-15T08:00:01.000000Z"


def test_plays_wherever_it_was_broken_off(tmp_path: Path) -> None:
    video = write_clip(tmp_path / "clip.mp4", frames=100, gop=25, picture=noise)
    path = tmp_path / "copy.partial.mp4"
    with live(video) as (stream, packets):
        recording = Recording(path, stream)
        for packet in packets[:30]:
            recording.add(packet)
        one_fragment = path.stat().st_size
        for packet in packets[30:]:
            recording.add(packet)
        written = path.read_bytes()  # as a kill would leave it
        recording.close()
    assert 0 < one_fragment < len(written)
    for length in random.Random(1).choices(range(one_fragment, len(written)), k=10):
        path.write_bytes(written[:length])
        assert is_playable(path)
        with open_file(path) as broken:
            assert 25 <= sum(1 for _ in broken.frames()) <= 100
    path.write_bytes(written[:100])
    assert not is_playable(path)


def test_loses_two_seconds_at_most_however_rare_keyframes_are(tmp_path: Path) -> None:
    video = write_clip(tmp_path / "clip.mp4", frames=100, gop=1000, picture=noise)
    path = tmp_path / "copy.mp4"
    with live(video) as (stream, packets):
        recording = Recording(path, stream)
        for packet in packets[:60]:
            recording.add(packet)
        (tmp_path / "broken.mp4").write_bytes(path.read_bytes())
        recording.discard()
    assert len(times_of(tmp_path / "broken.mp4")) >= 50


def odd(packets: Sequence[StreamPacket], *changes: tuple[int, int, int]) -> list[StreamPacket]:
    """Packets, some of them with other timestamps."""
    changed = list(packets)
    for index, pts, dts in changes:
        packet = packets[index]
        changed[index] = replace(packet, pts=packet.pts + pts, dts=packet.dts + dts)
    return changed


def test_times_that_a_muxer_refuses_are_mended(tmp_path: Path) -> None:
    video = write_clip(tmp_path / "clip.mp4", frames=10, gop=10)
    frame = 512
    with live(video) as (stream, packets):
        recording = Recording(tmp_path / "copy.mp4", stream)
        for packet in odd(
            packets, (3, 0, -frame), (5, 0, 2 * frame), (7, 900 * frame, 900 * frame)
        ):
            recording.add(packet)
        recording.close()
    assert indices_of(tmp_path / "copy.mp4") == list(range(10))


def test_pictures_that_lead_the_first_keyframe_are_left_out(tmp_path: Path) -> None:
    video = write_clip(
        tmp_path / "clip.mp4",
        frames=40,
        codec="libx265",
        options={"x265-params": f"{X265}:open-gop=1:bframes=4:b-adapt=0:keyint=12"},
    )
    with live(video) as (_, packets):
        keyframes = [index for index, packet in enumerate(packets) if packet.is_keyframe]
        first = keyframes[1]
        leading = [p for p in packets[first:] if p.pts < packets[first].pts]
    assert leading
    copy = record(video, tmp_path, first=first)
    assert len(packets_of(copy)) == len(packets) - first - len(leading)
    assert times_of(copy)[0] == 0
    assert indices_of(copy) == list(range(40 - len(indices_of(copy)), 40))


def test_several_recordings_share_packets(tmp_path: Path) -> None:
    video = write_clip(tmp_path / "clip.mp4", frames=50, gop=25)
    with live(video) as (stream, packets):
        recordings = [Recording(tmp_path / f"{name}.mp4", stream) for name in "ab"]
        for packet in packets:
            for recording in recordings:
                if recording is recordings[0] or packet.time >= NOON + 1:
                    recording.add(packet)
        for recording in recordings:
            recording.close()
    assert indices_of(tmp_path / "a.mp4") == list(range(50))
    assert indices_of(tmp_path / "b.mp4") == list(range(25, 50))


def test_a_system_that_takes_no_more_bytes(tmp_path: Path) -> None:
    video = write_clip(tmp_path / "clip.mp4", frames=50, gop=5, picture=noise)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    with live(video) as (stream, packets):
        recording = Recording(tmp_path / "copy.mp4", stream)
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, hard))
        try:
            with pytest.raises(OSError, match="File too large"):
                add_all(recording, packets)
            recording.discard()
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_directory_that_is_not_there(tmp_path: Path) -> None:
    with live(write_clip(tmp_path / "clip.mp4")) as (stream, packets):
        recording = Recording(tmp_path / "none" / "copy.mp4", stream)
        with pytest.raises(OSError, match="No such file"):
            recording.add(packets[0])


def test_packets_that_the_container_does_not_take(tmp_path: Path) -> None:
    video = write_clip(tmp_path / "clip.mkv", codec="libvpx")
    with live(video) as (stream, _), pytest.raises(OutputError, match=r"do not go into \.mp4"):
        Recording(tmp_path / "copy.mp4", stream)
