"""One camera over all its connections: what it does, and what becomes of it if it fails.

    connecting --first picture--> running --silence--> stalled
        ^  |                         |                    |
        |  +--------- error ---------+                    |
        |                v                                |
        +--waits-- reconnecting, auth_failed, not_found --+      ... --> ended

Each connection is a process of its own. This is its parent's side, which reads no clock and starts
nothing but through what it is given:

camera = Camera(spec, patience, launch=launch_capture, tell=inbox_of_camera)
camera.tick()                                            # at `camera.next_tick`, the first at once
for message in camera.process.messages(): camera.hear(message)
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import partial
from random import Random
from typing import Generic, Protocol, TypeVar

from ghoststream.backoff import Backoff
from ghoststream.errors import (
    DecoderCrashed,
    DecoderHung,
    FormatChanged,
    NoFrames,
    NotAVideo,
    NoVideoStream,
    SourceError,
    SourceNotFound,
    StreamTimedOut,
    StreamUnauthorized,
    StreamUnreachable,
)
from ghoststream.runners.live.messages import (
    Alive,
    Begun,
    CameraEnded,
    CaptureSpec,
    FromCapture,
    Gone,
    Item,
    KeepClip,
    KeepThumbnail,
    Kept,
    NotKept,
    Preview,
    Sampled,
    SegmentBegun,
    SegmentEnded,
    ShowPreviews,
    Stop,
    ToCapture,
)
from ghoststream.runners.live.supervision.patience import Patience
from ghoststream.runners.live.supervision.rate import Rate
from ghoststream.types import Counts, LiveState, Reason, SegmentCause, Status, Summary

MARGIN_SECONDS = 1.5
"""For a process to notice by itself that time is up, and to say so, before it is killed."""
STEADY_SECONDS = 10.0
"""A connection that lasts so long has gone well; what comes next is the first failure in a row."""
STOP_SECONDS = 2.0
"""For a process to end its files and itself."""
LEAVE_SECONDS = 2.0
"""For a process whose stream is over to write what is asked of it for the last events."""


class Process(Protocol):
    """What a camera knows of the process that is its connection."""

    def send(self, command: ToCapture) -> None:
        """Never waits; a process that does not listen is ended."""
        ...

    def kill(self) -> None:
        """At once; nothing more is heard of it."""
        ...


Connection = TypeVar("Connection", bound=Process)

HOPELESS = NotAVideo, NoVideoStream, NoFrames
"""What a file is, it will be at the next attempt, too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Vitals:
    """How a camera is; totals are of all its connections."""

    state: LiveState = "connecting"
    silent_seconds: float | None = None
    """Since a frame came; None before the first."""
    capture_fps: float = 0.0
    """Frames that came, a second, over the last ten."""
    counts: Counts = field(default_factory=Counts)
    reconnects: int = 0
    stalls: int = 0


