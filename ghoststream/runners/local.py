"""Runs pipelines in this process, with decoders in threads beside the network.

for event in run("clip.mp4", fps=2): ...

with open_sinks(...) as sink:
    outcomes = run_sources(sources, job, sink)
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from itertools import chain, islice
from pathlib import Path
from typing import Generic, TypeVar

from ghoststream.config import EmbedConfig, RunConfig, make_config
from ghoststream.errors import ConfigError, SourceError
from ghoststream.pipeline import (
    EventPipeline,
    FramePipeline,
    Show,
    Watch,
    build_event_pipeline,
    build_frame_pipeline,
    with_settings_of_head,
)
from ghoststream.sinks.sink import Writer
from ghoststream.sources import Source, SourceOptions, Stream, open_sources
from ghoststream.stages import prefetch
from ghoststream.types import (
    Embedding,
    Event,
    Finding,
    Frame,
    Header,
    NamedClip,
    Prediction,
    Reason,
    Record,
    Sample,
    SampledFrame,
    StreamInfo,
    Summary,
)

Item = TypeVar("Item")
Ahead = TypeVar("Ahead", Sample, Frame)

PREFETCH_BYTES = 64 << 20
"""Samples, or frames, that may wait for the network: enough to even out its pace, and no more."""


def run(source: str | Path | Source, **settings: object) -> Iterator[Event]:
    """Events of one video, as they happen.

    Args:
        source: a file, an address, or a source from `open_sources`.
        settings: as the flags of `ghoststream run`: fps, window, hop, pool, enter, leave, ...

    Raises:
        ConfigError: settings that do not hold.
        SourceError: the video cannot be read, or breaks off.

    Example:
        >>> for event in run("clip.mp4", fps=2):
        ...     print(event.type, event.after.label, float(event.after.start_time))
    """
    config = with_settings_of_head(make_config(RunConfig, settings))
    pipeline = build_event_pipeline(config)
    opened = _single_source(source, config)
    with opened.open() as stream, ahead(stream, pipeline.frames.samples(stream)) as samples:
        for record in pipeline.records(samples, source=opened.name, is_live=opened.is_live):
            if isinstance(record, Event):
                yield record


def classify(source: str | Path | Source, **settings: object) -> Iterator[Prediction]:
    """Names of each clip of one video; arguments and errors as `run`.

    Example:
        >>> for clip in classify("clip.mp4", window=4):
        ...     print(clip.span, clip.labels[0].label)
    """
    config = with_settings_of_head(make_config(RunConfig, settings))
    pipeline = build_event_pipeline(config)
    opened = _single_source(source, config)
    with opened.open() as stream, ahead(stream, pipeline.frames.samples(stream)) as samples:
        yield from pipeline.predictions(samples, is_live=opened.is_live)


def embed(source: str | Path | Source, **settings: object) -> Iterator[Embedding]:
    """The embedding of each sampled frame of one video; arguments and errors as `run`.

    Example:
        >>> vectors = [embedding.vector for embedding in embed("clip.mp4", fps=1)]
    """
    config = make_config(EmbedConfig, settings)
    pipeline = build_frame_pipeline(config)
    opened = _single_source(source, config)
    with opened.open() as stream, ahead(stream, pipeline.samples(stream)) as samples:
        yield from pipeline.embeddings(samples, is_live=opened.is_live)


@contextmanager
def ahead(
    stream: Stream, samples: Iterator[Sample], stop: threading.Event | None = None
) -> Iterator[Iterator[Sample]]:
    """The samples of a stream, decoded while the network looks at those before."""
    with _peeked_ahead(stream, samples, _sample_bytes, stop) as prefetched:
        yield prefetched


@contextmanager
def _peeked_ahead(
    stream: Stream,
    items: Iterator[Ahead],
    nbytes: Callable[[Ahead], int],
    stop: threading.Event | None,
) -> Iterator[Iterator[Ahead]]:
    """Begins when the first item is there, or known not to come."""
    with prefetch(items, max_bytes=PREFETCH_BYTES, nbytes=nbytes, stop=stop) as prefetched:
        try:
            yield chain(list(islice(prefetched, 1)), prefetched)
        finally:
            stream.interrupt()


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a job has come with the source at hand."""

    source: str
    frames: int
    sampled: int
    time: Fraction
    """Of the newest sampled frame, in seconds from the first."""
    duration: Fraction | None
    """Of the whole source; None where nobody knows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job(Generic[Item]):
    """What to do with each source."""

    header: Callable[[str, StreamInfo], Header]
    samples: Callable[[Stream, Source], Iterator[Sample]]
    """What is looked at of a stream."""
    items: Callable[[Iterator[Sample], Source, Watch], Iterator[Item]]
    """Samples to results; the watch wants to be told of each sample."""
    samples_of_live: Callable[[Iterator[Frame]], Iterator[Sample]] | None = None
    """What is looked at of a live stream, where all of its frames have to be seen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How one source of a job ended."""

    source: str
    summary: Summary
    error: SourceError | None = None
    """Why nothing, or not all, of it could be read."""


@dataclass(slots=True, kw_only=True)
class _Tally:
    """What a run over one source adds up to, while it goes on."""

    sampled: int = 0
    clips: int = 0
    events: int = 0
    error: SourceError | None = None

    def count(self, item: object) -> None:
        self.clips += isinstance(item, Prediction | NamedClip)
        self.events += isinstance(item, Event) and item.type == "new"


def event_job(pipeline: EventPipeline, *, show: Show | None = None) -> Job[Record]:
    """From samples to predictions and events.

    Args:
        pipeline: what makes them.
        show: of a live source, is given every frame, sampled or not: it cannot be read twice.
    """

    def samples(stream: Stream, source: Source) -> Iterator[Sample]:
        return pipeline.frames.samples(stream)

    def items(samples: Iterator[Sample], source: Source, watch: Watch) -> Iterator[Record]:
        return pipeline.records(samples, source=source.name, is_live=source.is_live, watch=watch)

    return Job(
        header=pipeline.frames.header,
        samples=samples,
        items=items,
        samples_of_live=None if show is None else partial(pipeline.frames.samples_of, show=show),
    )


def embedding_job(pipeline: FramePipeline) -> Job[Embedding]:
    """From samples to embeddings."""

    def samples(stream: Stream, source: Source) -> Iterator[Sample]:
        return pipeline.samples(stream)

    def items(samples: Iterator[Sample], source: Source, watch: Watch) -> Iterator[Embedding]:
        return pipeline.embeddings(samples, is_live=source.is_live, watch=watch)

    return Job(header=pipeline.header, samples=samples, items=items)


def finding_job(pipeline: EventPipeline) -> Job[Finding]:
    """From samples of a file to all that an archive keeps of it."""

    def samples(stream: Stream, source: Source) -> Iterator[Sample]:
        return pipeline.frames.samples(stream)

    def items(samples: Iterator[Sample], source: Source, watch: Watch) -> Iterator[Finding]:
        frames = pipeline.frames.sampled_frames(samples, watch=watch)
        return pipeline.findings(frames, source=source.name)

    return Job(header=pipeline.frames.header, samples=samples, items=items)


def part_job(pipeline: EventPipeline, numbers: range) -> Job[SampledFrame]:
    """From some of the samples of a file, by their number, to its frames."""

    def samples(stream: Stream, source: Source) -> Iterator[Sample]:
        return pipeline.frames.part(stream, numbers)

    def items(samples: Iterator[Sample], source: Source, watch: Watch) -> Iterator[SampledFrame]:
        return pipeline.frames.sampled_frames(samples, watch=watch)

    return Job(header=pipeline.frames.header, samples=samples, items=items)


def run_sources(
    sources: Sequence[Source],
    job: Job[Item],
    sink: Writer[Item],
    *,
    stop: threading.Event | None = None,
    progress: Callable[[Progress], None] = lambda _: None,
) -> list[Outcome]:
    """Does a job over sources, one after the other; one that fails does not stop the rest.

    Args:
        sources: what to read.
        job: what to do with each.
        sink: takes the results; the caller closes it.
        stop: set it, and the source at hand is ended in order, its events too.
        progress: told of each sampled frame.

    Returns:
        An outcome for each source that was begun.

    Raises:
        SourceError: none of them gave a single frame.
        OutputError: a result cannot be written.
    """
    stop = stop or threading.Event()
    outcomes: list[Outcome] = []
    for source in sources:
        if stop.is_set():
            break
        outcome = attempt(source, job, sink, stop, progress)
        outcomes.append(outcome)
        if not outcome.summary.frames and len(sources) > 1:
            sink.lost(source.name, outcome.summary)
    check_any_read(outcomes)
    return outcomes


def check_any_read(outcomes: Sequence[Outcome]) -> None:
    """Makes an error of it where not one source gave a frame."""
    failures = [outcome.error for outcome in outcomes if outcome.error is not None]
    if failures and not any(outcome.summary.frames for outcome in outcomes):
        raise failures[0] if len(failures) == 1 else _none_readable(failures)


def attempt(
    source: Source,
    job: Job[Item],
    sink: Writer[Item],
    stop: threading.Event,
    progress: Callable[[Progress], None],
) -> Outcome:
    """Does a job over one source; one that cannot be had is an outcome, too."""
    try:
        return _run_source(source, job, sink, stop, progress)
    except SourceError as error:
        if stop.is_set():  # as good a reason as any for a source not to open
            return Outcome(source=source.name, summary=nothing_read("interrupted"))
        return Outcome(source=source.name, summary=nothing_read("failed", error), error=error)


def _run_source(
    source: Source,
    job: Job[Item],
    sink: Writer[Item],
    stop: threading.Event,
    progress: Callable[[Progress], None],
) -> Outcome:
    tally = _Tally()
    with source.open() as stream, _samples(job, stream, source, stop) as samples:
        # Until a frame is there, nothing has begun: a source without any leaves no output behind.
        if not stream.counts.frames:
            return Outcome(source=source.name, summary=_summary(stream, tally, stop))
        sink.start(job.header(source.name, stream.info))
        watch = _watch(source, stream, tally, progress)
        readable = _until_broken(samples, tally)
        for item in job.items(readable, source, watch):
            tally.count(item)
            sink.write(item)
        summary = _summary(stream, tally, stop)
        sink.finish(summary)
    return Outcome(source=source.name, summary=summary, error=tally.error)


@contextmanager
def _samples(
    job: Job[Item], stream: Stream, source: Source, stop: threading.Event
) -> Iterator[Iterator[Sample]]:
    if source.is_live and job.samples_of_live is not None:
        # Who wants to see the frames sees them in the thread in which the results come.
        with _peeked_ahead(stream, stream.frames(), _frame_bytes, stop) as frames:
            yield job.samples_of_live(frames)
    else:
        with ahead(stream, job.samples(stream, source), stop) as samples:
            yield samples


def _until_broken(samples: Iterator[Sample], tally: _Tally) -> Iterator[Sample]:
    """Ends where the source breaks, so that what came before it is brought to its end in order."""
    try:
        yield from samples
    except SourceError as error:
        tally.error = error


def _watch(
    source: Source,
    stream: Stream,
    tally: _Tally,
    progress: Callable[[Progress], None],
) -> Watch:
    name, start_time = source.name, stream.info.start_time or 0

    def watch(sample: Sample) -> None:
        tally.sampled += 1
        progress(
            Progress(
                source=name,
                frames=stream.counts.frames,
                sampled=tally.sampled,
                time=sample.span.start - start_time,
                duration=stream.info.duration,
            )
        )

    return watch


def _summary(stream: Stream, tally: _Tally, stop: threading.Event) -> Summary:
    counts = stream.counts
    return Summary(
        frames=counts.frames,
        skipped=counts.skipped,
        sampled=tally.sampled,
        clips=tally.clips,
        events=tally.events,
        dropped=counts.dropped,
        decode_errors=counts.decode_errors,
        reason=_reason(tally, stop),
        error=None if tally.error is None else str(tally.error),
    )


def _reason(tally: _Tally, stop: threading.Event) -> Reason:
    if tally.error is not None:
        return "failed"
    return "interrupted" if stop.is_set() else "completed"


def nothing_read(reason: Reason, error: SourceError | None = None) -> Summary:
    """The summary of a source that gave nothing."""
    return Summary(
        frames=0,
        skipped=0,
        sampled=0,
        clips=0,
        events=0,
        dropped=0,
        decode_errors=0,
        reason=reason,
        error=None if error is None else str(error),
    )


def _none_readable(failures: list[SourceError]) -> SourceError:
    reasons = "; ".join(str(error) for error in failures)
    return SourceError(f"none of {len(failures)} sources could be read: {reasons}")


def source_options(config: RunConfig | EmbedConfig) -> SourceOptions:
    """How patiently to read, out of the settings."""
    return SourceOptions(
        rtsp_transport=config.rtsp_transport,
        open_timeout_seconds=float(config.open_timeout),
        read_timeout_seconds=float(config.read_timeout),
        image_rate=config.image_rate,
    )


def _single_source(source: str | Path | Source, config: RunConfig | EmbedConfig) -> Source:
    if not isinstance(source, str | Path):
        return source
    sources = open_sources(str(source), source_options(config))
    if len(sources) != 1:
        raise ConfigError(
            f"{str(source)!r} holds {len(sources)} videos; take them one by one: "
            f"for source in ghoststream.open_sources({str(source)!r}): ..."
        )
    return sources[0]


def _sample_bytes(sample: Sample) -> int:
    return sample.pixels.nbytes


def _frame_bytes(frame: Frame) -> int:
    return frame.picture.nbytes
