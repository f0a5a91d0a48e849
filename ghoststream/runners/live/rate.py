"""How many a second, over the last few seconds."""

from collections import deque

WINDOW_SECONDS = 10.0


class Rate:
    """Of a total that grows; times are of a clock that never runs backwards."""

    def __init__(self) -> None:
        self._known: deque[tuple[float, int]] = deque()

    def add(self, time: float, total: int) -> None:
        """Takes in how far the total is."""
        self._known.append((time, total))
        self._forget(time)

    def per_second(self, time: float) -> float:
        """From the oldest total within the window until now; 0 where nothing was added lately."""
        self._forget(time)
        if not self._known:
            return 0.0
        (since, before), (_, newest) = self._known[0], self._known[-1]
        return (newest - before) / (time - since) if time > since else 0.0

    def _forget(self, time: float) -> None:
        while self._known and self._known[0][0] < time - WINDOW_SECONDS:
            self._known.popleft()
