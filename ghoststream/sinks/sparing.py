"""Lines for the user that do not come again and again.

say = Sparing(print)
say("mqtt://broker: connection refused")
"""

import threading
import time
from collections.abc import Callable

EVERY_SECONDS = 60.0


class Sparing:
    """Passes a line on unless the same one was passed within the last minute; from any thread.

    Args:
        notices: takes what passes.
        clock: seconds that never run backwards.
    """

    def __init__(
        self, notices: Callable[[str], None], *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._notices, self._clock = notices, clock
        self._lock = threading.Lock()
        self._said: dict[str, float] = {}
        """When each line was passed on; what is older than a minute is forgotten."""

    def __call__(self, line: str) -> None:
        if self._is_new(line):
            self._notices(line)

    def _is_new(self, line: str) -> bool:
        with self._lock:
            now = self._clock()
            self._said = {
                text: then for text, then in self._said.items() if now - then < EVERY_SECONDS
            }
            is_new = line not in self._said
            self._said.setdefault(line, now)
        return is_new
