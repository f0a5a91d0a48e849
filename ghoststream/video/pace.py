"""When the packets of a file are due, if it is played at its own speed."""

import threading
import time
from fractions import Fraction

MAX_STEP_SECONDS = 5
"""Of one packet to the next; what is further off is a gap or a jump, and not waited for."""


class Pace:
    """Waits for each packet until it is due; those that come late catch up.

    Args:
        time_base: seconds per tick.
        interval: between frames, in ticks, for what times do not say.
        stop: when set, ends the waiting.
    """

    def __init__(self, time_base: Fraction, interval: Fraction, stop: threading.Event) -> None:
        self._time_base, self._interval, self._stop = time_base, interval, stop
        self._start_seconds: float | None = None
        self._elapsed = Fraction(0)
        self._last_dts: int | None = None

    def start_over(self) -> None:
        """The next packet is the first one of the file again."""
        self._last_dts = None

    def wait(self, dts: int) -> float:
        """Returns when a packet is due, which is in Unix seconds.

        Args:
            dts: of the packet.
        """
        if self._start_seconds is None:
            self._start_seconds = time.time()
        else:
            self._elapsed += self._step(dts) * self._time_base
        self._last_dts = dts
        due = self._start_seconds + float(self._elapsed)
        self._stop.wait(max(0.0, due - time.time()))
        return due

    def _step(self, dts: int) -> Fraction:
        if self._last_dts is None:
            return self._interval
        step = Fraction(dts - self._last_dts)
        is_plausible = 0 <= step * self._time_base <= MAX_STEP_SECONDS
        return step if is_plausible else self._interval
