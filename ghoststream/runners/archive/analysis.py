"""What a worker does with a file of an archive, and what it tells of it.

    Began, Findings..., Ended     a file was analysed
    Known                         its content was analysed before
    Split                         it is long, and to be analysed in parts
    Ended                         nothing could be had of it

Anything that is sent, a `Pulse` if nothing else, says that the file is still coming forward.
"""

import hashlib
import math
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

from ghoststream.config import ArchiveConfig
from ghoststream.errors import GhostStreamError, SourceError, SourceNotFound, SourceUnreadable
from ghoststream.pipeline import EventPipeline, build_event_pipeline
from ghoststream.runners.crew import Send, Work
from ghoststream.runners.local import Job, Progress, attempt, finding_job, nothing_read, part_job
from ghoststream.sinks.sink import Writer
from ghoststream.sources import FileSource
from ghoststream.sources.archive import ArchiveFile
from ghoststream.sources.file import shown
from ghoststream.sources.source import Stream
from ghoststream.types import Finding, Header, SampledFrame, Summary

LONG_SECONDS = 1200.0
"""Of video; a longer one is cut into parts of about this length, so that no core waits for it."""
FINDINGS_A_MESSAGE = 64
PULSE_SECONDS = 1.0
HASH_BYTES = 16 << 20
"""Read at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A file to be analysed."""

    file: ArchiveFile
    known: frozenset[str] = frozenset()
    """SHA-256 of contents that need no analysis, since the store holds what comes of them."""
    may_be_split: bool = True
    """Whether to ask for parts, if the video is long."""
    part: range | None = None
    """Numbers of the samples to look at; None for all of them."""

    @property
    def source(self) -> str:
        """What outputs call it."""
        return shown(self.file.relative)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pulse:
    """The file is still coming forward."""

    frames: int = 0
    """Good ones so far."""
    seconds: float = 0
    """Of the video so far."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """The content is one of those that need no analysis."""

    content_sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Began:
    """The first frame is there."""

    header: Header
    content_sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """Some more of what was found."""

    findings: list[Finding]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """All has been said of the file."""

    summary: Summary
    error_code: str | None = None
    """Of the error, where the summary holds one."""
    content_sha256: str | None = None
    duration_seconds: float = 0
    """Of the video."""
    is_passing: bool = False
    """Whether the file itself was another one at the end, so that its failure says nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """The file is long: several workers are to look at parts of it, side by side."""

    content_sha256: str
    parts: tuple[range, ...]
    """Numbers of samples."""
    skipped: int
    """Frames of the whole that need no decoding."""


def make_analysis(config: ArchiveConfig, threads: int) -> Work[Order]:
    """What a worker does with each file.

    Args:
        config: what to look for.
        threads: of the processor that the worker may use.
    """
    pipeline = build_event_pipeline(config, threads=threads)

    def work(order: Order, send: Send, stop: threading.Event) -> None:
        try:
            _analyse(order, pipeline, send, stop, threads)
        except Exception as error:  # noqa: BLE001 - the edge of a worker: one file, not all
            traceback.print_exc()
            send(failed(SourceError(f"{order.source}: {type(error).__name__}: {error}")))

    return work


def failed(error: GhostStreamError, *, is_passing: bool = False) -> Ended:
    """The end of a file of which nothing could be had."""
    summary = replace(nothing_read("failed"), error=str(error))
    return Ended(summary=summary, error_code=error.code, is_passing=is_passing)


def _analyse(
    order: Order, pipeline: EventPipeline, send: Send, stop: threading.Event, threads: int
) -> None:
    file = FileSource(path=order.file.path, title=order.source, threads=threads, is_repeatable=True)
    if order.part is not None:
        # Who has asked for it has seen to the content.
        _look_at(order, file, part_job(pipeline, order.part), send, stop, "")
        return
    try:
        content_sha256 = sha256_of(order.file.path, on_chunk=lambda: send(Pulse()))
    except OSError as error:
        send(_unreadable(order, error))
        return
    if content_sha256 in order.known:
        send(Known(content_sha256=content_sha256))
        return
    split = _split(file, pipeline, content_sha256, send) if order.may_be_split else None
    if split is not None:
        send(split)
        return
    _look_at(order, file, finding_job(pipeline), send, stop, content_sha256)


def _split(
    file: FileSource, pipeline: EventPipeline, content_sha256: str, send: Send
) -> Split | None:
    """Into which parts to cut a file; None to leave it whole."""
    try:
        return _parts_of(file, pipeline, content_sha256, send)
    except SourceError:
        return None  # which is told of the whole


