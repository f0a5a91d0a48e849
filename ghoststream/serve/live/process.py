"""The process that watches the cameras, as the page sees it.

launcher = Launcher()
process = await launcher.launch(spec)
while (message := await process.receive()) is not None: ...
cause = await process.ended()
"""

import asyncio
import atexit
import pickle
import signal
import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from multiprocessing import resource_tracker
from multiprocessing.context import SpawnProcess
from typing import TypeAlias, cast

from ghoststream.processes import SPAWN, ending
from ghoststream.runners.live.line import LENGTH
from ghoststream.serve.live.life import watch_cameras
from ghoststream.serve.live.messages import FromWatcher, StopWatching, ToWatcher, WatchSpec

MAX_UNSENT_BYTES = 1 << 16
"""Of commands to a process that does not listen; more are given up."""
END_SECONDS = 2.0
"""For a process that has said its last word to be gone."""

Life: TypeAlias = Callable[[WatchSpec, socket.socket], None]
"""Of such a process; something that can be pickled."""


class WatchingProcess:
    """One process, and the line to it; for one event loop.

    Args:
        process: that runs.
        reader: of the line.
        writer: of the line.
    """

    def __init__(
        self, process: SpawnProcess, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._process, self._reader, self._writer = process, reader, writer
        # Where a program ends without `ended`, multiprocessing would wait for the process.
        atexit.register(process.kill)

    @property
    def pid(self) -> int | None:
        return self._process.pid

    async def receive(self) -> FromWatcher | None:
        """The next message; None where no more will come."""
        try:
            length = LENGTH.unpack(await self._reader.readexactly(LENGTH.size))[0]
            content = await self._reader.readexactly(length)
        except (asyncio.IncompleteReadError, ConnectionError):
            return None
        return cast(FromWatcher, pickle.loads(content))

    def send(self, command: ToWatcher) -> None:
        """Never waits; a process that does not listen misses it."""
        if self._writer.transport.get_write_buffer_size() > MAX_UNSENT_BYTES:
            return
        content = pickle.dumps(command, pickle.HIGHEST_PROTOCOL)
        self._writer.write(LENGTH.pack(len(content)) + content)

    async def stop(self, timeout_seconds: float) -> None:
        """Ends it in order, or else at once when time is up; whoever receives goes on meanwhile."""
        self.send(StopWatching())
        await self._join(timeout_seconds)
        self.kill()

    def kill(self) -> None:
        """At once; the connections of its cameras end by themselves."""
        self._process.kill()

    async def ended(self) -> str | None:
        """How it has ended, after its last message: `by SIGKILL`; None for in order."""
        await self._join(END_SECONDS)
        self.kill()
        await self._join(END_SECONDS)
        atexit.unregister(self._process.kill)
        self._writer.close()
        code = self._process.exitcode
        return ending(code) if code else None

    async def _join(self, timeout_seconds: float) -> None:
        await asyncio.to_thread(self._process.join, timeout_seconds)


class Launcher:
    """Starts processes as important as whoever made it was then; the page may step back later.

    Args:
        life: of a process.
    """

    def __init__(self, life: Life = watch_cameras) -> None:
        self._life = life
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="launcher")
        # A thread has the niceness of the one that starts it, and a process that of its thread.
        self._thread.submit(_prepare).result()

    async def launch(self, spec: WatchSpec) -> WatchingProcess:
        """Starts a process; it gets no signals from the terminal.

        Raises:
            OSError: there is no process, memory or file descriptor to be had.
        """
        ours, theirs = socket.socketpair()
        try:
            process = SPAWN.Process(target=self._life, args=(spec, theirs), name="cameras")
            await asyncio.get_running_loop().run_in_executor(self._thread, process.start)
        except BaseException:
            ours.close()
            raise
        finally:
            theirs.close()
        reader, writer = await asyncio.open_connection(sock=ours)
        return WatchingProcess(process, reader, writer)

    def close(self) -> None:
        """Starts no more."""
        self._thread.shutdown(wait=False)


def _prepare() -> None:
    """What a thread has blocked, its processes have from their first moment on."""
    resource_tracker.ensure_running()  # when it starts, it lets the signals through
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
