"""All events that the page knows, with what people said of them.

book = Book(site.review, site.ids)
book.add_line(line)  # of a camera, as in its event log
page = book.page(EventFilters(label="tabby"), limit=50, cursor=None)
book.say(page.items[0].id, "corrected", "puma")

All methods wait for the disk: call them in a thread.
"""

import os
import sqlite3
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ghoststream.errors import NotThere, Unsuitable
from ghoststream.serve.cursor import from_cursor, to_cursor
from ghoststream.serve.events.facts import EvidenceFile, FoundEvent, KnownVideo, Sighting
from ghoststream.serve.events.filters import EventFilters
from ghoststream.serve.events.item import (
    EventItem,
    EventPage,
    LabelCount,
    Verdict,
    event_item,
)
from ghoststream.serve.events.schema import SCHEMA
from ghoststream.serve.events.told import (
    MAX_CAMERA_EVENTS,
    drop_oldest,
    end_going_on,
    put_line,
    replace_events,
)
from ghoststream.serve.media.file import MediaFile
from ghoststream.serve.media.ids import MediaIds
from ghoststream.serve.review import Review

MAX_LABEL = 200

_ITEM = """
SELECT e.*, v.id AS video_id, v.is_playable, v.start_seconds AS begins_at, v.path AS video_path,
  EXISTS (SELECT 1 FROM evidence x WHERE x.source = e.source AND x.own_id = e.own_id
          AND x.kind = 'thumbnail' AND e.kind = 'camera') AS has_thumbnail,
  EXISTS (SELECT 1 FROM evidence x WHERE x.source = e.source AND x.own_id = e.own_id
          AND x.kind = 'clip' AND e.kind = 'camera') AS has_clip
FROM events e LEFT JOIN videos v ON v.video = e.video
"""
_LISTED = """
(e.kind = 'camera' OR e.head = coalesce((SELECT value FROM shown WHERE name = 'head'), ''))
"""
_PUT_VERDICT = """
INSERT OR REPLACE INTO verdicts
SELECT id, kind, place, label, start_time, end_time, verdict, corrected_label, ? FROM events
WHERE id = ?
"""


