import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from clips import Rgb, grey, index_of, quadrants, write_clip

from ghoststream.types import Frame
from ghoststream.video.decode import open_file
from ghoststream.video.encode import Canvas, Painter, VideoWriter

UNEVEN = [0, 1000, 1500, 5000, 5001, 9000, 20000, 20900]
"""In units of 1/90000 s."""


@dataclass(frozen=True)
class RgbPicture:
    """A picture that comes from no decoder."""

    pixels: Rgb

    @property
    def width(self) -> int:
        return self.pixels.shape[1]

    @property
    def height(self) -> int:
        return self.pixels.shape[0]

    @property
    def nbytes(self) -> int:
        return self.pixels.nbytes

    def rgb(self, size: tuple[int, int] | None = None) -> Rgb:
        assert size in (None, (self.width, self.height))
        return self.pixels


def frames_of(path: Path) -> list[Frame]:
    with open_file(path) as video:
        return list(video.frames())


def rewritten(source: Path, target: Path) -> Path:
    """The source's frames through painter and writer, at their own times from zero."""
    frames = frames_of(source)
    painter = Painter(width=frames[0].picture.width, height=frames[0].picture.height)
    time_base = frames[0].time_base
    with VideoWriter(target, time_base=time_base, rate=Fraction(25)) as writer:
        for frame in frames:
            time = frame.time - frames[0].time
            duration = frame.duration * time_base
            writer.write(painter.paint(frame.picture), time=time, duration=duration)
    return target


def painted(path: Path) -> Canvas:
    """The first frame, on a canvas of its size."""
    picture = frames_of(path)[0].picture
    return Painter(width=picture.width, height=picture.height).paint(picture)


@pytest.mark.parametrize("start", [0, 900000])
def test_uneven_times_are_kept_exactly(start: int, tmp_path: Path) -> None:
    pts = [start + time for time in UNEVEN]
    source = write_clip(tmp_path / "clip.ts", pts=pts, time_base=Fraction(1, 90000))
    frames = frames_of(rewritten(source, tmp_path / "out.mp4"))
    assert [frame.time for frame in frames] == [Fraction(time, 90000) for time in UNEVEN]
    assert [index_of(frame.rgb()) for frame in frames] == [0, 1, 2, 3, 4, 5, 6, 7]


def test_last_frame_lasts_as_long_as_in_the_source(tmp_path: Path) -> None:
    with VideoWriter(
        tmp_path / "out.mp4", time_base=Fraction(1, 1000), rate=Fraction(25)
    ) as writer:
        for index, seconds in enumerate([1, 1, 10]):
            canvas = Painter(width=64, height=48).paint(RgbPicture(grey(index)))
            writer.write(canvas, time=Fraction(index), duration=Fraction(seconds))
    with open_file(tmp_path / "out.mp4") as video:
        assert [frame.time for frame in video.frames()] == [0, 1, 2]
        assert video.info.duration == 12
        assert video.info.declared_frames == 3


@pytest.mark.parametrize(
    ("time_base", "times", "kept"),
    [
        (Fraction(1001, 30000), [0, 1, 2], [0, Fraction(1001, 30000), Fraction(1001, 15000)]),
        (Fraction(1, 3), [0, 1, 2], [0, Fraction(1, 3), Fraction(2, 3)]),
        # Finer than a microsecond: 20 s as nanoseconds do not fit the 32 bits of a duration.
        (Fraction(1, 10**9), [0, 1500, 20 * 10**9], [0, Fraction(2, 10**6), 20]),
    ],
    ids=["ntsc", "thirds", "nanoseconds"],
)
def test_time_bases(
    time_base: Fraction, times: list[int], kept: list[Fraction], tmp_path: Path
) -> None:
    with VideoWriter(tmp_path / "out.mp4", time_base=time_base, rate=None) as writer:
        for index, units in enumerate(times):
            canvas = Painter(width=64, height=48).paint(RgbPicture(grey(index)))
            writer.write(canvas, time=units * time_base)
    assert [frame.time for frame in frames_of(tmp_path / "out.mp4")] == kept


def test_odd_sides_become_even_by_repeating_the_edge(tmp_path: Path) -> None:
    source = write_clip(tmp_path / "odd.mp4", size=(65, 49), pix_fmt="yuv444p", frames=1)
    canvas = painted(source)
    assert (canvas.width, canvas.height) == (66, 50)
    assert (canvas.u.shape, canvas.v.shape) == ((25, 33), (25, 33))
    np.testing.assert_array_equal(canvas.y[:, 65], canvas.y[:, 64])
    np.testing.assert_array_equal(canvas.y[49], canvas.y[48])


@pytest.mark.parametrize("rotation", [90, 180, 270])
def test_rotation_is_drawn_and_not_written_again(rotation: int, tmp_path: Path) -> None:
    source = write_clip(tmp_path / "turned.mp4", picture=quadrants, frames=2, rotation=rotation)
    (before, _), (after, _) = (
        frames_of(path) for path in (source, rewritten(source, tmp_path / "out.mp4"))
    )
    assert_looks_like(after.rgb(), before.rgb())
    with open_file(tmp_path / "out.mp4") as video:
        list(video.frames())
        assert video.info.rotation == 0


