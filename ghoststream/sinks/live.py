"""What takes the results of cameras, all of them at once, while they come.

sink.start(header); sink.write(event, header); sink.status(status); ...; sink.close()
"""

from collections.abc import Sequence
from fractions import Fraction

from ghoststream.types import Evidence, Header, Record, Status, Summary


class LiveSink:
    """Does nothing with what it is told; others override what they care about.

    All methods are called in one thread. None of them waits for a network.
    """

    def start(self, header: Header) -> None:
        """A segment of a camera, or of one of its regions, begins."""

    def write(self, record: Record, header: Header) -> None:
        """One result; the header is that of its segment."""

    def status(self, status: Status) -> None:
        """A camera changes what it does."""

    def evidence(self, evidence: Evidence) -> None:
        """A file that shows an event is whole."""

    def finish(self, source: str, summary: Summary) -> None:
        """Nothing more will come of a camera."""

    def close(self) -> None:
        """Nothing more will come at all."""


class LiveWatcher(LiveSink):
    """A person who looks on."""

    def notice(self, line: str) -> None:
        """Something worth knowing; called in any thread."""

    def preview(self, camera: str, time: Fraction, jpeg: bytes) -> None:
        """A picture of what a camera shows, where it was asked for; called in any thread.

        Args:
            camera: its name.
            time: of the picture, in Unix seconds.
            jpeg: whose longer side has 640 pixels at most.
        """


class LiveFanOut(LiveSink):
    """Hands everything to each sink, in their order; who made the sinks closes them."""

    def __init__(self, sinks: Sequence[LiveSink]) -> None:
        self._sinks = sinks

    def start(self, header: Header) -> None:
        for sink in self._sinks:
            sink.start(header)

    def write(self, record: Record, header: Header) -> None:
        for sink in self._sinks:
            sink.write(record, header)

    def status(self, status: Status) -> None:
        for sink in self._sinks:
            sink.status(status)

    def evidence(self, evidence: Evidence) -> None:
        for sink in self._sinks:
            sink.evidence(evidence)

    def finish(self, source: str, summary: Summary) -> None:
        for sink in self._sinks:
            sink.finish(source, summary)
