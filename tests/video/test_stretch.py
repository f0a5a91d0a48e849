"""Stretches of videos, coded anew."""

from fractions import Fraction
from pathlib import Path

import pytest
from clips import index_of, write_clip

from ghoststream.errors import ConfigError
from ghoststream.video.decode import open_file
from ghoststream.video.moment import over_stretch
from ghoststream.video.stretch import write_stretch


@pytest.mark.parametrize(
    ("name", "codec", "settings"),
    [
        ("a.mkv", "libx264", {"gop": 5}),
        ("a.mp4", "libx264", {"gop": 12, "b_frames": 2}),
        ("a.avi", "mpeg4", {"gop": 12}),
    ],
)
def test_a_stretch_holds_the_frames_that_are_shown_in_it(
    tmp_path: Path, name: str, codec: str, settings: dict[str, int]
) -> None:
    video = write_clip(tmp_path / name, frames=30, rate=10, codec=codec, **settings)
    path = tmp_path / "out.mp4"
    write_stretch(video, path, start_seconds=0.75, end_seconds=1.2, max_side=1280)
    with open_file(path) as opened:
        frames = list(opened.frames())
    assert [index_of(frame.rgb()) for frame in frames] == [7, 8, 9, 10, 11]
    times = [float(frame.time) for frame in frames]
    assert times == pytest.approx([0, 0.05, 0.15, 0.25, 0.35], abs=0.06)


def test_large_pictures_become_smaller(tmp_path: Path) -> None:
    video = write_clip(tmp_path / "a.mp4", frames=5, size=(128, 64))
    path = tmp_path / "out.mp4"
    write_stretch(video, path, start_seconds=0, end_seconds=9, max_side=64)
    with open_file(path) as opened:
        assert (opened.info.width, opened.info.height) == (64, 32)


def test_a_stretch_before_the_video_is_refused(tmp_path: Path) -> None:
    video = write_clip(tmp_path / "a.mkv", rate=10, pts=list(range(50, 60)))
    with pytest.raises(ConfigError, match="begins after"):
        over_stretch(video, 0, 1, list)


def test_frames_come_one_at_a_time(tmp_path: Path) -> None:
    video = write_clip(tmp_path / "a.mp4", frames=20, rate=10, gop=5)
    times = over_stretch(video, 0.5, 0.8, lambda frames: [frame.time for frame in frames])
    assert times == [Fraction(5, 10), Fraction(6, 10), Fraction(7, 10)]
