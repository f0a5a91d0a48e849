"""What holds for every source, whatever lies behind it."""

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import pytest
from clips import index_of, write_clip, write_pictures
from sources.loopback import http_server

from ghoststream.errors import SourceError
from ghoststream.sources import SOURCES, DeviceSource, Source, open_sources
from ghoststream.types import Counts

CAMERAS = sorted(Path("/dev").glob("video*"))
RATE = Fraction(25)


@pytest.fixture(params=["file", "images", "network", "network live"])
def source(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Source]:
    """Eight frames, 25 a second, of each kind."""
    write_clip(tmp_path / "clip.mp4", frames=8)
    write_clip(tmp_path / "stream", frames=8, format="mpegts")
    with http_server(tmp_path) as host:
        address = {
            "file": str(tmp_path / "clip.mp4"),
            "images": str(write_pictures(tmp_path / "shots", count=8)),
            "network": f"http://admin:s3cret@{host}/clip.mp4",
            "network live": f"http://admin:s3cret@{host}/stream",
        }[request.param]
        (made,) = open_sources(address)
        assert isinstance(made, SOURCES[request.param.split()[0]])
        assert made.is_live is ("live" in request.param)
        yield made


def test_frames_are_in_order_with_exact_times(source: Source) -> None:
    with source.open() as stream:
        frames = list(stream.frames())
    assert [frame.time - frames[0].time for frame in frames] == [k / RATE for k in range(8)]
    assert [index_of(frame.rgb()) for frame in frames] == list(range(8))
    assert stream.counts == Counts(frames=8)


def test_info_can_be_asked_before_frames(source: Source) -> None:
    with source.open() as stream:
        info = stream.info
        first = next(iter(stream.frames()))
    assert (info.width, info.height) == (first.picture.width, first.picture.height) == (64, 48)
    assert info.start_time == first.time
    assert info.average_rate == RATE
    assert info.clock == ("rate" if "shots" in source.name else "pts")
    assert (info.duration is None) is source.is_live


def test_pictures_convert_to_any_size(source: Source) -> None:
    with source.open() as stream:
        for frame in stream.frames():
            assert frame.rgb().shape == (48, 64, 3)
            assert frame.rgb((20, 10)).shape == (10, 20, 3)
            assert 0 < frame.picture.nbytes < 100_000


def test_can_be_opened_again(source: Source) -> None:
    for _ in range(2):
        with source.open() as stream:
            assert len(list(stream.frames())) == 8


def test_consumer_may_stop_early(source: Source) -> None:
    with source.open() as stream:
        next(iter(stream.frames()))
    assert stream.counts.frames == 1


def test_interrupt_ends_quietly(source: Source) -> None:
    with source.open() as stream:
        frames = stream.frames()
        next(frames)
        stream.interrupt()
        assert list(frames) == []


def test_name_holds_no_password(source: Source) -> None:
    assert "s3cret" not in source.name
    assert "s3cret" not in repr(source)


def test_missing_device_says_so() -> None:
    with pytest.raises(SourceError, match=r"^/dev/video987: ") as caught:
        DeviceSource(path="/dev/video987").open()
    assert str(caught.value).endswith(".")


@pytest.mark.skipif(not CAMERAS, reason="no camera on this machine")
def test_device() -> None:
    with DeviceSource(path=str(CAMERAS[0])).open() as stream:
        assert stream.info.clock == "arrival"
        assert next(iter(stream.frames())).rgb((64, 48)).shape == (48, 64, 3)


def test_every_kind_is_covered() -> None:
    assert set(SOURCES) == {"file", "images", "network", "device"}