def _parts_of(
    file: FileSource, pipeline: EventPipeline, content_sha256: str, send: Send
) -> Split | None:
    frames = pipeline.frames
    if frames.sampling.sampler().is_counting:
        return None  # each part would have to decode all before it
    seconds = float(file.declared_duration() or 0)
    if seconds <= LONG_SECONDS:
        return None
    outline = file.outline(frames.sampling, lambda: send(Pulse()))
    if outline is None:
        return None
    parts = frames.parts(outline.samples, math.ceil(seconds / LONG_SECONDS))
    if len(parts) < 2:
        return None
    return Split(content_sha256=content_sha256, parts=parts, skipped=outline.skipped)


def _look_at(
    order: Order,
    file: FileSource,
    job: Job[Finding] | Job[SampledFrame],
    send: Send,
    stop: threading.Event,
    content_sha256: str,
) -> None:
    source, teller = _Felt(file), _Teller(send, content_sha256)
    with _pulse_of(source, send):
        outcome = attempt(source, cast(Job[Finding], job), teller, stop, source.progress)
    if _has_changed(order.file):
        changed = f"{order.source}: the file changed while it was read; run again once it rests"
        send(failed(SourceError(changed), is_passing=True))
        return
    send(
        Ended(
            summary=outcome.summary,
            error_code=None if outcome.error is None else outcome.error.code,
            content_sha256=content_sha256,
            duration_seconds=teller.duration_seconds,
        )
    )


def sha256_of(path: Path, *, on_chunk: Callable[[], None] = lambda: None) -> str:
    """SHA-256 of a file's content.

    Raises:
        OSError: it cannot be read.
    """
    digest = hashlib.sha256()
    with path.open("rb", buffering=0) as file:
        while chunk := file.read(HASH_BYTES):
            digest.update(chunk)
            on_chunk()
    return digest.hexdigest()


def _unreadable(order: Order, error: OSError) -> Ended:
    if isinstance(error, FileNotFoundError):
        gone = f"{order.source}: it has gone since the archive was looked through"
        return failed(SourceNotFound(gone), is_passing=True)
    reason = error.strerror or str(error)
    return failed(SourceUnreadable(f"{order.source}: {reason}; check its permissions and the disk"))


def _has_changed(file: ArchiveFile) -> bool:
    try:
        status = file.path.stat()
    except OSError:
        return True
    return (status.st_size, status.st_mtime_ns) != (file.size_bytes, file.mtime_ns)


class _Felt:
    """A source whose pulse can be taken while it is read."""

    is_live = False

    def __init__(self, source: FileSource) -> None:
        self._source = source
        self._stream: Stream | None = None
        self._seconds = 0.0

    @property
    def name(self) -> str:
        return self._source.name

    def open(self) -> Stream:
        self._stream = self._source.open()
        return self._stream

    def progress(self, progress: Progress) -> None:
        """Told of each sample."""
        self._seconds = float(progress.time)

    def pulse(self) -> Pulse:
        frames = 0 if self._stream is None else self._stream.counts.frames
        return Pulse(frames=frames, seconds=self._seconds)


@contextmanager
def _pulse_of(source: _Felt, send: Send) -> Iterator[None]:
    """Tells every second how far the source is, if it has come forward.

    A decoder may work for long before the next sample is due; one that hangs gives no pulse.
    """
    is_over = threading.Event()

    def watch() -> None:
        last = Pulse()
        while not is_over.wait(PULSE_SECONDS):
            pulse = source.pulse()
            if pulse != last:
                send(pulse)
            last = pulse

    thread = threading.Thread(target=watch, name="pulse", daemon=True)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()


class _Teller(Writer[Finding]):
    """A sink that tells the parent."""

    def __init__(self, send: Send, content_sha256: str) -> None:
        self._send, self._content_sha256 = send, content_sha256
        self._findings: list[Finding] = []
        self.duration_seconds = 0.0

    def start(self, header: Header) -> None:
        self.duration_seconds = float(header.stream.duration or 0)
        self._send(Began(header=header, content_sha256=self._content_sha256))

    def write(self, item: Finding) -> None:
        self._findings.append(item)
        if len(self._findings) == FINDINGS_A_MESSAGE:
            self._flush()

    def finish(self, summary: Summary) -> None:
        self._flush()

    def close(self) -> None:
        return

    def discard(self) -> None:
        return

    def _flush(self) -> None:
        if self._findings:
            self._send(Findings(findings=self._findings))
            self._findings = []
