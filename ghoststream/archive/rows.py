"""Findings of a video to rows of a store.

rows = Rows(video_id(path, content_sha256), schemas(recipe), time_base=Fraction(1, 90000))
for finding in findings:
    rows.add(finding)
rows.tables()["frames"]
"""

import hashlib
import mmap
import os
from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, TypeAlias

import numpy as np
import pyarrow as pa

from ghoststream.archive.schema import CLIPS, EVENTS, FRAMES, RESULTS
from ghoststream.types import Embedding, Event, Finding, NamedClip, SampledFrame

Row: TypeAlias = dict[str, object]

ROWS_PER_BATCH = 256
SPOOL_BYTES = 16 << 20
"""Rows of one table of one video that wait in memory; more wait on disk."""


def video_id(path: Path, content_sha256: str | None) -> str:
    """The id of a video: the same for equal content at the same place, and for nothing else."""
    key = os.fsencode(path) + b"\0" + (content_sha256 or "").encode()
    return hashlib.sha256(key).hexdigest()[:16]


class Rows:
    """The rows of one video, as they come.

    Args:
        video: its id.
        schemas: of the tables.
        time_base: of its stream, in seconds.
    """

    def __init__(self, video: str, schemas: Mapping[str, pa.Schema], *, time_base: Fraction):
        self._video, self._time_base = video, time_base
        self._tables = {name: _Spool(schemas[name]) for name in RESULTS}
        self._frames = self._clips = self._sequence = 0

    def add(self, finding: Finding) -> None:
        """Takes the next finding."""
        if isinstance(finding, SampledFrame):
            self._tables[FRAMES].add(self._frame_row(finding))
            self._frames += 1
            return
        if isinstance(finding, NamedClip):
            self._tables[CLIPS].add(self._clip_row(finding))
            self._clips += 1
        else:
            self._tables[EVENTS].add(self._event_row(finding))
        self._sequence += 1

    def tables(self) -> dict[str, pa.Table]:
        """All rows by table, once; those of a long video lie on disk until they are looked at."""
        return {name: spool.table() for name, spool in self._tables.items()}

    def close(self) -> None:
        """Lets go of rows that nobody will ask for."""
        for spool in self._tables.values():
            spool.close()

    def _frame_row(self, frame: SampledFrame) -> Row:
        span = frame.embedding.span
        return {
            "video": self._video,
            "frame": self._frames,
            "pts": self._pts(span.start),
            "time_base": f"{self._time_base.numerator}/{self._time_base.denominator}",
            "seconds": float(span.start),
            "end_seconds": float(span.end),
            "contrast": frame.contrast,
            "vector": _half(frame.embedding),
        }

    def _clip_row(self, clip: NamedClip) -> Row:
        labels = clip.prediction.labels
        return {
            "video": self._video,
            "clip": self._clips,
            "sequence": self._sequence,
            "start_seconds": float(clip.prediction.span.start),
            "end_seconds": float(clip.prediction.span.end),
            "labels": [label.label for label in labels],
            "label_ids": [label.label_id for label in labels],
            "scores": [label.score for label in labels],
            "vector": _half(clip.embedding),
        }

    def _event_row(self, event: Event) -> Row:
        state = event.after
        return {
            "video": self._video,
            "sequence": self._sequence,
            "type": event.type,
            "id": state.id,
            "label": state.label,
            "label_id": state.label_id,
            "score": state.score,
            "top_score": state.top_score,
            "start_seconds": float(state.start_time),
            "end_seconds": None if state.end_time is None else float(state.end_time),
            "frame_seconds": float(state.frame_time),
        }

    def _pts(self, time: Fraction) -> int:
        pts = time / self._time_base
        if pts.denominator != 1:
            raise ValueError(f"{time} s is no timestamp in units of {self._time_base} s")
        return pts.numerator


def _half(embedding: Embedding) -> np.ndarray[tuple[int], np.dtype[np.float16]]:
    return embedding.vector.astype(np.float16)


class _Spool:
    """Rows of one table: in memory while they are few, and else in a temporary file."""

    def __init__(self, schema: pa.Schema) -> None:
        self._schema = schema
        self._rows: list[Row] = []
        self._batches: list[pa.RecordBatch] = []
        self._held_bytes = 0
        self._file: IO[bytes] | None = None
        self._writer: pa.RecordBatchFileWriter | None = None

    def add(self, row: Row) -> None:
        self._rows.append(row)
        if len(self._rows) == ROWS_PER_BATCH:
            self._take_batch()

    def table(self) -> pa.Table:
        self._take_batch()
        if self._file is None or self._writer is None:
            return pa.Table.from_batches(self._batches, self._schema)
        self._spill()
        self._writer.close()
        self._file.flush()
        mapped = mmap.mmap(self._file.fileno(), 0, access=mmap.ACCESS_READ)
        self.close()
        return pa.ipc.open_file(pa.BufferReader(pa.py_buffer(mapped))).read_all()

    def close(self) -> None:
        if self._file is not None:
            self._file.close()

    def _take_batch(self) -> None:
        if not self._rows:
            return
        batch = pa.RecordBatch.from_pylist(self._rows, schema=self._schema)
        self._rows = []
        self._batches.append(batch)
        self._held_bytes += batch.nbytes
        if self._held_bytes > SPOOL_BYTES:
            self._spill()

    def _spill(self) -> None:
        if self._file is None or self._writer is None:
            # It has no name, so that a kill leaves nothing behind.
            self._file = TemporaryFile()  # noqa: SIM115 - until close
            self._writer = pa.ipc.new_file(self._file, self._schema)
        for batch in self._batches:
            self._writer.write_batch(batch)
        self._batches, self._held_bytes = [], 0
