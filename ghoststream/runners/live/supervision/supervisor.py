"""Watches over all cameras in one thread: starts their processes, hears them, ends what hangs.

supervisor = Supervisor(inbox, Patience())
supervisor.start()
supervisor.add(spec)
for camera, item in inbox.take(16, timeout_seconds=0.2): ...
supervisor.close()
"""

import atexit
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from functools import partial
from itertools import chain
from multiprocessing.connection import wait

from ghoststream.errors import SourceError
from ghoststream.runners.live.inbox import Inbox
from ghoststream.runners.live.messages import (
    CameraEnded,
    CaptureSpec,
    Item,
    Preview,
    ToCapture,
)
from ghoststream.runners.live.supervision.camera import Camera, Vitals
from ghoststream.runners.live.supervision.patience import Patience
from ghoststream.runners.live.supervision.process import (
    CaptureProcess,
    launch_capture,
    start_server,
)

IDLE_SECONDS = 1.0
"""To wait where no camera has anything to do."""

Launch = Callable[[CaptureSpec], CaptureProcess]
Show = Callable[[str, Preview], None]


class Supervisor:
    """Its methods may be called in any thread; none of them waits for a camera.

    Args:
        inbox: takes what cameras have to say.
        patience: how long they may take.
        launch: starts a process.
        show: takes pictures for people, and the name of their camera, in the thread that hears of
            cameras; must not wait.
    """

    def __init__(
        self,
        inbox: Inbox,
        patience: Patience,
        *,
        launch: Launch = launch_capture,
        show: Show = lambda *_: None,
    ) -> None:
        self._inbox, self._patience, self._launch, self._show = inbox, patience, launch, show
        self._cameras: dict[str, Camera[CaptureProcess]] = {}
        self._lock = threading.Lock()
        self._is_closing = False
        self._failure: Exception | None = None
        self._bell: tuple[socket.socket, socket.socket] | None = None
        """Rings at the first end, while there is a thread, what is sent at the second."""
        self._thread = threading.Thread(target=self._run, name="supervisor", daemon=True)

    def start(self) -> None:
        """Begins to watch."""
        # Where a program ends without `close`: multiprocessing would wait for all processes.
        atexit.register(self.close)
        self._bell = socket.socketpair()
        for end in self._bell:
            end.setblocking(False)
        self._thread.start()

    def add(self, spec: CaptureSpec) -> None:
        """Watches one more camera; its last item will be a `CameraEnded`.

        Raises:
            ValueError: one of this name is there, and has not ended.
        """
        with self._lock:
            before = self._cameras.get(spec.name)
            if before is not None and before.state != "ended":
                raise ValueError(f"there is a camera {spec.name!r} already; remove it first")
            self._cameras[spec.name] = Camera(
                spec,
                self._patience,
                launch=self._launch,
                tell=partial(self._tell, spec.name),
                show=partial(self._show, spec.name),
            )
            self._ring()

    def remove(self, name: str) -> None:
        """Ends a camera in order, within two seconds."""
        with self._lock:
            if name in self._cameras:
                self._cameras[name].stop()
                self._ring()

    def send(self, name: str, command: ToCapture) -> None:
        """Hands a command on to a camera's process.

        What asks for evidence is answered by a `NotKept` where there is no process.
        """
        with self._lock:
            if name in self._cameras:
                self._cameras[name].send(command)

    def counts(self, name: str) -> Vitals:
        """How a camera is, from the first connection until now."""
        with self._lock:
            return self._cameras[name].vitals if name in self._cameras else Vitals()

    def close(self) -> None:
        """Ends at once what has not ended, and the thread."""
        with self._lock:
            self._is_closing = True
            self._ring()
        if self._thread.is_alive():
            self._thread.join()
        with self._lock:
            for camera in self._cameras.values():
                camera.kill()
            for end in self._bell or ():
                end.close()
            self._bell = None
        atexit.unregister(self.close)

    def _tell(self, name: str, item: Item) -> None:
        if isinstance(item, CameraEnded):
            overrun = (item.summary.overrun or 0) + self._inbox.overrun(name)
            item = replace(item, summary=replace(item.summary, overrun=overrun))
        self._inbox.put(name, item)

    def _ring(self) -> None:
        """Has the thread look at cameras anew."""
        if self._bell is not None:
            with suppress(BlockingIOError):  # it has rung often enough
                self._bell[1].send(b"\0")

    def check(self) -> None:
        """Raises what has ended the thread, if anything has: nobody would hear of cameras again."""
        if self._failure is not None:
            raise self._failure

    def _run(self) -> None:
        try:
            self._attend_all()
        except Exception as error:  # noqa: BLE001 - the edge of a thread; raised by `check`
            self._failure = error

    def _attend_all(self) -> None:
        with suppress(OSError):  # whoever starts a process tries again, and tells
            start_server()
        assert self._bell is not None
        bell = self._bell[0]
        while not self._is_closing:
            with self._lock:
                waitables, seconds = self._waitables(), self._seconds_to_wait()
            wait([bell, *waitables], seconds)
            with suppress(BlockingIOError):  # it was not the bell
                bell.recv(4096)
            with self._lock:
                for camera in self._cameras.values():
                    _attend(camera)

    def _waitables(self) -> list[int]:
        cameras = self._cameras.values()
        processes = chain.from_iterable((camera.process, camera.leaving) for camera in cameras)
        several = (process.waitables for process in processes if process is not None)
        return list(chain.from_iterable(several))

    def _seconds_to_wait(self) -> float:
        deadlines = (camera.next_tick for camera in self._cameras.values())
        first = min((deadline for deadline in deadlines if deadline is not None), default=None)
        return IDLE_SECONDS if first is None else max(0.0, first - time.monotonic())


def _attend(camera: Camera[CaptureProcess]) -> None:
    try:
        _hear(camera)
        camera.tick()
    except Exception as error:  # noqa: BLE001 - the edge of a worker: one camera, not all
        what = f"watching over it failed with {type(error).__name__}, a fault of this program"
        camera.lose(SourceError(f"{camera.name}: {what}."))


def _hear(camera: Camera[CaptureProcess]) -> None:
    """Takes in all that processes have said, and then whether they have ended."""
    for process in (camera.leaving, camera.process):
        if process is not None:
            _hear_one(camera, process)


def _hear_one(camera: Camera[CaptureProcess], process: CaptureProcess) -> None:
    end = process.end()
    for message in process.messages():
        if camera.process is process:
            camera.hear(message)
        elif camera.leaving is process:
            camera.hear_leaving(message)
    if end is not None and camera.process is process:
        camera.died(end)
    elif end is not None and camera.leaving is process:
        camera.left()
