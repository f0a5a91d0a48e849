"""Where the results of a job go."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ghoststream.config import EmbedConfig, RunConfig
from ghoststream.errors import ConfigError, OutputError
from ghoststream.pipeline import EventPipeline
from ghoststream.sinks import EMBEDDING_SINKS, SINKS
from ghoststream.sinks.sink import EmbeddingSink, Sink
from ghoststream.sources import Source
from ghoststream.types import Frame, Header, Region, StreamInfo

if TYPE_CHECKING:
    from ghoststream.sinks.annotate import FrameReader, HeatOptions

Outputs: TypeAlias = dict[str, Path]
"""Paths by the name of their sink; `-` is standard output."""

RUNS = Path("runs")
STANDARD_OUTPUT = Path("-")


def event_outputs(config: RunConfig) -> Outputs:
    """The outputs that the settings name, or events.jsonl in a new directory where they name none.

    Example:
        >>> event_outputs(RunConfig(csv="events.csv"))
        {'csv': PosixPath('events.csv')}
    """
    return named_outputs(config) or {"jsonl": _next_run(RUNS) / "events.jsonl"}


def named_outputs(config: RunConfig) -> Outputs:
    """The outputs that the settings name; none where they name none."""
    named = {
        "jsonl": config.jsonl,
        "csv": config.csv,
        "vtt": config.vtt,
        "annotate": config.annotate,
    }
    outputs = {name: Path(path) for name, path in named.items() if path is not None}
    if config.out is None and config.report is not None:
        # A report is made of the log.
        return {"jsonl": config.report.with_suffix(".jsonl"), **outputs}
    if config.out is None:
        return outputs
    directory = config.out if config.exist_ok else _free_name(config.out)
    return {"jsonl": directory / "events.jsonl", **outputs}


def embedding_output(config: EmbedConfig) -> Outputs:
    """The file of vectors.

    Raises:
        ConfigError: none is named, or it is of no known kind.
    """
    if config.out is None:
        raise ConfigError("where to? give --out vectors.parquet or --out vectors.npz")
    name = config.out.suffix.removeprefix(".")
    if name not in EMBEDDING_SINKS:
        known = " or ".join(f".{name}" for name in EMBEDDING_SINKS)
        raise ConfigError(
            f"cannot write vectors to {str(config.out)!r}; its name must end in {known}"
        )
    return {name: config.out}


def open_event_sinks(
    outputs: Outputs, pipeline: EventPipeline, sources: list[Source], *, heatmap: bool
) -> dict[str, Sink]:
    """A sink for each output; nothing is written yet."""
    sinks: dict[str, Sink] = {
        name: SINKS[name](str(path)) for name, path in outputs.items() if name != "annotate"
    }
    if "annotate" in outputs:
        heat = _heat_options(pipeline) if heatmap else None
        path = outputs["annotate"]
        sinks["annotate"] = SINKS["annotate"](path, frames=_reader(sources), heat=heat)
    return sinks


def check_distinct(outputs: Outputs, sources: list[Source]) -> None:
    """Keeps a video from being replaced by what is made of it, and outputs by each other.

    Raises:
        ConfigError: an output goes to the path of a source or of another output.
    """
    paths = [path.absolute() for path in outputs.values()]
    if len(set(paths)) < len(paths):
        raise ConfigError(f"two outputs go to one path: {', '.join(map(str, outputs.values()))}")
    for path in outputs.values():
        for source in sources:
            name = Path(source.name)
            if path.exists() and name.exists() and path.samefile(name):
                raise ConfigError(f"{path} is a source; give another path for what is made of it")


def open_embedding_sink(outputs: Outputs) -> EmbeddingSink:
    """The sink of vectors; nothing is written yet."""
    ((name, path),) = outputs.items()
    return EMBEDDING_SINKS[name](path)


def check_writable(path: Path) -> None:
    """Finds a place that cannot be written before hours of work are spent on it.

    Raises:
        OutputError: no file can be made there.
    """
    if path == STANDARD_OUTPUT:
        return
    parent = next(folder for folder in path.absolute().parents if folder.exists())
    if path.is_dir() or not parent.is_dir() or not os.access(parent, os.W_OK):
        raise OutputError(f"cannot write {path}; choose a file in a directory that you may write")


def _reader(sources: list[Source]) -> "FrameReader":
    """Opens a source a second time, to trail behind the first; a live one cannot be read twice."""
    by_name = {source.name: source for source in sources if not source.is_live}

    def frames(header: Header) -> Iterator[Frame]:
        if header.source in by_name:
            with by_name[header.source].open() as stream:
                yield from stream.frames()

    return frames


def _heat_options(pipeline: EventPipeline) -> "HeatOptions":
    from ghoststream.sinks.annotate import HeatOptions

    runtime, head = pipeline.frames.runtime, pipeline.head

    # A softmax feels differences between classes only, so evidence is what speaks for this class
    # more than for the average one. Of a head over mean and deviation, the mean's half counts.
    rows = head.weight[:, : runtime.num_features]
    rows = rows - rows.mean(axis=0)

    def heat(frame: Frame, label_id: int) -> NDArray[np.float32]:
        return runtime.heatmap(runtime.preprocessing.prepare(frame), rows[label_id])

    def region(stream: StreamInfo) -> Region:
        return runtime.preprocessing.seen_region(stream.width, stream.height)

    return HeatOptions(heat=heat, region=region)


def _next_run(parent: Path) -> Path:
    numbers = [int(path.name) for path in parent.glob("*") if path.name.isdecimal()]
    return parent / str(max(numbers, default=0) + 1)


def _free_name(directory: Path) -> Path:
    candidate, number = directory, 1
    while _is_taken(candidate):
        number += 1
        candidate = directory.with_name(f"{directory.name}{number}")
    return candidate


def _is_taken(directory: Path) -> bool:
    return directory.is_file() or (directory.is_dir() and any(directory.iterdir()))
