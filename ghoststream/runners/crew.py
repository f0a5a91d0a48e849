"""Processes that do one task each at a time; a task that kills its process costs no other.

with closing(Crew(make_work, workers=2)) as crew:
    crew.give(0, task)
    while crew.has(0):
        for index, message in crew.messages(): ...
"""

import os
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from queue import SimpleQueue
from typing import Any, Generic, Protocol, TypeAlias, TypeVar, cast

from ghoststream.processes import SPAWN, ending

Task = TypeVar("Task")
Taken = TypeVar("Taken", contravariant=True)

Send: TypeAlias = Callable[[object], None]
"""Gives something to the parent, as soon as there is room for it."""
Work: TypeAlias = Callable[[Task, Send, threading.Event], None]
"""Does a task, sends what comes of it, and ends in order once the event is set."""
MakeWork: TypeAlias = Callable[[], Work[Task]]
"""Called in each worker; has to be something that can be pickled."""

STOP = "stop"
READY = "ready"
POLL_SECONDS = 0.1
FAREWELL_SECONDS = 10.0
"""For a worker to end, once it has nothing to do."""


@dataclass(frozen=True, slots=True)
class Done:
    """A task has come to its end; nothing more will be heard of it."""


@dataclass(frozen=True, slots=True)
class Lost:
    """A task whose process was ended; nothing more will be heard of it."""

    cause: str
    """What happened to the process: `was ended by SIGSEGV`."""
    is_late: bool = False
    """Whether it was ended by us, since nothing was heard of it for too long."""


@dataclass(frozen=True, slots=True)
class Again:
    """A task is begun anew, since the machine that was at it has gone.

    What was sent of it so far does not count.
    """


class Workforce(Protocol[Taken]):
    """Workers somewhere that do one task each at a time: processes here, or a cluster."""

    @property
    def tasks(self) -> int:
        """That are not at their end."""
        ...

    def has(self, index: int) -> bool:
        """Whether somebody is at this task, or will be."""
        ...

    def give(self, index: int, task: Taken) -> None:
        """Adds a task, under a number that no other one has."""
        ...

    def messages(self) -> Iterator[tuple[int, Any]]:
        """What has come in, after a short wait: number of the task and what was sent of it.

        The last of each task is a `Done` or a `Lost`; an `Again` takes back what came before it.
        """
        ...

    def stop(self) -> None:
        """Ends the tasks at hand in order, and begins no other."""
        ...

    def close(self) -> None:
        """Lets the workers go; what they are at is given up."""
        ...


@dataclass(slots=True, kw_only=True)
class _Worker:
    """A process, and the task that it is at."""

    process: SpawnProcess
    connection: Connection
    index: int | None = None
    is_ready: bool = False
    heard_at: float = field(default_factory=time.monotonic)
    is_late: bool = False


