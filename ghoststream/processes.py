"""Processes that we start for a task, and how they end.

process = SPAWN.Process(target=work)
ending(process.exitcode)  # "by SIGKILL"
"""

import multiprocessing
import os
import signal

# A copy of this process (fork) would hold the locks of its threads, and its sockets.
SPAWN = multiprocessing.get_context("spawn")


def ending(code: int | None) -> str:
    """How a process has ended: `by SIGKILL`, or `with exit code 1`."""
    code = code or 0
    return f"by {signal.Signals(-code).name}" if code < 0 else f"with exit code {code}"


def step_back(niceness: int) -> None:
    """Has this process give way to others; one that gives way more already stays as it is."""
    os.nice(max(0, niceness - os.nice(0)))
