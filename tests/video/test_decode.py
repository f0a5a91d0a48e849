"""Frames come with the container's own times, whatever those are."""

import gc
import random
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from clips import cut, damage_packets, grey, index_of, noise, write_clip

from ghoststream.errors import NoFrames
from ghoststream.sampling import AtFps, EveryFrame
from ghoststream.types import Counts, Frame, Outline, StreamInfo
from ghoststream.video.decode import Video, open_file

SLOWER = {"preset": "medium"}


def read(path: Path) -> tuple[StreamInfo, list[Frame], Counts]:
    with open_file(path) as video:
        info = video.info
        return info, list(video.frames()), video.counts


def times(frames: list[Frame]) -> list[Fraction]:
    return [frame.time for frame in frames]


def indices(frames: list[Frame]) -> list[int]:
    return [index_of(frame.rgb()) for frame in frames]


@pytest.mark.parametrize(
    ("codec", "container"),
    [
        ("libx264", "mp4"),
        ("libx264", "mkv"),
        ("libx264", "mov"),
        ("libx264", "ts"),
        ("libx264", "flv"),
        ("libx264", "avi"),
        ("libx265", "mp4"),
        ("libx265", "mkv"),
        ("libx265", "ts"),
        ("libvpx-vp9", "webm"),
        ("libvpx-vp9", "mp4"),
        ("libsvtav1", "webm"),
        ("libsvtav1", "mp4"),
        ("mpeg4", "mp4"),
        ("mpeg4", "avi"),
        ("mpeg4", "mkv"),
        ("mjpeg", "avi"),
        ("mjpeg", "mov"),
        ("ffv1", "mkv"),
        ("ffv1", "avi"),
        ("mpeg2video", "ts"),
        ("mpeg2video", "mpg"),
    ],
)
def test_every_frame_comes_out_once_at_its_time(tmp_path: Path, codec: str, container: str) -> None:
    pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
    clip = write_clip(tmp_path / f"clip.{container}", codec=codec, pix_fmt=pix_fmt, frames=8)
    info, frames, counts = read(clip)
    start = frames[0].time
    steps = [time - start for time in times(frames)]
    # FLV and Matroska keep milliseconds; 25 frames a second are whole ones.
    assert steps == [Fraction(k, 25) for k in range(8)]
    assert indices(frames) == list(range(8))
    assert counts == Counts(frames=8)
    assert info.start_time == start
    assert (info.width, info.height) == (64, 48)
    assert info.average_rate == 25
    assert info.clock == "pts"


def test_variable_rate_keeps_each_time(tmp_path: Path) -> None:
    # One frame a second, then sixty, then one again.
    pts = [0, 60, 120, *range(121, 151), 210, 270]
    clip = write_clip(tmp_path / "vfr.mp4", pts=pts, time_base=Fraction(1, 60), rate=60)
    _, frames, _ = read(clip)
    assert times(frames) == [Fraction(p, 60) for p in pts]
    assert indices(frames) == list(range(35))


def test_start_is_not_moved_to_zero(tmp_path: Path) -> None:
    pts = range(250, 258)
    clip = write_clip(tmp_path / "late.ts", pts=pts, time_base=Fraction(1, 25))
    info, frames, _ = read(clip)
    assert times(frames) == [Fraction(p, 25) for p in pts]
    assert info.start_time == 10


@pytest.mark.parametrize("container", ["mkv", "ts"])
def test_negative_start(tmp_path: Path, container: str) -> None:
    clip = write_clip(
        tmp_path / f"early.{container}",
        pts=range(-5, 5),
        time_base=Fraction(1, 25),
        container_options={"avoid_negative_ts": "disabled"},
    )
    info, frames, _ = read(clip)
    assert times(frames) == [Fraction(p, 25) for p in range(-5, 5)]
    assert info.start_time == Fraction(-1, 5)


def test_gap_stays_a_gap(tmp_path: Path) -> None:
    pts = [0, 1, 2, 500, 501]
    clip = write_clip(tmp_path / "gap.mkv", pts=pts, time_base=Fraction(1, 25))
    _, frames, counts = read(clip)
    assert times(frames) == [Fraction(p, 25) for p in pts]
    assert counts == Counts(frames=5)


