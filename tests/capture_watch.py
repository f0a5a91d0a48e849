"""One camera, watched in a thread of its own as a run does it; what it tells is kept.

with Watch(address, Patience()) as watch:
    assert watch.until(lambda: watch.samples() >= 3, seconds=10)
    items = watch.stop()
"""

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from typing import Self

from ghoststream.models.preprocessing import Preprocessing
from ghoststream.runners.live.inbox import Inbox
from ghoststream.runners.live.messages import (
    CameraEnded,
    CaptureSpec,
    Item,
    Sampled,
    SegmentEnded,
)
from ghoststream.runners.live.supervision.patience import Patience
from ghoststream.runners.live.supervision.supervisor import Supervisor
from ghoststream.sampling import AtFps
from ghoststream.sources import NetworkSource, SourceOptions, open_sources
from ghoststream.types import WHOLE_PICTURE

FPS = 5
TICK_SECONDS = 0.05
STOP_SECONDS = 10


class Watch:
    """Looks at a camera 5 times a second.

    Args:
        address: of the camera, with its password.
        patience: how long things may take.
    """

    def __init__(self, address: str, patience: Patience) -> None:
        self.items: list[Item] = []
        self._inbox = Inbox("oldest")  # no frame that comes is given up
        self._supervisor = Supervisor(self._inbox, patience)
        self._spec = capture_spec(address, patience)
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def samples(self) -> int:
        """Frames that came so far."""
        return sum(isinstance(item, Sampled) for item in self.items)

    def ended_segments(self) -> int:
        """How often the stream broke off."""
        return sum(isinstance(item, SegmentEnded) for item in self.items)

    def until(self, is_so: Callable[[], bool], seconds: float) -> bool:
        """Whether it comes to be in time."""
        end = time.monotonic() + seconds
        while not is_so() and time.monotonic() < end:
            time.sleep(TICK_SECONDS)
        return is_so()

    def stop(self) -> list[Item]:
        """Everything that was told, to the end."""
        self._supervisor.remove(self._spec.name)
        self._is_over.wait(STOP_SECONDS)
        self._supervisor.close()
        self._thread.join()
        return self.items

    def __enter__(self) -> Self:
        self._supervisor.start()
        self._supervisor.add(self._spec)
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        if not self._is_over.is_set():
            self.stop()

    def _run(self) -> None:
        while not (self.items and isinstance(self.items[-1], CameraEnded)):
            taken = self._inbox.take(16, timeout_seconds=TICK_SECONDS)
            self.items += [item for _, item in taken]
        self._is_over.set()


def capture_spec(address: str, patience: Patience) -> CaptureSpec:
    """The whole picture, a few times a second."""
    options = SourceOptions(
        open_timeout_seconds=patience.open_seconds, read_timeout_seconds=patience.stall_seconds
    )
    source = open_sources(address, options)[0]
    assert isinstance(source, NetworkSource)
    return CaptureSpec(
        name="cam",
        access=replace(source.access(), name="cam"),
        sampling=AtFps(rate=Fraction(FPS)),
        preprocessing=Preprocessing(),
        regions=((None, WHOLE_PICTURE),),
    )