class Camera(Generic[Connection]):
    """The state machine; for one thread at a time.

    Args:
        spec: what its processes are to do.
        patience: how long things may take.
        launch: starts a process; may raise OSError.
        tell: takes what the analysis is to know.
        show: takes pictures for people.
        clock: seconds that never run backwards.
        wall_clock: Unix seconds.
        random: decides on waits between attempts.
    """

    def __init__(
        self,
        spec: CaptureSpec,
        patience: Patience,
        *,
        launch: Callable[[CaptureSpec], Connection],
        tell: Callable[[Item], None],
        show: Callable[[Preview], None] = lambda _: None,
        clock: Callable[[], float] = time.monotonic,
        wall_clock: Callable[[], float] = time.time,
        random: Random | None = None,
    ) -> None:
        self.state: LiveState = "connecting"
        self.process: Connection | None = None
        self.leaving: Connection | None = None
        """The process before, whose stream is over, and which still has its last pictures."""
        self.deadline: float | None = clock()
        """When `tick` has something to do; None for never."""
        self._reconnects = self._stalls = 0
        self._spec, self._patience = spec, patience
        self._launch, self._tell, self._show = launch, tell, show
        self._clock, self._wall_clock = clock, wall_clock
        self._backoff = Backoff(
            initial_seconds=patience.retry_initial_seconds,
            max_seconds=patience.retry_max_seconds,
            random=random or Random(),
        )
        self._rate = Rate()
        self._before, self._current = Counts(), Counts()
        """Of connections that are over, and of this one."""
        self._newest = spec.not_before
        self._segment = 0
        self._is_in_segment = self._is_stopping = self._has_changed = self._is_gone = False
        self._leave_by = 0.0
        self._goodbye: Callable[[], None] | None = None
        """What remains to be said once the last process has left."""
        self._running_since: float | None = None
        self._heard_at: float | None = None

    @property
    def name(self) -> str:
        return self._spec.name

    @property
    def vitals(self) -> Vitals:
        """As they are now."""
        now = self._clock()
        return Vitals(
            state=self.state,
            silent_seconds=None if self._heard_at is None else now - self._heard_at,
            capture_fps=self._rate.per_second(now),
            counts=self._counts,
            reconnects=self._reconnects,
            stalls=self._stalls,
        )

    @property
    def next_tick(self) -> float | None:
        """When `tick` has something to do, also for a process that is leaving."""
        times = [self.deadline, None if self.leaving is None else self._leave_by]
        return min((time for time in times if time is not None), default=None)

    def tick(self) -> None:
        """Does what time asks for."""
        if self.leaving is not None and self._clock() >= self._leave_by:
            self.left()
        if self.deadline is None or self._clock() < self.deadline:
            return
        if self._is_stopping:
            self._end("interrupted")
        elif self.process is None:
            self._connect()
        else:
            self.lose(self._silence())

    def hear(self, message: FromCapture) -> None:
        """Takes in a message of the process at hand."""
        if isinstance(message, Gone):
            self._current, self._is_gone = message.counts, True
            self._over(message.error)
        elif isinstance(message, Begun):
            self._begin(message)
        elif isinstance(message, Sampled):
            self._see(message)
        elif isinstance(message, Alive):
            self._live(message)
        elif isinstance(message, Preview):
            self._show(message)
        else:
            self._tell(message.evidence if isinstance(message, Kept) else message)

    def hear_leaving(self, message: FromCapture) -> None:
        """Takes in what the process before has kept, or could not keep."""
        if isinstance(message, Kept):
            self._tell(message.evidence)
        elif isinstance(message, NotKept):
            self._tell(message)

    def left(self) -> None:
        """The process before has ended, or had its time."""
        if self.leaving is not None:
            self.leaving.kill()
            self.leaving = None
        if self._goodbye is not None:
            goodbye, self._goodbye = self._goodbye, None
            goodbye()

    def died(self, cause: str) -> None:
        """The process has ended without its last word; `cause` says how: `by SIGSEGV`."""
        self._over(DecoderCrashed(f"{self.name}: the process that read it was ended {cause}."))

    def lose(self, error: SourceError) -> None:
        """Ends the connection; maybe there will be another."""
        was_running = self.state == "running"
        self._drop_process()
        if self._is_stopping:
            self._end("interrupted")
        elif self._may_change_format(error):
            self._wait("reconnecting", error, 0.0)
        elif isinstance(error, HOPELESS) and not self._spec.access.is_live:
            self._end("failed", error, str(error))
        elif 0 <= self._patience.max_retries <= self._backoff.attempts:
            self._end("failed", error, f"{error} Retries in a row: {self._backoff.attempts}.")
        else:
            self._retry(error, was_running)

    def send(self, command: ToCapture) -> None:
        """Hands a command on; what asks for evidence that nobody can keep is answered at once."""
        if isinstance(command, ShowPreviews):
            if self.process is not None:
                self.process.send(command)
        elif (keeper := self._keeper) is not None:
            keeper.send(command)
        elif isinstance(command, KeepClip | KeepThumbnail) and self.state != "ended":
            cause = "the camera was not connected when it was asked for"
            self._tell(NotKept(event_id=command.event_id, cause=cause))

    def stop(self) -> None:
        """Ends it in order, within `STOP_SECONDS`."""
        if self.state == "ended" or self._is_stopping:
            return
        self._is_stopping = True
        if self.process is None:
            self._end("interrupted")
        else:
            self.deadline = self._clock() + STOP_SECONDS
            self.process.send(Stop())

    def kill(self) -> None:
        """Ends it at once."""
        self.left()
        if self.state != "ended":
            self._is_gone = False
            self._end("interrupted")

    @property
    def _keeper(self) -> Connection | None:
        """Who has the pictures that a command is about: until new ones come, who had the last."""
        has_new = self.state == "running" and self.process is not None
        return self.process if has_new or self.leaving is None else self.leaving

    @property
    def _counts(self) -> Counts:
        return self._before + self._current

    def _connect(self) -> None:
        self._enter("connecting")
        self._is_gone = False
        self.deadline = self._clock() + self._connect_seconds
        try:
            self.process = self._launch(replace(self._spec, not_before=self._newest))
        except OSError as error:
            self.lose(SourceError(f"{self.name}: no process could be started: {error.strerror}."))

    @property
    def _connect_seconds(self) -> float:
        return self._patience.open_seconds + self._patience.stall_seconds + MARGIN_SECONDS

    def _begin(self, begun: Begun) -> None:
        if self._running_since is None:
            self._running_since = self._clock()
            self._reconnects += self._segment > 0
        self._end_segment()
        cause: SegmentCause = begun.cause
        if cause == "connected" and self._segment > 0:
            cause = "reconnected"
        self._segment += 1
        self._is_in_segment = True
        self._reached(begun.info.start_time)
        self._enter("running")
        self._heard()
        self._tell(SegmentBegun(number=self._segment, cause=cause, info=begun.info))

    def _see(self, sampled: Sampled) -> None:
        self._reached(sampled.span.start)
        self._heard()
        self._tell(sampled)

    def _live(self, alive: Alive) -> None:
        self._current = alive.counts
        self._reached(alive.time)
        self._rate.add(self._clock(), self._counts.frames)
        if alive.decoding_seconds > self._patience.stall_seconds:
            self.lose(
                DecoderHung(
                    f"{self.name}: its decoder has been at one picture for "
                    f"{alive.decoding_seconds:.0f} seconds."
                )
            )
        else:
            self._heard()

    def _heard(self) -> None:
        """While it connects, packets alone are not enough: a picture has to come."""
        if self.state == "running":
            self._heard_at = self._clock()
            if not self._is_stopping:
                self.deadline = self._heard_at + self._patience.stall_seconds + MARGIN_SECONDS

    def _reached(self, time: Fraction | None) -> None:
        if time is not None and (self._newest is None or time > self._newest):
            self._newest = time

    def _silence(self) -> SourceError:
        seconds = self._patience.stall_seconds
        if self.state == "running":
            return StreamTimedOut(f"{self.name}: nothing came for {seconds:g} seconds.")
        return StreamTimedOut(
            f"{self.name}: no picture came within {self._connect_seconds:g} seconds of connecting."
        )

    def _over(self, error: SourceError | None) -> None:
        """The process has nothing more to say."""
        if self._is_stopping:
            self._end("interrupted")
        elif error is None and not self._spec.access.is_live:
            self._end("completed", cause="it came to its end")
        else:
            self.lose(error or StreamUnreachable(f"{self.name}: the other side ended the stream."))

    def _retry(self, error: SourceError, was_running: bool) -> None:
        seconds = self._backoff.next_seconds()
        if isinstance(error, StreamUnauthorized):
            # Asked more often, a camera may lock its user out.
            self._wait("auth_failed", error, self._patience.retry_max_seconds)
        elif isinstance(error, SourceNotFound):
            self._wait("not_found", error, self._patience.retry_max_seconds)
        elif isinstance(error, StreamTimedOut) and was_running:
            self._stalls += 1
            self._wait("stalled", error, seconds)
        else:
            self._wait("reconnecting", error, seconds)

    def _may_change_format(self, error: SourceError) -> bool:
        """Once in a row it costs nothing: there was no failure."""
        may = isinstance(error, FormatChanged) and not self._has_changed
        self._has_changed |= may
        return may

    def _wait(self, state: LiveState, error: SourceError, seconds: float) -> None:
        self.deadline = self._clock() + seconds
        self._enter(state, str(error))

    def _drop_process(self) -> None:
        if self.process is not None:
            self._let_go(self.process)
            self.process = None
        self._end_segment()
        self._before, self._current = self._counts, Counts()
        steady = min(STEADY_SECONDS, self._patience.retry_max_seconds)
        if self._running_since is not None and self._clock() - self._running_since >= steady:
            self._backoff.reset()
            self._has_changed = False
        self._running_since = None

    def _let_go(self, process: Connection) -> None:
        """A process that has said its last word may stay a while: it holds the last pictures."""
        if not (self._is_gone and self._spec.ring_seconds):
            process.kill()
            return
        self.left()
        self.leaving, self._leave_by = process, self._clock() + LEAVE_SECONDS

    def _end_segment(self) -> None:
        if self._is_in_segment:
            self._is_in_segment = False
            self._tell(SegmentEnded(number=self._segment))

    def _end(
        self, reason: Reason, error: SourceError | None = None, cause: str = "it was stopped"
    ) -> None:
        self._drop_process()
        self.deadline = None
        self._goodbye = partial(self._say_goodbye, reason, error, cause)
        if self.leaving is None:
            self.left()

    def _say_goodbye(self, reason: Reason, error: SourceError | None, cause: str) -> None:
        self._enter("ended", cause)
        self._tell(CameraEnded(summary=self._summary(reason, error), error=error))

    def _summary(self, reason: Reason, error: SourceError | None) -> Summary:
        counts = self._counts
        return Summary(
            frames=counts.frames,
            skipped=counts.skipped,
            dropped=counts.dropped,
            decode_errors=counts.decode_errors,
            overrun=counts.overrun,
            reconnects=self._reconnects,
            stalls=self._stalls,
            sampled=0,
            clips=0,
            events=0,
            reason=reason,
            error=str(error) if error else None,
        )

    def _enter(self, state: LiveState, cause: str | None = None) -> None:
        if state == self.state == "running":
            return
        self.state = state
        self._tell(
            Status(
                source=self.name,
                state=state,
                cause=cause,
                time=Fraction(round(self._wall_clock() * 1000), 1000),
                segment=self._segment,
            )
        )
