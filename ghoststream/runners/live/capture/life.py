"""The life of a capture process: one connection to a camera, until it ends, breaks or is stopped.

    reader thread   network --> packets --> footage, and the backlog of the decoder
    decoder thread  backlog --> pictures that the sampling wants --> pixels --> parent
    main thread     commands of the parent --> footage; signs of life --> parent

The reader waits for the network alone: what waits for the decoder or the parent is another thread.
"""

import os
import signal
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import cast

from ghoststream.errors import SourceError
from ghoststream.runners.live.capture.decoding import Decoding
from ghoststream.runners.live.capture.footage import Footage
from ghoststream.runners.live.line import Line
from ghoststream.runners.live.messages import (
    Alive,
    CaptureSpec,
    EndClip,
    FromCapture,
    Gone,
    KeepClip,
    KeepThumbnail,
    NotKept,
    ShowPreviews,
    Stop,
    ToCapture,
)
from ghoststream.types import Counts
from ghoststream.video.live import LiveReader, TimedPacket
from ghoststream.video.ring import Ring

TICK_SECONDS = 0.2
"""In which the main thread looks up from the line."""
ALIVE_SECONDS = 0.5
FAREWELL_SECONDS = 0.5
"""For the reader to take its leave of the server, which may have no room for another client."""
LAST_EVENTS_SECONDS = 1.0
"""For the parent to ask for clips, once it has heard that the stream is over."""
SENDER_SECONDS = 3.0
"""That a first connection waits for the sender's clock, before which nothing is looked at."""
AGAIN_SECONDS = 1.0
"""That a later one waits, since pictures are missed already; times then go over to that clock."""
RING_BYTES = 32 << 20
"""Of packets in memory, at most."""
DECODER_NICENESS = 5
HUNG_SECONDS = 60
"""A main thread that does not come round for so long is ended by the system, parent or not."""


def capture(spec: CaptureSpec, end: socket.socket) -> None:
    """Watches a camera, and tells the parent; ends with a `Gone`, or with the parent.

    Args:
        spec: what to do.
        end: of the line to the parent.
    """
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)  # the parent gets them, too, and decides
    # Many decoders must not starve the one network that they work for.
    os.nice(DECODER_NICENESS)
    _Capture(spec, Line(end)).run()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Connection:
    """What there is once the camera has answered."""

    reader: LiveReader
    footage: Footage
    decoding: Decoding


class _Capture:
    """A connection, and what its threads share."""

    def __init__(self, spec: CaptureSpec, line: Line) -> None:
        self._spec, self._line = spec, line
        self._connection: _Connection | None = None
        self._newest: TimedPacket | None = None
        self._error: SourceError | None = None
        self._is_over, self._is_stopping = threading.Event(), threading.Event()

    def run(self) -> None:
        reading = threading.Thread(target=self._read, name="reader", daemon=True)
        reading.start()
        self._obey()
        self._is_stopping.set()
        if self._connection is not None:
            self._connection.footage.end_all()
        reading.join(FAREWELL_SECONDS)
        self._tell(Gone(error=self._error, counts=self._counts()))
        if self._connection is not None:
            self._hear_out(self._connection.footage)

    def _hear_out(self, footage: Footage) -> None:
        """The last pictures may show events that the parent has yet to see in them."""
        end = time.monotonic() + (LAST_EVENTS_SECONDS if self._spec.ring_seconds else 0)
        while (left := end - time.monotonic()) > 0 and not self._line.is_closed:
            for command in self._line.receive(left):
                if isinstance(command, KeepClip | EndClip | KeepThumbnail):
                    footage.handle(command)
        footage.close()

    def _obey(self) -> None:
        """Hears the parent until it says stop, or the stream is over."""
        alive_at, told = 0.0, self._newest
        while not self._is_over.is_set():
            signal.alarm(HUNG_SECONDS)
            for command in self._line.receive(TICK_SECONDS):
                if isinstance(command, Stop):
                    return
                self._handle(cast(ToCapture, command))
            if self._line.is_closed:
                os._exit(0)
            if self._newest is not told and time.monotonic() - alive_at >= ALIVE_SECONDS:
                alive_at, told = time.monotonic(), self._newest
                self._tell_alive()

    def _handle(self, command: ToCapture) -> None:
        connection = self._connection
        if isinstance(command, ShowPreviews):
            if connection is not None:
                connection.decoding.showing.begin(command.seconds)
        elif isinstance(command, KeepClip | EndClip | KeepThumbnail):
            self._keep(connection, command)

    def _keep(
        self, connection: _Connection | None, command: KeepClip | EndClip | KeepThumbnail
    ) -> None:
        if connection is not None:
            connection.footage.handle(command)
        elif not isinstance(command, EndClip):
            self._tell(NotKept(event_id=command.event_id, cause="the camera is not connected"))

    def _tell_alive(self) -> None:
        connection, newest = self._connection, self._newest
        if connection is not None and newest is not None:
            alive = Alive(
                counts=self._counts(),
                clock=connection.reader.clock,
                time=newest.time,
                decoding_seconds=connection.decoding.busy_seconds,
            )
            self._tell(alive)

    def _counts(self) -> Counts:
        if self._connection is None:
            return Counts()
        return self._connection.reader.counts + self._connection.decoding.counts

    def _tell(self, message: FromCapture) -> None:
        try:
            self._line.send(message)
        except OSError:
            os._exit(0)  # there is no parent

    def _read(self) -> None:
        """The reader thread, which begins and ends the one of the decoder."""
        with self._edge():
            self._connection = connection = self._connect()
            thread = threading.Thread(target=self._decode, args=(connection,), daemon=True)
            thread.start()
            try:
                self._take_packets(connection)
            finally:
                self._end_decoding(connection)
                thread.join()
                connection.reader.close()
        self._is_over.set()

    def _end_decoding(self, connection: _Connection) -> None:
        if self._is_stopping.is_set():
            connection.decoding.backlog.abandon()
        else:
            connection.decoding.backlog.close()

    def _connect(self) -> _Connection:
        spec = self._spec
        reader = LiveReader(
            spec.access,
            not_before=spec.not_before,
            is_paced=spec.is_paced,
            is_looped=spec.is_looped,
            sender_wait_seconds=SENDER_SECONDS if spec.not_before is None else AGAIN_SECONDS,
        )
        ring = Ring(max_seconds=spec.ring_seconds, max_bytes=RING_BYTES)
        return _Connection(
            reader=reader,
            footage=Footage(source=spec.name, stream=reader.stream, ring=ring, emit=self._tell),
            decoding=Decoding(spec, reader, self._tell),
        )

    def _take_packets(self, connection: _Connection) -> None:
        for packet in connection.reader.packets():
            if self._is_stopping.is_set():
                return
            connection.footage.feed(packet)
            connection.decoding.backlog.add(packet)
            self._newest = packet

    def _decode(self, connection: _Connection) -> None:
        """The decoder thread."""
        with self._edge():
            connection.decoding.run()

    @contextmanager
    def _edge(self) -> Iterator[None]:
        """Of a thread: if one fails, the connection is over."""
        try:
            yield
        except SourceError as error:
            self._fail(error)
        except Exception as error:  # noqa: BLE001 - the edge of a worker
            # Its text may hold an address, and so a password.
            what = f"reading it failed with {type(error).__name__}, a fault of this program"
            self._fail(SourceError(f"{self._spec.name}: {what}."))

    def _fail(self, error: SourceError) -> None:
        self._error = self._error or error
        self._is_over.set()