@pytest.mark.parametrize("container", ["mp4", "mkv", "ts"])
def test_b_frames_come_in_order_of_time(tmp_path: Path, container: str) -> None:
    clip = write_clip(
        tmp_path / f"b.{container}", frames=12, b_frames=3, options=SLOWER, picture=grey
    )
    with av.open(str(clip)) as raw:
        coded = [packet.pts for packet in raw.demux(video=0) if packet.pts is not None]
    assert coded != sorted(coded), "the clip holds no B-frames"
    _, frames, counts = read(clip)
    assert indices(frames) == list(range(12))
    assert np.diff([float(t) for t in times(frames)]).round(6).tolist() == [0.04] * 11
    assert counts.frames == 12


@pytest.mark.parametrize("codec", ["libx264", "mpeg4"])
def test_avi_has_decoding_times_only(tmp_path: Path, codec: str) -> None:
    options = SLOWER if codec == "libx264" else None
    clip = write_clip(tmp_path / "b.avi", codec=codec, b_frames=2, options=options)
    with av.open(str(clip)) as raw:
        raw.flags &= ~1  # AVFMT_FLAG_GENPTS
        assert any(p.pts is None and p.size for p in raw.demux(video=0))
    _, frames, counts = read(clip)
    assert times(frames) == [Fraction(k, 25) for k in range(10)]
    assert indices(frames) == list(range(10))
    assert counts == Counts(frames=10)


@pytest.mark.parametrize(
    ("name", "codec", "pix_fmt"),
    [
        ("raw.h264", "libx264", "yuv420p"),
        ("raw.hevc", "libx265", "yuv420p"),
        ("raw.mjpeg", "mjpeg", "yuvj420p"),
    ],
)
def test_raw_streams_are_timed_by_a_stated_rate(
    tmp_path: Path, name: str, codec: str, pix_fmt: str
) -> None:
    clip = write_clip(tmp_path / name, codec=codec, pix_fmt=pix_fmt, b_frames=0)
    info, frames, _ = read(clip)
    assert info.clock == "rate"
    assert times(frames) == [Fraction(k, 25) for k in range(10)]
    assert indices(frames) == list(range(10))


def test_rate_of_a_raw_stream_is_its_own(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "raw.h264", rate=Fraction(30000, 1001), frames=9)
    info, frames, _ = read(clip)
    assert info.clock == "rate"
    assert frames[8].time == 8 * Fraction(1001, 30000)
    assert info.average_rate == Fraction(30000, 1001)


def test_drop_frame_rate_does_not_drift(tmp_path: Path) -> None:
    rate = Fraction(30000, 1001)
    clip = write_clip(tmp_path / "ntsc.mp4", rate=rate, frames=45)
    info, frames, _ = read(clip)
    assert times(frames) == [k / rate for k in range(45)]
    assert info.average_rate == rate


def test_frames_that_go_back_in_time_are_dropped_and_counted(tmp_path: Path) -> None:
    first = write_clip(tmp_path / "a.ts", pts=[100, 101, 102], time_base=Fraction(1, 25))
    second = write_clip(tmp_path / "b.ts", pts=[98, 99, 103], time_base=Fraction(1, 25))
    both = tmp_path / "both.ts"
    both.write_bytes(first.read_bytes() + second.read_bytes())
    _, frames, counts = read(both)
    assert times(frames) == [Fraction(p, 25) for p in (100, 101, 102, 103)]
    assert counts == Counts(frames=4, dropped=2)


def test_size_may_change_half_way(tmp_path: Path) -> None:
    small = write_clip(tmp_path / "a.ts", pts=[100, 101], time_base=Fraction(1, 25))
    large = write_clip(tmp_path / "b.ts", pts=[102, 103], time_base=Fraction(1, 25), size=(128, 96))
    both = tmp_path / "both.ts"
    both.write_bytes(small.read_bytes() + large.read_bytes())
    _, frames, counts = read(both)
    assert [(f.picture.width, f.picture.height) for f in frames] == [(64, 48)] * 2 + [(128, 96)] * 2
    assert [f.rgb((32, 24)).shape for f in frames] == [(24, 32, 3)] * 4
    assert indices(frames) == [0, 1, 0, 1]
    assert counts == Counts(frames=4)


