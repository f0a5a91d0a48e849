"""How far a job over an archive has come."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class AtHand:
    """A file that a worker has taken."""

    path: Path
    frames: int = 0
    seconds: float = 0
    """Of its video so far."""


class ArchiveTally:
    """Adds up what is told of files.

    Speeds count the time in which there was a file at hand: a job that follows a growing archive
    is not slow because it waits.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.files, self.finished, self.failed = 0, 0, 0
        self.size_bytes, self.finished_bytes = 0, 0
        self.at_hand: dict[Path, AtHand] = {}
        self._frames, self._seconds_of_video = 0, 0.0
        self._clock, self._busy_seconds, self._busy_since = clock, 0.0, clock()

    def expect(self, files: int, size_bytes: int) -> None:
        self.files += files
        self.size_bytes += size_bytes

    def begin(self, path: Path) -> None:
        if not self.at_hand:
            self._busy_since = self._clock()
        self.at_hand[path] = AtHand(path=path)

    def progress(self, path: Path, frames: int, seconds: float) -> None:
        if path in self.at_hand:
            self.at_hand[path] = AtHand(path=path, frames=frames, seconds=seconds)

    def finish(
        self,
        path: Path,
        size_bytes: int,
        *,
        has_failed: bool = False,
        frames: int | None = None,
        seconds: float | None = None,
    ) -> None:
        """Takes a file off the list; what is not given of it is what was last told."""
        busy_seconds = self.busy_seconds
        last = self.at_hand.pop(path, AtHand(path=path))
        if not self.at_hand:
            self._busy_seconds = busy_seconds
        self.finished += 1
        self.failed += has_failed
        self.finished_bytes += size_bytes
        self._frames += last.frames if frames is None else frames
        self._seconds_of_video += last.seconds if seconds is None else seconds

    @property
    def busy_seconds(self) -> float:
        now = self._clock() - self._busy_since if self.at_hand else 0
        return self._busy_seconds + now

    @property
    def frames_per_second(self) -> float:
        frames = self._frames + sum(file.frames for file in tuple(self.at_hand.values()))
        return frames / max(self.busy_seconds, 1e-6)

    @property
    def realtime_speed(self) -> float:
        at_hand = sum(file.seconds for file in tuple(self.at_hand.values()))
        return (self._seconds_of_video + at_hand) / max(self.busy_seconds, 1e-6)

    @property
    def share(self) -> float:
        """Of the bytes, 0 to 1; nobody knows how long videos are before they are opened."""
        return self.finished_bytes / self.size_bytes if self.size_bytes else 0

    @property
    def seconds_left(self) -> float | None:
        """None before the first file is finished."""
        if not self.finished_bytes:
            return None
        left = max(self.size_bytes - self.finished_bytes, 0)
        return self.busy_seconds * left / self.finished_bytes

    def line(self) -> str:
        """All of it, for people."""
        parts = [f"{self.finished:,} of {self.files:,} files"]
        if self.failed:
            parts.append(f"{self.failed:,} failed")
        if self.busy_seconds:
            parts.append(f"{self.frames_per_second:,.0f} frames/s")
            parts.append(f"{self.realtime_speed:,.1f}x realtime")
        if self.seconds_left is not None:
            parts.append(f"{duration(self.seconds_left)} left")
        return ", ".join(parts)


def duration(seconds: float) -> str:
    """Hours, minutes and seconds.

    Example:
        >>> duration(3723.4)
        '1:02:03'
    """
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02d}:{rest:02d}"
