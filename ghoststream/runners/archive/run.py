"""Whole archives into a store: what the commands `label` and `embed` call.

summary = run_archive(config, stop=stop, watcher=report)

Only the process that this runs in writes: workers tell it what they find. The log of a video gets
its name first, its rows go to the store next, so what the store calls done has its log. Whatever a
kill leaves unfinished is done again by the next run.
"""

import threading
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from typing import TypeAlias

from ghoststream.address import is_network_address
from ghoststream.archive.database import holds_store
from ghoststream.archive.index import build_index, needs_index
from ghoststream.archive.schema import VIDEOS, Recipe, schemas
from ghoststream.archive.store import Store, open_store
from ghoststream.archive.writer import StoreWriter, VideoRows, open_writer, require_same
from ghoststream.config import ArchiveConfig, deciding_settings
from ghoststream.cores import available_cores
from ghoststream.errors import ConfigError, DecoderCrashed, DecoderHung
from ghoststream.models import choose_device
from ghoststream.pipeline import EventPipeline, build_event_pipeline, pooled_features
from ghoststream.runners.archive.analysis import (
    Began,
    Ended,
    Findings,
    Known,
    Order,
    Pulse,
    Split,
    failed,
    make_analysis,
    sha256_of,
)
from ghoststream.runners.archive.gathering import Gathering
from ghoststream.runners.archive.mirror import Mirror, open_mirror
from ghoststream.runners.archive.parts import Parts
from ghoststream.runners.archive.recall import recall
from ghoststream.runners.archive.summary import ArchiveSummary, ArchiveWatcher
from ghoststream.runners.archive.tally import Tally
from ghoststream.runners.archive.triage import CATALOG_COLUMNS, Catalog, Triage, triaged
from ghoststream.runners.crew import Again, Crew, Done, Lost, Work, Workforce
from ghoststream.sinks.records import plain
from ghoststream.sources import FileSource, open_sources
from ghoststream.sources.archive import (
    ArchiveFile,
    Found,
    GrowingArchive,
    base_of,
    find_files,
)
from ghoststream.sources.grammar import LIST_SUFFIXES

MakeAnalysis: TypeAlias = Callable[[ArchiveConfig, int], Work[Order]]

COMMIT_ROWS = 4096
COMMIT_SECONDS = 2.0
"""Finished videos go to the store together: many small appends would make it slow to read."""
SETTLE_SECONDS = 10.0
"""For which a file must not have grown, where more may come in."""
LOOK_SECONDS = 5.0
"""From one look at a growing archive to the next."""
LOOKS_SHARE = 20
"""The time from one look to the next is so many times the time that a look takes, at least."""
MAX_FRAGMENTS_AT_END = 32
"""Of a table, when a run ends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a run would do."""

    triage: Triage
    problems: tuple[str, ...]
    """Places that could not be looked at."""


def plan_archive(config: ArchiveConfig) -> Plan:
    """What `run_archive` would do; nothing is written.

    Raises:
        GhostStreamError: as `run_archive` would.
    """
    found = find_files(_roots(config), include=config.include, exclude=config.exclude)
    recipe = recipe_of(build_event_pipeline(config))
    catalog = Catalog(())
    if holds_store(config.store, VIDEOS):
        store = open_store(config.store)
        require_same(store.recipe, recipe, config.store)
        catalog = _catalog(store)
    triage = triaged(found.files, catalog, retry_failed=config.retry_failed)
    return Plan(triage=triage, problems=found.problems)


def run_archive(
    config: ArchiveConfig,
    *,
    stop: threading.Event,
    watcher: ArchiveWatcher,
    roots: Sequence[Path] | None = None,
    make_work: MakeAnalysis = make_analysis,
) -> ArchiveSummary:
    """Analyses what is new or changed in an archive.

    Args:
        config: where, what to look for, and where to.
        stop: set it, and what is finished is kept; what is at hand is left to the next run.
        watcher: told of everything.
        roots: files and directories to look through instead of the settings' source.
        make_work: called in each worker, with its number of threads.

    Raises:
        GhostStreamError: settings, weights, or a store that do not hold; a disk that is full.
    """
    roots = _roots(config) if roots is None else roots
    arrivals = _Arrivals(config, roots)
    pipeline = build_event_pipeline(config)
    if pipeline.frames.notice is not None:
        watcher.notice(pipeline.frames.notice)
    with (
        open_mirror(config.out, base=base_of(roots)) as mirror,
        open_writer(config.store, recipe_of(pipeline)) as writer,
        closing(_crew(config, make_work, _due(config, arrivals, writer.store))) as crew,
    ):
        run = _Run(pipeline, writer, mirror, crew, watcher, retry_failed=config.retry_failed)
        try:
            run.go(arrivals, stop)
        finally:
            run.discard()
        return run.conclude(is_interrupted=stop.is_set())