class Crew(Generic[Task]):
    """Workers, each with a task as long as there are some.

    Args:
        make_work: makes what a worker does with each task.
        workers: processes, at most.
        patience_seconds: a process from which nothing is heard for so long, while it is at a task,
            is ended; None waits for ever.
    """

    def __init__(
        self, make_work: MakeWork[Task], *, workers: int, patience_seconds: float | None = None
    ) -> None:
        self._make_work, self._most = make_work, workers
        self._patience_seconds = patience_seconds
        self._waiting: deque[tuple[int, Task]] = deque()
        self._workers: list[_Worker] = []
        self._is_stopping = False

    @property
    def tasks(self) -> int:
        """That are not at their end."""
        return len(self._waiting) + sum(worker.index is not None for worker in self._workers)

    def has(self, index: int) -> bool:
        """Whether somebody is at this task, or will be."""
        at_hand = any(worker.index == index for worker in self._workers)
        return at_hand or any(index == waiting for waiting, _ in self._waiting)

    def give(self, index: int, task: Task) -> None:
        """Adds a task, under a number that no other one has."""
        if self._is_stopping:
            return
        self._waiting.append((index, task))
        idle = next((worker for worker in self._workers if worker.index is None), None)
        if idle is not None:
            self._assign(idle)
        elif len(self._workers) < self._most:
            self._workers.append(self._hire())

    def messages(self) -> Iterator[tuple[int, Any]]:
        """What has come in, after a short wait: number of the task and what was sent of it.

        The last message of each task is `Done` or `Lost`.
        """
        self._end_late()
        by_connection = {worker.connection: worker for worker in self._workers}
        for connection in wait(list(by_connection), timeout=POLL_SECONDS):
            worker = by_connection[cast(Connection, connection)]
            index = worker.index
            for message in self._received(worker):
                assert index is not None
                yield index, message

    def stop(self) -> None:
        """Ends the tasks at hand in order, and begins no other."""
        if not self._is_stopping:
            self._is_stopping = True
            self._waiting.clear()
            for worker in self._workers:
                _tell(worker, STOP)

    def close(self) -> None:
        """Lets the workers go; what they are at is given up."""
        for worker in self._workers:
            worker.connection.close()
        for worker in self._workers:
            worker.process.join(FAREWELL_SECONDS)
            if worker.process.is_alive():
                worker.process.kill()
                worker.process.join()

    def _received(self, worker: _Worker) -> list[object]:
        try:
            message = worker.connection.recv()
        except (EOFError, ConnectionResetError):
            return self._bury(worker)
        worker.heard_at = time.monotonic()
        if message == READY:
            worker.is_ready = True
            return []
        if isinstance(message, Done):
            self._assign(worker)
        return [message]

    def _hire(self) -> _Worker:
        ours, theirs = SPAWN.Pipe()
        process = SPAWN.Process(target=_work, args=(theirs, self._make_work), daemon=True)
        process.start()
        theirs.close()
        worker = _Worker(process=process, connection=ours)
        self._assign(worker)
        return worker

    def _assign(self, worker: _Worker) -> None:
        worker.index = None
        if self._waiting:
            worker.index, task = self._waiting.popleft()
            worker.heard_at = time.monotonic()
            _tell(worker, task)

    def _end_late(self) -> None:
        if self._patience_seconds is None:
            return
        latest = time.monotonic() - self._patience_seconds
        for worker in self._workers:
            # What was sent and not yet received is a sign of life, too.
            is_silent = worker.heard_at < latest and not worker.connection.poll()
            if worker.is_ready and worker.index is not None and is_silent:
                worker.is_late = True
                worker.process.kill()

    def _bury(self, worker: _Worker) -> list[object]:
        """A worker that has died: its task is lost, and another one takes its place."""
        worker.connection.close()
        worker.process.join()
        self._workers.remove(worker)
        if self._waiting:
            self._workers.append(self._hire())
        return (
            []
            if worker.index is None
            else [Lost(ending(worker.process.exitcode), is_late=worker.is_late)]
        )


def _tell(worker: _Worker, order: object) -> None:
    # One that has just died is noticed where its messages are read.
    with suppress(BrokenPipeError, ConnectionResetError):
        worker.connection.send(order)


def _work(connection: Connection, make_work: MakeWork[Task]) -> None:
    """A worker's whole life."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches us as a message, in order
    stop = threading.Event()
    tasks: SimpleQueue[Task] = SimpleQueue()
    threading.Thread(target=_listen, args=(connection, tasks, stop), daemon=True).start()
    send = _Sender(connection)
    work = make_work()
    send(READY)
    while True:
        work(tasks.get(), send, stop)
        send(Done())


class _Sender:
    """Sends from any thread, one message after the other."""

    def __init__(self, connection: Connection) -> None:
        self._connection, self._lock = connection, threading.Lock()

    def __call__(self, message: object) -> None:
        with self._lock:
            self._connection.send(message)


def _listen(connection: Connection, tasks: "SimpleQueue[Task]", stop: threading.Event) -> None:
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
