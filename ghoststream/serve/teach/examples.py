"""What shows a class: stretches of archive videos, and clips that cameras kept of events.

examples = Examples(review, directory=data / "examples", ids=ids)
examples.put("cat", [Stretch(...), ...])
"""

import os
import shutil
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, TypeAlias

from ghoststream.errors import Gone, NotThere
from ghoststream.serve.media.ids import MediaIds
from ghoststream.serve.review import Review
from ghoststream.sinks.atomic import output_errors

Kind: TypeAlias = Literal["archive", "camera"]

SCHEMA = """
CREATE TABLE IF NOT EXISTS examples (
  id TEXT PRIMARY KEY NOT NULL,
  class TEXT NOT NULL REFERENCES classes (name),
  kind TEXT NOT NULL,
  source TEXT NOT NULL,
  path BLOB NOT NULL,
  start_seconds REAL NOT NULL,
  end_seconds REAL NOT NULL,
  video TEXT,
  event TEXT,
  day TEXT NOT NULL,
  added REAL NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS examples_by_class ON examples (class, added);
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """A part of a video that is to be an example."""

    kind: Kind
    source: str
    """What outputs call the video, or the camera."""
    path: Path
    start_seconds: float
    """On the file's own clock."""
    end_seconds: float
    video: str | None = None
    """Its id in the store, of an archive."""
    event: str | None = None
    """Id of the event that it shows, if it is one's."""
    time: float | None = None
    """Unix seconds, of a camera."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A stretch, and what it shows."""

    id: str
    label: str
    kind: Kind
    source: str
    path: Path
    start_seconds: float
    end_seconds: float
    video: str | None
    event: str | None
    day: str
    """Of a camera, in UTC; empty for an archive."""


class Examples:
    """All examples of a page.

    A clip of a camera is kept in a directory of its own, since evidence goes when it is old.

    Args:
        review: that holds the classes, too.
        directory: for the clips of cameras.
        ids: of the page.
    """

    def __init__(self, review: Review, *, directory: Path, ids: MediaIds) -> None:
        self._review, self._directory, self._ids = review, directory, ids
        review.define(SCHEMA)
        directory.mkdir(parents=True, exist_ok=True)

    def put(self, label: str, stretches: Sequence[Stretch]) -> list[Example]:
        """Makes stretches examples of a class; those that are of another one move to it.

        Args:
            label: name of a class that is there.
            stretches: of files that are there.

        Raises:
            Gone: a clip of a camera was deleted meanwhile; none is added.
        """
        examples = [self._example(label, stretch) for stretch in stretches]
        with self._review.transaction() as connection:
            connection.executemany(
                "INSERT INTO examples VALUES (:id, :class, :kind, :source, :path, :start_seconds, "
                ":end_seconds, :video, :event, :day, :added) "
                "ON CONFLICT (id) DO UPDATE SET class = :class",
                [_row(example) for example in examples],
            )
        return examples

    def of(self, label: str | None = None, *, limit: int = -1) -> list[Example]:
        """Those of a class, or all, the newest first.

        Args:
            label: name of a class; unset, all.
            limit: at most; below zero, all.
        """
        query = "SELECT * FROM examples WHERE ? IN (class, '') ORDER BY added DESC, id LIMIT ?"
        return [_example(dict(row)) for row in self._review.rows(query, (label or "", limit))]

    def remove(self, example: str) -> None:
        """Takes an example back.

        Raises:
            NotThere: no such example.
        """
        rows = self._review.rows("SELECT kind, path FROM examples WHERE id = ?", (example,))
        if not rows or not self._review.execute("DELETE FROM examples WHERE id = ?", (example,)):
            raise NotThere("there is no such example")
        if rows[0]["kind"] == "camera":
            with suppress(FileNotFoundError):
                Path(os.fsdecode(rows[0]["path"])).unlink()

    def _example(self, label: str, stretch: Stretch) -> Example:
        id = self._ids.of("example", _place(stretch))
        path = self._kept(stretch.path, id) if stretch.kind == "camera" else stretch.path
        return Example(
            id=id,
            label=label,
            kind=stretch.kind,
            source=stretch.source,
            path=path,
            start_seconds=stretch.start_seconds,
            end_seconds=stretch.end_seconds,
            video=stretch.video,
            event=stretch.event,
            day="" if stretch.time is None else _day(stretch.time),
        )

    def _kept(self, path: Path, id: str) -> Path:
        kept = self._directory / f"{id}{path.suffix}"
        if not kept.exists():
            with output_errors(kept):
                _link_or_copy(path, kept)
        return kept


def _link_or_copy(path: Path, kept: Path) -> None:
    try:
        os.link(path, kept)
    except FileNotFoundError:
        raise Gone("the clip of an event has been deleted; leave the event out") from None
    except OSError:  # another disk, or one that knows no links
        partial = kept.with_name(f"{kept.name}.partial")
        shutil.copyfile(path, partial)
        partial.replace(kept)


def _place(stretch: Stretch) -> str:
    """The same for the same pictures, however somebody came upon them."""
    if stretch.kind == "camera":
        return f"event:{stretch.event}"
    return f"video:{stretch.video}@{stretch.start_seconds:.6f}-{stretch.end_seconds:.6f}"


def _day(unix_seconds: float) -> str:
    return datetime.fromtimestamp(unix_seconds, UTC).date().isoformat()


def _row(example: Example) -> dict[str, object]:
    return {
        "id": example.id,
        "class": example.label,
        "kind": example.kind,
        "source": example.source,
        "path": os.fsencode(example.path),
        "start_seconds": example.start_seconds,
        "end_seconds": example.end_seconds,
        "video": example.video,
        "event": example.event,
        "day": example.day,
        "added": time.time(),
    }


def _example(row: dict[str, Any]) -> Example:
    label, path = row.pop("class"), row.pop("path")
    del row["added"]
    return Example(label=label, path=Path(os.fsdecode(path)), **row)
