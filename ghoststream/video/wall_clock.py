"""Which Unix time a live stream's own clock stands for, from what is known when a packet comes.

clock = WallClock(Fraction(1, 90000))
unix_pts = pts + clock.shift(pts, arrived, sender_time)

The sender's clock counts where it tells it and it is not far from ours. Otherwise a packet's
arrival does: what the network adds only delays, so that the least delay of the last seconds is the
one to go by. Times of one clock always come one after the other, and never before what was given
out earlier.
"""

from collections import deque
from fractions import Fraction

from ghoststream.types import Clock, SegmentCause

TRUSTED_SECONDS = 10.0
"""Between a sender's clock and ours; a camera that is further off does not know the time."""
WINDOW_SECONDS = 10.0
"""In which the least delay is looked for."""
JUMP_SECONDS = 5.0
"""By which a clock that runs on cannot be off."""
REORDER_SECONDS = 1.0
"""By which B-frames may come later than what is shown after them."""
NEAR_SECONDS = 0.25
"""Between our times and those of the sender, so that we say they are those of the sender."""
JITTER_SECONDS = 0.02
"""Not worth a change."""
SLEW = 100
"""Times of a segment run fast or slow by one part in so many, at most."""


def is_jump(step_seconds: float, waited_seconds: float) -> bool:
    """Whether a clock did not simply run on.

    Args:
        step_seconds: by which a packet's time differs from the newest one before.
        waited_seconds: that went by here between the two.

    Example:
        >>> is_jump(0.04, 0.04), is_jump(-3600, 0.04), is_jump(30, 30)
        (False, True, False)
    """
    return step_seconds < -REORDER_SECONDS or step_seconds > waited_seconds + JUMP_SECONDS


class WallClock:
    """Maps the times of one connection; `segment` and `cause` say when its clock jumped.

    Args:
        time_base: seconds per tick of the stream's clock.
        not_before: Unix seconds; all times come after it.
    """

    def __init__(self, time_base: Fraction, not_before: Fraction | None = None) -> None:
        self.segment = -1
        """Of the newest packet; counted from 0."""
        self.cause: SegmentCause = "connected"
        """Why it began."""
        self._ticks_per_second = float(1 / time_base)
        self._highest = -1 if not_before is None else int(not_before // time_base)
        self._offset = 0
        self._least_delay = _Least()
        # Of these the least, too: with B-frames a report now and then is that of another picture.
        self._sender_offsets: _Least | None = None
        self._newest: tuple[int, float] | None = None
        """Tick and arrival of the packet that is shown last."""
        self._room = 0

    @property
    def clock(self) -> Clock:
        """Whose time it is; `ntp` is the sender's."""
        if self._sender_offsets is None:
            return "arrival"
        is_near = abs(self._offset - self._sender_offsets.value) <= self._ticks(NEAR_SECONDS)
        return "ntp" if is_near else "arrival"

    def learn(self, pts: int, arrived: float, sender_time: float | None = None) -> None:
        """Takes note of a packet; arguments as for `shift`."""
        self._least_delay.add(arrived, self._ticks(arrived) - pts)
        if sender_time is None:
            return
        if abs(sender_time - arrived) > TRUSTED_SECONDS:
            self._sender_offsets = None
            return
        self._sender_offsets = self._sender_offsets or _Least()
        self._sender_offsets.add(arrived, self._ticks(sender_time) - pts)

    def shift(self, pts: int, arrived: float, sender_time: float | None = None) -> int:
        """What to add to the next packet's times, in the order of decoding.

        Args:
            pts: in ticks.
            arrived: Unix seconds.
            sender_time: Unix seconds at which the picture was taken, where the sender says it.

        Returns:
            Ticks; with them, times count from 1970.
        """
        if self._newest is None:
            self._begin("connected", pts, arrived, sender_time)
        elif self._jumps(pts, arrived):
            self._forget()
            self._begin("clock_reset", pts, arrived, sender_time)
        else:
            self.learn(pts, arrived, sender_time)
            self._follow(pts)
        if self._newest is None or pts > self._newest[0]:
            self._newest = (pts, arrived)
        self._highest = max(self._highest, pts + self._offset)
        return self._offset

    def begin_loop(self, pts: int, arrived: float) -> None:
        """The stream starts over, and its clock with it, at the packet that is shifted next."""
        self._forget()
        self._begin("loop", pts, arrived, None)

    def _forget(self) -> None:
        """What was known of the clock does not count any more."""
        self._least_delay, self._sender_offsets, self._newest = _Least(), None, None

    def _ticks(self, seconds: float) -> int:
        return round(seconds * self._ticks_per_second)

    def _jumps(self, pts: int, arrived: float) -> bool:
        assert self._newest is not None
        step_seconds = (pts - self._newest[0]) / self._ticks_per_second
        return is_jump(step_seconds, arrived - self._newest[1])

    def _begin(
        self, cause: SegmentCause, pts: int, arrived: float, sender_time: float | None
    ) -> None:
        self.learn(pts, arrived, sender_time)
        self.segment, self.cause = self.segment + 1, cause
        self._offset, self._newest, self._room = self._reachable(pts), (pts, arrived), 0

    @property
    def _target(self) -> int:
        return (self._sender_offsets or self._least_delay).value

    def _reachable(self, pts: int) -> int:
        """The offset that is right, or else the first one with which time does not run back."""
        return max(self._target, self._highest + 1 - pts)

    def _follow(self, pts: int) -> None:
        reachable = self._reachable(pts)
        if abs(reachable - self._offset) > self._ticks(JUMP_SECONDS):
            self.segment, self.cause = self.segment + 1, "clock_reset"
            self._offset = reachable
        else:
            self._slew(pts)

    def _slew(self, pts: int) -> None:
        """Comes nearer, so slowly that order and durations stay what they are."""
        assert self._newest is not None
        elapsed = pts - self._newest[0]
        gap = self._target - self._offset
        if elapsed <= 0 or abs(gap) <= self._ticks(JITTER_SECONDS):
            return
        self._room = min(self._room + elapsed, max(elapsed, SLEW))
        most = self._room // SLEW
        step = max(min(gap, most), -most, 1 - elapsed)
        self._offset += step
        self._room -= abs(step) * SLEW


class _Least:
    """The least of the values that came within the window; at least one has to come."""

    def __init__(self) -> None:
        self._rising: deque[tuple[float, int]] = deque()

    @property
    def value(self) -> int:
        return self._rising[0][1]

    def add(self, time: float, value: int) -> None:
        while self._rising and self._rising[-1][1] >= value:
            self._rising.pop()
        self._rising.append((time, value))
        while self._rising[0][0] < time - WINDOW_SECONDS:
            self._rising.popleft()
