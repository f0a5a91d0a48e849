import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from clips import Rgb, index_of, write_clip
from numpy.typing import NDArray
from results import HEADER, STREAM, SUMMARY, event_end, event_new, prediction, state

from ghoststream.errors import ConfigError
from ghoststream.sinks.annotate import AnnotatedVideo, HeatOptions
from ghoststream.sinks.overlay import ACTIVE_BAR, BAR
from ghoststream.types import Event, Frame, Header, Prediction, Record
from ghoststream.video.decode import open_file

SIZE = (320, 240)
RATE = 10


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four seconds of darkness that begin at 10 s; a level per second."""
    return write_clip(
        tmp_path_factory.mktemp("clip") / "clip.mkv",
        size=SIZE,
        pts=[10 * RATE + index for index in range(4 * RATE)],
        time_base=Fraction(1, RATE),
        rate=RATE,
        picture=lambda index, size: np.full((size[1], size[0], 3), 8 + index // RATE * 4, np.uint8),
    )


def reader(clip: Path) -> Iterator[Frame]:
    with open_file(clip) as video:
        yield from video.frames()


def annotate(
    clip: Path,
    path: Path,
    *records: Record,
    heat: HeatOptions | None = None,
    frames: int = 40,
    reason: str = "completed",
) -> list[Rgb]:
    header = replace(HEADER, stream=replace(STREAM, average_rate=Fraction(RATE)))
    with AnnotatedVideo(path, frames=lambda _: reader(clip), heat=heat) as video:
        video.start(header)
        for record in records:
            video.write(record)
        video.finish(replace(SUMMARY, frames=frames, reason=reason))  # type: ignore[arg-type]
    return pictures(path)


def pictures(path: Path) -> list[Rgb]:
    with av.open(str(path)) as container:
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]


def bar_pixels(picture: Rgb, color: tuple[int, ...]) -> int:
    """How many pixels have about that colour, in the column of bars."""
    bars = picture[120:, 110:172].astype(int)
    return int((np.abs(bars - color[:3]).max(axis=2) < 40).sum())


def bar_lengths(picture: Rgb) -> int:
    return bar_pixels(picture, BAR)


def test_frames_keep_their_number_times_and_pixels(clip: Path, tmp_path: Path) -> None:
    annotate(clip, tmp_path / "out.mp4", prediction(0), prediction(1), prediction(2))
    with open_file(tmp_path / "out.mp4") as video:
        frames = list(video.frames())
    assert [frame.time for frame in frames] == [Fraction(i, RATE) for i in range(40)]
    upper = [index_of(frame.rgb()[:120]) for frame in frames]
    assert upper == [0] * 10 + [1] * 10 + [2] * 10 + [3] * 10


def test_frame_shows_the_clip_whose_middle_is_nearest(clip: Path, tmp_path: Path) -> None:
    scores = (0.2, 0.6, 1.0)
    clips = [prediction(i, "cup", score=score) for i, score in enumerate(scores)]
    lengths = [bar_lengths(p) for p in annotate(clip, tmp_path / "out.mp4", *clips)]
    # Middles lie at 1, 2 and 3 s, so frames change over at 1.5 s and at 2.5 s.
    first, second, third = lengths[0], lengths[20], lengths[39]
    assert 0 < first < second < third
    assert second / third == pytest.approx(0.6, abs=0.1)
    assert [min((first, second, third), key=lambda n: abs(n - length)) for length in lengths] == [
        first
    ] * 15 + [second] * 10 + [third] * 15


def test_frame_outside_every_clip_shows_none(clip: Path, tmp_path: Path) -> None:
    shown = annotate(clip, tmp_path / "out.mp4", prediction(2, "cup"))
    assert [bar_lengths(p) > 0 for p in shown] == [False] * 20 + [True] * 20


def test_last_clip_stays_until_the_video_ends(clip: Path, tmp_path: Path) -> None:
    # It ends with the last sampled frame, at 3 s; the video goes on for less than another clip.
    shown = annotate(clip, tmp_path / "out.mp4", prediction(0, "cup"), prediction(1, "cup"))
    assert all(bar_lengths(p) > 0 for p in shown)


def test_label_of_a_running_event_is_highlighted(clip: Path, tmp_path: Path) -> None:
    records = [
        prediction(0, "кошка"),
        event_new(),
        prediction(1, "кошка"),
        event_end(),
        prediction(2, "кошка"),
    ]
    shown = annotate(clip, tmp_path / "out.mp4", *records)
    assert [bar_pixels(shown[i], ACTIVE_BAR) > 0 for i in (5, 20, 35)] == [True, False, False]


def test_interrupted_run_ends_with_the_frame_that_was_read_last(clip: Path, tmp_path: Path) -> None:
    shown = annotate(clip, tmp_path / "out.mp4", prediction(0), frames=25, reason="interrupted")
    assert len(shown) == 25


def test_live_frames_show_the_newest_clip(clip: Path, tmp_path: Path) -> None:
    path = tmp_path / "out.mp4"
    with AnnotatedVideo(path) as video:
        video.start(HEADER)
        for index, frame in enumerate(reader(clip)):
            if index == 25:
                video.write(prediction(0, "cup"))
            video.show(frame)
        video.finish(SUMMARY)
    assert [bar_lengths(p) > 0 for p in pictures(path)] == [False] * 25 + [True] * 15


def test_no_frames_no_file(tmp_path: Path) -> None:
    with AnnotatedVideo(tmp_path / "out.mp4") as video:
        video.start(HEADER)
        video.finish(SUMMARY)
    assert list(tmp_path.iterdir()) == []


def test_other_containers_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"an annotated video is MP4, got .*clip\.avi"):
        AnnotatedVideo(tmp_path / "clip.avi")


def test_reader_is_closed_when_something_fails(clip: Path, tmp_path: Path) -> None:
    closed: list[bool] = []

    def frames(_: Header) -> Iterator[Frame]:
        try:
            yield from reader(clip)
        finally:
            closed.append(True)

    with pytest.raises(RuntimeError, match="outside"):
        fail_half_way(AnnotatedVideo(tmp_path / "out.mp4", frames=frames))
    assert closed == [True]
    assert list(tmp_path.iterdir()) == []


def fail_half_way(video: AnnotatedVideo) -> None:
    with video:
        video.start(HEADER)
        video.write(prediction(0))
        video.write(prediction(1))
        raise RuntimeError("outside")


def test_padding_is_recorded(tmp_path: Path) -> None:
    odd = write_clip(tmp_path / "odd.mkv", size=(65, 49), pix_fmt="yuv444p", frames=3)
    annotate(odd, tmp_path / "out.mp4", prediction(0))
    with av.open(str(tmp_path / "out.mp4")) as container:
        assert container.metadata["comment"] == (
            "padded from 65x49 to 66x50: H.264 needs even sides"
        )


def test_heat_lies_in_the_region_that_the_network_sees(clip: Path, tmp_path: Path) -> None:
    looks: list[tuple[Fraction, int]] = []

    def heat(frame: Frame, label_id: int) -> NDArray[np.float32]:
        looks.append((frame.time - 10, label_id))
        return np.ones((7, 7), np.float32)

    options = HeatOptions(
        heat=heat, region=lambda stream: (0.25, 0, 0.75, 0.5), looks_per_second=Fraction(2)
    )
    (first, *_) = annotate(clip, tmp_path / "out.mp4", prediction(0), prediction(2), heat=options)
    warm = first.max(axis=2) > 60
    assert warm[10:110, 92:228].all()
    assert not warm[:120, :76].any()
    assert not warm[:120, 244:].any()
    assert not warm[126:160].any()
    assert looks == [(Fraction(half, 2), 0) for half in range(8)]


def test_what_was_drawn_before_a_kill_plays(clip: Path, tmp_path: Path) -> None:
    script = f"""
import os, signal
from pathlib import Path
from test_annotate import reader
from results import HEADER, prediction
from ghoststream.sinks.annotate import AnnotatedVideo
def frames(header):
    for index, frame in enumerate(reader(Path({str(clip)!r}))):
        if index == 38:
            os.kill(os.getpid(), signal.SIGKILL)
        yield frame
with AnnotatedVideo("out.mp4", frames=frames) as video:
    video.start(HEADER)
    for start in range(20):
        video.write(prediction(start))
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
    assert [path.name for path in tmp_path.iterdir()] == ["out.partial.mp4"]


def test_update_keeps_an_event_running(clip: Path, tmp_path: Path) -> None:
    update = Event(type="update", before=state(), after=state())
    records: list[Prediction | Event] = [prediction(0, "кошка"), event_new(), update]
    shown = annotate(clip, tmp_path / "out.mp4", *records, prediction(1, "кошка"))
    assert bar_pixels(shown[39], ACTIVE_BAR) > 0
