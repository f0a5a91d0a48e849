"""How long to wait before the next try: longer each time, and never in step with others."""

import random
from collections.abc import Callable


class Backoff:
    """Doubles from try to try up to a bound, less a random part of up to a quarter.

    Args:
        initial_seconds: of the first wait.
        max_seconds: of any wait.
        random: draws from [0, 1).

    Example:
        >>> backoff = Backoff(1, 30, random=lambda: 0)
        >>> [backoff.next() for _ in range(6)]
        [1.0, 2.0, 4.0, 8.0, 16.0, 30.0]
    """

    def __init__(
        self,
        initial_seconds: float = 1.0,
        max_seconds: float = 30.0,
        # Not for secrets: it only keeps many clients from coming back at the same moment.
        random: Callable[[], float] = random.random,
    ) -> None:
        self._initial, self._max, self._random = initial_seconds, max_seconds, random
        self._wait = initial_seconds

    def next(self) -> float:
        """Seconds to wait now."""
        wait = self._wait
        self._wait = min(self._max, 2 * wait)
        return wait * (1 - self._random() / 4)

    def reset(self) -> None:
        """The last try went well."""
        self._wait = self._initial
