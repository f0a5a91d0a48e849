"""An excerpt is the start of the video, packet for packet, up to a keyframe."""

from fractions import Fraction
from pathlib import Path

import pytest
from clips import index_of, write_clip

from ghoststream.errors import ConfigError
from ghoststream.video.decode import open_file
from ghoststream.video.excerpt import write_excerpt


def frames(path: Path) -> list[tuple[Fraction, int]]:
    with open_file(path) as video:
        return [(frame.time, index_of(frame.rgb())) for frame in video.frames()]


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(0.5, 10), (1, 20), (1.2, 30), (9, 60)],
    ids=["to a keyframe", "to the next", "between two", "the whole"],
)
def test_ends_at_a_keyframe(tmp_path: Path, seconds: float, expected: int) -> None:
    video = write_clip(tmp_path / "clip.mp4", frames=60, rate=20, gop=10, b_frames=2)
    (tmp_path / "out").mkdir()
    excerpt = write_excerpt(video, tmp_path / "out", seconds=seconds)
    assert excerpt == tmp_path / "out" / "clip.mp4"
    assert frames(excerpt) == frames(video)[:expected]


def test_does_not_wait_for_a_keyframe_for_ever(tmp_path: Path) -> None:
    video = write_clip(tmp_path / "clip.mp4", frames=60, rate=20, gop=1000)
    (tmp_path / "out").mkdir()
    assert len(frames(write_excerpt(video, tmp_path / "out", seconds=1))) == 40


@pytest.mark.parametrize(("name", "expected"), [("a.mkv", "a.mkv"), ("a.ts", "a.ts")])
def test_keeps_the_container(tmp_path: Path, name: str, expected: str) -> None:
    video = write_clip(tmp_path / name, frames=40, rate=20, gop=10)
    (tmp_path / "out").mkdir()
    excerpt = write_excerpt(video, tmp_path / "out", seconds=1)
    assert excerpt.name == expected
    assert [index for _, index in frames(excerpt)] == list(range(20))


def test_never_replaces_the_video(tmp_path: Path) -> None:
    video = write_clip(tmp_path / "clip.mp4")
    with pytest.raises(ConfigError, match="would replace"):
        write_excerpt(video, tmp_path, seconds=1)
    assert len(frames(video)) == 10


def test_a_raw_stream_has_no_times_to_cut_at(tmp_path: Path) -> None:
    video = write_clip(tmp_path / "clip.h264", format="h264")
    (tmp_path / "out").mkdir()
    with pytest.raises(ConfigError, match="carries no times"):
        write_excerpt(video, tmp_path / "out", seconds=1)
