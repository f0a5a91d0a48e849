"""The life of a capture process, against a camera that is commanded: a real process each time."""

import io
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from multiprocessing.connection import wait
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from capture_watch import capture_spec
from clips import write_clip
from http_camera import Connection, HttpCamera, Part, center_crop, number_of
from PIL import Image

from ghoststream.errors import FormatChanged, SourceError, StreamTimedOut, StreamUnauthorized
from ghoststream.runners.live.messages import (
    Alive,
    Begun,
    CaptureSpec,
    FromCapture,
    Gone,
    KeepClip,
    KeepThumbnail,
    Kept,
    Preview,
    Sampled,
    ShowPreviews,
    Stop,
)
from ghoststream.runners.live.supervision.patience import Patience
from ghoststream.runners.live.supervision.process import CaptureProcess, launch_capture
from ghoststream.sampling import EveryFrame
from ghoststream.types import WHOLE_PICTURE
from ghoststream.video.access import file_access

PATIENCE = Patience(open_seconds=1, stall_seconds=1)
LONG_SECONDS = 20
PASSWORD = "p@s/s?#%:ü"


class Heard:
    """A process, and all that it has said."""

    def __init__(self, process: CaptureProcess) -> None:
        self.process = process
        self.messages: list[FromCapture] = []

    def until(self, is_so: Callable[[], bool]) -> None:
        end = time.monotonic() + LONG_SECONDS
        while not is_so():
            assert time.monotonic() < end, self.messages
            wait(self.process.waitables, 0.1)
            self.messages += self.process.messages()

    def all(self, kind: type) -> list[Any]:
        return [message for message in self.messages if isinstance(message, kind)]

    def gone(self) -> Gone:
        """The last word, and then the process."""
        self.until(lambda: bool(self.all(Gone)))
        self.until(lambda: self.process.end() is not None)
        assert self.process.end() == "with exit code 0"
        last = self.messages[-1]
        assert isinstance(last, Gone)
        return last


@contextmanager
def heard(spec: CaptureSpec) -> Iterator[Heard]:
    process = launch_capture(spec)
    try:
        yield Heard(process)
    finally:
        process.kill()


def spec_of(address: str, patience: Patience = PATIENCE) -> CaptureSpec:
    return replace(capture_spec(address, patience), sampling=EveryFrame())


def numbers(samples: list[Sampled]) -> list[int | None]:
    return [number_of(sample.pixels[0], shown=center_crop()) for sample in samples]


def test_a_stream_is_told_from_its_beginning_to_its_end() -> None:
    start = time.time()
    script = Connection(parts=(Part(frames=30),), then="end")
    with HttpCamera(script) as camera, heard(spec_of(camera.url)) as process:
        gone = process.gone()
    assert gone.error is None
    assert (gone.counts.frames, gone.counts.decode_errors) == (30, 0)
    assert isinstance(process.messages[0], Begun)
    (begun,), samples = process.all(Begun), process.all(Sampled)
    assert (begun.cause, begun.info.width, begun.info.clock) == ("connected", 160, "arrival")
    assert begun.info.start_time == samples[0].span.start
    assert numbers(samples) == list(range(30))
    times = [sample.span.start for sample in samples]
    assert {after - before for before, after in pairwise(times)} == {Fraction(1, 25)}
    assert all(start <= sample.arrived <= time.time() for sample in samples)


def test_regions_are_looked_at_one_by_one() -> None:
    regions = (("whole", WHOLE_PICTURE), ("left", (0.0, 0.0, 0.5, 1.0)))
    script = Connection(parts=(Part(frames=5),), then="end")
    with HttpCamera(script) as camera:
        spec = replace(spec_of(camera.url), regions=regions)
        with heard(spec) as process:
            process.gone()
    samples = process.all(Sampled)
    assert numbers(samples) == [0, 1, 2, 3, 4]
    assert all(len(sample.pixels) == 2 for sample in samples)
    assert {pixels.shape for sample in samples for pixels in sample.pixels} == {(224, 224, 3)}
    assert number_of(samples[0].pixels[1], shown=center_crop()) is None


