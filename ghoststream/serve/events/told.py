"""What cameras and stores tell of events, as rows; what people said of them goes over to those.

with review.transaction() as connection:
    event = put_line(connection, line, ids)
"""

import sqlite3
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ghoststream.serve.events.adoption import Said, adopted
from ghoststream.serve.events.facts import FoundEvent, KnownVideo
from ghoststream.serve.events.filters import position_of
from ghoststream.serve.events.item import EventKind
from ghoststream.serve.media.ids import MediaIds

MAX_CAMERA_EVENTS = 100_000
"""Of which nobody has said anything; the cameras' log has all of them."""

_PUT = """
INSERT INTO events (id, kind, head, place, video, source, region, own_id, label, score, top_score,
  start_time, end_time, verdict, corrected_label, position)
VALUES (:id, :kind, :head, :place, :video, :source, :region, :own_id, :label, :score, :top_score,
  :start_time, :end_time, :verdict, :corrected_label,
  coalesce(:position, (SELECT coalesce(max(number), 0) + 1 FROM events)))
ON CONFLICT (id) DO UPDATE SET label = excluded.label, score = excluded.score,
  top_score = excluded.top_score, end_time = excluded.end_time, source = excluded.source,
  video = excluded.video
"""
_PUT_EVIDENCE = """
INSERT OR REPLACE INTO evidence VALUES (:source, :own_id, :kind, :path, :start_time, :end_time,
  :is_whole, :size, :mtime_ns)
"""
_END = """
UPDATE events SET end_time = max(start_time, (SELECT frame_time FROM going_on WHERE event = id))
WHERE id IN (SELECT event FROM going_on)
"""
_OLDEST = """
SELECT position FROM events WHERE verdict = 'none' AND position < 0
ORDER BY position, number LIMIT 1 OFFSET ?
"""
_OLD = "verdict = 'none' AND position BETWEEN ? AND -1 AND end_time IS NOT NULL"
_DROP_EVENTS = f"DELETE FROM events WHERE {_OLD}"
_DROP_EVIDENCE = f"""
DELETE FROM evidence WHERE (source, own_id) IN (SELECT source, own_id FROM events WHERE {_OLD})
"""


def put_line(connection: sqlite3.Connection, line: Mapping[str, Any], ids: MediaIds) -> str | None:
    """Takes in what a camera tells.

    Args:
        connection: in a transaction.
        line: of the event log.
        ids: makes the opaque ones.

    Returns:
        Opaque id of the event; None of lines that tell of none.
    """
    if line.get("record") == "event":
        return _put_camera_event(connection, line["after"], ids)
    if line.get("record") == "evidence":
        return _put_evidence(connection, line)
    return None


def replace_events(
    connection: sqlite3.Connection,
    video: KnownVideo,
    events: Sequence[FoundEvent],
    ids: MediaIds,
    *,
    head: str,
) -> None:
    """Takes in what a head tells of a video, in place of what it told before.

    Args:
        connection: in a transaction.
        video: of a store.
        events: all of them.
        ids: makes the opaque ones.
        head: its name; empty for the store's own.
    """
    rows = [_archive_row(video, event, ids, head) for event in events]
    said = _said(connection, "archive", "place = ?", video.content_sha256)
    connection.execute("DELETE FROM events WHERE video = ? AND head = ?", [video.video, head])
    connection.executemany(_PUT, [row | _verdict_of(row, said) for row in rows])


def end_going_on(connection: sqlite3.Connection) -> list[str]:
    """Ends what goes on when it was last seen.

    Args:
        connection: in a transaction.

    Returns:
        Opaque ids of what has ended.
    """
    ids = [row["event"] for row in connection.execute("SELECT event FROM going_on")]
    connection.execute(_END)
    connection.execute("DELETE FROM going_on")
    return ids


def drop_oldest(connection: sqlite3.Connection, keep: int) -> None:
    """Lets go of events of cameras that have ended, and of which nobody has said anything.

    Args:
        connection: in a transaction.
        keep: the newest of these.
    """
    for row in connection.execute(_OLDEST, [keep]).fetchall():
        connection.execute(_DROP_EVIDENCE, [row["position"]])
        connection.execute(_DROP_EVENTS, [row["position"]])


def _put_camera_event(
    connection: sqlite3.Connection, state: Mapping[str, Any], ids: MediaIds
) -> str:
    row = _camera_row(state, ids)
    event: str = row["id"]
    said = _said(connection, "camera", "event = ?", event)
    connection.execute(_PUT, row | _verdict_of(row, said))
    _note_going_on(connection, event, state)
    return event


def _camera_row(state: Mapping[str, Any], ids: MediaIds) -> dict[str, Any]:
    source, region = state["source"], state.get("region")
    names = ("label", "score", "top_score", "start_time", "end_time")
    return {
        **{name: state[name] for name in names},
        "id": ids.of("event", "\0".join(["camera", source, region or "", state["id"]])),
        "kind": "camera",
        "head": "",
        "place": source,
        "video": None,
        "source": source,
        "region": region,
        "own_id": state["id"],
        "position": position_of(state["start_time"]),
    }


def _put_evidence(connection: sqlite3.Connection, line: Mapping[str, Any]) -> str | None:
    path = Path(line["path"]).absolute()
    try:
        status = path.stat()
    except FileNotFoundError:
        return None  # it has had to make room already
    row = {
        "source": line["source"],
        "own_id": line["event"],
        "kind": line["kind"],
        "path": str(path),
        "start_time": line["start"],
        "end_time": line["end"],
        "is_whole": line["is_whole"],
        "size": status.st_size,
        "mtime_ns": status.st_mtime_ns,
    }
    connection.execute(_PUT_EVIDENCE, row)
    found = connection.execute(
        "SELECT id FROM events WHERE source = ? AND own_id = ? AND kind = 'camera'",
        [line["source"], line["event"]],
    ).fetchone()
    return None if found is None else str(found["id"])


def _archive_row(video: KnownVideo, event: FoundEvent, ids: MediaIds, head: str) -> dict[str, Any]:
    return {
        "id": ids.of("event", "\0".join(["archive", video.video, head, event.own_id])),
        "kind": "archive",
        "head": head,
        "place": video.content_sha256,
        "video": video.video,
        "source": video.source,
        "region": None,
        "own_id": event.own_id,
        "label": event.label,
        "score": event.score,
        "top_score": event.top_score,
        "start_time": event.start_seconds,
        "end_time": event.end_seconds,
        "position": None,
    }


def _note_going_on(connection: sqlite3.Connection, event: str, state: Mapping[str, Any]) -> None:
    if state["end_time"] is None:
        values = event, state["frame_time"]
        connection.execute("INSERT OR REPLACE INTO going_on VALUES (?, ?)", values)
    else:
        connection.execute("DELETE FROM going_on WHERE event = ?", [event])


def _said(connection: sqlite3.Connection, kind: EventKind, where: str, value: str) -> list[Said]:
    rows = connection.execute(f"SELECT * FROM verdicts WHERE kind = ? AND {where}", [kind, value])
    names = Said.__dataclass_fields__
    return [Said(**{name: row[name] for name in names}) for row in rows]


def _verdict_of(row: Mapping[str, Any], said: Sequence[Said]) -> dict[str, str | None]:
    found = adopted(row["id"], row["label"], row["start_time"], row["end_time"], said)
    return {"verdict": found.verdict, "corrected_label": found.corrected_label}
