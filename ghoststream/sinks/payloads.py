"""What other systems are told, as JSON: the same over MQTT and webhooks.

Events have the shape that Frigate made common, so that what reads Frigate's reads ours. Times are
Unix seconds, rounded to microseconds.
"""

import json
from dataclasses import dataclass

from pydantic import JsonValue

from ghoststream.sinks.records import DECIMALS, readable, seconds
from ghoststream.types import Event, EventState, Evidence, Header, LiveState, Status
from ghoststream.version import __version__

NO_LABEL = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Files:
    """Paths of what shows an event, as far as it is whole."""

    clip: str | None = None
    thumbnail: str | None = None


def event_payload(event: Event, header: Header, files: Files, message_id: str) -> bytes:
    """Something began (`new`), became clearer (`update`), or ended (`end`).

    Args:
        event: to tell of.
        header: of its segment.
        files: that show it.
        message_id: by which a receiver tells a repeat.
    """
    before = None if event.before is None else _state(event.before, header, files)
    return _message(
        {"type": event.type, "before": before, "after": _state(event.after, header, files)},
        message_id,
    )


def evidence_payload(evidence: Evidence, message_id: str) -> bytes:
    """A file that shows an event is whole; a clip is so only some time after the event's end."""
    return _message(
        {
            "type": "evidence",
            "camera": readable(evidence.source),
            "event_id": evidence.event_id,
            "kind": evidence.kind,
            "path": readable(evidence.path),
            "start_time": seconds(evidence.span.start),
            "end_time": seconds(evidence.span.end),
            "bytes": evidence.nbytes,
            "is_whole": evidence.is_whole,
        },
        message_id,
    )


def status_payload(status: Status, message_id: str) -> bytes:
    """A camera changes what it does."""
    return _message(
        {"type": "status", "camera": readable(status.source), **_condition(status)}, message_id
    )


def state_payload(status: Status) -> bytes:
    """What a camera does, for a topic of its own."""
    return _json(_condition(status))


def availability(state: LiveState) -> str:
    """What a camera does, in one of three words.

    Example:
        >>> availability("running"), availability("stalled"), availability("not_found")
        ('online', 'stalled', 'offline')
    """
    return {"running": "online", "stalled": "stalled"}.get(state, "offline")


def _state(state: EventState, header: Header, files: Files) -> dict[str, JsonValue]:
    region = None if header.region is None else readable(header.region)
    return {
        "id": state.id,
        "camera": readable(header.source),
        "region": region,
        "frame_time": seconds(state.frame_time),
        "start_time": seconds(state.start_time),
        "end_time": None if state.end_time is None else seconds(state.end_time),
        "label": readable(state.label),
        "sub_label": None,
        "score": round(state.score, DECIMALS),
        "top_score": round(state.top_score, DECIMALS),
        "false_positive": False,
        "zones": [] if region is None else [region],
        "has_clip": files.clip is not None,
        "has_snapshot": files.thumbnail is not None,
        "clip": files.clip,
        "thumbnail": files.thumbnail,
        "model": header.model.name,
        "clock": header.stream.clock,
    }


def _condition(status: Status) -> dict[str, JsonValue]:
    return {
        "state": status.state,
        "cause": None if status.cause is None else readable(status.cause),
        "since": seconds(status.time),
        "segment": status.segment,
    }


def _message(payload: dict[str, JsonValue], message_id: str) -> bytes:
    return _json({**payload, "message_id": message_id, "version": __version__})


def _json(payload: dict[str, JsonValue]) -> bytes:
    return json.dumps(payload, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
