"""What people type, and the sources that it stands for."""

from fractions import Fraction
from pathlib import Path

import pytest
from clips import write_clip, write_pictures

from ghoststream.errors import ConfigError, SourceNotFound
from ghoststream.sources import (
    DeviceSource,
    FileSource,
    ImagesSource,
    NetworkSource,
    SourceOptions,
    open_sources,
)


def names(address: str | Path) -> list[str]:
    return [Path(source.name).name for source in open_sources(str(address))]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("b.mp4", "a.MKV", "10.mov", "2.mov", "notes.md", "cover.jpg"):
        (tmp_path / name).touch()
    (tmp_path / "deeper").mkdir()
    (tmp_path / "deeper" / "c.mp4").touch()
    return tmp_path


def test_file(folder: Path) -> None:
    (source,) = open_sources(str(folder / "b.mp4"))
    assert source == FileSource(path=folder / "b.mp4")
    assert not source.is_live


def test_missing_file_is_found_missing_when_opened(tmp_path: Path) -> None:
    (source,) = open_sources(str(tmp_path / "missing.mp4"))
    with pytest.raises(SourceNotFound, match="no such file"):
        source.open()


def test_directory_in_natural_order_without_the_rest(folder: Path) -> None:
    assert names(folder) == ["2.mov", "10.mov", "a.MKV", "b.mp4"]


def test_directory_of_pictures_is_one_sequence(tmp_path: Path) -> None:
    write_pictures(tmp_path / "shots", count=12, pattern="{}.png")
    (source,) = open_sources(str(tmp_path / "shots"), SourceOptions(image_rate=Fraction(2)))
    assert isinstance(source, ImagesSource)
    assert [p.name for p in source.paths] == [f"{k}.png" for k in range(12)]
    assert source.rate == 2


def test_glob(folder: Path) -> None:
    assert names(folder / "*.mov") == ["2.mov", "10.mov"]
    assert names(folder / "**" / "*.mp4") == ["b.mp4", "c.mp4"]
    assert names(folder / "[ab].*") == ["a.MKV", "b.mp4"]


def test_file_that_looks_like_a_glob(tmp_path: Path) -> None:
    (tmp_path / "what?[1].mp4").touch()
    assert names(tmp_path / "what?[1].mp4") == ["what?[1].mp4"]


def test_numbered_pictures(tmp_path: Path) -> None:
    write_pictures(tmp_path, count=3, pattern="shot{:03d}.png")
    (tmp_path / "shot7.png").touch()
    (source,) = open_sources(str(tmp_path / "shot%03d.png"))
    assert isinstance(source, ImagesSource)
    assert [p.name for p in source.paths] == ["shot000.png", "shot001.png", "shot002.png"]


@pytest.mark.parametrize("address", ["empty", "*.mp4", "shot%04d.png"])
def test_nothing_found(tmp_path: Path, address: str) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "notes.md").touch()
    with pytest.raises(SourceNotFound):
        open_sources(str(tmp_path / address))


def test_list(folder: Path) -> None:
    listed = folder / "cameras.streams"
    listed.write_text(
        "# two files and a camera\n\nb.mp4\ndeeper\nrtsp://u:p@cam/1\n/dev/video3\n0\n"
    )
    sources = open_sources(str(listed))
    assert [type(s) for s in sources] == [
        FileSource,
        FileSource,
        NetworkSource,
        DeviceSource,
        DeviceSource,
    ]
    assert sources[0].name == str(folder / "b.mp4")
    assert [s.name for s in sources[2:]] == ["rtsp://cam/1", "/dev/video3", "/dev/video0"]


def test_list_limits(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("# nothing\n")
    with pytest.raises(SourceNotFound, match="names no source"):
        open_sources(str(tmp_path / "a.txt"))
    (tmp_path / "b.txt").write_text("b.txt\n")
    with pytest.raises(ConfigError, match="cannot name other lists"):
        open_sources(str(tmp_path / "b.txt"))
    (tmp_path / "c.txt").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match="UTF-8"):
        open_sources(str(tmp_path / "c.txt"))


def test_address_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GHOSTSTREAM_CAMERA_PASSWORD", "p@ss")
    camera = tmp_path / "camera.rtsp"
    camera.write_text(
        "# front door\nrtsp://admin:{GHOSTSTREAM_CAMERA_PASSWORD}@cam/1\n"
        "rtsp_transport = udp\nopen_timeout = 3\nread_timeout=4.5\n"
    )
    (source,) = open_sources(str(camera))
    assert isinstance(source, NetworkSource)
    assert source.name == "rtsp://cam/1"
    assert source.address.url == "rtsp://admin:p%40ss@cam/1"
    assert source.is_live
    assert source.options == SourceOptions(
        rtsp_transport="udp", open_timeout_seconds=3, read_timeout_seconds=4.5
    )
    assert "p%40ss" not in repr(source)


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ("", "first line"),
        ("rtsp://u:s3cret@cam\nrtsp://u:s3cret@cam2\n", "line 2: expected is `key = value`"),
        ("rtsp://u:s3cret@cam\nfps = 3\n", "rtsp_transport, open_timeout"),
        ("rtsp://u:s3cret@cam\nopen_timeout = soon\n", "'soon'"),
        (
            "rtsp://u:s3cret@cam\nopen_timeout = -1\n",
            "line 2: open_timeout is -1.0; it must be above 0",
        ),
        ("rtsp://u:s3cret@cam\nrtsp_transport = pigeon\n", "line 2: .* tcp or udp"),
        ("other.rtsp\n", "another one"),
    ],
)
def test_address_file_mistakes(tmp_path: Path, lines: str, words: str) -> None:
    camera = tmp_path / "camera.rtsp"
    camera.write_text(lines)
    with pytest.raises(ConfigError, match=words) as caught:
        open_sources(str(camera))
    assert "s3cret" not in str(caught.value)


def test_devices_and_networks() -> None:
    assert open_sources("0") == [DeviceSource(path="/dev/video0")]
    assert open_sources("/dev/video12") == [DeviceSource(path="/dev/video12")]
    assert [s.is_live for s in open_sources("rtsp://cam/1")] == [True]
    assert [s.is_live for s in open_sources("http://cam/clip.mp4?x=1")] == [False]
    assert [s.is_live for s in open_sources("http://cam/live.m3u8")] == [True]


@pytest.mark.parametrize("address", ["-", "", "ftp://host/x"])
def test_refused(address: str) -> None:
    with pytest.raises(ConfigError):
        open_sources(address)


def test_names_are_one_line(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "plain.mp4", frames=1)
    odd = clip.rename(tmp_path / "a\nb\x1b[31m.mp4")
    (source,) = open_sources(str(odd))
    assert source.name == str(tmp_path / "a") + "\\nb\\x1b[31m.mp4"
    with source.open() as stream:
        assert len(list(stream.frames())) == 1
