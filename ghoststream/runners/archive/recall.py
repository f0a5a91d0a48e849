"""What the store knows of a content, told of another file that holds the same."""

import os
from collections.abc import Iterator
from typing import Any

import pyarrow as pa

from ghoststream.archive.rows import video_id
from ghoststream.archive.schema import CLIPS, EVENTS, FRAMES
from ghoststream.archive.store import Store, quoted
from ghoststream.archive.writer import VideoRows
from ghoststream.events import event_id
from ghoststream.runners.archive.triage import VideoRow
from ghoststream.sinks.records import HeaderRecord, to_line
from ghoststream.sources.archive import ArchiveFile
from ghoststream.sources.file import shown


def recall(store: Store, known: VideoRow, file: ArchiveFile) -> VideoRows:
    """The rows that an analysis of the file would give.

    Args:
        store: which holds them under another path, or under this one with another time of change.
        known: row of `videos` of the same content.
        file: another file, or the same one touched.
    """
    video = video_id(file.path, known["content_sha256"])
    row = {
        **known,
        "video": video,
        "path": shown(file.path),
        "path_bytes": os.fsencode(file.path),
        "source": shown(file.relative),
        "mtime_ns": file.mtime_ns,
        "header": _renamed(known["header"], shown(file.relative)),
    }
    # Under its own path it is only its row in `videos` that changes.
    where = "false" if video == known["video"] else f"video = {quoted([known['video']])}"
    return VideoRows(
        row=row,
        frames=_under(video, store, FRAMES, store.embeddings(where=where)),
        clips=_under(video, store, CLIPS, store.clips(where=where)),
        events=_with_ids_of(
            shown(file.relative), _under(video, store, EVENTS, store.events(where=where))
        ),
    )


def _under(video: str, store: Store, name: str, batches: Iterator[pa.RecordBatch]) -> pa.Table:
    """Rows under another id, in the order in which they were found."""
    schema = store.table(name).schema
    rows = pa.Table.from_batches(list(batches), schema)
    rows = rows.sort_by("frame" if name == FRAMES else "sequence")
    ids = pa.array([video] * rows.num_rows, pa.string())
    return rows.set_column(0, schema.field("video"), ids)


def _renamed(header: str, source: str) -> str:
    record = HeaderRecord.model_validate_json(header)
    return to_line(record.model_copy(update={"source": source})).rstrip("\n")


def _with_ids_of(source: str, events: pa.Table) -> pa.Table:
    """An event's id holds the name of its source."""
    rows: list[dict[str, Any]] = events.to_pylist()
    for row in rows:
        row["id"] = event_id(source, row["label"], row["start_seconds"])
    return pa.Table.from_pylist(rows, schema=events.schema)
