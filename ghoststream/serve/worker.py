"""A process that does what strangers ask for: decoding, converting, looking things up.

It may hang, crash or eat memory: it is killed, and the page goes on.

worker = Worker()
picture = await worker.call(decode, path, timeout_seconds=20)
"""

import asyncio
import multiprocessing
import os
import resource
import signal
import threading
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from typing import Any, TypeVar, cast

from ghoststream.errors import Abandoned, Busy, GhostStreamError, WorkerLost
from ghoststream.processes import SPAWN, ending, step_back
from ghoststream.serve.wanted import Wanted, always

T = TypeVar("T")

NICENESS = 10
MEMORY_BYTES = 4 << 30
START_SECONDS = 120.0
"""For the process to come up, on a machine that has much to do."""
FAREWELL_SECONDS = 5.0
"""For a killed process to be gone."""
READY = "ready"
WAITING = 32
"""Calls that wait for their turn; those beyond it are refused."""


@dataclass(frozen=True, slots=True)
class _Returned:
    value: object


@dataclass(frozen=True, slots=True)
class _Raised:
    error: GhostStreamError


@dataclass(frozen=True, slots=True)
class _Failed:
    """A defect, or memory at its end: the process does not go on."""

    sentence: str


class Worker:
    """One process, which does one call at a time; it starts with the first one.

    Args:
        memory_bytes: more than this it cannot have.
    """

    def __init__(self, *, memory_bytes: int = MEMORY_BYTES) -> None:
        self._memory_bytes = memory_bytes
        self._turn = asyncio.Lock()
        self._waiting = 0
        self._process: SpawnProcess | None = None
        self._line: Connection | None = None
        self.restarts = 0
        """Processes that had to be ended."""

    async def call(
        self,
        function: Callable[..., T],
        *args: object,
        timeout_seconds: float,
        is_wanted: Wanted = always,
    ) -> T:
        """Has the process call a function.

        Args:
            function: of a module, so that it can be pickled, as its arguments and result.
            args: for it, in their order.
            timeout_seconds: after which the process is killed; waiting for a turn does not count.
            is_wanted: asked when its turn has come.

        Raises:
            GhostStreamError: what the function raised.
            WorkerLost: it took too long or too much memory, crashed, or raised anything else.
            Busy: too many wait already.
            Abandoned: nobody waits for it any more.
        """
        if self._waiting >= WAITING:
            raise Busy("too many ask for pictures and searches at once; try again in a moment")
        self._waiting += 1
        try:
            async with self._turn:
                if not await is_wanted():
                    raise Abandoned("whoever asked for this has gone; ask again")
                answer = await self._answer((function, args), timeout_seconds)
        finally:
            self._waiting -= 1
        return cast(T, self._result(answer))

    async def _answer(self, request: object, timeout_seconds: float) -> object:
        try:
            async with asyncio.timeout(START_SECONDS):
                process, line = await self._running()
            async with asyncio.timeout(timeout_seconds):
                return await asyncio.to_thread(_exchange, process, line, request)
        except TimeoutError:
            self._kill()
            return _Failed(f"it took more than {timeout_seconds:g} seconds")
        except OSError as error:
            return _Failed(f"there is no room for it: {error.strerror}")
        except asyncio.CancelledError:
            self._kill()  # nobody wants the answer, which the next call would take for its own
            raise

    def _result(self, answer: Any) -> Any:
        if isinstance(answer, _Returned):
            return answer.value
        if isinstance(answer, _Raised):
            raise answer.error
        self._kill()
        raise WorkerLost(f"the process that was to do this was ended: {answer.sentence}")

    async def _running(self) -> tuple[SpawnProcess, Connection]:
        if self._process is None or self._line is None or not self._process.is_alive():
            self._process, self._line = self._started()
            await asyncio.to_thread(_exchange, self._process, self._line, READY)
        return self._process, self._line

    def _started(self) -> tuple[SpawnProcess, Connection]:
        ours, theirs = SPAWN.Pipe()
        arguments = (theirs, self._memory_bytes)
        process = SPAWN.Process(target=_work, args=arguments, name="worker", daemon=True)
        process.start()
        theirs.close()  # so that its end is noticed
        return process, ours

    def _kill(self) -> None:
        """The thread that still listens to it hears its end, and closes the line."""
        if self._process is not None:
            self._process.kill()
            self.restarts += 1
        self._process = self._line = None

    def close(self) -> None:
        """Kills the process, with what it is at."""
        if self._process is not None:
            self._process.kill()
            self._process.join(FAREWELL_SECONDS)
        self._process = self._line = None


def _exchange(process: SpawnProcess, line: Connection, request: object) -> object:
    """Waits for the answer; a process that ends meanwhile gives one, too."""
    try:
        line.send(request)
        return line.recv()
    except (EOFError, OSError):
        process.join(FAREWELL_SECONDS)
        return _Failed(ending(process.exitcode))


def _work(line: Connection, memory_bytes: int) -> None:
    """The whole life of the process."""
    _restrain(memory_bytes)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    while True:
        try:
            request = line.recv()
        except EOFError:
            return
        line.send(request if request == READY else _answered(*request))


def _restrain(memory_bytes: int) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the terminal sends it to all; ours decides
    step_back(NICENESS)
    resource.setrlimit(resource.RLIMIT_DATA, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _end_with_parent() -> None:
    """Also where it has been killed while this process hangs in a call."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    wait([parent.sentinel])
    os._exit(1)


def _answered(function: Callable[..., object], args: tuple[object, ...]) -> object:
    try:
        return _Returned(function(*args))
    except GhostStreamError as error:
        return _Raised(error)
    except MemoryError:
        return _Failed("it needs more memory than it may have")
    except Exception as error:  # noqa: BLE001 - the edge of a worker: one call, not all
        traceback.print_exc()
        return _Failed(f"a defect in GhostStream, {type(error).__name__}")
