"""How many a second, over the last few seconds."""

from collections import deque

WINDOW_SECONDS = 10.0
FRESH_SECONDS = 2.0
"""For which the newest total stands for now."""


class Rate:
    """Of a total that grows; times are of a clock that never runs backwards."""

    def __init__(self) -> None:
        self._known: deque[tuple[float, int]] = deque()

    def add(self, time: float, total: int) -> None:
        """Takes in how far the total is."""
        self._known.append((time, total))
        self._forget(time)

    def per_second(self, time: float) -> float:
        """From the oldest total within the window on; 0 where nothing was added lately."""
        self._forget(time)
        if not self._known:
            return 0.0
        (since, before), (last, newest) = self._known[0], self._known[-1]
        # What has come since the last total is not known yet; but silence is, after a while.
        until = last if time - last < FRESH_SECONDS else time
        return (newest - before) / (until - since) if until > since else 0.0

    def _forget(self, time: float) -> None:
        while self._known and self._known[0][0] < time - WINDOW_SECONDS:
            self._known.popleft()
