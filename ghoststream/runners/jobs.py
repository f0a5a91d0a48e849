"""Whole jobs, from settings to written outputs: what the command line calls."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from ghoststream.config import EmbedConfig, RunConfig
from ghoststream.models import resolve_weights
from ghoststream.pipeline import build_event_pipeline, build_frame_pipeline
from ghoststream.runners.local import (
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
from ghoststream.sinks.fanout import FanOut
from ghoststream.sinks.sink import Writer
from ghoststream.sources import Source, open_sources
from ghoststream.types import Event, Header, Summary


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
        """One more frame was looked at."""
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
    sinks = open_event_sinks(outputs, pipeline, sources)
    with FanOut([*sinks.values(), _Told(watcher, _notice(config))]) as sink:
        job = event_job(pipeline, show=getattr(sinks.get("annotate"), "show", None))
        outcomes = run_sources(sources, job, sink, stop=stop, progress=watcher.progress)
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
    job = embedding_job(build_frame_pipeline(config))
    told: Writer[object] = _Told(watcher, _notice(config))
    with FanOut([open_embedding_sink(outputs), told]) as sink:
        outcomes = run_sources(sources, job, sink, stop=stop, progress=watcher.progress)
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
    open_event_sinks(outputs, pipeline, sources)
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


def find_sources(config: RunConfig | EmbedConfig) -> list[Source]:
    """Every source that the settings name."""
    options = source_options(config)
    return [source for address in config.source for source in open_sources(address, options)]


def _notice(config: RunConfig | EmbedConfig) -> str | None:
    return resolve_weights(config.model, config.weights).notice


class _Told(Writer[object]):
    """Lets the watcher see what the other sinks get; a notice waits until there is something."""

    def __init__(self, watcher: Watcher, notice: str | None) -> None:
        self._watcher, self._notice = watcher, notice

    def start(self, header: Header) -> None:
        if self._notice is not None:
            self._watcher.notice(self._notice)
            self._notice = None
        self._watcher.start(header)

    def write(self, item: object) -> None:
        if isinstance(item, Event):
            self._watcher.event(item)

    def finish(self, summary: Summary) -> None:
        pass

    def close(self) -> None:
        pass

    def discard(self) -> None:
        pass
