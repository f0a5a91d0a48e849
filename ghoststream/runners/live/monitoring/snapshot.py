"""What cameras, receivers and evidence are like at one moment, for those who look from outside."""

from dataclasses import dataclass

from ghoststream.types import Counts, LiveState


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraSnapshot:
    """One camera; totals are of all its connections since the run began."""

    name: str
    state: LiveState
    watched_seconds: float
    """Since it was added."""
    silent_seconds: float | None
    """Since its last frame came; None before the first."""
    capture_fps: float
    """Frames that came, a second, over the last ten."""
    process_fps: float
    """Frames that the network looked at."""
    skipped_fps: float
    """Frames that sampling did not ask for."""
    counts: Counts
    sampled: int
    """Frames that the network has looked at."""
    reconnects: int
    stalls: int
    queue_depth: int
    """Samples that wait for the network."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SpoolSnapshot:
    """What waits for one receiver."""

    destination: str
    """Without passwords."""
    depth: int
    """Messages not delivered yet."""
    dropped: int
    """Messages given up, because too many waited."""
    rejected: int
    """Messages that the receiver called bad, in this run."""
    is_connected: bool
    """Whether the last that is known of it is good."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceSnapshot:
    """What is kept of events."""

    nbytes: int
    deleted_files: int
    """For age or for lack of room, in this run; so are those below."""
    deleted_bytes: int
    lost: int
    """Clips and thumbnails that could not be kept."""
