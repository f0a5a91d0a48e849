"""Measures how `ghoststream embed` over many files grows with cores, and how fast one writes.

    python benchmarks/scaling.py                      # clips of benchmarks/inputs.py
    python benchmarks/scaling.py --clips a.mp4 --save

All workers of a run, on one machine or on many, tell one process, which writes the store. So an
archive takes as long as its cores need, or as that process needs, whichever is longer.
"""

import argparse
import os
import pickle
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from statistics import median

import av
import numpy as np
from inputs import ensure
from measure import GHOSTSTREAM, Usage, measured
from report import document, save, table

from ghoststream.archive.schema import Recipe, schemas
from ghoststream.archive.writer import open_writer
from ghoststream.runners.archive.analysis import FINDINGS_A_MESSAGE, Ended, Findings, Order
from ghoststream.runners.archive.gathering import Gathering
from ghoststream.sources.archive import find_files
from ghoststream.types import (
    Embedding,
    Finding,
    Header,
    Label,
    ModelInfo,
    NamedClip,
    Prediction,
    SampledFrame,
    StreamInfo,
    Summary,
    TimeSpan,
)

INPUTS = ("full1080", "hevc720")
FEATURES = 1280
FRAMES_A_SECOND = 2
SECONDS_A_VIDEO = 1200


ONE_CORE = ("taskset", "--cpu-list", "0")


@dataclass(frozen=True, kw_only=True)
class Way:
    """How to go through an archive."""

    name: str
    flags: tuple[str, ...]
    cores: int
    before: tuple[str, ...] = ()
    """The command."""


