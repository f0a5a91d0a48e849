"""A page on a real socket."""

import queue
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from ghoststream.config import ServeConfig
from ghoststream.serve.server import serve

PATIENCE_SECONDS = 10.0


@contextmanager
def served(data: Path, **settings: object) -> Iterator[tuple[int, threading.Event]]:
    """A page that is up: its port, and what ends it."""
    stop, told = threading.Event(), queue.Queue[str]()
    config = ServeConfig.model_validate({"port": 0, "data": data, **settings})
    thread = threading.Thread(
        target=serve, args=(config,), kwargs={"stop": stop, "notice": told.put}
    )
    thread.start()
    try:
        port = urlsplit(told.get(timeout=PATIENCE_SECONDS)).port
        assert port is not None
        yield port, stop
    finally:
        stop.set()
        thread.join(PATIENCE_SECONDS)
    assert not thread.is_alive()
