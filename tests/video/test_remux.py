"""A cut shows the frames of its span, as they are in the video, from a keyframe on."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from clips import write_audio_only, write_clip

from ghoststream.errors import ConfigError, NoVideoStream, SourceNotFound
from ghoststream.types import Frame
from ghoststream.video.decode import open_file
from ghoststream.video.remux import Cut, remux, suffix_for

CLIPS = {
    "a.mp4": {"b_frames": 2},
    "a.mov": {},
    "a.mkv": {"b_frames": 2},
    "a.ts": {"b_frames": 2},
    "a.avi": {"codec": "mpeg4"},
    "a.webm": {"codec": "libvpx-vp9"},
    "late.mp4": {"pts": range(250, 300), "time_base": Fraction(1, 25)},
    "h265.mp4": {"codec": "libx265", "b_frames": 2},
}


def frames(path: Path) -> list[Frame]:
    with open_file(path) as video:
        found = list(video.frames())
        assert video.counts.decode_errors == 0
    return found


@pytest.mark.parametrize("name", CLIPS)
def test_a_cut_holds_the_pictures_of_its_span_unchanged(name: str, tmp_path: Path) -> None:
    clip = write_clip(tmp_path / name, frames=50, gop=10, **CLIPS[name])
    whole = frames(clip)
    start, end = float(whole[23].time), float(whole[38].time)
    path = tmp_path / f"cut{suffix_for(clip)}"
    cut = remux(clip, path, start_seconds=start, end_seconds=end)
    key = max(index for index, frame in enumerate(whole[:24]) if frame.is_keyframe)
    assert cut.start_seconds == pytest.approx(float(whole[key].time), abs=0.002)
    # Pictures from which earlier ones are predicted come along.
    assert end - 0.002 <= cut.end_seconds < end + 0.1
    there = frames(path)
    wanted = whole[key:38]
    assert len(wanted) <= len(there) <= len(wanted) + 2
    for frame, original in zip(there, wanted, strict=False):
        np.testing.assert_array_equal(frame.rgb(), original.rgb())
    assert 0 <= there[0].time <= Fraction(1, 10)
    elapsed = float(there[len(wanted) - 1].time - there[0].time)
    assert elapsed == pytest.approx((len(wanted) - 1) / 25, abs=0.002)


def test_a_cut_to_the_end_goes_to_the_end(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "a.mp4", frames=50, gop=10)
    cut = remux(clip, tmp_path / "b.mp4", start_seconds=1.6, end_seconds=99)
    assert cut == Cut(start_seconds=1.6, end_seconds=2.0)


def test_sound_comes_along(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "a.mp4", frames=50, gop=10, sound=True)
    remux(clip, tmp_path / "b.mp4", start_seconds=0.4, end_seconds=0.8)
    with av.open(str(tmp_path / "b.mp4")) as cut:
        assert [stream.type for stream in cut.streams] == ["video", "audio"]
        assert 0.2 < float(cut.streams[1].duration * cut.streams[1].time_base) < 0.6


def test_what_cannot_be_cut_is_said(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "a.mp4", frames=50, gop=10)
    with pytest.raises(ConfigError, match=r"a\.mp4 shows nothing between 7 and 9 s"):
        remux(clip, tmp_path / "b.mp4", start_seconds=7, end_seconds=9)
    raw = write_clip(tmp_path / "a.h264", frames=5)
    with pytest.raises(ConfigError, match="carries no times to cut at"):
        suffix_for(raw)
    with pytest.raises(SourceNotFound, match="there is no such file"):
        suffix_for(tmp_path / "none.mp4")
    sound = write_audio_only(tmp_path / "sound.mp4")
    with pytest.raises(NoVideoStream, match="only audio"):
        remux(sound, tmp_path / "b.mp4", start_seconds=0, end_seconds=1)
