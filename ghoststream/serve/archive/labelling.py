"""Labels a directory of videos in a process of its own, while the page shows what is done.

labelling = Labelling(config, hear)
labelling.start()
labelling.close()
"""

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TypeAlias

from ghoststream.config import ArchiveConfig
from ghoststream.errors import GhostStreamError
from ghoststream.types import Summary

# A copy of this process (fork) would hold the locks of its threads, and its sockets.
CONTEXT = multiprocessing.get_context("spawn")
NICENESS = 5
"""Below the page: what somebody waits for comes first."""
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
    error: str | None = None
    """Why it ended before its time: one sentence."""


Hear: TypeAlias = Callable[[Progress], None]


class Labelling:
    """One run over an archive.

    Args:
        config: as of `ghoststream label`.
        hear: called in a thread with each progress; the last one says that it is over.
    """

    def __init__(self, config: ArchiveConfig, hear: Hear) -> None:
        self._hear = hear
        self._ours, theirs = CONTEXT.Pipe()
        self._theirs = theirs
        # It has children of its own, which a daemon may not have.
        self._process = CONTEXT.Process(target=_label, args=(config, theirs), daemon=False)
        self._thread = threading.Thread(target=self._listen, name="labelling", daemon=True)
        self._is_closed = False

    def start(self) -> None:
        """Starts the process."""
        self._process.start()
        self._theirs.close()
        self._thread.start()

    def close(self) -> None:
        """Ends it; what is finished is kept."""
        self._is_closed = True
        if self._process.pid is not None:
            self._stop()

    def _stop(self) -> None:
        with suppress(OSError):  # where it has ended by itself
            self._ours.send("stop")
        self._process.join(CLOSE_SECONDS)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()
        self._thread.join()
        self._ours.close()

    def _listen(self) -> None:
        last = Progress()
        while not last.is_over:
            try:
                last = self._ours.recv()
            except (EOFError, OSError):
                last = self._lost(last)
            if not self._is_closed:
                self._hear(last)

    def _lost(self, last: Progress) -> Progress:
        return Progress(
            done=last.done,
            of=last.of,
            failed=last.failed,
            is_over=True,
            error="the process that labels the videos was ended; start the page again to go on",
        )


class _Teller:
    """An `ArchiveWatcher` that counts, and tells the page."""

    def __init__(self, line: Connection) -> None:
        self._line = line
        self._done = self._failed = self._of = 0

    def expect(self, *, files: int, size_bytes: int, already_done: int, failed_before: int) -> None:
        self._of += files
        self._tell()

    def notice(self, line: str) -> None:
        """The page shows what comes of the files, and needs no more."""

    def begin(self, path: Path) -> None:
        """Only what is through counts."""

    def progress(self, path: Path, *, frames: int, seconds: float) -> None:
        """Only what is through counts."""

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

    def end(self, error: str | None = None) -> None:
        self._tell(is_over=True, error=error)

    def _tell(self, *, is_over: bool = False, error: str | None = None) -> None:
        progress = Progress(
            done=self._done, of=self._of, failed=self._failed, is_over=is_over, error=error
        )
        with suppress(OSError):  # where the page has gone, which `_wait` notices
            self._line.send(progress)


def _label(config: ArchiveConfig, line: Connection) -> None:
    """What the process does."""
    from ghoststream.runners.archive.run import run_archive

    # The terminal sends it to all; the page decides what it means.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.nice(NICENESS)
    stop, teller = threading.Event(), _Teller(line)
    threading.Thread(target=_wait, args=(line, stop), daemon=True).start()
    try:
        run_archive(config, stop=stop, watcher=teller)
    except GhostStreamError as error:
        teller.end(str(error))
    else:
        teller.end()


def _wait(line: Connection, stop: threading.Event) -> None:
    """Until the page says so, or is gone."""
    with suppress(EOFError, OSError):
        line.recv()
    stop.set()
