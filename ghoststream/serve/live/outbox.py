"""What the process of the cameras has to say, until the page takes it; nobody waits to put it in.

outbox = Outbox(line.send)
outbox.add(Told(line=...))
outbox.close(timeout_seconds=1)

Lines wait in their order, and the oldest are lost and counted where they become too many. Of
pictures and of the state of cameras only the newest counts.
"""

import threading
from collections import deque
from collections.abc import Callable

from ghoststream.serve.live.messages import Cameras, FromWatcher, Picture

MAX_LINES = 10_000
"""About 10 MB of events."""


class Outbox:
    """Any thread may add; one of its own sends, and waits for the page where it has to.

    Args:
        send: takes a message, and waits until there is room for it; raises OSError where nobody
            will take any more.
        max_lines: that may wait.
    """

    def __init__(self, send: Callable[[object], None], *, max_lines: int = MAX_LINES) -> None:
        self.lost_lines = 0
        """That nobody took in time."""
        self._send, self._max_lines = send, max_lines
        self._lines: deque[FromWatcher] = deque()
        self._newest: dict[str, FromWatcher] = {}
        """By what it is the newest of; in the order of their turns."""
        self._is_closed = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._run, name="outbox", daemon=True)
        self._thread.start()

    def add(self, message: FromWatcher) -> None:
        """Never waits; replaces a picture of the same camera, or a state, that nobody took yet."""
        with self._changed:
            if isinstance(message, Picture):
                self._newest[f"picture {message.camera}"] = message
            elif isinstance(message, Cameras):
                self._newest["cameras"] = message
            elif not self._is_closed:
                self._add_line(message)
            self._changed.notify()

    def close(self, timeout_seconds: float) -> None:
        """Sends what waits, as far as somebody takes it in time; takes nothing more."""
        with self._changed:
            self._is_closed = True
            self._changed.notify()
        self._thread.join(timeout_seconds)

    def _add_line(self, message: FromWatcher) -> None:
        self._lines.append(message)
        if len(self._lines) > self._max_lines:
            self._lines.popleft()
            self.lost_lines += 1

    def _run(self) -> None:
        while (message := self._next()) is not None:
            try:
                self._send(message)
            except OSError:
                return  # there is no page, which whoever hears its commands notices, too

    def _next(self) -> FromWatcher | None:
        with self._changed:
            self._changed.wait_for(lambda: self._lines or self._newest or self._is_closed)
            if self._lines:
                return self._lines.popleft()
            if self._newest:
                return self._newest.pop(next(iter(self._newest)))
            return None
