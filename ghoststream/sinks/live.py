"""What takes the results of cameras, all of them at once, while they come.

sink.start(header); sink.write(event, header); sink.status(status); ...; sink.close()
"""

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