class Book:
    """Events by their opaque ids, which stay the same over restarts and re-imports.

    Args:
        review: where they are kept.
        ids: makes the opaque ones.
    """

    def __init__(self, review: Review, ids: MediaIds) -> None:
        self._review, self._ids = review, ids
        review.define(SCHEMA)

    def page(self, filters: EventFilters, *, limit: int, cursor: str | None) -> EventPage:
        """Cameras' events, newest first, then those of videos, in the order of their import.

        Args:
            filters: which ones.
            limit: at most.
            cursor: of the page before.

        Raises:
            Unsuitable: the cursor is none.
        """
        conditions, values = filters.sql()
        if cursor is not None:
            conditions.append("(e.position, e.number) > (?, ?)")
            values += from_cursor(cursor, (int, int))
        where = " AND ".join([_LISTED, *conditions])
        query = f"{_ITEM} WHERE {where} ORDER BY e.position, e.number LIMIT ?"
        rows = self._review.rows(query, [*values, limit + 1])
        more = len(rows) > limit
        last = rows[limit - 1] if more else None
        return EventPage(
            items=[event_item(row) for row in rows[:limit]],
            next_cursor=None if last is None else to_cursor([last["position"], last["number"]]),
        )

    def of_video(self, video: str, *, limit: int) -> list[EventItem]:
        """Events of a stored video by their time; of the head that is shown.

        Args:
            video: its id in the store.
            limit: at most.
        """
        query = f"{_ITEM} WHERE {_LISTED} AND e.video = ? ORDER BY e.start_time, e.number LIMIT ?"
        return [event_item(row) for row in self._review.rows(query, [video, limit])]

    def item(self, event: str) -> EventItem:
        """One event.

        Raises:
            NotThere: there is none with this id.
        """
        return event_item(self._row(event))

    def corrected_to(self, word: str, *, limit: int) -> list[EventItem]:
        """Archives' events that people have corrected to a label; exact ones first.

        Args:
            word: a part of the label, in any case of ASCII letters.
            limit: at most.
        """
        rows = self._review.rows(
            f"{_ITEM} WHERE {_LISTED} AND e.verdict = 'corrected' AND e.kind = 'archive' "
            "AND instr(lower(e.corrected_label), lower(?)) > 0 "
            "ORDER BY lower(e.corrected_label) = lower(?) DESC, e.number LIMIT ?",
            [word, word, limit],
        )
        return [event_item(row) for row in rows]

    def denied(self, word: str, *, limit: int) -> list[EventItem]:
        """Archives' events told of a label that people say are none of it; the newest first.

        Args:
            word: a part of the label, in any case of ASCII letters.
            limit: at most.
        """
        rows = self._review.rows(
            f"{_ITEM} WHERE e.verdict IN ('dismissed', 'corrected') AND e.kind = 'archive' "
            "AND instr(lower(e.label), lower(?)) > 0 AND e.label != coalesce(e.corrected_label, '')"
            " ORDER BY e.number DESC LIMIT ?",
            [word, limit],
        )
        return [event_item(row) for row in rows]

    def sources(self, *, limit: int) -> list[str]:
        """Cameras and videos that have events.

        Args:
            limit: at most.
        """
        rows = self._review.rows(
            f"SELECT DISTINCT e.source FROM events e WHERE {_LISTED} ORDER BY e.source LIMIT ?",
            [limit],
        )
        return [row["source"] for row in rows]

    def labels(self) -> list[LabelCount]:
        """Labels of all events, the most frequent first."""
        rows = self._review.rows(
            f"SELECT e.shown_label AS label, count(*) AS count FROM events e WHERE {_LISTED} "
            "GROUP BY e.shown_label ORDER BY count DESC, label"
        )
        return [LabelCount(label=row["label"], count=row["count"]) for row in rows]

    def say(self, event: str, verdict: Verdict, label: str | None = None) -> EventItem:
        """Puts down what somebody says of an event; `none` takes it back.

        Args:
            event: its opaque id.
            verdict: what is said.
            label: what it is instead; of `corrected` only.

        Raises:
            NotThere: there is no such event.
            Unsuitable: a label is missing, or there is one too many.
        """
        corrected = _checked_label(verdict, label)
        with self._review.transaction() as connection:
            changed = connection.execute(
                "UPDATE events SET verdict = ?, corrected_label = ? WHERE id = ?",
                [verdict, corrected, event],
            )
            if not changed.rowcount:
                raise NotThere("there is no such event; it may have gone with its video")
            # Also `none`, so that no older verdict comes back when the event is imported anew.
            connection.execute(_PUT_VERDICT, [time.time(), event])
        return self.item(event)

    def add_line(self, line: Mapping[str, Any]) -> EventItem | None:
        """Takes in what a camera tells.

        Args:
            line: of the event log, as `ghoststream.sinks.records` makes them.

        Returns:
            The event as it is now; None of lines that tell of none.
        """
        with self._review.transaction() as connection:
            event = put_line(connection, line, self._ids)
        return None if event is None else self.item(event)

    def end_going_on(self) -> list[EventItem]:
        """Ends what goes on when it was last seen, where whoever watched it is gone.

        Returns:
            Events that have ended.
        """
        with self._review.transaction() as connection:
            ended = end_going_on(connection)
        return [self.item(event) for event in ended]

    def make_room(self, keep: int = MAX_CAMERA_EVENTS) -> None:
        """Lets go of the oldest events of cameras, but for those of which somebody said something.

        Args:
            keep: so many of those of which nobody did.
        """
        with self._review.transaction() as connection:
            drop_oldest(connection, keep)

    def import_events(self, told: Iterable[tuple[KnownVideo, Sequence[FoundEvent]]]) -> None:
        """Takes in what a store tells of videos, in place of what it told of them before."""
        with self._review.transaction() as connection:
            for video, events in told:
                replace_events(connection, video, events, self._ids, head="")

    def replace_events(self, video: str, events: Sequence[FoundEvent], head: str) -> None:
        """Takes in what a head tells of a stored video, in place of what it told before.

        Args:
            video: its id in the store; nothing is done for one that is not known here.
            events: all of them.
            head: its name.

        Raises:
            ValueError: the head has no name.
        """
        if not head:
            raise ValueError("a head needs a name; without one, events are the store's own")
        for row in self._review.rows("SELECT * FROM videos WHERE video = ?", [video]):
            known = KnownVideo(
                video=video, source=row["source"], content_sha256=row["content_sha256"] or video
            )
            with self._review.transaction() as connection:
                replace_events(connection, known, events, self._ids, head=head)

    def show_head(self, head: str | None) -> None:
        """From now on, archives' events are those that this head tells; None: the store's own."""
        self._review.execute("INSERT OR REPLACE INTO shown VALUES ('head', ?)", [head or ""])

    def shown_head(self) -> str | None:
        """Whose events of archives are shown; None: the store's own."""
        rows = self._review.rows("SELECT value FROM shown WHERE name = 'head'")
        return (rows[0]["value"] or None) if rows else None

    def evidence(self, event: str, kind: str) -> EvidenceFile:
        """The file that shows a camera's event.

        Args:
            event: its opaque id.
            kind: clip or thumbnail.

        Raises:
            NotThere: there is no such event, or no such file of it.
        """
        row = self._row(event)
        found = self._evidence(row, kind) if row["kind"] == "camera" else None
        if found is None:
            raise NotThere(f"there is no {kind} of this event; cameras keep them with `evidence`")
        return found

    def sighting_of(self, event: str) -> Sighting:
        """Where an event can be seen, for those who learn from it.

        Raises:
            NotThere: there is no such event.
        """
        row = self._row(event)
        clip = self._evidence(row, "clip") if row["kind"] == "camera" else None
        path = None if row["video_path"] is None else Path(os.fsdecode(row["video_path"]))
        return Sighting(
            kind=row["kind"],
            source=row["source"],
            label=row["shown_label"],
            start_time=row["start_time"],
            end_time=row["end_time"],
            video=row["video"],
            path=path if clip is None else clip.file.path,
            path_begins_at=(row["begins_at"] or 0.0) if clip is None else clip.start_time,
        )

    def _row(self, event: str) -> sqlite3.Row:
        rows = self._review.rows(f"{_ITEM} WHERE e.id = ?", [event])
        if not rows:
            raise NotThere("there is no such event; it may have gone with its video")
        return rows[0]

    def _evidence(self, row: sqlite3.Row, kind: str) -> EvidenceFile | None:
        found = self._review.rows(
            "SELECT * FROM evidence WHERE source = ? AND own_id = ? AND kind = ?",
            [row["source"], row["own_id"], kind],
        )
        if not found:
            return None
        (one,) = found
        file = MediaFile(
            path=Path(one["path"]),
            size=one["size"],
            mtime_ns=one["mtime_ns"],
            name=f"the {kind} of an event of {one['source']}",
        )
        return EvidenceFile(file=file, start_time=one["start_time"], end_time=one["end_time"])


def _checked_label(verdict: Verdict, label: str | None) -> str | None:
    text = None if label is None else " ".join(label.split())
    if verdict != "corrected":
        if text is not None:
            raise Unsuitable(f"a label goes with `corrected` only, not with {verdict!r}")
        return None
    if not text or len(text) > MAX_LABEL or not text.isprintable():
        raise Unsuitable(f"a correction needs a label of 1 to {MAX_LABEL} characters")
    return text
