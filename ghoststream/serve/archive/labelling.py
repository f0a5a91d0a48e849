"""Labels a directory of videos in a process of its own, while the page shows what is done.

What is there comes first, with all cores; then what comes in, for as long as the page is up.

labelling = Labelling(config, hear)
labelling.close()
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeAlias

from ghoststream.config import ArchiveConfig
from ghoststream.errors import GhostStreamError, WorkerLost
from ghoststream.runners.archive.summary import ArchiveWatcher
from ghoststream.serve.child import Child, Parent, Send
from ghoststream.types import Summary

CLOSE_SECONDS = 1.5
"""For what is finished to be kept, before the process is killed; the next run does the rest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a labelling is."""

    done: int = 0
    """Files that are through, those that failed included."""
    of: int = 0
    failed: int = 0
    is_over: bool = False
    """Whether all that is there is labelled; more may come."""
    error: str | None = None
    """Why nothing more will be labelled: one sentence."""


Hear: TypeAlias = Callable[[Progress], None]


class Labelling:
    """Of an archive, from now on.

    Args:
        config: as of `ghoststream label`.
        hear: called in a thread with each progress.
    """

    def __init__(self, config: ArchiveConfig, hear: Hear) -> None:
        self._hear = hear
        self._is_closed = False
        self._child = Child(_label, config)
        self._thread = threading.Thread(target=self._listen, name="labelling", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Ends it; what is finished is kept."""
        self._is_closed = True
        self._child.stop()
        self._thread.join(CLOSE_SECONDS)
        self._child.kill()
        self._thread.join()

    def _listen(self) -> None:
        last, error = Progress(), None
        try:
            for last in self._child.messages():
                self._tell(last)
        except WorkerLost:
            error = "the process that labels the videos was ended; start the page again to go on"
        except GhostStreamError as refused:
            error = str(refused)
        self._tell(replace(last, is_over=True, error=error))

    def _tell(self, progress: Progress) -> None:
        if not self._is_closed:
            self._hear(progress)


class _Teller(ArchiveWatcher):
    """Counts, and tells the page."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._done = self._failed = self._of = 0
        self._is_watching = False

    def watch(self) -> None:
        """All that was there at first is through."""
        self._is_watching = True
        self._tell()

    def expect(self, *, files: int, size_bytes: int, already_done: int, failed_before: int) -> None:
        self._of += files
        self._tell()

    def done(
        self, path: Path, *, size_bytes: int, summary: Summary, seconds_of_video: float
    ) -> None:
        self._done += 1
        self._tell()

    def moved(self, path: Path, *, size_bytes: int) -> None:
        self._done += 1
        self._tell()

    def failed(self, path: Path, *, size_bytes: int, error: str) -> None:
        self._done += 1
        self._failed += 1
        self._tell()

    def _tell(self) -> None:
        is_over = self._is_watching and self._done == self._of
        self._send(Progress(done=self._done, of=self._of, failed=self._failed, is_over=is_over))


def _label(parent: Parent, config: ArchiveConfig) -> None:
    """What the process does."""
    from ghoststream.runners.archive.run import run_archive

    teller = _Teller(parent)
    run_archive(config, stop=parent.stop, watcher=teller)
    if not parent.stop.is_set():
        teller.watch()
        # They come one by one, and processes that wait take memory.
        watching = config.model_copy(update={"watch": True, "workers": 1})
        run_archive(watching, stop=parent.stop, watcher=teller)
