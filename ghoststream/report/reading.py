"""Event logs, read once from start to end.

logs = read_logs([Path("events.jsonl")])
logs.sources[0].events()
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Annotated, BinaryIO

from pydantic import Field, TypeAdapter, ValidationError

from ghoststream.errors import LogError
from ghoststream.report.source_log import MAX_EVENTS, SourceLog, keep_strongest
from ghoststream.sinks.records import (
    SCHEMA,
    ClipRecord,
    EndRecord,
    EventRecord,
    EvidenceRecord,
    HeaderRecord,
    Line,
    StatusRecord,
)
from ghoststream.sources.file import shown

MAX_LINE_BYTES = 16 << 20
MAX_FOREIGN_LINES = 200
"""That a file may begin with before it is taken for something else."""
SUMMARY = "summary.json"


@dataclass(slots=True, kw_only=True)
class Logs:
    """What was read."""

    sources: list[SourceLog] = field(default_factory=list)
    files: list[Path] = field(default_factory=list)
    directory: Path | None = None
    """From which the names of an archive's videos count."""
    unreadable_lines: int = 0
    torn: list[Path] = field(default_factory=list)
    """Logs that end in the middle of a line."""
    problems: list[str] = field(default_factory=list)
    """Logs that could not be used, a sentence each."""


def read_logs(paths: Sequence[Path]) -> Logs:
    """Reads logs, and the directories of logs that `ghoststream label` writes.

    Args:
        paths: files, or directories; one that is named twice is read once.

    Raises:
        LogError: not one of them holds results.

    Example:
        >>> [source.name for source in read_logs([Path("events.jsonl")]).sources]
        ['coffee.mp4']
    """
    logs, held = Logs(), 0
    for path in dict.fromkeys(_files(paths, logs)):
        before = len(logs.sources)
        try:
            _read(path, logs)
        except LogError as error:
            logs.problems.append(str(error))
        held += sum(source.held for source in logs.sources[before:])
        if held > 2 * MAX_EVENTS:
            keep_strongest(logs.sources, MAX_EVENTS)
            held = sum(source.held for source in logs.sources)
    keep_strongest(logs.sources, MAX_EVENTS)
    if not logs.sources:
        raise LogError(logs.problems[0])
    return logs


def _files(paths: Sequence[Path], logs: Logs) -> Iterator[Path]:
    for path in paths:
        if path.is_dir():
            logs.directory = _archive_of(path) or logs.directory
            found = sorted(path.rglob("*.jsonl"))
            logs.problems += [] if found else [_nothing_in(path)]
            yield from found
        else:
            yield path


def _archive_of(directory: Path) -> Path | None:
    """The archive whose logs these are; None where nobody says."""
    try:
        summary = json.loads((directory / SUMMARY).read_bytes())
        return Path(summary["directory"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _nothing_in(directory: Path) -> str:
    return (
        f"there are no event logs (*.jsonl) in {shown(directory)}; "
        "name a log that run or label has written"
    )


def _read(path: Path, logs: Logs) -> None:
    """
    Raises:
        LogError: it cannot be read, or is no event log.
    """
    try:
        with path.open("rb") as file:
            _Folding(path, logs).fold(_lines(file))
    except OSError as error:
        reason = error.strerror or str(error)
        raise LogError(f"cannot read {shown(path)}: {reason}; name an event log") from error
    logs.files.append(path)


def _lines(file: BinaryIO) -> Iterator[bytes]:
    while line := file.readline(MAX_LINE_BYTES):
        yield line


class _Folding:
    """Deals the lines of one file out to their sources."""

    def __init__(self, path: Path, logs: Logs) -> None:
        self._path, self._logs = path, logs
        self._sources: dict[str, SourceLog] = {}
        self._good = self._bad = 0

    def fold(self, lines: Iterable[bytes]) -> None:
        """
        Raises:
            LogError: it is no event log.
        """
        for line in lines:
            if line.strip():
                self._take(line)
        if not self._good:
            raise LogError(f"{shown(self._path)} holds no results; {self._hint()}")
        self._logs.unreadable_lines += self._bad

    def _hint(self) -> str:
        if self._bad:
            return "it is not an event log of GhostStream"
        return "it is empty: the run has found no video, or has only just begun"

    def _take(self, line: bytes) -> None:
        try:
            record = _adapter().validate_json(line)
        except ValidationError:
            self._take_unknown(line)
            return
        self._good += 1
        self._fold(record)

    def _take_unknown(self, line: bytes) -> None:
        self._refuse_other_schema(line)
        if not line.endswith(b"\n") and self._good:
            self._logs.torn.append(self._path)
            return
        self._bad += 1
        if not self._good and self._bad == MAX_FOREIGN_LINES:
            raise LogError(f"{shown(self._path)} is not an event log of GhostStream")

    def _refuse_other_schema(self, line: bytes) -> None:
        try:
            schema = json.loads(line)["schema"]
        except (ValueError, KeyError, TypeError, RecursionError):
            return
        if schema != SCHEMA:
            raise LogError(
                f"{shown(self._path)} is of the schema {ascii(schema)[:80]}, and this version "
                f"reads {SCHEMA}; make the report with the version that wrote it"
            )

    def _fold(self, record: Line) -> None:
        match record:
            case HeaderRecord():
                self._begun(record).take_header(record)
            case ClipRecord():
                self._source(record.source).take_clip(record)
            case EventRecord():
                self._source(record.after.source).take_event(record)
            case EndRecord():
                self._ended(record).take_end(record)
            case StatusRecord():
                self._source(record.source).take_status(record)
            case EvidenceRecord():
                self._source(record.source).take_evidence(record)

    def _begun(self, header: HeaderRecord) -> SourceLog:
        """A camera goes on where it was; a file that is read again is another source."""
        known = self._sources.get(header.source)
        if known is not None and known.header is not None and header.segment is None:
            return self._new(header.source)
        return self._source(header.source)

    def _ended(self, end: EndRecord) -> SourceLog:
        """A file that could not be read at all ends without having begun."""
        known = self._source(end.source)
        is_another = known.is_over and not known.is_live
        source = self._new(end.source) if is_another else known
        source.settle()
        return source

    def _source(self, name: str) -> SourceLog:
        return self._sources.get(name) or self._new(name)

    def _new(self, name: str) -> SourceLog:
        source = SourceLog(name, str(self._path.parent))
        self._sources[name] = source
        self._logs.sources.append(source)
        return source


@cache
def _adapter() -> TypeAdapter[Line]:
    return TypeAdapter(Annotated[Line, Field(discriminator="record")])
