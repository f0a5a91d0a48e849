"""What processes of tests do in place of watching a camera; told by the address."""

import os
import signal
import socket
import threading
import time
from collections.abc import Callable
from fractions import Fraction

import numpy as np

from ghoststream.errors import StreamUnreachable
from ghoststream.models.preprocessing import Preprocessing
from ghoststream.runners.live.line import LENGTH, Line
from ghoststream.runners.live.messages import Begun, CaptureSpec, Gone, Sampled, Stop
from ghoststream.sampling import EveryFrame
from ghoststream.types import WHOLE_PICTURE, Counts, StreamInfo, TimeSpan
from ghoststream.video.access import Access

INFO = StreamInfo(
    codec="h264", width=64, height=48, coded_width=64, coded_height=48, pixel_format="yuv420p",
    bit_depth=8, time_base=Fraction(1, 90_000), start_time=Fraction(0), duration=None,
    average_rate=None, declared_frames=None, rotation=0, sample_aspect_ratio=Fraction(1),
    color_matrix="bt601", color_range="limited", interlaced=False, container="rtsp",
    clock="arrival",
)  # fmt: skip
SAMPLE_SECONDS = 0.05


def spec_of(name: str, does: str) -> CaptureSpec:
    """Of a camera whose process does something that is named here."""
    return CaptureSpec(
        name=name,
        access=Access(address=does, name=name, is_live=True),
        sampling=EveryFrame(),
        preprocessing=Preprocessing(),
        regions=((None, WHOLE_PICTURE),),
    )


def stand_in(spec: CaptureSpec, end: socket.socket) -> None:
    """The life of a process; ends with its parent only where a real one would."""
    WORKS[spec.access.address](Line(end), end)


def show(line: Line, _: socket.socket) -> None:
    """A camera that works: a sample now and then, until it is told to stop."""
    start = Fraction(round(time.time() * 1000), 1000)
    line.send(Begun(info=INFO, cause="connected"))
    line.send(sample(start))
    while Stop() not in line.receive(SAMPLE_SECONDS):
        if line.is_closed:
            os._exit(0)
        start += Fraction(1, 20)
        line.send(sample(start))
    line.send(Gone(error=None, counts=Counts(frames=5)))


def sample(start: Fraction) -> Sampled:
    """As large as a real one."""
    span = TimeSpan(start=start, end=start + Fraction(1, 20))
    return Sampled(span=span, pixels=(np.zeros((224, 224, 3), np.uint8),), arrived=time.time())


def hang(line: Line, _: socket.socket) -> None:
    """Ignores everything but what nobody can ignore, after a first picture."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    line.send(Begun(info=INFO, cause="connected"))
    threading.Event().wait()


def hang_halfway(_: Line, end: socket.socket) -> None:
    """In the middle of a message."""
    end.sendall(LENGTH.pack(1_000_000) + b"half")
    threading.Event().wait()


def crash(line: Line, _: socket.socket) -> None:
    """As a decoder may, on a damaged stream."""
    line.send(Begun(info=INFO, cause="connected"))
    os.kill(os.getpid(), signal.SIGSEGV)


def fail(line: Line, _: socket.socket) -> None:
    line.send(Gone(error=StreamUnreachable("nobody there."), counts=Counts()))


def rubbish(_: Line, end: socket.socket) -> None:
    """A message that means nothing."""
    end.sendall(LENGTH.pack(3) + b"abc")
    threading.Event().wait()


WORKS: dict[str, Callable[[Line, socket.socket], None]] = {
    work.__name__: work for work in (show, hang, hang_halfway, crash, fail, rubbish)
}
