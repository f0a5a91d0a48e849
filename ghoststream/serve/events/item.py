"""An event as the API tells it."""

import sqlite3
from typing import Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

from ghoststream.serve.media.links import (
    event_playback,
    event_still,
    video_playback,
    video_still,
)

EventKind: TypeAlias = Literal["camera", "archive"]
Verdict: TypeAlias = Literal["none", "confirmed", "corrected", "dismissed"]


class EventItem(BaseModel):
    """Something began, and perhaps ended, and what people said of it."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    id: str
    kind: EventKind
    source: str
    """Name of the camera, or of the video in its archive."""
    region: str | None
    label: str
    score: float
    top_score: float
    start_time: float
    """Unix seconds for a camera; for a video, seconds on its own clock."""
    end_time: float | None
    """null until it has ended."""
    video: str | None
    """Id of the video, in an archive."""
    still: str | None
    playback: str | None
    verdict: Verdict
    corrected_label: str | None


class EventPage(BaseModel):
    """Some events of a long list."""

    items: list[EventItem]
    next_cursor: str | None


class LabelCount(BaseModel):
    """How many events show a label, corrections taken in."""

    label: str
    count: int


class VerdictChange(BaseModel):
    """What somebody says of an event."""

    model_config = ConfigDict(use_attribute_docstrings=True, extra="forbid")

    verdict: Literal["confirmed", "corrected", "dismissed"]
    label: str | None = Field(default=None, max_length=200)
    """What it is instead, where it is corrected."""


def event_item(row: sqlite3.Row) -> EventItem:
    """The item of a row that `Book` has joined."""
    still, playback = _archive_links(row) if row["kind"] == "archive" else _camera_links(row)
    names = set(EventItem.model_fields) - {"video", "still", "playback"}
    return EventItem(
        **{name: row[name] for name in names},
        video=row["video_id"],
        still=still,
        playback=playback,
    )


def _camera_links(row: sqlite3.Row) -> tuple[str | None, str | None]:
    return (
        event_still(row["id"]) if row["has_thumbnail"] else None,
        event_playback(row["id"]) if row["has_clip"] else None,
    )


def _archive_links(row: sqlite3.Row) -> tuple[str | None, str | None]:
    video, start = row["video_id"], row["start_time"]
    if video is None:
        return None, None
    end = start if row["end_time"] is None else row["end_time"]
    playback = video_playback(
        video,
        start,
        max(end, start + 1.0),
        is_playable=bool(row["is_playable"]),
        begins_at_seconds=row["begins_at"] or 0.0,
    )
    return video_still(video, (start + end) / 2), playback
