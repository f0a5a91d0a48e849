"""Videos and moments as the API tells them."""

from typing import Any, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict

from ghoststream.serve.events.item import EventItem

ArchiveState: TypeAlias = Literal["none", "labelling", "ready"]


class _Item(BaseModel):
    model_config = ConfigDict(use_attribute_docstrings=True)


class ArchiveStatus(_Item):
    """What there is, and how far its labelling is."""

    state: ArchiveState
    """`labelling` until all that is there can be looked through."""
    done: int
    """Files of this labelling that are through, those that failed included."""
    of: int
    failed: int
    error: str | None
    """Why there is nothing, or no more: one sentence."""
    videos: int
    """In the archive."""
    model: str | None
    weights_sha256: str | None
    head: str | None
    """Name of the head that is switched on; null for the one that the archive was labelled with."""


class VideoItem(_Item):
    """A video in a list."""

    id: str
    source: str
    """Its name in the archive."""
    status: Literal["done", "failed", "unknown"]
    error: str | None
    start_seconds: float | None
    """Of its first picture, on its own clock."""
    duration_seconds: float | None
    clips: int
    events: int
    still: str | None


class VideoPage(_Item):
    """Some videos of a long list."""

    items: list[VideoItem]
    next_cursor: str | None


class Video(VideoItem):
    """All that is known of a video."""

    width: int | None
    height: int | None
    codec: str | None
    container: str | None
    average_rate: str | None
    """Frames a second, as declared, such as 30000/1001."""
    is_playable: bool
    """By browsers as it is; else `playback` takes `start` and `end`, at most 60 seconds apart."""
    playback: str | None
    header: dict[str, Any] | None
    """The first line of its event log."""


class ShownLabel(_Item):
    """What a clip shows."""

    label: str
    score: float


class TimelineClip(_Item):
    """A stretch of the timeline; in long videos several clips are put together."""

    start: float
    end: float
    labels: list[ShownLabel]


class Timeline(_Item):
    """What a video shows when."""

    start_seconds: float
    end_seconds: float
    labels: list[str]
    """The most frequent ones, best first."""
    clips: list[TimelineClip]
    events: list[EventItem]


class MomentItem(_Item):
    """A place in a video that a search has found."""

    video: str
    source: str
    start_seconds: float
    end_seconds: float
    best_seconds: float
    """Where to look."""
    score: float
    """Cosine to the query, or the score of the label."""
    label: str | None
    still: str
    playback: str


class MomentPage(_Item):
    """What a search has found, best first."""

    items: list[MomentItem]
