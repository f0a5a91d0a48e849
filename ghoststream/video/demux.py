"""Packets of an open container, past what is damaged in it.

for packet in demuxed(container, stream, access, lock=lock, stop=stop, on_damage=count):
    ...
"""

from __future__ import annotations  # av.Packet takes no parameter at run time

import threading
import time
from collections.abc import Callable, Iterator

from av.container import InputContainer
from av.packet import Packet
from av.video.stream import VideoStream

from ghoststream.video.access import Access
from ghoststream.video.container import DAMAGE
from ghoststream.video.errors import is_late, translated

MAX_ERRORS_IN_A_ROW = 1000
MAX_SECONDS_OF_ERRORS = 10.0
"""Some damaged files give an error for ever, without coming forward."""


def demuxed(
    container: InputContainer,
    stream: VideoStream,
    access: Access,
    *,
    lock: threading.Lock,
    stop: threading.Event,
    on_damage: Callable[[], None],
) -> Iterator[Packet[VideoStream]]:
    """Packets that hold data.

    Args:
        container: to read.
        stream: of it.
        access: how it was opened.
        lock: held while FFmpeg reads, which must not be closed meanwhile.
        stop: when set, ends the iteration before the next packet.
        on_damage: told of each packet that could not be had.

    Raises:
        SourceError: the source breaks down.
    """
    packets = container.demux(stream)
    patience = _Patience()
    while not stop.is_set():
        try:
            with lock:
                packet = None if stop.is_set() else _next(packets, access)
        except _Damaged:
            on_damage()
            packets = container.demux(stream)
            if patience.is_over():
                return
            continue
        if packet is None:
            return
        patience.renew()
        # An empty one would end the decoder; AVI has them where a frame repeats.
        if packet.size:
            yield packet


def _next(packets: Iterator[Packet[VideoStream]], access: Access) -> Packet[VideoStream] | None:
    limit_seconds = access.read_timeout_seconds
    start = time.monotonic()
    with translated(access.name, remote=access.is_remote, timeout_seconds=limit_seconds):
        try:
            return next(packets, None)
        except DAMAGE as error:
            if is_late(start, limit_seconds):
                raise
            raise _Damaged from error


class _Damaged(Exception):
    """One packet could not be had."""


class _Patience:
    """How long errors may follow each other before the rest is given up."""

    def __init__(self) -> None:
        self.renew()

    def renew(self) -> None:
        self._errors, self._since = 0, time.monotonic()

    def is_over(self) -> bool:
        self._errors += 1
        waited = time.monotonic() - self._since
        return self._errors > MAX_ERRORS_IN_A_ROW or waited > MAX_SECONDS_OF_ERRORS
