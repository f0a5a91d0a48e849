"""A sink that keeps everything in lists, for tests and notebooks.

with Memory() as sink:
    ...
sink.records
"""

from ghoststream.sinks.sink import Sink
from ghoststream.types import Event, Header, Prediction, Record, Summary


class Memory(Sink):
    """Collects what it is given; memory grows with the length of the run."""

    def __init__(self) -> None:
        self.headers: list[Header] = []
        self.records: list[Record] = []
        self.summaries: list[Summary] = []
        self.closed = False

    @property
    def events(self) -> list[Event]:
        return [record for record in self.records if isinstance(record, Event)]

    @property
    def predictions(self) -> list[Prediction]:
        return [record for record in self.records if isinstance(record, Prediction)]

    def start(self, header: Header) -> None:
        self.headers.append(header)

    def write(self, item: Record) -> None:
        self.records.append(item)

    def finish(self, summary: Summary) -> None:
        self.summaries.append(summary)

    def lost(self, source: str, summary: Summary) -> None:
        self.summaries.append(summary)

    def close(self) -> None:
        self.closed = True

    def discard(self) -> None:
        self.closed = True
