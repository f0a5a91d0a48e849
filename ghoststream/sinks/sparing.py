"""Lines for the user that do not come again and again.

say = Sparing(print)
say("mqtt://broker: connection refused")
"""

import threading
import time
from collections.abc import Callable

EVERY_SECONDS = 60.0


class Sparing:
    """Passes a line on, and no other about the same for a minute; from any thread.

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
        """When what was told of; what is older than a minute is forgotten."""

    def __call__(self, line: str, *, about: str | None = None) -> None:
        """Says it, if it is time to.

        Args:
            line: for the user.
            about: what it tells of; each line is about something else where it is not given.
        """
        if self._is_new(about or line):
            self._notices(line)

    def _is_new(self, about: str) -> bool:
        with self._lock:
            now = self._clock()
            self._said = {
                told: then for told, then in self._said.items() if now - then < EVERY_SECONDS
            }
            is_new = about not in self._said
            self._said.setdefault(about, now)
        return is_new
