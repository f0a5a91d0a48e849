"""How long to wait before the next attempt at something that fails.

backoff = Backoff(initial_seconds=1, max_seconds=30)
time.sleep(backoff.next_seconds())
"""

from random import Random

MAX_DOUBLINGS = 62
"""Past any cap; a camera may be away for weeks."""


class Backoff:
    """Doubles from one attempt in a row to the next, up to a cap.

    The wait is half of that at least and all of it at most, by chance, so that twenty cameras do
    not come back to their server in the same moment.

    Args:
        initial_seconds: before the first attempt.
        max_seconds: before any.
        random: decides.
    """

    def __init__(
        self,
        *,
        initial_seconds: float = 1,
        max_seconds: float = 30,
        random: Random | None = None,
    ) -> None:
        self._initial_seconds, self._max_seconds = initial_seconds, max_seconds
        # Not for secrets: it only keeps many clients from coming back at the same moment.
        self._random = random or Random()
        self.attempts = 0
        """In a row, since the last one that went well."""

    def next_seconds(self) -> float:
        """Counts an attempt, and says how long to wait before it."""
        doubled = self._initial_seconds * 2.0 ** min(self.attempts, MAX_DOUBLINGS)
        self.attempts += 1
        return min(doubled, self._max_seconds) * self._random.uniform(0.5, 1)

    def reset(self) -> None:
        """The last attempt went well."""
        self.attempts = 0