WAYS = (
    Way(name="1 core", flags=("--workers", "1"), cores=1, before=ONE_CORE),
    Way(name="2 cores", flags=("--workers", "2"), cores=2),
    Way(name="2 cores, Ray", flags=("--workers", "2", "--engine", "ray"), cores=2),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clips", nargs="*", type=Path, help="instead of those of inputs.py")
    parser.add_argument("--copies", type=int, default=12, help="of each clip, in an archive")
    parser.add_argument("--fps", default=str(FRAMES_A_SECOND))
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--save", action="store_true")
    options = parser.parse_args()
    clips = options.clips or [ensure(name) for name in INPUTS]
    sections = [writing(options.repetitions)]
    for clip in clips:
        sections.append(archive(clip, options.copies, options.fps, options.repetitions))
        print(sections[-1])
    text = document("An archive on more cores", sections)
    print(save("scaling", text) if options.save else text)


def archive(clip: Path, copies: int, fps: str, repetitions: int) -> str:
    """Goes through copies of a clip in several ways, in turns."""
    usages: dict[str, list[Usage]] = {way.name: [] for way in WAYS}
    with tempfile.TemporaryDirectory() as folder:
        videos = Path(folder, "videos")
        videos.mkdir()
        for index in range(copies):
            os.link(copied(clip, Path(folder)), videos / f"{index}{clip.suffix}")
        for repetition in range(repetitions):
            for way in WAYS:
                store = f"{folder}/{way.name}-{repetition}.store"
                command = f"{GHOSTSTREAM} embed {videos} --fps {fps} --weights bundled".split()
                usages[way.name].append(
                    measured((*way.before, *command, "--store", store, *way.flags))
                )
    seconds = copies * duration_seconds(clip)
    rows = [row(way, usages[way.name], seconds, usages[WAYS[0].name]) for way in WAYS]
    header = (
        "",
        "wall s (range)",
        "x realtime",
        "x realtime a core",
        "of cores x one",
        "CPU s",
    )
    return f"## {copies} times {clip.name}, {fps} frames a second\n\n{table(header, rows)}"


def copied(clip: Path, folder: Path) -> Path:
    """A copy on the same disk, so that it can have several names."""
    copy = folder / clip.name
    if not copy.exists():
        copy.write_bytes(clip.read_bytes())
    return copy


def duration_seconds(clip: Path) -> float:
    with av.open(str(clip)) as container:
        return float(Fraction(container.duration or 0, av.time_base))


def row(way: Way, usages: Sequence[Usage], seconds: float, single: Sequence[Usage]) -> list[str]:
    walls = [usage.wall_seconds for usage in usages]
    speed = seconds / median(walls)
    alone = seconds / median(usage.wall_seconds for usage in single)
    return [
        way.name,
        f"{median(walls):.1f} ({min(walls):.1f} - {max(walls):.1f})",
        f"{speed:.1f}",
        f"{speed / way.cores:.1f}",
        f"{speed / (way.cores * alone):.0%}",
        # Ray's workers are no children of the command.
        "-" if "ray" in way.flags else f"{median(usage.cpu_seconds for usage in usages):.1f}",
    ]


def writing(repetitions: int, videos: int = 20) -> str:
    """How fast one process takes in what workers tell, and writes it."""
    rates = [rate_of_writing(videos) for _ in range(repetitions)]
    frames, cpu = (median(values) for values in zip(*rates, strict=True))
    hours = frames / FRAMES_A_SECOND / 3600
    rows = [[f"{frames:,.0f}", f"{hours * 3600:,.0f}", f"{cpu:,.0f}"]]
    header = ("frames a second of wall", "x realtime", "frames a second of CPU")
    return (
        f"## One writer, {FRAMES_A_SECOND} frames and one clip a second of video, logs too\n\n"
        + table(header, rows)
    )


def rate_of_writing(videos: int) -> tuple[float, float]:
    """Frames a second of wall and of CPU time; each with its share of clips."""
    recipe = Recipe(
        model="generated",
        weights_sha256="0" * 64,
        preprocessing={},
        configuration={},
        frame_features=FEATURES,
        clip_features=FEATURES,
    )
    messages = [pickle.dumps(Findings(findings=chunk)) for chunk in chunks(findings())]
    with tempfile.TemporaryDirectory() as folder:
        for index in range(videos):
            Path(folder, f"{index}.mp4").write_bytes(b"%d" % index)
        files = find_files([Path(folder)]).files
        with open_writer(f"{folder}/a.store", recipe) as writer:
            began, cpu = time.perf_counter(), time.process_time()
            for number, file in enumerate(files):
                log = Path(folder, "logs", f"{number}.jsonl")
                gathering = Gathering(Order(file=file), schemas(recipe), log)
                gathering.begin(HEADER, f"{number:064x}")
                for message in messages:
                    gathering.add(pickle.loads(message).findings)
                writer.append([gathering.end(Ended(summary=SUMMARY, content_sha256="0" * 64))])
            wall, cpu = time.perf_counter() - began, time.process_time() - cpu
    frames = videos * SECONDS_A_VIDEO * FRAMES_A_SECOND
    return frames / wall, frames / cpu


def chunks(items: Sequence[Finding]) -> Iterator[list[Finding]]:
    for start in range(0, len(items), FINDINGS_A_MESSAGE):
        yield list(items[start : start + FINDINGS_A_MESSAGE])


def findings() -> list[Finding]:
    """Of one video."""
    rng = np.random.default_rng(2026)
    found: list[Finding] = []
    for second in range(SECONDS_A_VIDEO):
        for part in range(FRAMES_A_SECOND):
            start = second + Fraction(part, FRAMES_A_SECOND)
            embedding = Embedding(span=span(start, Fraction(1, 25)), vector=vector(rng))
            found.append(SampledFrame(embedding=embedding, contrast=40.0))
        clip = Embedding(span=span(Fraction(second), Fraction(2)), vector=vector(rng))
        labels = tuple(Label(label=f"label {n}", label_id=n, score=0.1) for n in range(5))
        named = Prediction(span=clip.span, labels=labels)
        found.append(NamedClip(embedding=clip, prediction=named))
    return found


def span(start: Fraction, seconds: Fraction) -> TimeSpan:
    return TimeSpan(start=start, end=start + seconds)


def vector(rng: np.random.Generator) -> np.ndarray:
    return rng.normal(size=FEATURES).astype(np.float32)


HEADER = Header(
    source="generated",
    stream=StreamInfo(
        codec="h264",
        width=1920,
        height=1080,
        coded_width=1920,
        coded_height=1080,
        pixel_format="yuv420p",
        bit_depth=8,
        time_base=Fraction(1, 12800),
        start_time=Fraction(0),
        duration=Fraction(SECONDS_A_VIDEO),
        average_rate=Fraction(25),
        declared_frames=SECONDS_A_VIDEO * 25,
        rotation=0,
        sample_aspect_ratio=Fraction(1),
        color_matrix="bt709",
        color_range="limited",
        interlaced=False,
        container="mov,mp4",
        clock="pts",
    ),
    model=ModelInfo(name="generated", weights="generated", sha256="0" * 64, runtime="none"),
    configuration={},
    configuration_sha256="0" * 64,
)
SUMMARY = Summary(
    frames=SECONDS_A_VIDEO * 25,
    skipped=0,
    sampled=SECONDS_A_VIDEO * FRAMES_A_SECOND,
    clips=SECONDS_A_VIDEO,
    events=0,
    dropped=0,
    decode_errors=0,
    reason="completed",
)


if __name__ == "__main__":
    main()
