"""Of a live stream comes what a full decode gives, and no more is decoded than that needs."""

from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from clips import damage_packets, grey, noise, write_clip
from http_camera import Connection, Part, draw_number, number_of, transmission

from ghoststream.errors import FormatChanged
from ghoststream.sampling import AtFps, EveryFrame, Keyframes, Stride
from ghoststream.types import Counts, Frame, Sampling
from ghoststream.video import lazy
from ghoststream.video.access import file_access
from ghoststream.video.decode import open_file
from ghoststream.video.lazy import SampledDecoder
from ghoststream.video.live import LiveReader, TimedPacket

ZERO_LATENCY = {"tune": "zerolatency", "sc_threshold": "0"}
CLIPS = {
    "low.mp4": {"gop": 10, "options": ZERO_LATENCY},
    "low.ts": {"gop": 10, "options": ZERO_LATENCY},
    "b.mp4": {"gop": 12, "b_frames": 2},
    "b.ts": {"gop": 12, "b_frames": 2},
    "low265.mp4": {
        "codec": "libx265",
        "gop": 10,
        "options": {"x265-params": "log-level=none:pools=1:bframes=0:open-gop=0"},
    },
    "b265.mp4": {"codec": "libx265", "gop": 10, "b_frames": 2},
    "pictures.mov": {"codec": "mjpeg", "pix_fmt": "yuvj420p"},
    "old.mp4": {"codec": "mpeg4", "gop": 10, "b_frames": 2},
    "old.avi": {"codec": "mpeg4", "gop": 10, "b_frames": 2},
    "vp9.webm": {"codec": "libvpx-vp9", "gop": 10},
}
SAMPLINGS: list[Sampling] = [
    AtFps(rate=Fraction(2)),
    AtFps(rate=Fraction(7)),
    EveryFrame(),
    Stride(step=7),
    Keyframes(),
]
TWICE_A_SECOND = AtFps(rate=Fraction(2))


def read(path: Path) -> tuple[LiveReader, list[TimedPacket]]:
    with closing(LiveReader(file_access(path))) as reader:
        return reader, list(reader.packets())


def decoded(
    reader: LiveReader, packets: Sequence[TimedPacket], sampling: Sampling
) -> tuple[list[Frame], Counts]:
    decoder = SampledDecoder(reader, sampling.sampler())
    frames = [frame for packet in packets for frame in decoder.feed(packet)]
    return frames + decoder.finish(), decoder.counts


def expected(path: Path, packets: Sequence[TimedPacket], sampling: Sampling) -> list[Frame]:
    """What a full decode gives, with the Unix times that the packets have."""
    with open_file(path) as video:
        frames = list(video.frames())
    start = frames[0].time if path.suffix == ".ts" else 0
    times = sorted(packet.pts for packet in packets)
    numbers = [round((frame.time - start) * 25) for frame in frames]
    return list(
        sampling(
            replace(frame, pts=times[number], time_base=packets[0].time_base)
            for number, frame in zip(numbers, frames, strict=True)
        )
    )


def assert_same(given: Sequence[Frame], wanted: Sequence[Frame]) -> None:
    assert [frame.time for frame in given] == [frame.time for frame in wanted]
    for one, other in zip(given, wanted, strict=True):
        assert one.is_keyframe == other.is_keyframe
        np.testing.assert_array_equal(one.rgb(), other.rgb())


@pytest.mark.parametrize("name", CLIPS)
def test_frames_are_those_of_a_full_decode(tmp_path: Path, name: str) -> None:
    clip = write_clip(tmp_path / name, frames=60, **CLIPS[name])
    for sampling in SAMPLINGS:
        reader, packets = read(clip)
        frames, counts = decoded(reader, packets, sampling)
        assert_same(frames, expected(clip, packets, sampling))
        assert (counts.frames, counts.dropped, counts.decode_errors) == (60, 0, 0)


@pytest.mark.parametrize("name", ["low.mp4", "low.ts", "low265.mp4", "pictures.mov", "vp9.webm"])
def test_what_no_wanted_frame_needs_is_not_decoded(tmp_path: Path, name: str) -> None:
    clip = write_clip(tmp_path / name, frames=60, **CLIPS[name])
    _, counts = decoded(*read(clip), TWICE_A_SECOND)
    # Wanted are 0, 13, 25, 38 and 50; where pictures need each other, the rest of a group is not.
    skipped = 55 if name == "pictures.mov" else 9 + 6 + 4 + 1 + 10 + 9
    assert counts == Counts(frames=60, skipped=skipped)


def test_a_wanted_frame_comes_out_with_its_packet(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "low.mp4", frames=60, gop=20, options=ZERO_LATENCY)
    reader, packets = read(clip)
    decoder = SampledDecoder(reader, TWICE_A_SECOND.sampler())
    given = [(index, [f.pts for f in decoder.feed(p)]) for index, p in enumerate(packets)]
    given = [(index, pts) for index, pts in given if pts]
    assert given == [(index, [packets[index].pts]) for index in (0, 13, 25, 38, 50)]


