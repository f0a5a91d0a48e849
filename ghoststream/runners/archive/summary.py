"""How a job over an archive ended, and who looks on while it runs."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from ghoststream.types import Reason, Summary


class ArchiveWatcher:
    """Who looks on while a job over an archive runs; told of everything from one thread.

    Does nothing with it: others override what they care about. Paths are those below the archive.
    """

    def expect(self, *, files: int, size_bytes: int, already_done: int, failed_before: int) -> None:
        """So many more files will be analysed, and others are left as they are.

        Args:
            files: to be analysed.
            size_bytes: of all of them.
            already_done: left alone, since nothing about them has changed.
            failed_before: left alone, since they would fail again.
        """

    def notice(self, line: str) -> None:
        """Something worth knowing, such as a directory that cannot be read."""

    def begin(self, path: Path) -> None:
        """A worker has taken this file."""

    def progress(self, path: Path, *, frames: int, seconds: float) -> None:
        """How far a file has come.

        Args:
            path: of the file.
            frames: of it so far.
            seconds: of its video so far.
        """

    def done(
        self, path: Path, *, size_bytes: int, summary: Summary, seconds_of_video: float
    ) -> None:
        """A file's results are kept."""

    def moved(self, path: Path, *, size_bytes: int) -> None:
        """A file's content was analysed before, under another name or date."""

    def failed(self, path: Path, *, size_bytes: int, error: str) -> None:
        """A file cannot be analysed; `error` is one sentence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveCounts:
    """What a number of files adds up to."""

    done: int = 0
    """Files."""
    failed: int = 0
    """Files."""
    seconds_of_video: float = 0
    frames: int = 0
    skipped: int = 0
    """Of the frames, not decoded, since nobody asked for them."""
    sampled: int = 0
    """Of the frames, looked at by the network."""
    clips: int = 0
    events: int = 0
    dropped: int = 0
    decode_errors: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedFile:
    """A file that could not be analysed."""

    path: str
    """Below the archive, fit for one line of text."""
    error: str
    """One sentence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveSummary:
    """How a job over an archive ended."""

    run: ArchiveCounts
    """Of what this run has analysed."""
    archive: ArchiveCounts
    """Of all that is known of the archive, this run's part included."""
    already_done: int
    """Files that this run has left alone."""
    moved: int
    """Files whose content was analysed before, under another name or date."""
    failures: Sequence[FailedFile] = ()
    """Of this run."""
    problems: Sequence[str] = ()
    """Places of the archive that could not be looked at."""
    wall_seconds: float
    reason: Reason = "completed"

    @property
    def frames_per_second(self) -> float:
        """Of this run, all workers together."""
        return self.run.frames / max(self.wall_seconds, 1e-6)

    @property
    def realtime_speed(self) -> float:
        """Seconds of video per second of wall, of this run."""
        return self.run.seconds_of_video / max(self.wall_seconds, 1e-6)

    def as_dict(self) -> dict[str, object]:
        """For summary.json."""
        return {
            "reason": self.reason,
            "run": {
                **_rounded(self.run),
                "already_done": self.already_done,
                "moved": self.moved,
                "wall_seconds": round(self.wall_seconds, 3),
                "frames_per_second": round(self.frames_per_second, 3),
                "realtime_speed": round(self.realtime_speed, 3),
            },
            "archive": _rounded(self.archive),
            "failures": [asdict(failure) for failure in self.failures],
            "problems": list(self.problems),
        }


def _rounded(counts: ArchiveCounts) -> dict[str, int | float]:
    return {**asdict(counts), "seconds_of_video": round(counts.seconds_of_video, 6)}
