"""Ctrl-C and SIGTERM: the first ends the run in order, the second at once. SIGHUP: read again."""

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

ECHO_SECONDS = 0.3
"""In which a signal counts as the same again: `timeout`, and shells, send it to a command and to
its group."""


@contextmanager
def stop_on_signals() -> Iterator[threading.Event]:
    """An event that the first signal sets; the second raises KeyboardInterrupt."""
    stop = threading.Event()
    first_seconds = 0.0

    def handle(_number: int, _frame: FrameType | None) -> None:
        nonlocal first_seconds
        if not stop.is_set():
            first_seconds = time.monotonic()
            stop.set()
        elif time.monotonic() - first_seconds > ECHO_SECONDS:
            raise KeyboardInterrupt

    numbers = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.signal(number, handle) for number in numbers}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def reload_on_hangup() -> Iterator[threading.Event]:
    """An event that each SIGHUP sets; who acts on it clears it."""
    hangup = threading.Event()

    def handle(_number: int, _frame: FrameType | None) -> None:
        hangup.set()

    before = signal.signal(signal.SIGHUP, handle)
    try:
        yield hangup
    finally:
        signal.signal(signal.SIGHUP, before)
