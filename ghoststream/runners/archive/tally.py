"""What a run over an archive adds up to, while it goes on.

tally.add(summary, duration_seconds=12.0)
tally.summary(store, is_interrupted=False)
"""

import os
import time
from collections import Counter
from pathlib import Path

from ghoststream.archive.store import Store
from ghoststream.runners.archive.gathering import COUNTS
from ghoststream.runners.archive.summary import ArchiveCounts, ArchiveSummary, FailedFile
from ghoststream.runners.archive.triage import Triage
from ghoststream.sources.archive import ArchiveFile, Found
from ghoststream.sources.file import shown
from ghoststream.types import Summary

DECIMALS = 6
"""Of seconds, so that their sum is the same in whatever order videos end."""


class Tally:
    """Files and frames of one run."""

    def __init__(self) -> None:
        self.moved = 0
        self._began = time.monotonic()
        self._files: set[Path] = set()
        self._already_done = 0
        self._problems: list[str] = []
        self._failures: list[FailedFile] = []
        self._counts: Counter[str] = Counter()
        self._seconds_of_video = 0.0

    def take(self, found: Found, triage: Triage) -> None:
        """So many files have come in."""
        self._files.update(file.path for file in found.files)
        self._problems += found.problems
        self._already_done += len(triage.done)

    def add(self, summary: Summary, duration_seconds: float) -> None:
        """A file is done."""
        self._counts["done"] += 1
        self._counts.update({name: getattr(summary, name) for name in COUNTS})
        self._seconds_of_video += duration_seconds

    def add_failure(self, file: ArchiveFile, error: str) -> None:
        """A file has failed."""
        self._failures.append(FailedFile(path=shown(file.relative), error=error))

    def summary(self, store: Store, *, is_interrupted: bool) -> ArchiveSummary:
        """All of it, beside what the store holds of the archive."""
        return ArchiveSummary(
            run=ArchiveCounts(
                **self._counts,
                failed=len(self._failures),
                seconds_of_video=round(self._seconds_of_video, DECIMALS),
            ),
            archive=self._archive(store),
            already_done=self._already_done,
            moved=self.moved,
            failures=tuple(self._failures),
            problems=tuple(self._problems),
            wall_seconds=time.monotonic() - self._began,
            reason="interrupted" if is_interrupted else "completed",
        )

    def _archive(self, store: Store) -> ArchiveCounts:
        columns = ["path_bytes", "status", "duration_seconds", *COUNTS]
        counts: Counter[str] = Counter()
        seconds = 0.0
        for row in store.videos(columns=columns).to_pylist():
            if Path(os.fsdecode(row["path_bytes"])) in self._files:
                counts.update({name: row[name] for name in COUNTS})
                counts[row["status"]] += 1
                seconds += row["duration_seconds"] or 0
        return ArchiveCounts(**counts, seconds_of_video=round(seconds, DECIMALS))
