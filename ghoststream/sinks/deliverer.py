"""Takes the messages of one destination from the spool to where they belong.

deliverer = Deliverer(spool, transport, notices)
deliverer.wake()  # after each put
deliverer.close_until(time.monotonic() + 3)
deliverer.join()

One message at a time, oldest first: the next one is sent when this one has been taken, so a repeat
follows the message that it repeats.
"""

import threading
import time
from typing import Protocol

from ghoststream.backoff import Backoff
from ghoststream.errors import OutputError
from ghoststream.sinks.spool import Message, Notices, Spool, Waiting

POLL_SECONDS = 0.1


class NotDelivered(Exception):
    """A message has not arrived, as far as we know; it is worth another try.

    Args:
        cause: one sentence, without secrets.
        retry_after_seconds: that the receiver asks for.
    """

    def __init__(self, cause: str, *, retry_after_seconds: float = 0) -> None:
        super().__init__(cause)
        self.retry_after_seconds = retry_after_seconds


class Rejected(Exception):
    """The receiver says that this very message is bad, so that another try is of no use."""


class Transport(Protocol):
    """A way to one destination."""

    name: str
    """Of the destination; redacted."""
    ready: threading.Event
    """Set while there is a way; a transport without a lasting connection is always ready."""

    @property
    def trouble(self) -> str | None:
        """What went wrong last, until something goes well."""
        ...

    def send(self, message: Message) -> None:
        """Returns when the destination has taken it; called in one thread.

        Raises:
            NotDelivered: it has not.
            Rejected: it does not want it.
        """
        ...

    def close(self) -> None:
        """Ends the way; a `send` in another thread comes to an end soon."""
        ...


class Deliverer:
    """A thread that empties one line of the spool.

    Args:
        spool: with the line.
        transport: to its destination.
        backoff: between tries.
        notices: takes lines for the user, in the thread.
    """

    def __init__(
        self, spool: Spool, transport: Transport, *, backoff: Backoff, notices: Notices
    ) -> None:
        self._spool, self._transport, self._notices = spool, transport, notices
        self._backoff = backoff
        self._news, self._closing = threading.Event(), threading.Event()
        self._deadline, self._is_over = 0.0, False
        self.rejected = 0
        """Messages of this run that the destination called bad."""
        self._thread = threading.Thread(
            target=self._run, name=f"delivery to {transport.name}", daemon=True
        )
        self._thread.start()

    def wake(self) -> None:
        """Something new is in the line."""
        self._news.set()

    def close_until(self, deadline: float) -> None:
        """Ends when the line is empty, a try fails, or at this time of the monotonic clock."""
        self._deadline = deadline
        self._closing.set()
        self._news.set()

    def join(self) -> None:
        """Waits for the end, no longer than told."""
        self._thread.join(max(0.0, self._deadline - time.monotonic()))
        self._is_over = True

    def _run(self) -> None:
        while not (self._is_over or self._has_to_stop()):
            try:
                self._step()
            except Exception as error:  # noqa: BLE001 - one message must not end all delivery
                self._failed(error)

    def _has_to_stop(self) -> bool:
        if not self._closing.is_set():
            return False
        has_no_way = not self._transport.ready.is_set() and self._transport.trouble is not None
        return has_no_way or time.monotonic() >= self._deadline

    def _step(self) -> None:
        if not self._transport.ready.wait(POLL_SECONDS):
            return
        self._news.clear()
        waiting = self._spool.peek(self._transport.name, limit=1)
        if waiting:
            self._deliver(waiting[0])
        elif self._closing.is_set():
            self._is_over = True
        else:
            self._news.wait()

    def _deliver(self, waiting: Waiting) -> None:
        try:
            self._transport.send(waiting.message)
        except Rejected as error:
            self.rejected += 1
            self._notices(f"{self._transport.name} rejects a message, which is dropped: {error}")
        self._spool.remove([waiting.id])
        self._backoff.reset()

    def _failed(self, error: Exception) -> None:
        if self._is_over:  # nobody waits for us, and the spool may be closed
            return
        self._notices(f"{self._transport.name}: {_said(error)}; messages wait on disk")
        # While closing, one try is enough: what is left goes out in the next run.
        self._is_over = self._closing.is_set()
        asked = error.retry_after_seconds if isinstance(error, NotDelivered) else 0.0
        self._closing.wait(max(self._backoff.next_seconds(), asked))


def _said(error: Exception) -> str:
    """The text of an unforeseen error may hold an address, so that only its name is shown."""
    is_ours = isinstance(error, NotDelivered | OutputError)
    return str(error) if is_ours else f"unforeseen {type(error).__name__}"
