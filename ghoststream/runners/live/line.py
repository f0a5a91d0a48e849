"""A line between two processes: whole messages, and never a wait for the rest of one.

`multiprocessing.Pipe` waits for the rest of a message once its first byte is there, and a process
that is stopped or hangs halfway would hold up the one that watches over all cameras.

ours, theirs = map(Line, socket.socketpair())
ours.send(message); theirs.receive(timeout_seconds=0.5)
"""

import pickle
import socket
import struct
import threading
from multiprocessing.connection import wait

LENGTH = struct.Struct("!I")
READ_BYTES = 1 << 18
MAX_BYTES_AT_ONCE = 4 << 20
"""Read in one go, so that one busy process does not keep others waiting."""


class Line:
    """One end; any thread may send, one may receive.

    Args:
        end: of a socket pair. One that does not block makes `send` fail rather than wait.
    """

    def __init__(self, end: socket.socket) -> None:
        self._end = end
        self._lock = threading.Lock()
        self._received = bytearray()
        self.is_closed = False
        """The other end is closed, and all that came from there was handed on."""

    def fileno(self) -> int:
        return self._end.fileno()

    def send(self, message: object) -> None:
        """Hands over a message.

        Raises:
            OSError: the other end is closed, or, where this end does not block, has no room; after
                that the line is of no use.
        """
        content = pickle.dumps(message, pickle.HIGHEST_PROTOCOL)
        with self._lock:
            self._end.sendall(LENGTH.pack(len(content)) + content)

    def receive(self, timeout_seconds: float) -> list[object]:
        """Messages that are there, after waiting for the first bytes of one."""
        wait([self._end], timeout_seconds)
        return self.messages()

    def messages(self) -> list[object]:
        """Messages that are there as a whole."""
        before = len(self._received)
        while len(self._received) - before < MAX_BYTES_AT_ONCE and (chunk := self._chunk()):
            self._received += chunk
        return self._whole()

    def close(self) -> None:
        """The other end gets what was sent, and then the end."""
        self._end.close()

    def _chunk(self) -> bytes:
        try:
            chunk = self._end.recv(READ_BYTES, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return b""
        except ConnectionResetError:
            chunk = b""
        self.is_closed |= not chunk
        return chunk

    def _whole(self) -> list[object]:
        messages = []
        while len(self._received) >= LENGTH.size:
            end = LENGTH.size + LENGTH.unpack_from(self._received)[0]
            if len(self._received) < end:
                break
            messages.append(pickle.loads(self._received[LENGTH.size : end]))
            del self._received[:end]
        return messages
