"""A long task in a process of its own, which tells how far it is, and can be ended at any moment.

child = Child(work, Path("clips.csv"))  # calls work(parent, Path("clips.csv")) there
for message in child.messages(): ...
"""

import os
import signal
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import Any, Concatenate, ParamSpec, TypeAlias

from ghoststream.errors import GhostStreamError, WorkerLost
from ghoststream.processes import SPAWN, ending, step_back

NICENESS = 10
STOP = "stop"

P = ParamSpec("P")
Send: TypeAlias = Callable[[object], None]
"""Gives something to the parent, as soon as there is room for it."""


class _Done:
    """The task is done; nothing more will be heard of it."""


class Parent:
    """What a task has of the process that began it: a `Send`, and the wish that it end.

    Without a parent there is nothing left to do: this process ends at once.
    """

    def __init__(self, connection: Connection) -> None:
        self.stop = threading.Event()
        """Set when the task is to end in order."""
        self._connection = connection
        threading.Thread(target=self._listen, daemon=True).start()

    def __call__(self, message: object) -> None:
        self._connection.send(message)

    def _listen(self) -> None:
        with suppress(EOFError, OSError):
            while self._connection.recv() == STOP:
                self.stop.set()
        os._exit(0)


class Child:
    """A process that does one task.

    Args:
        work: the task; a function of a module, called with its parent, and the arguments.
        args: that can be pickled.
    """

    def __init__(
        self, work: Callable[Concatenate[Parent, P], None], *args: P.args, **kwargs: P.kwargs
    ) -> None:
        self._connection, theirs = SPAWN.Pipe()
        # Not a daemon, since it may have processes of its own.
        self._process = SPAWN.Process(target=_live, args=(theirs, work, args, kwargs))
        self._process.start()
        theirs.close()

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

    def stop(self) -> None:
        """Asks the task to end in order. From any thread."""
        with suppress(OSError):  # where it has ended by itself
            self._connection.send(STOP)

    def kill(self) -> None:
        """Ends the process at once; its own end when their lines to it break. From any thread."""
        self._process.kill()

    def _received(self) -> object:
        try:
            return self._connection.recv()
        except (EOFError, OSError):
            self._process.join()
            end = ending(self._process.exitcode)
            raise WorkerLost(f"the process ended {end}; try again") from None


def _live(
    connection: Connection, work: Callable[..., None], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> None:
    """The whole life of the process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the parent, which ends us
    step_back(NICENESS)
    parent = Parent(connection)
    try:
        work(parent, *args, **kwargs)
    except GhostStreamError as error:
        parent(error)
    except Exception as error:  # noqa: BLE001 - the edge of a process: the parent tells of it
        traceback.print_exc()
        parent(GhostStreamError(f"{type(error).__name__}: {error}"))
    else:
        parent(_Done())
