"""What could not be written: counted, and told of once in a while."""

from collections.abc import Callable

from ghoststream.sinks.sparing import Sparing


class LostLines:
    """Lines of one file that could not be written, or other things of one kind.

    Args:
        notice: told of the first one, and then at most once a minute: a disk may stay full.
        what: they are.
    """

    def __init__(self, notice: Callable[[str], None], what: str = "lines") -> None:
        self.count = 0
        self._say, self._what = Sparing(notice), what

    def add(self, error: Exception | str) -> None:
        """One more, and why."""
        self.count += 1
        self._say(f"{error} ({self.count} {self._what} lost so far)", about=self._what)
