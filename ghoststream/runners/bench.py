"""Measures how fast this machine decodes, looks, and does both, on a video of the user's own.

report = bench(EmbedConfig(source="clip.mp4", fps=2), seconds=30)
for speed in report.speeds:
    print(speed.name, speed.median_seconds, speed.frames_per_second)

Everything takes its turn, round after round, after a round to warm up. What is measured as a
process of its own pays for its start, as it does in real use.
"""

import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from pathlib import Path
from statistics import median
from typing import TypeAlias

import numpy as np

from ghoststream.config import EmbedConfig
from ghoststream.errors import ConfigError, GhostStreamError
from ghoststream.pipeline import build_frame_pipeline
from ghoststream.runners.agreement import Agreement, Timed, agreement
from ghoststream.sources import FileSource, open_sources
from ghoststream.video.decode import open_file
from ghoststream.video.excerpt import write_excerpt

WARM_UPS = 1
BATCHES = (1, 4, 16)
IMAGES = 64
"""That the network looks at, to be timed alone."""
SLACK = 1.25
"""A video that is at most so many times as long as asked for is taken whole."""

Contestant: TypeAlias = Callable[[], int]
"""Does its work, and returns the number of frames that it gave or looked at."""

FFMPEG, FULL, PLANNED = "ffmpeg decode", "full decode", "planned decode"
EMBED, LOOP, NETWORK = "ghoststream embed", "OpenCV loop", "network"
PROCESSES = (FFMPEG, EMBED, LOOP)


@dataclass(frozen=True, slots=True, kw_only=True)
class Speed:
    """How fast one thing went."""

    name: str
    frames: int
    """That one run gave or looked at."""
    seconds: tuple[float, ...]
    """Of each run."""
    is_process: bool
    """Whether its start is included."""
    video_seconds: float | None
    """That one run covers; None for the network alone."""
    agreement: Agreement | None = None
    """With a slow full decode in fp32."""

    @property
    def median_seconds(self) -> float:
        return median(self.seconds)

    @property
    def frames_per_second(self) -> float:
        return self.frames / self.median_seconds

    @property
    def realtime_speed(self) -> float | None:
        """Seconds of video per second."""
        return None if self.video_seconds is None else self.video_seconds / self.median_seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchReport:
    """What was measured, and what could not be."""

    source: str
    video_seconds: float
    """Of the part that was measured."""
    frames: int
    fps: Fraction
    runtime: str
    """What runs the network, on which device and in which precision."""
    speeds: tuple[Speed, ...]
    notices: tuple[str, ...]


def bench(
    config: EmbedConfig,
    *,
    seconds: float = 30,
    repetitions: int = 3,
    tell: Callable[[str], None] = lambda _: None,
) -> BenchReport:
    """Measures the start of a video file.

    Args:
        config: one file, the rate at which to look, and the network.
        seconds: of video to measure on; an excerpt ends at a keyframe, and may be longer.
        repetitions: of each measurement, after one to warm up.
        tell: told what comes next.

    Raises:
        ConfigError: settings that do not hold, or a source that is no single file.
        SourceError: the video cannot be read.
        GhostStreamError: a process that is measured fails.
    """
    source = _single_file(config)
    with tempfile.TemporaryDirectory(prefix="ghoststream-bench-") as folder:
        return _Bench(source, config, seconds, Path(folder)).report(repetitions, tell)


