"""What could not be written: counted, and told of once in a while."""

import time
from collections.abc import Callable

NOTICE_SECONDS = 60.0
"""A disk that stays full is not told of more often."""


class LostLines:
    """Lines of one file that could not be written, or other things of one kind.

    Args:
        notice: told of the first one, and then at most once a minute.
        what: they are.
    """

    def __init__(self, notice: Callable[[str], None], what: str = "lines") -> None:
        self.count = 0
        self._notice, self._what = notice, what
        self._told: float | None = None

    def add(self, error: Exception | str) -> None:
        """One more, and why."""
        self.count += 1
        now = time.monotonic()
        if self._told is None or now - self._told >= NOTICE_SECONDS:
            self._told = now
            self._notice(f"{error} ({self.count} {self._what} lost so far)")
