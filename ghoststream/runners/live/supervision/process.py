"""Processes that are the connections of cameras, as their parent sees them.

They are forked from a server that has loaded all that they need and nothing else, which takes
milliseconds and shares memory. A fork of this process would hold the locks of its threads.
"""

import multiprocessing
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing import forkserver, resource_tracker
from multiprocessing.context import ForkServerProcess
from types import ModuleType
from typing import TypeAlias, cast

from ghoststream.processes import ending
from ghoststream.runners.live.capture.life import capture
from ghoststream.runners.live.line import Line
from ghoststream.runners.live.messages import CaptureSpec, FromCapture, ToCapture

CONTEXT = multiprocessing.get_context("forkserver")
PRELOADED = ["ghoststream.runners.live.capture.one_thread", "ghoststream.runners.live.capture.life"]

Work: TypeAlias = Callable[[CaptureSpec, socket.socket], None]
"""The whole life of such a process; something that can be pickled."""


class CaptureProcess:
    """A process, and the line to it.

    Args:
        process: that runs.
        line: whose end here does not block.
    """

    def __init__(self, process: ForkServerProcess, line: Line) -> None:
        self._process, self._line = process, line

    @property
    def waitables(self) -> tuple[int, ...]:
        """For `multiprocessing.connection.wait`: there is a message, or the process has ended."""
        sentinel = self._process.sentinel
        return (sentinel,) if self._line.is_closed else (self._line.fileno(), sentinel)

    def messages(self) -> list[FromCapture]:
        """That are there as a whole; never waits."""
        return cast(list[FromCapture], self._line.messages())

    def end(self) -> str | None:
        """How the process has ended: `by SIGSEGV`; None while it runs."""
        code = self._process.exitcode
        return None if code is None else ending(code)

    def send(self, command: ToCapture) -> None:
        """Never waits; a process that does not listen is ended."""
        try:
            self._line.send(command)
        except BlockingIOError:
            self._process.kill()
        except (BrokenPipeError, ConnectionResetError):
            return  # it has just ended, which `end` will tell

    def kill(self) -> None:
        """At once; nothing more is heard of it. The next start of a process buries it."""
        self._process.kill()
        self._line.close()


def start_server() -> None:
    """Starts what forks the processes, where it does not run.

    From now on, neither the calling thread nor any process gets SIGINT or SIGTERM: the terminal and
    the system send them to all, and another thread of this process decides what they mean.
    """
    CONTEXT.set_forkserver_preload(PRELOADED)
    resource_tracker.ensure_running()  # when it starts, it lets the signals through
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
    with _no_main_module():
        forkserver.ensure_running()


def launch_capture(spec: CaptureSpec, work: Work = capture) -> CaptureProcess:
    """Starts a process for one connection of a camera.

    Args:
        spec: what it is to do.
        work: its life.

    Raises:
        OSError: there is no process, memory or file descriptor to be had.
    """
    CONTEXT.set_forkserver_preload(PRELOADED)
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    try:
        process = CONTEXT.Process(target=work, args=(spec, theirs), daemon=True)
        with _no_main_module():
            process.start()
    except BaseException:
        ours.close()
        raise
    finally:
        theirs.close()
    return CaptureProcess(process, Line(ours))


@contextmanager
def _no_main_module() -> Iterator[None]:
    """Keeps a new process from running the user's script again, of which it needs nothing.

    Otherwise only scripts whose work stands behind `if __name__ == "__main__"` could watch cameras.
    """
    main = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main
