"""What every sink can do, whether it takes results or embeddings.

with JsonLines("events.jsonl") as sink:
    sink.start(header)
    for record in records:
        sink.write(record)
    sink.finish(summary)
"""

from types import TracebackType
from typing import Protocol, Self, TypeAlias, TypeVar

from ghoststream.types import Embedding, Header, Record, Summary

Item = TypeVar("Item", contravariant=True)


class Writer(Protocol[Item]):
    """Takes several sources in turn, `start`, `write`..., `finish` each; whole once it is closed.

    Leaving its context closes it, or discards it where an exception passes through.
    """

    def start(self, header: Header) -> None:
        """Begins a source.

        Raises:
            OutputError: the place cannot be written; this holds for every method here.
        """
        ...

    def write(self, item: Item) -> None:
        """Takes one result of the source that was started last."""
        ...

    def finish(self, summary: Summary) -> None:
        """Ends a source."""
        ...

    def lost(self, source: str, summary: Summary) -> None:
        """Tells of a source that gave nothing, in place of `start` to `finish`; logs write it down.

        Args:
            source: its redacted name.
            summary: why.
        """
        return

    def close(self) -> None:
        """Ends the output: what was written stands under its final name."""
        ...

    def discard(self) -> None:
        """Ends the output without anything under its final name; logs keep their lines."""
        ...

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is not None:
            self.discard()
            return
        try:
            self.close()
        except BaseException:
            self.discard()
            raise


Sink: TypeAlias = Writer[Record]
"""Takes predictions and events."""

EmbeddingSink: TypeAlias = Writer[Embedding]
"""Takes the embedding of every sampled frame."""
