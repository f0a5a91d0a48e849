"""Does a job over many sources, each in one of several worker processes, results in order.

A worker that crashes, which a decoder may on a damaged file, loses its source and no other.
"""

import pickle
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from tempfile import SpooledTemporaryFile
from typing import Any, Generic, Literal, TypeAlias, TypeVar

from ghoststream.errors import SourceError
from ghoststream.runners.crew import Crew, Done, Lost, Send, Work
from ghoststream.runners.local import (
    Job,
    Outcome,
    Progress,
    attempt,
    check_any_read,
    nothing_read,
)
from ghoststream.sinks.sink import Writer
from ghoststream.sources import Source
from ghoststream.types import Header, Summary

Item = TypeVar("Item")

MakeJob: TypeAlias = Callable[[], Job[Item]]
"""Called in each worker; has to be something that can be pickled."""

SPOOL_BYTES = 16 << 20
"""Results of one source that wait in memory for their turn; more wait on disk."""
PROGRESS_INTERVAL_SECONDS = 0.1


def run_in_workers(
    sources: Sequence[Source],
    make_job: MakeJob[Item],
    sink: Writer[Item],
    *,
    workers: int,
    stop: threading.Event,
    progress: Callable[[Progress], None] = lambda _: None,
) -> list[Outcome]:
    """Like `run_sources`, side by side; the sink gets the same in the same order.

    Args:
        sources: what to read.
        make_job: what to do with each.
        sink: takes the results, in this process.
        workers: processes.
        stop: set it, and the sources at hand are ended in order.
        progress: told now and then, of sources in no order.

    Raises:
        SourceError: none of the sources gave a single frame.
        OutputError: a result cannot be written.
    """
    with closing(Crew(partial(_source_work, make_job), workers=workers)) as crew:
        for index, source in enumerate(sources):
            crew.give(index, source)
        outcomes = list(_in_turn(crew, sources, sink, stop, progress))
    check_any_read(outcomes)
    return outcomes


def _in_turn(
    crew: Crew[Source],
    sources: Sequence[Source],
    sink: Writer[Item],
    stop: threading.Event,
    progress: Callable[[Progress], None],
) -> Iterator[Outcome]:
    """Outcomes of sources in their order; their results are written before."""
    spools = [_Spool() for _ in sources]
    accounts = [_Account(source.name) for source in sources]
    for turn, source in enumerate(sources):
        delivery = _Delivery(sink)
        for message in spools[turn].replay():
            delivery.take(message)
        while delivery.outcome is None:
            if stop.is_set():
                crew.stop()
            if not crew.has(turn):
                return  # interrupted before it began
            for index, message in _told(crew, accounts):
                if isinstance(message.content, Progress):
                    progress(message.content)
                elif index == turn:
                    delivery.take(message)
                else:
                    spools[index].add(message)
        if not delivery.has_started and len(sources) > 1:
            sink.lost(source.name, delivery.outcome.summary)
        yield delivery.outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class _Message:
    """From a worker, about the source that it has."""

    kind: Literal["start", "write", "finish", "progress", "outcome"]
    content: object


class _Delivery(Generic[Item]):
    """Hands the messages about one source to the sink."""

    def __init__(self, sink: Writer[Item]) -> None:
        self._sink = sink
        self.has_started = False
        self.outcome: Outcome | None = None

    def take(self, message: _Message) -> None:
        content: Any = message.content
        if message.kind == "start":
            self.has_started = True
            self._sink.start(content)
        elif message.kind == "write":
            self._sink.write(content)
        elif message.kind == "finish":
            self._sink.finish(content)
        else:
            self.outcome = content


class _Spool:
    """Messages about a source whose turn has not come; most of them on disk, if they are many."""

    def __init__(self) -> None:
        self._file: SpooledTemporaryFile[bytes] | None = None

    def add(self, message: _Message) -> None:
        if self._file is None:
            self._file = SpooledTemporaryFile(max_size=SPOOL_BYTES)  # noqa: SIM115 - until replay
        pickle.dump(message, self._file)

    def replay(self) -> Iterator[_Message]:
        if self._file is None:
            return
        with self._file as file:
            end = file.tell()
            file.seek(0)
            while file.tell() < end:
                yield pickle.load(file)


class _Account:
    """What was heard of a source so far, for the case that no more will be."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._has_started = False
        self._frames = self._sampled = 0

    def hear(self, message: _Message) -> None:
        self._has_started |= message.kind == "start"
        if isinstance(message.content, Progress):
            self._frames, self._sampled = message.content.frames, message.content.sampled

    def close(self, lost: Lost) -> list[_Message]:
        """The last messages, in place of those that the process did not send."""
        error = SourceError(
            f"{self._name}: the process that read it was ended {lost.cause}; what came before is "
            "kept. Is the file damaged, or the memory full?"
        )
        summary = replace(nothing_read("failed", error), frames=self._frames, sampled=self._sampled)
        outcome = Outcome(source=self._name, summary=summary, error=error)
        finish = [_Message(kind="finish", content=summary)] if self._has_started else []
        return [*finish, _Message(kind="outcome", content=outcome)]


def _told(crew: Crew[Source], accounts: Sequence[_Account]) -> Iterator[tuple[int, _Message]]:
    """What workers say of their sources, and what is to be said of those that they lose."""
    for index, message in crew.messages():
        if isinstance(message, _Message):
            accounts[index].hear(message)
            yield index, message
        elif isinstance(message, Lost):
            for last in accounts[index].close(message):
                yield index, last
        else:
            assert isinstance(message, Done)


def _source_work(make_job: MakeJob[Item]) -> Work[Source]:
    job = make_job()

    def work(source: Source, send: Send, stop: threading.Event) -> None:
        outcome = _safely(source, job, _Remote(send), stop)
        send(_Message(kind="outcome", content=outcome))

    return work


def _safely(
    source: Source, job: Job[Item], sink: "_Remote[Item]", stop: threading.Event
) -> Outcome:
    try:
        return attempt(source, job, sink, stop, sink.progress)
    except Exception as error:  # noqa: BLE001 - the edge of a worker: one source, not all
        traceback.print_exc()
        lost = SourceError(f"{source.name}: {type(error).__name__}: {error}")
        outcome = Outcome(source=source.name, summary=nothing_read("failed", lost), error=lost)
        if sink.has_started:
            sink.finish(outcome.summary)
        return outcome


class _Remote(Writer[Item]):
    """A sink that sends everything to the parent."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._next_progress = 0.0
        self.has_started = False

    def start(self, header: Header) -> None:
        self.has_started = True
        self._send(_Message(kind="start", content=header))

    def write(self, item: Item) -> None:
        self._send(_Message(kind="write", content=item))

    def finish(self, summary: Summary) -> None:
        self._send(_Message(kind="finish", content=summary))

    def progress(self, progress: Progress) -> None:
        """Now and then; the parent has more to do than to watch."""
        now = time.monotonic()
        if now >= self._next_progress:
            self._next_progress = now + PROGRESS_INTERVAL_SECONDS
            self._send(_Message(kind="progress", content=progress))

    def close(self) -> None:
        return

    def discard(self) -> None:
        return
