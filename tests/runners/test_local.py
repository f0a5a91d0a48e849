"""The runner, with a job that needs no network: it makes one prediction a frame."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Self

import pytest
from clips import write_clip
from plain_job import make_job

import ghoststream
from ghoststream.config import RunConfig, make_config
from ghoststream.errors import ConfigError, NotAVideo, SourceError, SourceNotFound
from ghoststream.pipeline import build_event_pipeline, watched
from ghoststream.runners.local import Progress, event_job, run_sources
from ghoststream.sampling import Stride
from ghoststream.sinks.annotate import AnnotatedVideo
from ghoststream.sinks.memory import Memory
from ghoststream.sources import Source, open_sources
from ghoststream.types import (
    Frame,
    Sample,
    Sampling,
)
from ghoststream.video.decode import open_file
from ghoststream.video.sample import Prepare, samples_of

JOB = make_job()


def sources_of(*paths: Path) -> list[Source]:
    return [source for path in paths for source in open_sources(str(path))]


def test_every_frame_reaches_the_sink_with_its_time(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "a.mp4", frames=5, rate=Fraction(30000, 1001))
    sink = Memory()
    (outcome,) = run_sources(sources_of(clip), JOB, sink)
    assert [p.span.start for p in sink.predictions] == [Fraction(1001 * i, 30000) for i in range(5)]
    assert outcome.summary == sink.summaries[0]
    assert (outcome.summary.frames, outcome.summary.sampled, outcome.summary.clips) == (5, 5, 5)
    assert outcome.summary.reason == "completed"


def test_progress_says_how_far(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "a.mp4", frames=5, rate=25)
    seen: list[Progress] = []
    run_sources(sources_of(clip), JOB, Memory(), progress=seen.append)
    assert [p.sampled for p in seen] == [1, 2, 3, 4, 5]
    assert seen[-1].time == Fraction(4, 25)
    assert seen[-1].duration == Fraction(5, 25)


def test_one_bad_source_does_not_stop_the_rest(tmp_path: Path) -> None:
    bad = tmp_path / "bad.mp4"
    bad.write_bytes(b"this is no video" * 100)
    good = write_clip(tmp_path / "good.mp4", frames=2)
    sink = Memory()
    first, second = run_sources(sources_of(bad, good), JOB, sink)
    assert isinstance(first.error, NotAVideo)
    assert (first.summary.reason, first.summary.frames) == ("failed", 0)
    assert (second.error, second.summary.frames) == (None, 2)
    assert [header.source for header in sink.headers] == [str(good)]
    assert sink.summaries == [first.summary, second.summary]


def test_nothing_readable_is_an_error(tmp_path: Path) -> None:
    bad = tmp_path / "bad.mp4"
    bad.write_bytes(b"this is no video" * 100)
    sink = Memory()
    with pytest.raises(NotAVideo, match=r"bad\.mp4"):
        run_sources(sources_of(bad), JOB, sink)
    assert sink.summaries == []
    with pytest.raises(SourceError, match="none of 2 sources could be read"):
        run_sources(sources_of(bad, bad), JOB, sink)
    assert [summary.reason for summary in sink.summaries] == ["failed", "failed"]


def test_stop_ends_the_source_at_hand_in_order(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "a.mp4", frames=50)
    stop, sink = threading.Event(), Memory()

    def stop_at_third(progress: Progress) -> None:
        if progress.sampled == 3:
            stop.set()

    outcomes = run_sources(sources_of(clip, clip), JOB, sink, stop=stop, progress=stop_at_third)
    assert [outcome.summary.reason for outcome in outcomes] == ["interrupted"]
    assert len(sink.records) == 3
    assert sink.summaries[0].reason == "interrupted"
    assert not [t for t in threading.enumerate() if t.name == "prefetch"]


class Camera:
    """A live source that shows a clip."""

    name, is_live = "camera", True

    def __init__(self, clip: Path) -> None:
        (self._inner,) = open_sources(str(clip))

    def open(self) -> Self:
        self._stream = self._inner.open()
        self.info, self.counts = self._stream.info, self._stream.counts
        return self

    def frames(self) -> Iterator[Frame]:
        return self._stream.frames()

    def samples(self, sampling: Sampling, prepare: Prepare) -> Iterator[Sample]:
        return samples_of(self.frames(), sampling, prepare)

    def interrupt(self) -> None:
        self._stream.interrupt()

    def close(self) -> None:
        self._stream.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Breaking(Camera):
    """It is unplugged after two frames."""

    def frames(self) -> Iterator[Frame]:
        frames = super().frames()
        yield next(frames)
        yield next(frames)
        raise SourceNotFound("camera: somebody pulled the plug")


def test_what_came_before_a_break_is_brought_to_its_end(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "a.mp4", frames=5)
    sink = Memory()
    (outcome,) = run_sources([Breaking(clip)], JOB, sink)
    assert len(sink.records) == 2
    assert outcome.summary.reason == "failed"
    assert outcome.summary.error == "camera: somebody pulled the plug"
    assert sink.summaries == [outcome.summary]


def test_frames_of_a_live_source_are_shown_once_all_is_begun(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "a.mp4", frames=5, rate=10)
    sink, shown = Memory(), []

    def show(frame: Frame) -> None:
        assert sink.headers
        shown.append((frame.time, len(sink.predictions), threading.current_thread()))

    def samples(frames: Iterator[Frame]) -> Iterator[Sample]:
        return samples_of(watched(frames, show), Stride(step=2), Frame.rgb)

    run_sources([Camera(clip)], replace(JOB, samples_of_live=samples), sink)
    here = threading.current_thread()
    # A prediction is there when the next frame comes: results and frames take turns.
    before = [0, 1, 1, 2, 2]
    assert shown == [(Fraction(i, 10), count, here) for i, count in enumerate(before)]


def test_a_camera_is_annotated_while_it_is_read(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "a.mp4", frames=8, rate=10, size=(128, 96))
    pipeline = build_event_pipeline(make_config(RunConfig, {"weights": "bundled"}))
    path = tmp_path / "live.mp4"
    with AnnotatedVideo(path) as video:
        run_sources([Camera(clip)], event_job(pipeline, show=video.show), video)
    with open_file(path) as written:
        assert [frame.time for frame in written.frames()] == [Fraction(i, 10) for i in range(8)]


def test_python_events_of_one_video(sample_videos: Path) -> None:
    events = list(ghoststream.run(sample_videos / "motorcycle.mp4", weights="bundled"))
    assert {"moped", "motor scooter"} & {event.after.label for event in events}
    assert [event.type for event in events[:1]] == ["new"]
    assert events[-1].type == "end"


def test_python_clips_of_one_video(sample_videos: Path) -> None:
    clips = list(
        ghoststream.classify(sample_videos / "coffee.mp4", weights="bundled", fps=1, window=3)
    )
    assert [float(clip.span.start) for clip in clips] == [0, 1, 2, 3]
    assert "espresso" in [label.label for label in clips[0].labels]


def test_python_embeddings_of_one_video(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "a.mp4", frames=3)
    embeddings = list(ghoststream.embed(clip, weights="bundled", every_frame=True))
    assert [e.vector.shape for e in embeddings] == [(1280,)] * 3
    assert [e.span.start for e in embeddings] == [Fraction(i, 25) for i in range(3)]


def test_python_takes_one_video_at_a_time(tmp_path: Path) -> None:
    write_clip(tmp_path / "a.mp4", frames=1)
    write_clip(tmp_path / "b.mp4", frames=1)
    with pytest.raises(ConfigError, match="holds 2 videos; take them one by one"):
        next(ghoststream.run(tmp_path, weights="bundled"))
