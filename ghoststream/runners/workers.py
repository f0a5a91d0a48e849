"""Does a job over many sources, each in one of several worker processes, results in order.

A worker that crashes, which a decoder may on a damaged file, loses its source and no other.
"""

import multiprocessing
import os
import pickle
import signal
import threading
import time
import traceback
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from queue import SimpleQueue
from tempfile import SpooledTemporaryFile
from typing import Any, Generic, Literal, TypeAlias, TypeVar, cast

from ghoststream.errors import SourceError
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

# A copy of this process (fork) would hold the locks of its threads.
CONTEXT = multiprocessing.get_context("spawn")
STOP = "stop"
SPOOL_BYTES = 16 << 20
"""Results of one source that wait in memory for their turn; more wait on disk."""
PROGRESS_INTERVAL_SECONDS = 0.1
POLL_SECONDS = 0.1
PATIENCE_SECONDS = 10.0
"""For a worker to end, once it has nothing to do."""


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
    with closing(_Crew(sources, make_job, workers)) as crew:
        outcomes = list(_in_turn(crew, sources, sink, stop, progress))
    check_any_read(outcomes)
    return outcomes


def _in_turn(
    crew: "_Crew[Item]",
    sources: Sequence[Source],
    sink: Writer[Item],
    stop: threading.Event,
    progress: Callable[[Progress], None],
) -> Iterator[Outcome]:
    """Outcomes of sources in their order; their results are written before."""
    spools = [_Spool() for _ in sources]
    for turn, source in enumerate(sources):
        delivery = _Delivery(sink)
        for message in spools[turn].replay():
            delivery.take(message)
        while delivery.outcome is None:
            if stop.is_set():
                crew.stop()
            if not crew.has(turn):
                return  # interrupted before it began
            for index, message in crew.messages():
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


@dataclass(slots=True, kw_only=True)
class _Worker:
    """A process, and the source that it is at."""

    process: SpawnProcess
    connection: Connection
    index: int | None = None
    has_started: bool = False
    frames: int = 0
    sampled: int = 0


class _Crew(Generic[Item]):
    """Workers, each with a source as long as there are some."""

    def __init__(self, sources: Sequence[Source], make_job: MakeJob[Item], workers: int) -> None:
        self._sources, self._make_job = sources, make_job
        self._waiting = deque(range(len(sources)))
        self._is_stopping = False
        self._workers = [self._hire() for _ in range(min(workers, len(sources)))]

    def has(self, index: int) -> bool:
        """Whether somebody is at this source, or will be."""
        return index in self._waiting or any(worker.index == index for worker in self._workers)

    def messages(self) -> Iterator[tuple[int, _Message]]:
        """What has come in, after a short wait; index of the source, and message."""
        by_connection = {worker.connection: worker for worker in self._workers}
        for connection in wait(list(by_connection), timeout=POLL_SECONDS):
            worker = by_connection[cast(Connection, connection)]
            index = worker.index
            for message in self._received(worker):
                assert index is not None
                yield index, message

    def stop(self) -> None:
        """Ends the sources at hand in order, and begins no other."""
        if not self._is_stopping:
            self._is_stopping = True
            self._waiting.clear()
            for worker in self._workers:
                _tell(worker, STOP)

    def close(self) -> None:
        """Lets the workers go; those that have not finished are ended."""
        for worker in self._workers:
            worker.connection.close()
        for worker in self._workers:
            worker.process.join(PATIENCE_SECONDS)
            if worker.process.is_alive():
                worker.process.kill()
                worker.process.join()

    def _received(self, worker: _Worker) -> list[_Message]:
        try:
            message: _Message = worker.connection.recv()
        except (EOFError, ConnectionResetError):
            return self._bury(worker)
        worker.has_started |= message.kind == "start"
        if isinstance(message.content, Progress):
            worker.frames, worker.sampled = message.content.frames, message.content.sampled
        if message.kind == "outcome":
            self._give_work(worker)
        return [message]

    def _hire(self) -> _Worker:
        ours, theirs = CONTEXT.Pipe()
        process = CONTEXT.Process(target=_work, args=(theirs, self._make_job), daemon=True)
        process.start()
        theirs.close()
        worker = _Worker(process=process, connection=ours)
        self._give_work(worker)
        return worker

    def _give_work(self, worker: _Worker) -> None:
        worker.index = self._waiting.popleft() if self._waiting else None
        worker.has_started, worker.frames, worker.sampled = False, 0, 0
        if worker.index is not None:
            _tell(worker, self._sources[worker.index])

    def _bury(self, worker: _Worker) -> list[_Message]:
        """A worker that has died: its source is lost, and another one takes its place."""
        worker.connection.close()
        worker.process.join()
        self._workers.remove(worker)
        if worker.index is None:
            return []
        if self._waiting:
            self._workers.append(self._hire())
        outcome = _died(self._sources[worker.index].name, worker)
        finish = [_Message(kind="finish", content=outcome.summary)] if worker.has_started else []
        return [*finish, _Message(kind="outcome", content=outcome)]


def _tell(worker: _Worker, order: object) -> None:
    # One that has just died is noticed where its messages are read.
    with suppress(BrokenPipeError, ConnectionResetError):
        worker.connection.send(order)


def _died(name: str, worker: _Worker) -> Outcome:
    code = worker.process.exitcode or 0
    cause = f"by {signal.Signals(-code).name}" if code < 0 else f"with exit code {code}"
    error = SourceError(
        f"{name}: the process that read it was ended {cause}; what came before is kept. "
        "Is the file damaged, or the memory full?"
    )
    summary = replace(nothing_read("failed", error), frames=worker.frames, sampled=worker.sampled)
    return Outcome(source=name, summary=summary, error=error)


def _work(connection: Connection, make_job: MakeJob[Item]) -> None:
    """A worker's whole life."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches us as a message, in order
    stop = threading.Event()
    tasks: SimpleQueue[Source] = SimpleQueue()
    threading.Thread(target=_listen, args=(connection, tasks, stop), daemon=True).start()
    job = make_job()
    while True:
        source = tasks.get()
        outcome = _safely(source, job, _Remote(connection), stop)
        connection.send(_Message(kind="outcome", content=outcome))


def _listen(connection: Connection, tasks: "SimpleQueue[Source]", stop: threading.Event) -> None:
    """Takes in what the parent says; without a parent there is nothing left to do."""
    while True:
        try:
            order = connection.recv()
        except (EOFError, OSError):
            os._exit(0)
        if order == STOP:
            stop.set()
        else:
            tasks.put(order)


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

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._next_progress = 0.0
        self.has_started = False

    def start(self, header: Header) -> None:
        self.has_started = True
        self._connection.send(_Message(kind="start", content=header))

    def write(self, item: Item) -> None:
        self._connection.send(_Message(kind="write", content=item))

    def finish(self, summary: Summary) -> None:
        self._connection.send(_Message(kind="finish", content=summary))

    def progress(self, progress: Progress) -> None:
        """Now and then; the parent has more to do than to watch."""
        now = time.monotonic()
        if now >= self._next_progress:
            self._next_progress = now + PROGRESS_INTERVAL_SECONDS
            self._connection.send(_Message(kind="progress", content=progress))

    def close(self) -> None:
        return

    def discard(self) -> None:
        return