class _Bench:
    """A part of a video, a network, and what is measured with them."""

    def __init__(
        self, source: FileSource, config: EmbedConfig, seconds: float, folder: Path
    ) -> None:
        self._source, self._config, self._folder = source, config, folder
        self._pipeline = build_frame_pipeline(config)
        self._video = _start_of(source.path, folder, seconds)
        self._frames, self._video_seconds = _extent(self._video)
        side = self._pipeline.runtime.preprocessing.input_size
        dice = np.random.default_rng(0)
        self._images = dice.integers(0, 256, (IMAGES, side, side, 3), np.uint8)

    def report(self, repetitions: int, tell: Callable[[str], None]) -> BenchReport:
        contestants = self._contestants()
        seconds: dict[str, list[float]] = {name: [] for name in contestants}
        frames: dict[str, int] = {}
        for round_ in range(WARM_UPS + repetitions):
            for name, contestant in contestants.items():
                tell(name if round_ >= WARM_UPS else f"{name}, warming up")
                start = time.perf_counter()
                frames[name] = contestant()
                seconds[name].append(time.perf_counter() - start)
        tell("reference")
        self._plain_loop("full")
        measured = {name: tuple(values[WARM_UPS:]) for name, values in seconds.items()}
        return self._summed_up(measured, frames)

    def _contestants(self) -> dict[str, Contestant]:
        with_ffmpeg = {FFMPEG: self._ffmpeg} if shutil.which("ffmpeg") else {}
        return {
            **with_ffmpeg,
            FULL: self._decode,
            PLANNED: self._plan,
            EMBED: self._embed,
            LOOP: partial(self._plain_loop, "opencv"),
            **{f"{NETWORK}, batch {size}": partial(self._look, size) for size in BATCHES},
        }

    def _ffmpeg(self) -> int:
        _run(["ffmpeg", "-v", "error", "-i", f"file:{self._video}", "-f", "null", "-"])
        return self._frames  # as it does not say

    def _decode(self) -> int:
        with open_file(self._video) as video:
            return sum(1 for _ in video.frames())

    def _plan(self) -> int:
        with open_file(self._video) as video:
            return sum(1 for _ in self._pipeline.samples(video))

    def _embed(self) -> int:
        config = self._config
        batch = [] if config.batch is None else ["--batch", str(config.batch)]
        _run([
            sys.executable, "-m", "ghoststream", "embed", str(self._video), *self._network(),
            "--device", config.device, "--precision", config.precision, *batch,
            "--fps", str(config.fps), "--out", str(self._result(EMBED)),
        ])  # fmt: skip
        return len(_vectors(self._result(EMBED))[0])

    def _plain_loop(self, reader: str) -> int:
        result = self._result(LOOP if reader == "opencv" else reader)
        _run([
            sys.executable, "-m", "ghoststream.runners.plain_loop", str(self._video),
            *self._network(), "--reader", reader, "--fps", str(self._config.fps),
            "--out", str(result),
        ])  # fmt: skip
        return len(_vectors(result)[0])

    def _look(self, batch: int) -> int:
        for start in range(0, IMAGES, batch):
            self._pipeline.runtime.embed(self._images[start : start + batch])
        return IMAGES

    def _network(self) -> list[str]:
        return ["--model", self._config.model, "--weights", self._config.weights]

    def _result(self, name: str) -> Path:
        return self._folder / f"{name}.npz"

    def _summed_up(
        self, seconds: dict[str, tuple[float, ...]], frames: dict[str, int]
    ) -> BenchReport:
        assert self._config.fps is not None
        return BenchReport(
            source=self._source.name,
            video_seconds=self._video_seconds,
            frames=self._frames,
            fps=self._config.fps,
            runtime=self._pipeline.runtime.info.runtime,
            speeds=tuple(self._speed(name, frames[name], seconds[name]) for name in seconds),
            notices=() if FFMPEG in seconds else ("ffmpeg is not installed, and left out",),
        )

    def _speed(self, name: str, frames: int, seconds: tuple[float, ...]) -> Speed:
        has_vectors = self._result(name).exists()
        return Speed(
            name=name,
            frames=frames,
            seconds=seconds,
            is_process=name in PROCESSES,
            video_seconds=None if name.startswith(NETWORK) else self._video_seconds,
            agreement=(
                agreement(_vectors(self._result(name)), _vectors(self._result("full")))
                if has_vectors
                else None
            ),
        )


def _single_file(config: EmbedConfig) -> FileSource:
    if config.fps is None:
        raise ConfigError("bench measures looking at a rate; set fps, such as 2")
    if config.framing != "center":
        raise ConfigError(f"bench knows framing 'center' only, got {config.framing!r}")
    sources = [s for address in config.source for s in open_sources(address)]
    if len(sources) != 1 or not isinstance(sources[0], FileSource):
        names = ", ".join(source.name for source in sources)
        raise ConfigError(f"bench reads one video file, so that all read the same; got {names}")
    return sources[0]


def _start_of(video: Path, folder: Path, seconds: float) -> Path:
    """The video itself where it is hardly longer."""
    with open_file(video) as opened:
        duration = opened.info.duration
    if duration is None or duration <= SLACK * seconds:
        return video
    return write_excerpt(video, folder, seconds=seconds)


def _extent(video: Path) -> tuple[int, float]:
    """Frames, and the seconds from the first to the end of the last."""
    with open_file(video) as opened:
        spans = [frame.span for frame in opened.frames()]
    return len(spans), float(spans[-1].end - spans[0].start)


def _run(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        reason = done.stderr.strip().splitlines()[-1:] or [f"exit code {done.returncode}"]
        raise GhostStreamError(f"what was to be measured failed: {reason[0]} ({command[0]})")


def _vectors(path: Path) -> Timed:
    with np.load(path) as arrays:
        return arrays["pts_seconds"], arrays["vectors"]
