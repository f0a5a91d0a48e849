"""Event logs, made again of a store's rows, byte for byte as they were when a video was analysed.

for row, text in log_lines(store, store.videos().to_pylist()):
    (directory / f"{row['source']}.jsonl").write_bytes(text)
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeAlias

import pyarrow as pa

from ghoststream.archive.store import Store, quoted
from ghoststream.errors import StoreError
from ghoststream.events import event_id
from ghoststream.sinks.records import (
    DECIMALS,
    ClipRecord,
    EndRecord,
    EventRecord,
    EventStateRecord,
    HeaderRecord,
    LabelRecord,
    Line,
    readable,
    to_line,
)

VIDEOS_A_SCAN = 1024
CLIPS_A_SCAN = 100_000
"""Their labels take about 20 MB of memory; a longer video has a scan of its own."""

CLIP_COLUMNS = (
    "video",
    "sequence",
    "start_seconds",
    "end_seconds",
    "labels",
    "label_ids",
    "scores",
)

NO_ROWS = pa.table({})

Row: TypeAlias = Mapping[str, Any]


def log_lines(store: Store, videos: Iterable[Row]) -> Iterator[tuple[Row, bytes]]:
    """The whole event log of each video.

    Many videos share one scan of a table. Memory is bounded, but for the log of a single video.

    Args:
        store: which holds them.
        videos: rows of the table `videos`, in any order; where the `source` in one is replaced, its
            log is as if the video had been analysed under that name.

    Returns:
        Each row as it was given, with the bytes of its log. That of a failed video is one line.

    Raises:
        StoreError: a video was replaced or removed since its row was read.

    Example:
        >>> for row, text in log_lines(store, store.videos("status = 'done'").to_pylist()):
        ...     print(row["path"], text.count(b"\\n"))
    """
    for group in _groups(videos):
        where = f"video IN ({quoted([row['video'] for row in group])})"
        clips = _by_video(store.clips(where=where, columns=CLIP_COLUMNS))
        events = _by_video(store.events(where=where))
        for row in group:
            rows = [table.get(row["video"], NO_ROWS).to_pylist() for table in (clips, events)]
            yield row, "".join(map(to_line, _log(row, *rows))).encode()


def _groups(videos: Iterable[Row]) -> Iterator[list[Row]]:
    group: list[Row] = []
    clips = 0
    for row in videos:
        if group and (len(group) == VIDEOS_A_SCAN or clips + row["clips"] > CLIPS_A_SCAN):
            yield group
            group, clips = [], 0
        group.append(row)
        clips += row["clips"]
    if group:
        yield group


def _by_video(batches: Iterable[pa.RecordBatch]) -> dict[str, pa.Table]:
    """The rows of each video, in the order of its log."""
    there = list(batches)
    if not there:
        return {}
    rows = pa.Table.from_batches(there)
    rows = rows.sort_by([("video", "ascending"), ("sequence", "ascending")])
    found, start = {}, 0
    for video in rows["video"].value_counts().to_pylist():
        found[video["values"]] = rows.slice(start, video["counts"])
        start += video["counts"]
    return found


def _log(row: Row, clips: list[Row], events: list[Row]) -> Iterator[Line]:
    begun = sum(event["type"] == "new" for event in events)
    if (len(clips), begun) != (row["clips"], row["events"]):
        raise StoreError(
            f"{row['path']} was replaced or removed while its log was read; open the store again"
        )
    if row["header"] is not None:
        header = HeaderRecord.model_validate_json(row["header"])
        source = readable(row["source"])
        yield header.model_copy(update={"source": source})
        yield from _results(source, header.model.name, clips, events)
    yield _end(row)


def _results(source: str, model: str, clips: list[Row], events: list[Row]) -> Iterator[Line]:
    told: dict[str, EventStateRecord] = {}
    for result in sorted([*clips, *events], key=lambda result: result["sequence"]):
        if "labels" in result:
            yield _clip(source, result)
            continue
        after = _state(source, model, result)
        yield EventRecord(type=result["type"], before=told.get(after.id), after=after)
        told[after.id] = after


def _clip(source: str, clip: Row) -> ClipRecord:
    labels = zip(clip["labels"], clip["label_ids"], clip["scores"], strict=True)
    return ClipRecord(
        source=source,
        start=round(clip["start_seconds"], DECIMALS),
        end=round(clip["end_seconds"], DECIMALS),
        labels=[
            LabelRecord(label=label, label_id=label_id, score=round(score, DECIMALS))
            for label, label_id, score in labels
        ],
    )


def _state(source: str, model: str, event: Row) -> EventStateRecord:
    end = event["end_seconds"]
    return EventStateRecord(
        # Not the stored one, which holds the name that the source had then.
        id=event_id(source, event["label"], event["start_seconds"]),
        source=source,
        label=event["label"],
        label_id=event["label_id"],
        score=round(event["score"], DECIMALS),
        top_score=round(event["top_score"], DECIMALS),
        start_time=round(event["start_seconds"], DECIMALS),
        end_time=None if end is None else round(end, DECIMALS),
        frame_time=round(event["frame_seconds"], DECIMALS),
        model=model,
    )


def _end(row: Row) -> EndRecord:
    return EndRecord(
        source=row["source"],
        frames=row["frames"],
        skipped=row["skipped"],
        sampled=row["sampled"],
        clips=row["clips"],
        events=row["events"],
        dropped=row["dropped"],
        decode_errors=row["decode_errors"],
        reason="completed" if row["status"] == "done" else "failed",
        error=row["error"],
    )