def _due(config: ArchiveConfig, arrivals: "_Arrivals", store: Store) -> int | None:
    """How many files there are to analyse; None where nobody knows what will come."""
    if arrivals.first is None:
        return None
    triage = triaged(arrivals.first.files, _catalog(store), retry_failed=config.retry_failed)
    return len(triage.due)


def recipe_of(pipeline: EventPipeline) -> Recipe:
    """How the vectors that a pipeline makes are made."""
    config, runtime, head = pipeline.config, pipeline.frames.runtime, pipeline.head
    settings = deciding_settings(config)
    return Recipe(
        model=runtime.info.name,
        weights_sha256=runtime.info.sha256,
        preprocessing=plain(runtime.info.preprocessing),
        configuration={
            **{key: value for key, value in settings.items() if key not in ("model", "weights")},
            "head": None if config.head is None else sha256_of(config.head),
            "pool": head.pooling,
        },
        frame_features=runtime.num_features,
        clip_features=pooled_features(head, runtime.num_features),
    )


class _Arrivals:
    """Files of an archive, as they come in.

    Raises:
        SourceNotFound: there is nothing, and nothing more will come.
    """

    def __init__(self, config: ArchiveConfig, roots: Sequence[Path]) -> None:
        include, exclude = config.include, config.exclude
        self.first: Found | None = None
        """All that will come, where no more will; until it is looked at."""
        self._growing: GrowingArchive | None = None
        if config.watch:
            self._growing = GrowingArchive(
                roots, include=include, exclude=exclude, settle_seconds=SETTLE_SECONDS
            )
        else:
            self.first = find_files(roots, include=include, exclude=exclude)
        self._next_look = time.monotonic()

    @property
    def is_over(self) -> bool:
        """Whether no more will come."""
        return self._growing is None and self.first is None

    def look(self) -> Found | None:
        """What is new; None where it is too early to look again."""
        if self._growing is None:
            found, self.first = self.first, None
            return found
        began = time.monotonic()
        if began < self._next_look:
            return None
        found = self._growing.look()
        # A look at a large tree takes its time, of which little is to be spent on it.
        took = time.monotonic() - began
        self._next_look = began + max(LOOK_SECONDS, LOOKS_SHARE * took)
        return found


