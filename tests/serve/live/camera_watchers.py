"""What processes of tests do in place of watching the cameras of a page."""

import os
import signal
import socket
import threading
import time
from fractions import Fraction
from pathlib import Path

from ghoststream.runners.live.line import Line
from ghoststream.serve.live.camera import Camera
from ghoststream.serve.live.messages import (
    Cameras,
    Finished,
    FromWatcher,
    Picture,
    ShowCamera,
    StopWatching,
    Told,
    WatchSpec,
)

EVENT = '{"record": "event", "type": "new", "after": {"id": "e", "source": "gate"}}'
EVIDENCE = '{"record": "evidence", "source": "gate", "event": "e", "path": "/home/me/e.jpg"}'


def show(spec: WatchSpec, end: socket.socket) -> None:
    """Cameras that work, an event with its file, and a picture for each time that it is asked."""
    line = Line(end)
    says = f"fps {spec.config.fps}, head {spec.overrides.get('head')}"
    camera = Camera(name="gate", state="running", fps=2.0, cause=says)
    told = Told(line=EVENT), Told(line=EVIDENCE)
    _say(line, Cameras(cameras=(camera,), lost_lines=0), *told)
    number = 0
    while True:
        for command in _commands(line):
            if isinstance(command, StopWatching):
                _say(line, Finished(error=None))
                return
            if isinstance(command, ShowCamera):
                number += 1
                jpeg = f"picture {number}".encode()
                _say(line, Picture(camera=command.camera, time=Fraction(number), jpeg=jpeg))


def film(_: WatchSpec, end: socket.socket) -> None:
    """A camera that sends 50 large pictures a second while it is asked to, and one that is dark."""
    line = Line(end)
    cameras = Camera(name="gate", state="running"), Camera(name="a/dark one", state="not_found")
    _say(line, Cameras(cameras=cameras, lost_lines=0))
    until, number = 0.0, 0
    while not line.is_closed:
        for command in line.receive(0.02):
            if isinstance(command, StopWatching):
                _say(line, Finished(error=None))
                return
            if isinstance(command, ShowCamera) and command.camera == "gate":
                until = time.monotonic() + command.seconds
        if time.monotonic() < until:
            number += 1
            jpeg = number.to_bytes(4) + bytes(100_000)
            _say(line, Picture(camera="gate", time=Fraction(number), jpeg=jpeg))


def crash_first(spec: WatchSpec, end: socket.socket) -> None:
    """Takes itself down, and works from the second time on."""
    if _is_first(spec):
        os.kill(os.getpid(), signal.SIGSEGV)
    show(spec, end)


def fail_first(spec: WatchSpec, end: socket.socket) -> None:
    """Says why it cannot go on, and works from the second time on."""
    if _is_first(spec):
        _say(Line(end), Finished(error="the disk is full."))
        return
    show(spec, end)


def be_over(_: WatchSpec, end: socket.socket) -> None:
    """All cameras are over."""
    camera = Camera(name="gate", state="ended", cause="it came to its end")
    _say(Line(end), Cameras(cameras=(camera,), lost_lines=0), Finished(error=None))


def hang(_: WatchSpec, end: socket.socket) -> None:
    """Works at first; then it says nothing, and hears nothing."""
    camera = Camera(name="gate", state="running", fps=2.0)
    _say(Line(end), Cameras(cameras=(camera,), lost_lines=0))
    threading.Event().wait()


def lose(_: WatchSpec, end: socket.socket) -> None:
    """Nobody took in 7 lines."""
    line = Line(end)
    _say(line, Cameras(cameras=(Camera(name="gate", state="running"),), lost_lines=7))
    _commands(line)


def _say(line: Line, *messages: FromWatcher) -> None:
    for message in messages:
        line.send(message)


def _commands(line: Line) -> list[object]:
    """The next ones; the process ends where nobody will give any."""
    while not (commands := line.receive(1)):
        if line.is_closed:
            os._exit(0)
    return commands


def _is_first(spec: WatchSpec) -> bool:
    mark = Path(spec.config.evidence or "").parent / "second"
    is_first = not mark.exists()
    mark.parent.mkdir(parents=True, exist_ok=True)
    mark.touch()
    return is_first
