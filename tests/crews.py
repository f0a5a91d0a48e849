"""Tasks for crews, and what is heard of them."""

import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ghoststream.config import ArchiveConfig
from ghoststream.errors import ConfigError
from ghoststream.runners.archive import analysis
from ghoststream.runners.archive.analysis import Order, make_analysis
from ghoststream.runners.crew import Send, Work, Workforce

Messages = list[tuple[int, Any]]

RAY_ENVIRONMENT = {"RAY_USAGE_STATS_ENABLED": "0", "PYTHONPATH": str(Path(__file__).parent)}
"""Of a cluster whose workers find this module."""


def make_work() -> Work[str]:
    def work(task: str, send: Send, stop: threading.Event) -> None:
        send(f"begin {task}")
        if task == "die":
            os.kill(os.getpid(), signal.SIGSEGV)
        if task == "exit":
            os._exit(7)
        if task == "hang":
            time.sleep(60)
        if task == "until stopped":
            stop.wait(60)
        if task == "slow":
            for _ in range(10):
                time.sleep(0.1)
                send("alive")
        send(f"end {task}")

    return work


def all_messages(crew: Workforce[str]) -> Messages:
    return list(messages_of(crew))


def messages_of(crew: Workforce[str]) -> Iterator[tuple[int, Any]]:
    while crew.tasks:
        yield from crew.messages()


def of(index: int, messages: Messages) -> list[Any]:
    return [message for number, message in messages if number == index]


def without_files(config: ArchiveConfig, threads: int) -> Work[Order]:
    """Each file goes away just before it is analysed."""
    work = make_analysis(config, threads)

    def gone(order: Order, send: Send, stop: threading.Event) -> None:
        order.file.path.unlink()
        work(order, send, stop)

    return gone


def in_parts(config: ArchiveConfig, threads: int) -> Work[Order]:
    """Each video is long."""
    analysis.LONG_SECONDS = 1.0
    return make_analysis(config, threads)


def refuse() -> None:
    """What is checked is never right."""
    raise ConfigError("its weights are others")