def test_open_gop_makes_nothing_up(tmp_path: Path) -> None:
    """Cut before a keyframe whose leading pictures refer to what is gone."""
    whole = write_clip(
        tmp_path / "whole.h264",
        frames=30,
        gop=10,
        b_frames=2,
        options={"preset": "medium", "x264-params": "open-gop=1:scenecut=0:b-adapt=0"},
    )
    data = whole.read_bytes()
    # Recovery points of open GOPs are I slices without IDR; drop the first GOP's data.
    starts = [i for i in range(len(data) - 4) if data[i : i + 3] == b"\0\0\1"]
    kinds = [(i, data[i + 3] & 31) for i in starts]
    parameter_sets = data[: next(i for i, kind in kinds if kind == 5)]
    second = [i for i, kind in kinds if kind == 6][-1]  # the recovery point SEI of the last GOP
    clip = tmp_path / "open.h264"
    clip.write_bytes(parameter_sets + data[second:])
    _, frames, _ = read(clip)
    # Every picture that comes out shows a frame as it was, from the recovery point on.
    shown = indices(frames)
    assert shown == list(range(shown[0], 30))
    assert shown[0] >= 18


def test_keyframes_and_durations(tmp_path: Path) -> None:
    _, frames, _ = read(write_clip(tmp_path / "gop.mp4", frames=9, gop=4))
    assert [f.is_keyframe for f in frames] == [k % 4 == 0 for k in range(9)]
    assert {f.span.duration for f in frames} == {Fraction(1, 25)}


