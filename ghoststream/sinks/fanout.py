"""Several sinks as one."""

from collections.abc import Sequence
from contextlib import ExitStack
from types import TracebackType

from ghoststream.sinks.sink import Item, Writer
from ghoststream.types import Header, Summary


class FanOut(Writer[Item]):
    """Hands everything to each sink.

    The sinks are opened when there is something to tell, so that a single source which cannot be
    read leaves no file behind.
    """

    def __init__(self, sinks: Sequence[Writer[Item]]) -> None:
        self._sinks = sinks
        self._opened = ExitStack()
        self._is_open = False

    def start(self, header: Header) -> None:
        self._open()
        for sink in self._sinks:
            sink.start(header)

    def write(self, item: Item) -> None:
        for sink in self._sinks:
            sink.write(item)

    def finish(self, summary: Summary) -> None:
        for sink in self._sinks:
            sink.finish(summary)

    def lost(self, source: str, summary: Summary) -> None:
        self._open()
        for sink in self._sinks:
            sink.lost(source, summary)

    def close(self) -> None:
        self._opened.close()

    def discard(self) -> None:
        for sink in self._sinks:
            sink.discard()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        # The stack tells each sink how it ended, and discards the rest where one fails to close.
        self._opened.__exit__(kind, error, trace)

    def _open(self) -> None:
        if not self._is_open:
            self._is_open = True
            for sink in self._sinks:
                self._opened.enter_context(sink)