def test_b_frames_that_nobody_announced_come_out_in_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clip = write_clip(tmp_path / "b.mp4", frames=60, gop=20, b_frames=2)
    reader, packets = read(clip)
    role_of = lazy.role_reader("h264", reader.stream.codec_context.extradata or b"")
    monkeypatch.setattr(lazy, "_role_reader", lambda reader, sampler: role_of)
    frames, counts = decoded(reader, packets, AtFps(rate=Fraction(5)))
    times = sorted(packet.pts for packet in packets)
    assert [frame.pts for frame in frames] == [times[index] for index in range(0, 60, 5)]
    assert (counts.frames, counts.skipped, counts.decode_errors) == (60, 0, 0)


@pytest.mark.parametrize("damaged", [(12,), (13,), (0,), (25, 26), (47,)])
def test_damaged_pictures_are_counted_and_replaced_by_the_next_good_one(
    tmp_path: Path, damaged: tuple[int, ...]
) -> None:
    clip = write_clip(tmp_path / "low.mp4", frames=60, gop=10, picture=noise, options=ZERO_LATENCY)
    damage_packets(clip, damaged)
    reader, packets = read(clip)
    frames, counts = decoded(reader, packets, TWICE_A_SECOND)
    assert_same(frames, expected(clip, packets, TWICE_A_SECOND))
    # Nobody needed the last one; before the first good keyframe nothing is known to be missing.
    assert (counts.decode_errors > 0) == (damaged not in ((47,), (0,)))


def test_overload_goes_on_at_the_next_keyframe(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "low.mp4", frames=60, gop=20, options=ZERO_LATENCY)
    reader, packets = read(clip)
    decoder = SampledDecoder(reader, AtFps(rate=Fraction(25, 4)).sampler())
    before = [f.pts for packet in packets[:27] for f in decoder.feed(packet)]
    decoder.skip_to_keyframe()  # 25 and 26 wait
    after = [f for packet in packets[27:] for f in decoder.feed(packet)]
    assert before == [packets[index].pts for index in (0, 4, 8, 12, 16, 20, 24)]
    assert [f.pts for f in after] == [packets[index].pts for index in (40, 44, 48, 52, 56)]
    assert decoder.counts.overrun == 2 + 13
    assert decoder.counts.frames + decoder.counts.overrun == 60 - 3  # 57 to 59 wait
    assert after[0].is_keyframe
    assert round((after[0].rgb().mean() - 8) / 4) == 40


def test_overload_gives_up_what_the_decoder_holds_back(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "b.mp4", frames=60, gop=20, b_frames=2)
    reader, packets = read(clip)
    decoder = SampledDecoder(reader, EveryFrame().sampler())
    before = [f for packet in packets[:10] for f in decoder.feed(packet)]
    decoder.skip_to_keyframe()
    assert decoder.counts.overrun == 10 - len(before)
    after = [f for packet in packets[10:] for f in decoder.feed(packet)] + decoder.finish()
    assert len(before) + len(after) + decoder.counts.overrun == 60
    assert (after[0].is_keyframe, decoder.counts.decode_errors) == (True, 0)


@pytest.mark.parametrize("name", ["low.mp4", "low265.mp4", "old.avi", "vp9.webm"])
def test_nothing_is_shown_before_the_first_keyframe(tmp_path: Path, name: str) -> None:
    clip = write_clip(tmp_path / name, frames=60, **CLIPS[name])
    reader, packets = read(clip)
    late = packets[3:]
    first = next(packet for packet in late if packet.is_keyframe)
    decoder = SampledDecoder(reader, EveryFrame().sampler())
    frames = [frame for packet in late for frame in decoder.feed(packet)]
    assert frames[0].pts == first.pts
    assert frames[0].is_keyframe
    assert decoder.counts.overrun == decoder.counts.decode_errors == 0


def test_another_size_is_an_error_that_says_so(tmp_path: Path) -> None:
    parts = (Part(frames=20), Part(frames=20, size=(320, 240)))
    clip = tmp_path / "sizes.ts"
    clip.write_bytes(b"".join(data for data, _ in transmission(Connection(parts=parts))))
    reader, packets = read(clip)
    decoder = SampledDecoder(reader, EveryFrame().sampler())
    frames = [frame for packet in packets[:20] for frame in decoder.feed(packet)]
    assert [number_of(frame.rgb()) for frame in frames] == list(range(20))
    with pytest.raises(FormatChanged, match="160x120 yuv420p to 320x240 yuv420p"):
        decoder.feed(packets[20])


def test_what_waits_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clip = write_clip(tmp_path / "long.mp4", frames=60, gop=60, picture=noise, options=ZERO_LATENCY)
    reader, packets = read(clip)
    monkeypatch.setattr(lazy, "MAX_WAITING_BYTES", 3 * packets[1].nbytes)
    decoder = SampledDecoder(reader, AtFps(rate=Fraction(1, 10)).sampler())
    frames = [frame for packet in packets for frame in decoder.feed(packet)]
    assert [frame.pts for frame in frames] == [packets[0].pts]
    assert decoder.counts.frames > 50
    assert decoder.counts.skipped == 0


def test_numbers_survive_coding_and_scaling() -> None:
    for number in (0, 1, 77, 99_999):
        assert number_of(draw_number(number)) == number
        assert number_of(draw_number(number, (64, 48)), size=(64, 48)) == number
    for flat in (0, 16, 128, 255):
        assert number_of(np.full((224, 224, 3), flat, np.uint8)) is None
    assert number_of(grey(3)) is None
