"""All that is told of one file, put together: its rows for the store, and its log.

gathering = Gathering(order, store.schemas, log=mirrored(out, file.relative))
gathering.begin(header, content_sha256)
gathering.add(findings)
video = gathering.finish(summary)  # its log is under its final name, its rows wait for the store
"""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import pyarrow as pa

from ghoststream.archive.rows import Row, Rows, video_id
from ghoststream.archive.schema import RESULTS
from ghoststream.archive.writer import VideoRows
from ghoststream.runners.archive.analysis import Ended, Order
from ghoststream.sinks.atomic import AtomicFile
from ghoststream.sinks.jsonl import JsonLines
from ghoststream.sinks.records import header_record, to_line
from ghoststream.sources.archive import ArchiveFile
from ghoststream.sources.file import shown
from ghoststream.types import Event, Finding, Header, NamedClip, Record, SampledFrame, Summary


class Gathering:
    """What has come of a file so far.

    Args:
        order: the file.
        schemas: of the store's tables.
        log: where its log goes; None for none.
    """

    def __init__(self, order: Order, schemas: Mapping[str, pa.Schema], log: Path | None) -> None:
        self._order, self._schemas = order, schemas
        self._log = None if log is None else _Log(log)
        self._rows: Rows | None = None
        self._header: Header | None = None

    def begin(self, header: Header, content_sha256: str) -> None:
        """The first frame is there.

        Raises:
            OutputError: the log cannot be written; this holds for every method here.
        """
        self._header = header
        video = video_id(self._order.file.path, content_sha256)
        self._rows = Rows(video, self._schemas, time_base=header.stream.time_base)
        if self._log is not None:
            self._log.lines.start(header)

    def add(self, findings: Sequence[Finding]) -> None:
        """Takes some more of what was found."""
        assert self._rows is not None
        for finding in findings:
            self._rows.add(finding)
            if self._log is not None and not isinstance(finding, SampledFrame):
                self._log.lines.write(_record(finding))

    def end(self, ended: Ended) -> VideoRows:
        """The rows of the video; of one that has failed, its row in `videos` alone."""
        if ended.summary.reason == "failed" or self._rows is None or self._header is None:
            return self._fail(ended)
        if self._log is not None:
            self._log.lines.finish(ended.summary)
            self._log.commit()
        row = video_row(
            self._order.file,
            ended.summary,
            content_sha256=ended.content_sha256,
            header=self._header,
        )
        return VideoRows(row=row, **self._rows.tables())

    def discard(self) -> None:
        """Leaves nothing behind."""
        if self._rows is not None:
            self._rows.close()
        if self._log is not None:
            self._log.discard()

    def _fail(self, ended: Ended) -> VideoRows:
        self.discard()
        if self._log is not None:
            log = self._log.anew()
            log.lines.lost(self._order.source, ended.summary)
            log.commit()
        row = video_row(
            self._order.file,
            ended.summary,
            content_sha256=ended.content_sha256,
            error_code=ended.error_code,
        )
        empty = {name: self._schemas[name].empty_table() for name in RESULTS}
        return VideoRows(row=row, **empty)


def video_row(
    file: ArchiveFile,
    summary: Summary,
    *,
    content_sha256: str | None,
    header: Header | None = None,
    error_code: str | None = None,
) -> Row:
    """The row of `videos`.

    Args:
        file: as it was found.
        summary: how its analysis ended.
        content_sha256: None where it could not be read.
        header: None where the analysis failed.
        error_code: of the error in the summary.
    """
    start = None if header is None else header.stream.start_time
    duration = None if header is None else header.stream.duration
    return {
        "video": video_id(file.path, content_sha256),
        "path": shown(file.path),
        "path_bytes": os.fsencode(file.path),
        "source": shown(file.relative),
        "size": file.size_bytes,
        "mtime_ns": file.mtime_ns,
        "content_sha256": content_sha256,
        "status": "failed" if header is None else "done",
        "error": summary.error,
        "error_code": error_code,
        "start_seconds": None if start is None else float(start),
        "duration_seconds": None if duration is None else float(duration),
        "header": None if header is None else to_line(header_record(header)).rstrip("\n"),
        **{name: getattr(summary, name) for name in COUNTS},
    }


COUNTS = ("frames", "skipped", "sampled", "clips", "events", "dropped", "decode_errors")
"""Of a summary, each a column of `videos`."""


def _record(finding: NamedClip | Event) -> Record:
    return finding.prediction if isinstance(finding, NamedClip) else finding


class _Log:
    """A log that appears under its name when it is whole."""

    def __init__(self, path: Path) -> None:
        # No video can be called so, as hidden ones are left out.
        self._file = AtomicFile(path, partial=path.with_name(f".{path.name}.partial"))
        self._file.prepare()
        self.lines = JsonLines(self._file.partial)

    def anew(self) -> "_Log":
        return _Log(self._file.path)

    def commit(self) -> None:
        self.lines.close()
        self._file.commit()

    def discard(self) -> None:
        self.lines.close()
        self._file.discard()
