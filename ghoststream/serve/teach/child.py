"""A long task in a process of its own, which tells how far it is, and can be ended at any moment.

child = Child(work, Path("clips.csv"))  # calls work(send, Path("clips.csv")) there
for message in child.messages(): ...
"""

import multiprocessing
import os
import signal
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import Any, Concatenate, ParamSpec, TypeAlias

from ghoststream.errors import GhostStreamError, WorkerLost

NICENESS = 10
# A copy of this process (fork) would hold the locks of its threads.
CONTEXT = multiprocessing.get_context("spawn")

P = ParamSpec("P")
Send: TypeAlias = Callable[[object], None]
"""Gives something to the parent, as soon as there is room for it."""


class _Done:
    """The task is done; nothing more will be heard of it."""


class Child:
    """A process that does one task.

    Args:
        work: the task; a function of a module, called with what sends messages, and the arguments.
        args: that can be pickled.
    """

    def __init__(
        self, work: Callable[Concatenate[Send, P], None], *args: P.args, **kwargs: P.kwargs
    ) -> None:
        self._connection, theirs = CONTEXT.Pipe()
        # Not a daemon, since it may have processes of its own.
        self._process = CONTEXT.Process(target=_live, args=(theirs, work, args, kwargs))
        self._process.start()
        theirs.close()
        self._is_killed = False

    @property
    def is_killed(self) -> bool:
        """Whether we have ended it."""
        return self._is_killed

    def messages(self) -> Iterator[Any]:
        """What the task sends, until it is done.

        Raises:
            GhostStreamError: that the task has raised.
            WorkerLost: its process has ended, or was ended by `kill`.
        """
        try:
            while not isinstance(message := self._received(), _Done):
                if isinstance(message, GhostStreamError):
                    raise message
                yield message
        finally:
            self._process.kill()
            self._process.join()

    def kill(self) -> None:
        """Ends the process at once; its own end when their lines to it break. From any thread."""
        self._is_killed = True
        self._process.kill()

    def _received(self) -> object:
        try:
            return self._connection.recv()
        except (EOFError, OSError):
            self._process.join()
            raise WorkerLost(f"the process ended {self._end()}; try again") from None

    def _end(self) -> str:
        code = self._process.exitcode or 0
        return f"by {signal.Signals(-code).name}" if code < 0 else f"with exit code {code}"


def _live(
    connection: Connection, work: Callable[..., None], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> None:
    """The whole life of the process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the parent, which ends us
    os.nice(max(0, NICENESS - os.nice(0)))
    threading.Thread(target=_die_with_parent, args=(connection,), daemon=True).start()
    try:
        work(connection.send, *args, **kwargs)
    except GhostStreamError as error:
        connection.send(error)
    except Exception as error:  # noqa: BLE001 - the edge of a process: the parent tells of it
        traceback.print_exc()
        connection.send(GhostStreamError(f"{type(error).__name__}: {error}"))
    else:
        connection.send(_Done())


def _die_with_parent(connection: Connection) -> None:
    with suppress(EOFError, OSError):
        connection.recv()
    os._exit(0)