def test_info_does_not_cost_a_frame(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.mp4", frames=3)
    with open_file(clip) as video:
        assert video.info == video.info
        assert video.counts == Counts()
        assert indices(list(video.frames())) == [0, 1, 2]


def test_info(tmp_path: Path) -> None:
    info, _, _ = read(write_clip(tmp_path / "clip.mp4", frames=10))
    assert info == StreamInfo(
        codec="h264",
        width=64,
        height=48,
        coded_width=64,
        coded_height=48,
        pixel_format="yuv420p",
        bit_depth=8,
        time_base=Fraction(1, 12800),
        start_time=Fraction(0),
        duration=Fraction(2, 5),
        average_rate=Fraction(25),
        declared_frames=10,
        rotation=0,
        sample_aspect_ratio=Fraction(1),
        color_matrix="unspecified",
        color_range="unspecified",
        interlaced=False,
        container="mov,mp4,m4a,3gp,3g2,mj2",
        clock="pts",
    )


def test_interlaced_is_reported(tmp_path: Path) -> None:
    clip = write_clip(
        tmp_path / "i.ts",
        codec="mpeg2video",
        interlaced=True,
    )
    info, frames, _ = read(clip)
    assert info.interlaced
    assert len(frames) == 10
    assert not read(write_clip(tmp_path / "p.ts", codec="mpeg2video"))[0].interlaced


def test_interrupt_ends_quietly(tmp_path: Path) -> None:
    with open_file(write_clip(tmp_path / "clip.mp4", frames=30)) as video:
        frames = video.frames()
        next(frames)
        video.interrupt()
        assert list(frames) == []
        assert video.counts.decode_errors == 0


def test_closed_video_gives_no_more(tmp_path: Path) -> None:
    video = open_file(write_clip(tmp_path / "clip.mp4", frames=30))
    frames = video.frames()
    kept = next(frames)
    video.close()
    video.close()
    assert list(frames) == []
    assert index_of(kept.rgb()) == 0, "a frame outlives its video"


def test_many_videos_leave_no_file_open(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.mp4", frames=3)
    before = len(list(Path("/proc/self/fd").iterdir())) if Path("/proc/self/fd").is_dir() else 0
    for _ in range(50):
        with open_file(clip) as video:
            next(video.frames())
    after = len(list(Path("/proc/self/fd").iterdir())) if Path("/proc/self/fd").is_dir() else 0
    assert after <= before + 2


@pytest.mark.parametrize(
    "name", ["häuser 🏠.mp4", "100%04d.mp4", "a\nb.mp4", "http:x.mp4", "-i.mp4", "a'b|c.mp4"]
)
def test_odd_names(tmp_path: Path, name: str) -> None:
    clip = tmp_path / name
    clip.write_bytes(write_clip(tmp_path / "plain.mp4", frames=2).read_bytes())
    assert len(read(clip)[1]) == 2


def test_relative_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_clip(tmp_path / "concat:a.mp4", frames=2, format="mp4")
    monkeypatch.chdir(tmp_path)
    assert len(read(Path("concat:a.mp4"))[1]) == 2


@pytest.mark.parametrize(
    ("codec", "container", "pix_fmt"),
    [
        ("libx264", "mp4", "yuv420p"),
        ("libvpx-vp9", "webm", "yuv420p"),
        ("ffv1", "mkv", "yuv420p"),
        ("mpeg4", "avi", "yuv420p"),
        ("mjpeg", "mkv", "yuvj420p"),
    ],
)
def test_damaged_packets_are_counted_and_the_rest_kept(
    tmp_path: Path, codec: str, container: str, pix_fmt: str
) -> None:
    clip = write_clip(
        tmp_path / f"clip.{container}",
        codec=codec,
        pix_fmt=pix_fmt,
        frames=20,
        gop=5,
        picture=noise,
    )
    damage_packets(clip, [3, 7])
    _, frames, counts = read(clip)
    kept = [k for k in range(20) if k not in (3, 7)]
    assert times(frames) == [Fraction(k, 25) for k in kept]
    assert counts == Counts(frames=18, decode_errors=2)


@pytest.mark.parametrize("container", ["mp4", "mkv", "ts", "avi", "webm"])
def test_cut_short_is_counted(tmp_path: Path, container: str) -> None:
    codec = "libvpx-vp9" if container == "webm" else "libx264"
    clip = write_clip(
        tmp_path / f"clip.{container}",
        codec=codec,
        frames=20,
        picture=noise,
        container_options={"movflags": "faststart"} if container == "mp4" else None,
    )
    whole = read(clip)
    assert whole[2] == Counts(frames=20)
    _, frames, counts = read(cut(clip))
    assert 8 <= counts.frames <= 13
    assert counts.decode_errors >= 1
    assert times(frames) == times(whole[1])[: counts.frames]


@pytest.mark.parametrize("container", ["mp4", "mkv", "mov", "ts", "flv"])
def test_longer_sound_is_no_damage(tmp_path: Path, container: str) -> None:
    clip = write_clip(tmp_path / f"clip.{container}", frames=10, sound=True)
    assert read(clip)[2] == Counts(frames=10)


def test_no_frame_at_all(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.mp4", frames=5, gop=5, picture=noise)
    damage_packets(clip, range(5))
    with open_file(clip) as video, pytest.raises(NoFrames, match="not one picture"):
        list(video.frames())


def test_picture_may_be_read_by_another_thread_later(tmp_path: Path) -> None:
    from concurrent.futures import ThreadPoolExecutor

    _, frames, _ = read(write_clip(tmp_path / "clip.mp4", frames=30))
    with ThreadPoolExecutor(4) as pool:
        shown = list(pool.map(lambda f: index_of(f.rgb((32, 32))), frames))
    assert shown == list(range(30))


@pytest.mark.parametrize("bad", [[17], [18], [19], [16, 18]])
@pytest.mark.parametrize(
    ("codec", "container", "pix_fmt"),
    [
        ("libx264", "mp4", "yuv420p"),
        ("libvpx-vp9", "webm", "yuv420p"),
        ("ffv1", "mkv", "yuv420p"),
        ("mpeg4", "mkv", "yuv420p"),
        ("mjpeg", "mkv", "yuvj420p"),
        ("png", "mov", "rgb24"),
    ],
)
def test_damage_at_the_end_loses_nothing_else(
    tmp_path: Path, codec: str, container: str, pix_fmt: str, bad: list[int]
) -> None:
    """Where threads of a decoder still hold pictures when it is emptied."""
    clip = write_clip(
        tmp_path / f"clip.{container}",
        codec=codec,
        pix_fmt=pix_fmt,
        frames=20,
        gop=5,
        picture=noise,
    )
    damage_packets(clip, bad)
    with open_file(clip, threads=8) as video:
        shown = [round(frame.time * 25) for frame in video.frames()]
        assert shown == [k for k in range(20) if k not in bad]
        assert video.counts.decode_errors == len(bad)


@pytest.mark.parametrize("bad", [[3], [17], [19], [16, 18]])
def test_what_hevc_loses_is_counted(tmp_path: Path, bad: list[int]) -> None:
    clip = write_clip(tmp_path / "clip.mkv", codec="libx265", frames=20, gop=5, picture=noise)
    damage_packets(clip, bad)
    _, frames, counts = read(clip)
    assert counts.decode_errors >= 20 - len(frames) >= len(bad)


@pytest.mark.parametrize("bad", range(3))
def test_pictures_that_lead_an_open_group_are_no_errors(tmp_path: Path, bad: int) -> None:
    """HEVC that begins at a clean random access: the pictures before it in time are skipped."""
    clip = write_clip(
        tmp_path / "clip.ts",
        codec="libx265",
        frames=40,
        gop=10,
        b_frames=3,
        options={
            "preset": "medium",
            "x265-params": "log-level=none:pools=1:open-gop=1:scenecut=0:b-adapt=0:bframes=3:"
            "keyint=10:min-keyint=10:repeat-headers=1",
        },
    )
    with av.open(str(clip)) as raw:
        packets = [p for p in raw.demux(video=0) if p.size]
        keys = [p for p in packets if p.is_keyframe]
        data = clip.read_bytes()
        start = keys[1 + bad].pos
    later = tmp_path / "later.ts"
    tables = data[: 188 * 3]  # SDT, PAT and PMT
    later.write_bytes(tables + data[start:])
    _, frames, counts = read(later)
    assert len(frames) >= 8
    assert counts.decode_errors == 0


def test_pictures_that_h264_drops_behind_a_missing_packet_are_counted(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.ts", frames=100, gop=10, picture=noise)
    data = bytearray(clip.read_bytes())
    middle = len(data) // 2
    # The seed destroys one packet whole. FFmpeg then shows 91 of 99 pictures, and no error.
    data[middle : middle + 3000] = random.Random(3).randbytes(3000)
    clip.write_bytes(data)
    _, frames, counts = read(clip)
    assert len(frames) < 99
    assert counts.decode_errors == 99 - len(frames)


def test_frames_are_let_go_without_the_garbage_collector(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.mp4", frames=50)
    gc.collect()
    gc.disable()
    try:
        with open_file(clip) as video:
            for frame in video.frames():
                frame.rgb((8, 8))
        alive = sum(type(thing) is av.VideoFrame for thing in gc.get_objects())
    finally:
        gc.enable()
    assert alive <= 3


def test_counts_do_not_fall_to_nothing_where_a_plan_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clip = write_clip(tmp_path / "clip.mp4", frames=40, gop=5, picture=noise)
    damage_packets(clip, [33])
    counted: list[int] = []
    frames_of = Video.frames

    def frames(self: Video) -> Iterator[Frame]:
        counted.append(video.counts.frames)
        yield from frames_of(self)

    monkeypatch.setattr(Video, "frames", frames)
    with open_file(clip, threads=1) as video:
        samples = list(video.samples(EveryFrame(), lambda frame: frame.rgb((8, 8))))
        assert len(samples) == 39
        assert video.counts == Counts(frames=39, decode_errors=1)
    assert len(counted) == 1
    assert counted[0] > 0


def test_an_outline_foretells_what_sampling_comes_to(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.mp4", frames=60, gop=10, b_frames=2, options=SLOWER)
    steps: list[None] = []
    with open_file(clip, threads=1) as video:
        outline = video.outline(AtFps(rate=Fraction(2)), lambda: steps.append(None))
    with open_file(clip, threads=1) as video:
        samples = list(video.samples(AtFps(rate=Fraction(2)), lambda frame: frame.rgb((8, 8))))
        assert outline == Outline(samples=len(samples), skipped=video.counts.skipped)
    assert len(samples) == 5
    assert len(steps) == 3


def test_no_outline_where_headers_say_too_little(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.avi", frames=20, gop=5)
    with open_file(clip) as video:
        assert video.outline(EveryFrame(), lambda: None) is None


@pytest.mark.slow
@pytest.mark.parametrize("gop", [5, 2000])
def test_what_is_skipped_does_not_depend_on_the_number_of_cores(tmp_path: Path, gop: int) -> None:
    clip = write_clip(
        tmp_path / "clip.mp4", frames=1300, gop=gop, b_frames=2, options=SLOWER, picture=noise
    )
    found = []
    for threads in (1, 3):
        with open_file(clip, threads=threads) as video:
            samples = video.samples(AtFps(rate=Fraction(1, 2)), lambda frame: frame.rgb((8, 8)))
            found.append(([sample.span for sample in samples], video.counts))
    assert found[0] == found[1]
    assert (found[0][1].skipped > 0) == (gop == 5)
