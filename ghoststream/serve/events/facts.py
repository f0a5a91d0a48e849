"""What is known of events before and beside what the page shows of them."""

from dataclasses import dataclass
from pathlib import Path

from ghoststream.serve.events.item import EventKind
from ghoststream.serve.media.file import MediaFile


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundEvent:
    """An event of a stored video, as a head tells it."""

    own_id: str
    """That of the event log; it stays the same for the same event."""
    label: str
    score: float
    top_score: float
    start_seconds: float
    """On the video's own clock."""
    end_seconds: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownVideo:
    """Of which video events are."""

    video: str
    """Its id in the store."""
    source: str
    content_sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceFile:
    """A file that shows a camera's event, as it was when it became whole."""

    file: MediaFile
    start_time: float
    """Unix seconds at which a clip begins."""
    end_time: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """Where an event can be seen."""

    kind: EventKind
    source: str
    label: str
    """As it is shown: the correction, where there is one."""
    start_time: float
    """As `EventItem` has it."""
    end_time: float | None
    video: str | None
    """Id in the store, of an archive's event."""
    path: Path | None
    """The video, or the clip of the evidence; None where there is none."""
    path_begins_at: float
    """The time, as those of the event, at which a player shows that file's first picture."""
