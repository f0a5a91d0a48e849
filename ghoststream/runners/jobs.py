"""Whole jobs, from settings to written outputs: what the command line calls."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Protocol, TypeVar

from ghoststream.config import EmbedConfig, RunConfig
from ghoststream.cores import available_cores
from ghoststream.models import choose_device
from ghoststream.pipeline import build_event_pipeline, build_frame_pipeline
from ghoststream.runners.local import (
    Job,
    Outcome,
    Progress,
    embedding_job,
    event_job,
    run_sources,
    source_options,
)
from ghoststream.runners.outputs import (
    Outputs,
    check_distinct,
    check_writable,
    embedding_output,
    event_outputs,
    open_embedding_sink,
    open_event_sinks,
)
from ghoststream.runners.workers import run_in_workers
from ghoststream.sinks.fanout import FanOut
from ghoststream.sinks.sink import Writer
from ghoststream.sources import FileSource, Source, open_sources
from ghoststream.types import Embedding, Event, Header, Record, Summary

Item = TypeVar("Item")


class Watcher(Protocol):
    """Who looks on while a job runs."""

    def expect(self, sources: int) -> None:
        """So many sources will be read."""
        ...

    def notice(self, line: str) -> None:
        """Something worth knowing before it begins."""
        ...

    def start(self, header: Header) -> None:
        """A source has given its first frame."""
        ...

    def event(self, event: Event) -> None:
        """Something began, became clearer, or ended."""
        ...

    def progress(self, progress: Progress) -> None:
        """One more frame was looked at; with several workers, told of some only."""
        ...

    def done(self, source: str) -> None:
        """All results of a source have been told."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What a job did."""

    outcomes: Sequence[Outcome]
    outputs: Outputs


def run_events(config: RunConfig, *, stop: threading.Event, watcher: Watcher) -> Result:
    """From sources to events, in every output that the settings name.

    Raises:
        GhostStreamError: settings, weights, sources or outputs that do not hold.
    """
    sources = find_sources(config)
    watcher.expect(len(sources))
    outputs = event_outputs(config)
    check_distinct(outputs, sources)
    pipeline = build_event_pipeline(config)
    sinks = open_event_sinks(outputs, pipeline, sources, heatmap=config.heatmap)
    job = event_job(pipeline, show=getattr(sinks.get("annotate"), "show", None))
    told = _Told(watcher, pipeline.frames.notice)
    with FanOut([*sinks.values(), told]) as sink:
        outcomes = _run(config, sources, job, partial(_event_job, config), sink, stop, watcher)
    return Result(outcomes=outcomes, outputs=outputs)


def run_embeddings(config: EmbedConfig, *, stop: threading.Event, watcher: Watcher) -> Result:
    """From sources to a file of vectors.

    Raises:
        GhostStreamError: settings, weights, sources or outputs that do not hold.
    """
    sources = find_sources(config)
    watcher.expect(len(sources))
    outputs = embedding_output(config)
    check_distinct(outputs, sources)
    pipeline = build_frame_pipeline(config)
    job = embedding_job(pipeline)
    told: Writer[object] = _Told(watcher, pipeline.notice)
    with FanOut([open_embedding_sink(outputs), told]) as sink:
        outcomes = _run(config, sources, job, partial(_embedding_job, config), sink, stop, watcher)
    return Result(outcomes=outcomes, outputs=outputs)


def check_events(config: RunConfig) -> dict[str, object]:
    """Everything that `run_events` would need, opened and closed again; nothing is written.

    Raises:
        GhostStreamError: as `run_events` would.
    """
    sources = find_sources(config)
    outputs = event_outputs(config)
    check_distinct(outputs, sources)
    pipeline = build_event_pipeline(config)
    open_event_sinks(outputs, pipeline, sources, heatmap=config.heatmap)
    for path in outputs.values():
        check_writable(path)
    for source in sources:
        source.open().close()
    return {
        "sources": [source.name for source in sources],
        "sampling": pipeline.frames.sampling.describe(),
        "weights": pipeline.frames.runtime.info.weights,
        "labels": len(pipeline.head.labels),
        "outputs": {name: str(path) for name, path in outputs.items()},
    }


def _run(
    config: RunConfig | EmbedConfig,
    sources: list[Source],
    job: Job[Item],
    make_job: Callable[[int], Job[Item]],
    sink: Writer[Item],
    stop: threading.Event,
    watcher: Watcher,
) -> list[Outcome]:
    """Here, or in as many processes as are worth it."""
    workers = _workers(config, sources)
    if workers == 1:
        return run_sources(sources, job, sink, stop=stop, progress=watcher.progress)
    threads = max(1, available_cores() // workers)
    return run_in_workers(
        [_with_threads(source, threads) for source in sources],
        partial(make_job, threads),
        sink,
        workers=workers,
        stop=stop,
        progress=watcher.progress,
    )


def _workers(config: RunConfig | EmbedConfig, sources: list[Source]) -> int:
    if any(source.is_live for source in sources):
        return 1
    on_processor = choose_device(config.device) in ("cpu", "reference")
    # A graphics card is fed by the decoders of one process.
    wanted = config.workers or (available_cores() if on_processor else 1)
    return max(1, min(wanted, len(sources)))


def _with_threads(source: Source, threads: int) -> Source:
    return replace(source, threads=threads) if isinstance(source, FileSource) else source


def _event_job(config: RunConfig, threads: int) -> Job[Record]:
    return event_job(build_event_pipeline(config, threads=threads))


def _embedding_job(config: EmbedConfig, threads: int) -> Job[Embedding]:
    return embedding_job(build_frame_pipeline(config, threads=threads))


def find_sources(config: RunConfig | EmbedConfig) -> list[Source]:
    """Every source that the settings name."""
    options = source_options(config)
    return [source for address in config.source for source in open_sources(address, options)]


class _Told(Writer[object]):
    """Lets the watcher see what the other sinks get; a notice waits until there is something."""

    def __init__(self, watcher: Watcher, notice: str | None) -> None:
        self._watcher, self._notice = watcher, notice
        self._source = ""

    def start(self, header: Header) -> None:
        if self._notice is not None:
            self._watcher.notice(self._notice)
            self._notice = None
        self._source = header.source
        self._watcher.start(header)

    def write(self, item: object) -> None:
        if isinstance(item, Event):
            self._watcher.event(item)

    def finish(self, summary: Summary) -> None:
        self._watcher.done(self._source)

    def close(self) -> None:
        pass

    def discard(self) -> None:
        pass