class _Run:
    """One pass over an archive, and what has come of it so far."""

    def __init__(
        self,
        pipeline: EventPipeline,
        writer: StoreWriter,
        mirror: Mirror,
        crew: Workforce[Order],
        watcher: ArchiveWatcher,
        *,
        retry_failed: bool,
    ) -> None:
        self._writer, self._mirror, self._crew, self._watcher = writer, mirror, crew, watcher
        self._pipeline, self._retry_failed = pipeline, retry_failed
        self._schemas = schemas(writer.store.recipe)
        self._catalog = _catalog(writer.store)
        self._numbers = count()
        self._orders: dict[int, Order] = {}
        """Those that are not at their end, by their number."""
        self._begun: set[int] = set()
        self._over: set[int] = set()
        self._gatherings: dict[int, Gathering] = {}
        self._parts: dict[int, tuple[Parts, int]] = {}
        """By the number of an order: what it is a part of, and which one."""
        self._commits = _Commits(writer, self._catalog)
        self._tally = Tally()

    def go(self, arrivals: _Arrivals, stop: threading.Event) -> None:
        """Until all is done that has arrived, and no more will."""
        while not stop.is_set():
            found = arrivals.look()
            if found is not None and (found.files or found.problems):
                self._take(found)
            if arrivals.is_over and not self._crew.tasks:
                break
            for index, message in self._crew.messages():
                self._hear(index, message)
            self._commits.flush_if_due()
        self._commits.flush()

    def discard(self) -> None:
        """Gives up what is not finished."""
        for gathering in self._gatherings.values():
            gathering.discard()

    def conclude(self, *, is_interrupted: bool) -> ArchiveSummary:
        """Leaves the store and the logs fit for reading."""
        self._writer.compact_if_scattered(MAX_FRAGMENTS_AT_END)
        if needs_index(self._writer.store):
            build_index(self._writer.store)
        summary = self._tally.summary(self._writer.store, is_interrupted=is_interrupted)
        self._mirror.conclude(summary.as_dict())
        return summary

    def _take(self, found: Found) -> None:
        for problem in found.problems:
            self._watcher.notice(problem)
        triage = triaged(found.files, self._catalog, retry_failed=self._retry_failed)
        self._mirror.write_missing(self._writer.store, [*triage.done, *triage.failed])
        self._tally.take(found, triage)
        self._watcher.expect(
            files=len(triage.due),
            size_bytes=sum(file.size_bytes for file in triage.due),
            already_done=len(triage.done),
            failed_before=len(triage.failed),
        )
        for file in triage.due:
            order = Order(file=file, known=self._catalog.contents_like(file))
            self._give(order)

    def _give(self, order: Order) -> int:
        index = next(self._numbers)
        self._orders[index] = order
        self._crew.give(index, order)
        return index

    def _hear(self, index: int, message: object) -> None:
        if index in self._over:
            # A worker that has gone behind its last word, and what another one says then.
            if isinstance(message, Done | Lost):
                self._orders.pop(index, None)
            return
        if isinstance(message, Ended | Known | Split | Lost):
            self._over.add(index)
        if index in self._parts:
            self._hear_of_part(*self._parts[index], self._orders[index], message)
            return
        file = self._orders[index].file
        if index not in self._begun:
            self._begun.add(index)
            self._watcher.begin(file.relative)
        if isinstance(message, Pulse):
            self._watcher.progress(file.relative, frames=message.frames, seconds=message.seconds)
        elif isinstance(message, Began):
            self._gathering(index).begin(message.header, message.content_sha256)
        elif isinstance(message, Findings):
            self._gathering(index).add(message.findings)
        elif isinstance(message, Known):
            self._recall(file, message.content_sha256)
        elif isinstance(message, Ended):
            self._end(index, message)
        elif isinstance(message, Lost):
            self._end(index, failed(_lost(self._orders[index], message)))
        elif isinstance(message, Split):
            self._split(self._orders[index], message)
        elif isinstance(message, Again):
            self._begin_anew(index)
        else:
            assert isinstance(message, Done)

    def _gathering(self, index: int) -> Gathering:
        if index not in self._gatherings:
            order = self._orders[index]
            log = self._mirror.path_of(order.file)
            self._gatherings[index] = Gathering(order, self._schemas, log)
        return self._gatherings[index]

    def _split(self, order: Order, split: Split) -> None:
        parts = Parts(split)
        for number, samples in enumerate(split.parts):
            index = self._give(replace(order, part=samples))
            self._parts[index] = parts, number

    def _hear_of_part(self, parts: Parts, number: int, order: Order, message: object) -> None:
        if isinstance(message, Lost):
            message = failed(_lost(order, message))
        parts.hear(number, message)
        if isinstance(message, Pulse | Findings):
            pulse = parts.pulse()
            self._watcher.progress(order.file.relative, frames=pulse.frames, seconds=pulse.seconds)
        elif isinstance(message, Ended) and parts.is_complete:
            self._join(parts, replace(order, part=None, may_be_split=False))

    def _join(self, parts: Parts, order: Order) -> None:
        """Makes one video of its parts, or begins anew if they are not what was foretold."""
        self._parts = {index: of for index, of in self._parts.items() if of[0] is not parts}
        header = parts.header()
        if header is None:
            self._begun.add(self._give(order))
            return
        index = next(self._numbers)
        self._orders[index] = order
        findings = list(parts.findings(self._pipeline, source=order.source))
        gathering = self._gathering(index)
        gathering.begin(header, parts.content_sha256)
        gathering.add(findings)
        self._end(index, parts.ended(findings))
        del self._orders[index]

    def _begin_anew(self, index: int) -> None:
        gathering = self._gatherings.pop(index, None)
        if gathering is not None:
            gathering.discard()

    def _end(self, index: int, ended: Ended) -> None:
        gathering, file = self._gathering(index), self._orders[index].file
        del self._gatherings[index]
        if ended.is_passing:
            gathering.discard()
        else:
            self._commits.add(gathering.end(ended))
        self._tell(file, ended)

    def _tell(self, file: ArchiveFile, ended: Ended) -> None:
        size_bytes, summary = file.size_bytes, ended.summary
        if summary.error is None:
            seconds = ended.duration_seconds
            self._tally.add(summary, seconds)
            self._watcher.done(
                file.relative, size_bytes=size_bytes, summary=summary, seconds_of_video=seconds
            )
        else:
            self._tally.add_failure(file, summary.error)
            self._watcher.failed(file.relative, size_bytes=size_bytes, error=summary.error)

    def _recall(self, file: ArchiveFile, content_sha256: str) -> None:
        """The store holds the content of a file already, under whatever path."""
        self._commits.flush()
        known = self._catalog.holding(content_sha256, file)
        (row,) = self._writer.store.videos(f"video = '{known.video}'").to_pylist()
        self._commits.add(recall(self._writer.store, row, file))
        self._commits.flush()
        if known.path != file.path and not known.path.exists():
            self._writer.forget([known.video])
            self._catalog.drop(known.path)
            self._mirror.drop(known.path)
        self._mirror.write_missing(self._writer.store, [file])
        self._tally.moved += 1
        self._watcher.moved(file.relative, size_bytes=file.size_bytes)


