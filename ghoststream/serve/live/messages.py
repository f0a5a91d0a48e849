"""What the page and the process that watches its cameras tell each other.

process --FromWatcher--> page
process <--ToWatcher---- page
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

from ghoststream.config import RunConfig
from ghoststream.serve.live.camera import Camera


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchSpec:
    """All that the process needs to know."""

    config: RunConfig = field(repr=False)
    pipeline: Path
    """Where it came from; looked at again while cameras are watched."""
    overrides: Mapping[str, object] = field(repr=False)
    """Settings that win over the file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A line of the event log: header, event, status, evidence or end."""

    line: str
    """JSON."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """What a camera shows, for who looks on."""

    camera: str
    time: Fraction
    """In Unix seconds."""
    jpeg: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Cameras:
    """All cameras as they are; comes about once a second."""

    cameras: tuple[Camera, ...]
    lost_lines: int
    """That the page did not take in time, in this process; the log has them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """A sentence for whoever runs the page."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """The last word."""

    error: str | None
    """Why it ended, in a sentence; None where it was stopped, or all cameras are over."""


FromWatcher = Told | Picture | Cameras | Notice | Finished


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowCamera:
    """Send pictures of a camera for a while."""

    camera: str
    seconds: float


@dataclass(frozen=True, slots=True)
class StopWatching:
    """End everything in order, and the process."""


ToWatcher = ShowCamera | StopWatching
