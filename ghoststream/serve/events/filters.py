"""Which events are wanted, in SQL.

conditions, values = EventFilters(kind="camera", label="tabby").sql()
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ghoststream.serve.events.item import EventKind, Verdict

MICROSECONDS = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class EventFilters:
    """Unset, all."""

    kind: EventKind | None = None
    source: str | None = None
    label: str | None = None
    """As it is shown: the correction, where there is one."""
    verdict: Verdict | None = None
    from_time: float | None = None
    """Those that began then or later."""
    to_time: float | None = None
    """Those that began before."""
    video: str | None = None
    """The store's own id of it."""

    def sql(self) -> tuple[list[str], list[Any]]:
        """Conditions on rows of `events`, and the values for their question marks."""
        parts = list(self._parts())
        return [part for part, _ in parts], [value for _, value in parts]

    def _parts(self) -> Iterator[tuple[str, Any]]:
        equal = {
            "kind": self.kind,
            "source": self.source,
            "shown_label": self.label,
            "verdict": self.verdict,
            "e.video": self.video,
        }
        for column, value in equal.items():
            if value is not None:
                yield f"{column if '.' in column else f'e.{column}'} = ?", value
        if self.from_time is not None:
            yield "e.start_time >= ?", self.from_time
        if self.to_time is not None:
            yield "e.start_time < ?", self.to_time
        yield from self._positions()

    def _positions(self) -> Iterator[tuple[str, int]]:
        """Says the same of cameras once more, in what events are sorted by, so that it is quick."""
        if self.kind != "camera":
            return
        if self.from_time is not None:
            yield "e.position <= ?", position_of(self.from_time)
        if self.to_time is not None:
            yield "e.position >= ?", position_of(self.to_time)


def position_of(time: float) -> int:
    """Where a camera's event stands in the list, newest first, before all archives' events."""
    return -max(1, round(min(max(time, 0.0), 1e12) * MICROSECONDS))
