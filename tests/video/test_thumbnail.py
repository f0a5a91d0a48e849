"""A thumbnail shows the very frame of a moment, decoded from the packets in memory alone."""

import io
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from clips import index_of, quadrants, write_clip
from live_packets import NOON, live
from PIL import Image

from ghoststream.errors import NoFrames
from ghoststream.video import thumbnail as thumbnail_module
from ghoststream.video.thumbnail import Thumbnail, thumbnail_at


def shown(thumbnail: Thumbnail) -> Image.Image:
    return Image.open(io.BytesIO(thumbnail.jpeg), formats=["JPEG"])


def level(thumbnail: Thumbnail) -> int:
    return index_of(np.asarray(shown(thumbnail)))


@pytest.mark.parametrize("b_frames", [0, 2])
@pytest.mark.parametrize(
    ("seconds", "index"),
    [("1", 25), ("1.2", 30), ("1.21", 30), ("1.96", 49), ("5", 49), ("0", 25)],
    ids=["keyframe", "frame", "between two", "last", "past the end", "before the first"],
)
def test_the_frame_of_a_moment(tmp_path: Path, b_frames: int, seconds: str, index: int) -> None:
    video = write_clip(tmp_path / "clip.mp4", frames=50, gop=25, b_frames=b_frames)
    with live(video) as (stream, packets):
        time = NOON + Fraction(seconds)
        thumbnail = thumbnail_at(time, packets[25:], stream, max_side=64)
    assert level(thumbnail) == index
    assert thumbnail.time == NOON + Fraction(index, 25)


@pytest.mark.parametrize(
    ("codec", "name", "pix_fmt"),
    [
        ("libx265", "clip.ts", "yuv420p"),
        ("libsvtav1", "clip.mkv", "yuv420p"),
        ("libvpx", "clip.mkv", "yuv420p"),
        ("mjpeg", "clip.mkv", "yuvj420p"),
        ("rawvideo", "clip.avi", "yuyv422"),
    ],
)
def test_every_codec(tmp_path: Path, codec: str, name: str, pix_fmt: str) -> None:
    video = write_clip(tmp_path / name, codec=codec, pix_fmt=pix_fmt, frames=10, gop=10)
    with live(video) as (stream, packets):
        thumbnail = thumbnail_at(packets[7].time, packets, stream, max_side=64)
    assert (level(thumbnail), thumbnail.time) == (7, packets[7].time)


@pytest.mark.parametrize(
    ("max_side", "size"), [(640, (48, 64)), (32, (24, 32)), (1, (1, 1))], ids=str
)
def test_upright_and_never_enlarged(tmp_path: Path, max_side: int, size: tuple[int, int]) -> None:
    video = write_clip(tmp_path / "clip.mp4", rotation=90, picture=quadrants)
    with live(video) as (stream, packets):
        picture = shown(thumbnail_at(NOON, packets, stream, max_side=max_side))
    assert picture.size == size
    if max_side == 640:
        red, green, blue = picture.getpixel((40, 16))  # the red quarter was turned there
        assert red > 200 > 80 > max(green, blue)


def test_square_pixels(tmp_path: Path) -> None:
    video = write_clip(tmp_path / "clip.mp4", sample_aspect_ratio=Fraction(2))
    with live(video) as (stream, packets):
        assert shown(thumbnail_at(NOON, packets, stream, max_side=64)).size == (64, 24)


def test_decodes_no_more_than_it_may(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(thumbnail_module, "MAX_PACKETS", 10)
    with live(write_clip(tmp_path / "clip.mp4", frames=50, gop=50)) as (stream, packets):
        thumbnail = thumbnail_at(NOON + 1, packets, stream, max_side=64)
    assert level(thumbnail) == 9


def test_leaves_the_stream_and_its_packets_alone(tmp_path: Path) -> None:
    with live(write_clip(tmp_path / "clip.mp4", frames=10)) as (stream, packets):
        before = [(packet.packet.pts, packet.packet.time_base) for packet in packets]
        thumbnail_at(packets[5].time, packets, stream, max_side=64)
        assert [(packet.packet.pts, packet.packet.time_base) for packet in packets] == before
        decoded = [f for packet in packets for f in stream.codec_context.decode(packet.packet)]
        decoded += stream.codec_context.decode(None)
    assert len(decoded) == 10


def test_nothing_that_could_be_decoded(tmp_path: Path) -> None:
    video, nothing = write_clip(tmp_path / "clip.mp4"), pytest.raises(NoFrames, match="no picture")
    with live(video) as (stream, _), nothing:
        thumbnail_at(NOON, [], stream, max_side=64)