@pytest.mark.slow
def test_a_clock_that_jumps_begins_a_segment() -> None:
    parts = (Part(frames=40, pace=2), Part(frames=20, start_seconds=0, pace=2))
    script = Connection(parts=parts, then="end")
    with HttpCamera(script) as camera, heard(spec_of(camera.url)) as process:
        process.gone()
    assert [begun.cause for begun in process.all(Begun)] == ["connected", "clock_reset"]
    second = process.messages.index(process.all(Begun)[1])
    behind = [m for m in process.messages[second:] if isinstance(m, Sampled)]
    assert numbers(behind)[0] == 40
    times = [sample.span.start for sample in process.all(Sampled)]
    assert times == sorted(set(times))


def test_another_size_ends_the_connection() -> None:
    parts = (Part(frames=30, pace=1), Part(frames=20, size=(80, 80), pace=1))
    with HttpCamera(Connection(parts=parts)) as camera, heard(spec_of(camera.url)) as process:
        gone = process.gone()
    assert isinstance(gone.error, FormatChanged)
    assert len(process.all(Sampled)) == 30


def test_a_refused_password_is_told_without_it() -> None:
    with HttpCamera(Connection(status=401)) as camera:
        address = camera.url_for("viewer", PASSWORD)
        with heard(spec_of(address)) as process:
            gone = process.gone()
    assert isinstance(gone.error, StreamUnauthorized)
    assert "user name or password" in str(gone.error)
    assert PASSWORD not in repr(process.messages)


@pytest.mark.slow
def test_silence_is_noticed_by_the_process_itself() -> None:
    script = Connection(parts=(Part(frames=30),), then="silence")
    with HttpCamera(script) as camera, heard(spec_of(camera.url)) as process:
        gone = process.gone()
    assert isinstance(gone.error, StreamTimedOut)
    assert numbers(process.all(Sampled)) == list(range(30))


def test_previews_are_sampled_frames_while_somebody_looks() -> None:
    script = Connection(parts=(Part(frames=50, pace=1),), is_endless=True)
    with HttpCamera(script) as camera, heard(spec_of(camera.url)) as process:
        process.until(lambda: len(process.all(Sampled)) >= 5)
        assert process.all(Preview) == []
        process.process.send(ShowPreviews(seconds=0.3))
        process.until(lambda: len(process.all(Preview)) >= 2)
        seen = len(process.all(Sampled))
        process.until(lambda: len(process.all(Sampled)) >= seen + 20)
        previews, samples = process.all(Preview), process.all(Sampled)
    # Of 20 frames and more, those of a third of a second.
    assert 2 <= len(previews) <= 5
    assert {preview.time for preview in previews} <= {sample.span.start for sample in samples}
    shown = [np.asarray(Image.open(io.BytesIO(preview.jpeg))) for preview in previews]
    assert shown[0].shape == (120, 160, 3)
    assert None not in [number_of(picture) for picture in shown]


@pytest.mark.slow
def test_it_is_alive_while_packets_arrive_and_stops_when_told(tmp_path: Path) -> None:
    script = Connection(parts=(Part(frames=50, pace=1),), is_endless=True)
    with HttpCamera(script) as camera:
        spec = replace(spec_of(camera.url), ring_seconds=Fraction(5))
        with heard(spec) as process:
            process.until(lambda: len(process.all(Alive)) >= 2)
            start = process.all(Begun)[0].info.start_time
            for command in (
                KeepThumbnail(event_id="e", time=start, path=str(tmp_path / "e.jpg")),
                KeepClip(
                    event_id="e", since=start, path=str(tmp_path / "e"), max_seconds=Fraction(60)
                ),
            ):
                process.process.send(command)
            process.until(lambda: len(process.all(Kept)) >= 1)
            process.process.send(Stop())
            told_at = time.monotonic()
            gone = process.gone()
            assert time.monotonic() - told_at < 2
    assert gone.error is None
    first, second = process.all(Alive)[:2]
    assert 0 < first.counts.frames < second.counts.frames <= gone.counts.frames
    assert (first.clock, first.decoding_seconds) == ("arrival", 0)
    assert {kept.evidence.kind for kept in process.all(Kept)} == {"clip", "thumbnail"}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["e.jpg", "e.mp4"]


