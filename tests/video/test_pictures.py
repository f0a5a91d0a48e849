"""Pictures as a video: times from a stated rate, damage counted, content before names."""

from fractions import Fraction
from pathlib import Path

import pytest
from clips import cut, grey, index_of, quadrants, write_pictures
from PIL import Image

from ghoststream.errors import NoFrames
from ghoststream.types import Counts
from ghoststream.video.pictures import PictureSequence


def test_times(tmp_path: Path) -> None:
    paths = sorted(write_pictures(tmp_path / "shots", count=4).iterdir())
    with PictureSequence(paths, name="shots", rate=Fraction(3)) as video:
        frames = list(video.frames())
        info = video.info
    assert [frame.time for frame in frames] == [0, Fraction(1, 3), Fraction(2, 3), 1]
    assert [index_of(frame.rgb()) for frame in frames] == [0, 1, 2, 3]
    assert all(frame.is_keyframe for frame in frames)
    assert (info.clock, info.container, info.declared_frames) == ("rate", "images", 4)
    assert info.duration == Fraction(4, 3)


def test_damaged_picture_leaves_a_gap(tmp_path: Path) -> None:
    paths = sorted(write_pictures(tmp_path / "shots", count=4).iterdir())
    cut(paths[1], keep=0.3)
    paths[2].write_bytes(b"")
    with PictureSequence(paths, name="shots") as video:
        frames = list(video.frames())
        assert video.counts == Counts(frames=2, decode_errors=2)
    assert [frame.pts for frame in frames] == [0, 3]


def test_first_picture_damaged(tmp_path: Path) -> None:
    paths = sorted(write_pictures(tmp_path / "shots", count=2).iterdir())
    paths[0].write_text("no picture")
    with PictureSequence(paths, name="shots") as video:
        assert video.info.width == 64
        assert [frame.pts for frame in video.frames()] == [1]


def test_no_picture_at_all(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_text("no picture")
    with PictureSequence([tmp_path / "a.png"], name="shots") as video:
        with pytest.raises(NoFrames, match="shots: none of 1 pictures"):
            list(video.frames())
        with pytest.raises(NoFrames):
            _ = video.info


@pytest.mark.parametrize("ending", ["png", "jpg", "bmp", "webp", "tif", "ppm"])
def test_formats(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"100%04d.{ending}"
    Image.fromarray(grey(7)).save(path)
    with PictureSequence([path], name="shots") as video:
        assert [index_of(frame.rgb()) for frame in video.frames()] == [7]


def test_content_goes_before_the_name(tmp_path: Path) -> None:
    path = tmp_path / "picture.png"
    Image.fromarray(grey(7)).save(path, format="JPEG")
    with PictureSequence([path], name="shots") as video:
        assert [index_of(frame.rgb()) for frame in video.frames()] == [7]


@pytest.mark.parametrize("mode", ["L", "RGBA", "P", "1", "I;16"])
def test_modes(tmp_path: Path, mode: str) -> None:
    path = tmp_path / "picture.png"
    Image.new("L", (30, 20), 255).convert("I;16" if mode == "I;16" else mode).save(path)
    with PictureSequence([path], name="shots") as video:
        (frame,) = video.frames()
        assert frame.rgb().shape == (20, 30, 3)


@pytest.mark.parametrize("size", [(64, 48), (63, 47)])
def test_orientation_of_photographs(tmp_path: Path, size: tuple[int, int]) -> None:
    """EXIF orientation 6: the camera was held upright, turn by 90 degrees clockwise."""
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(quadrants(0, size)).save(tmp_path / "a.jpg", exif=exif, quality=95)
    with PictureSequence([tmp_path / "a.jpg"], name="shots") as video:
        (frame,) = video.frames()
        rgb = frame.rgb()
    assert rgb.shape == (size[0], size[1], 3)
    assert rgb[10, 10].tolist() == pytest.approx([0, 0, 255], abs=40)  # blue comes up left


def test_huge_picture_is_refused(tmp_path: Path) -> None:
    Image.new("1", (20_000, 20_000)).save(tmp_path / "a.png")
    with PictureSequence([tmp_path / "a.png"], name="shots") as video, pytest.raises(NoFrames):
        list(video.frames())