class _Commits:
    """Finished videos on their way to the store."""

    def __init__(self, writer: StoreWriter, catalog: Catalog) -> None:
        self._writer, self._catalog = writer, catalog
        self._videos: list[VideoRows] = []
        self._rows = 0
        self._since = 0.0

    def add(self, video: VideoRows) -> None:
        if not self._videos:
            self._since = time.monotonic()
        self._videos.append(video)
        self._rows += video.frames.num_rows + video.clips.num_rows

    def flush_if_due(self) -> None:
        is_old = time.monotonic() - self._since > COMMIT_SECONDS
        if self._videos and (is_old or self._rows > COMMIT_ROWS):
            self.flush()

    def flush(self) -> None:
        if self._videos:
            self._writer.append(self._videos)
            self._writer.compact_if_scattered()
            for video in self._videos:
                self._catalog.put(video.row)
            self._videos, self._rows = [], 0


def _catalog(store: Store) -> Catalog:
    return Catalog(store.videos(columns=CATALOG_COLUMNS).to_pylist())


def _roots(config: ArchiveConfig) -> list[Path]:
    return [path for address in config.source for path in _paths(address)]


def _paths(address: str) -> list[Path]:
    if is_network_address(address):
        # Not shown, since it may hold a password.
        raise ConfigError("an archive is made of files and directories; an address is for `run`")
    path = Path(address)
    if path.suffix.lower() not in LIST_SUFFIXES or not path.is_file():
        return [path]
    sources = open_sources(address)
    if other := [source.name for source in sources if not isinstance(source, FileSource)]:
        raise ConfigError(f"{address}: {other[0]} is no video file, as an archive is made of")
    return [source.path for source in sources if isinstance(source, FileSource)]


def _crew(config: ArchiveConfig, make_work: MakeAnalysis, due: int | None) -> Workforce[Order]:
    if config.engine == "local":
        return _local_crew(config, make_work, due)
    if find_spec("ray") is None:
        raise ConfigError("--engine ray needs Ray: pip install 'ghoststream[ray]'")
    # Here, because Ray takes a second to load, and need not be there.
    from ghoststream.runners.ray_runner import analysing_crew

    return analysing_crew(config, make_work)


def _local_crew(config: ArchiveConfig, make_work: MakeAnalysis, due: int | None) -> Crew[Order]:
    on_processor = choose_device(config.device) in ("cpu", "reference")
    # A graphics card is fed by the decoders of one process.
    wanted = config.workers or (available_cores() if on_processor else 1)
    # Where there are fewer files than cores, threads within a file take the others.
    workers = wanted if due is None else min(wanted, max(1, due))
    return Crew(
        partial(make_work, config, max(1, available_cores() // workers)),
        workers=workers,
        patience_seconds=float(config.file_timeout),
    )


def _lost(order: Order, lost: Lost) -> DecoderHung | DecoderCrashed:
    if lost.is_late:
        return DecoderHung(
            f"{order.source}: nothing more came of it for too long, so its process was ended; is "
            "it damaged? --file-timeout gives it more time"
        )
    return DecoderCrashed(
        f"{order.source}: the process that read it was ended {lost.cause}; is the file damaged, or "
        "the memory full?"
    )