def test_a_file_may_be_played_as_a_camera_again_and_again(tmp_path: Path) -> None:
    access = file_access(write_clip(tmp_path / "clip.mp4", frames=10, rate=Fraction(50)))
    spec = replace(
        spec_of("http://127.0.0.1:9/"), access=access, is_paced=True, is_looped=True,
        not_before=Fraction(4_000_000_000),
    )  # fmt: skip
    with heard(spec) as process:
        process.until(lambda: len(process.all(Begun)) >= 3)
    assert [begun.cause for begun in process.all(Begun)][:3] == ["connected", "loop", "loop"]
    times = [sample.span.start for sample in process.all(Sampled)]
    assert times == sorted(set(times))
    assert times[0] > 4_000_000_000


def test_a_process_without_a_parent_ends() -> None:
    with HttpCamera(Connection(status=0)) as camera, heard(spec_of(camera.url)) as process:
        process.process._line.close()
        process.process._process.join(LONG_SECONDS)
        assert process.process.end() == "with exit code 0"


def test_a_fault_of_the_program_is_told_without_its_text() -> None:
    spec = replace(spec_of("http://127.0.0.1:9/"), access=None)  # type: ignore[arg-type]
    with heard(spec) as process:
        gone = process.gone()
    assert type(gone.error) is SourceError
    assert str(gone.error) == "cam: reading it failed with AttributeError, a fault of this program."


def test_what_a_capture_process_needs_is_light() -> None:
    heavy = "{'torch', 'openvino', 'lancedb', 'cv2', 'pyarrow', 'pydantic', 'click', 'paho'}"
    code = f"import sys, ghoststream.runners.live.capture.life; print({heavy} & set(sys.modules))"
    printed = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert printed.stdout == "set()\n"


@pytest.mark.slow
def test_a_process_uses_one_thread_for_numbers_and_ignores_the_terminal() -> None:
    script = Connection(parts=(Part(frames=50, pace=1),), is_endless=True)
    with HttpCamera(script) as camera, heard(spec_of(camera.url)) as process:
        process.until(lambda: len(process.all(Sampled)) >= 5)
        pid = process.process._process.pid
        assert pid is not None
        os.kill(pid, signal.SIGINT)
        os.kill(pid, signal.SIGTERM)
        seen = len(process.all(Sampled))
        process.until(lambda: len(process.all(Sampled)) > seen + 5)
        names = {path.read_text().strip() for path in Path(f"/proc/{pid}/task").glob("*/comm")}
        assert len(list(Path(f"/proc/{pid}/task").iterdir())) <= 6, names


@pytest.mark.slow
def test_a_decoder_that_does_not_keep_up_gives_up_frames_and_the_reader_none() -> None:
    """As fast as the network gives them, pictures that take long to prepare."""
    regions = tuple((str(i), WHOLE_PICTURE) for i in range(60))
    script = Connection(parts=(Part(frames=1500, pace=8),), then="end")
    with HttpCamera(script) as camera:
        spec = replace(spec_of(camera.url, Patience()), regions=regions)
        with heard(spec) as process:
            gone = process.gone()
    assert gone.error is None
    assert gone.counts.overrun > 100
    assert gone.counts.frames + gone.counts.overrun == 1500
    sampled = [number for number in numbers(process.all(Sampled)) if number is not None]
    assert sampled == sorted(set(sampled))
    assert len(sampled) == len(process.all(Sampled))
