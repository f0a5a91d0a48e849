"""A moment is the frame that a full decode shows then, wherever decoding began."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from clips import cut, damage_packets, noise, write_clip

from ghoststream.errors import ConfigError, NotAVideo, SourceNotFound
from ghoststream.sampling import AtFps, EveryFrame, Stride
from ghoststream.types import Frame, Pixels
from ghoststream.video import moment
from ghoststream.video.decode import open_file
from ghoststream.video.moment import frame_at, samples_between

CLIPS = {
    "h264.mp4": {"b_frames": 2, "gop": 12},
    "late.mp4": {"pts": range(7000, 7040), "time_base": Fraction(1, 25), "gop": 8},
    "uneven.mkv": {
        "pts": [0, 40, 50, 250, 1000, 1001, *range(2000, 4000, 70)],
        "time_base": Fraction(1, 1000),
        "gop": 5,
    },
    "h265.mp4": {"codec": "libx265", "gop": 10, "b_frames": 2},
    "vp9.webm": {"codec": "libvpx-vp9", "gop": 10},
    "av1.mp4": {"codec": "libsvtav1", "gop": 10},
    "broadcast.ts": {"gop": 10, "b_frames": 2},
    "mpeg4.avi": {"codec": "mpeg4", "gop": 10, "b_frames": 2},
    "pictures.mov": {"codec": "mjpeg", "pix_fmt": "yuvj420p"},
}


@pytest.fixture(params=CLIPS, ids=str)
def clip(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return write_clip(tmp_path / request.param, **{"frames": 40, **CLIPS[request.param]})


def pixels(frame: Frame) -> Pixels:
    return frame.rgb()


def test_each_frame_is_found_by_its_time_and_just_before_the_next(clip: Path) -> None:
    with open_file(clip) as video:
        frames = list(video.frames())
    times = [float(frame.time) for frame in frames]
    for frame, time, following in zip(frames, times, [*times[1:], times[-1]], strict=True):
        for asked in {time, (time + following) / 2}:
            found = frame_at(clip, asked)
            assert found.time == frame.time
            np.testing.assert_array_equal(found.rgb(), frame.rgb())


def test_a_moment_is_not_decoded_from_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clip = write_clip(tmp_path / "long.mp4", frames=60, gop=10)
    decoded: list[int] = []
    make = moment.frame_of
    monkeypatch.setattr(moment, "frame_of", lambda *a, **k: decoded.append(a[1]) or make(*a, **k))
    assert frame_at(clip, 1.7).time == Fraction(17, 10) - Fraction(1, 50)
    assert len(decoded) == 4  # 40 to 42, and the one that shows that 42 is the last


def test_before_the_start_and_past_the_end_are_said(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "a.mp4", pts=range(125, 175), time_base=Fraction(1, 25), gop=25)
    assert frame_at(clip, 5).time == 5
    assert frame_at(clip, 6.999).time == Fraction(174, 25)
    with pytest.raises(ConfigError, match=r"a\.mp4 ends at 7 s; 7 s is past that"):
        frame_at(clip, 7)
    with pytest.raises(ConfigError, match=r"a\.mp4 begins at 5 s; 4\.99 s is before that"):
        frame_at(clip, 4.99)


def test_in_a_damaged_video_the_frame_is_that_of_a_full_decode(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "a.mp4", frames=30, gop=10, picture=noise)
    damage_packets(clip, [13])
    with open_file(clip) as video:
        frames = list(video.frames())
    expected = [frame for frame in frames if frame.time <= Fraction(15, 25)][-1]
    found = frame_at(clip, 0.6)
    assert found.time == expected.time
    np.testing.assert_array_equal(found.rgb(), expected.rgb())


def test_a_file_that_is_missing_or_no_video_is_said(tmp_path: Path) -> None:
    with pytest.raises(SourceNotFound, match="there is no such file"):
        frame_at(tmp_path / "none.mp4", 1)
    broken = cut(write_clip(tmp_path / "a.mp4"), keep=0.1)
    with pytest.raises(NotAVideo, match=r"a\.mp4: no video can be found in it"):
        frame_at(broken, 0)


@pytest.mark.parametrize(
    ("sampling", "indices"),
    [
        (AtFps(rate=Fraction(4)), [13, 19, 25]),
        (Stride(step=7), [14, 21]),
        (EveryFrame(), list(range(13, 26))),
    ],
    ids=lambda value: value.describe() if hasattr(value, "describe") else "",
)
def test_a_stretch_is_what_sampling_the_whole_video_picks(
    tmp_path: Path, sampling: AtFps, indices: list[int]
) -> None:
    clip = write_clip(tmp_path / "a.mp4", frames=40, gop=10, b_frames=2)
    samples = samples_between(clip, 0.52, 1.04, sampling=sampling, prepare=pixels)
    assert [sample.span.start * 25 for sample in samples] == indices
    with open_file(clip) as video:
        frames = list(video.frames())
    for sample, index in zip(samples, indices, strict=True):
        np.testing.assert_array_equal(sample.pixels, frames[index].rgb())


def test_a_stretch_without_anything_in_it_is_said(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "a.mp4", frames=50)
    sampling = AtFps(rate=Fraction(2))
    with pytest.raises(ConfigError, match=r"nothing between 0\.1 and 0\.2 s is looked at \(fps 2"):
        samples_between(clip, 0.1, 0.2, sampling=sampling, prepare=pixels)
    with pytest.raises(ConfigError, match=r"a\.mp4 ends at 2 s; 3 s is past that"):
        samples_between(clip, 3, 4, sampling=sampling, prepare=pixels)