@pytest.mark.parametrize("matrix", [1, 5, 9])
def test_colours_keep_their_own_matrix(matrix: int, tmp_path: Path) -> None:
    source = write_clip(
        tmp_path / "clip.mp4", planes=(90, 90, 200), frames=2, matrix=matrix, full_range=False
    )
    canvas = painted(source)
    assert [int(plane[0, 0]) for plane in (canvas.y, canvas.u, canvas.v)] == pytest.approx(
        [90, 90, 200], abs=1
    )
    with av.open(str(rewritten(source, tmp_path / "out.mp4"))) as container:
        frame = next(container.decode(video=0))
    assert (frame.colorspace, frame.color_range) == (matrix, 1)


@pytest.mark.parametrize(
    ("codec", "pix_fmt", "full_range"),
    [
        ("libx264", "yuv444p", False),
        ("libx264", "yuv420p10le", False),
        ("libx264", "yuv420p", True),
        ("libx264", "gray", True),
        ("ffv1", "bgr0", None),
        ("mjpeg", "yuvj420p", True),
    ],
)
def test_every_pixel_format_comes_out_as_it_looks(
    codec: str, pix_fmt: str, full_range: bool | None, tmp_path: Path
) -> None:
    source = write_clip(
        tmp_path / "clip.mkv",
        codec=codec,
        pix_fmt=pix_fmt,
        frames=2,
        picture=quadrants,
        full_range=full_range,
    )
    before = frames_of(source)[0].rgb()
    after = frames_of(rewritten(source, tmp_path / "out.mp4"))[0].rgb()
    assert_looks_like(after, before)


def assert_looks_like(after: Rgb, before: Rgb) -> None:
    """Same shape, and the same colour in the middle of each quadrant."""
    assert after.shape == before.shape
    height, width = before.shape[:2]
    for y, x in ((0.2, 0.2), (0.2, 0.8), (0.8, 0.2), (0.8, 0.8)):
        place = int(y * height), int(x * width)
        np.testing.assert_allclose(after[place].astype(int), before[place].astype(int), atol=6)


def test_picture_that_comes_as_rgb_is_bt709() -> None:
    canvas = Painter(width=64, height=48).paint(RgbPicture(quadrants()))
    corners = [
        tuple(int(plane[int(y * plane.shape[0]), int(x * plane.shape[1])]) for plane in planes)
        for planes in [(canvas.y, canvas.u, canvas.v)]
        for y, x in ((0.2, 0.2), (0.2, 0.8), (0.8, 0.2), (0.8, 0.8))
    ]
    expected = [(63, 102, 240), (173, 42, 26), (32, 240, 118), (235, 128, 128)]
    np.testing.assert_allclose(corners, expected, atol=1)


def test_another_size_is_centred_on_black() -> None:
    painter = Painter(width=64, height=48)
    canvas = painter.paint(RgbPicture(np.full((48, 64, 3), 255, np.uint8)))
    assert canvas.y.min() == 235
    wide = painter.paint(WhitePicture(width=128, height=48))
    assert wide.y.shape == (48, 64)
    assert wide.y[:12].max() == 16
    assert wide.y[12:36].min() >= 234
    assert wide.y[36:].max() == 16


@dataclass(frozen=True)
class WhitePicture:
    width: int
    height: int
    nbytes: int = 0

    def rgb(self, size: tuple[int, int] | None = None) -> Rgb:
        width, height = size or (self.width, self.height)
        return np.full((height, width, 3), 255, np.uint8)


def test_drawing_does_not_reach_the_decoder(tmp_path: Path) -> None:
    source = write_clip(tmp_path / "clip.mp4", frames=6, gop=6)
    painter = Painter(width=64, height=48)
    with open_file(source) as video:
        for index, frame in enumerate(video.frames()):
            assert index_of(frame.rgb()) == index
            painter.paint(frame.picture).y[...] = 255
            assert index_of(frame.rgb()) == index


def test_name_that_looks_like_a_protocol(tmp_path: Path) -> None:
    path = tmp_path / "rtsp:%d#?ü.mp4"
    with VideoWriter(path, time_base=Fraction(1, 25), rate=Fraction(25)) as writer:
        canvas = Painter(width=64, height=48).paint(RgbPicture(grey(1)))
        writer.write(canvas, time=Fraction(0))
    assert len(frames_of(path)) == 1


def test_what_was_written_before_a_kill_plays(tmp_path: Path) -> None:
    script = """
import os, signal
from fractions import Fraction
from pathlib import Path
from clips import grey
from test_encode import RgbPicture
from ghoststream.video.encode import Painter, VideoWriter
writer = VideoWriter(Path("out.mp4"), time_base=Fraction(1, 25), rate=Fraction(25))
for index in range(250):
    canvas = Painter(width=64, height=48).paint(RgbPicture(grey(index // 10)))
    writer.write(canvas, time=Fraction(index, 25), duration=Fraction(1, 25))
os.kill(os.getpid(), signal.SIGKILL)
"""
    here = Path(__file__).parent
    paths = os.pathsep.join(map(str, [here, here.parent, here.parent.parent]))
    killed = subprocess.run(
        [sys.executable, "-c", script],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": paths},
        check=False,
    )
    assert killed.returncode == -signal.SIGKILL
    frames = frames_of(tmp_path / "out.mp4")
    # All but the last fragments of two seconds, and what was still in the encoder.
    assert 100 <= len(frames) < 250
    assert [frame.time for frame in frames] == [Fraction(i, 25) for i in range(len(frames))]
    assert [index_of(f.rgb()) for f in frames] == [i // 10 for i in range(len(frames))]
