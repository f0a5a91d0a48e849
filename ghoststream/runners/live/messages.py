"""What a capture process and its parent tell each other, and what the analysis is told of it.

capture process --FromCapture--> camera --Item--> analysis
                                        --Preview--> whoever looks on
capture process <--ToCapture--- camera
"""

from dataclasses import dataclass, field
from fractions import Fraction

from ghoststream.errors import SourceError
from ghoststream.models.preprocessing import Preprocessing
from ghoststream.types import (
    Clock,
    Counts,
    Evidence,
    Pixels,
    Region,
    Sampling,
    SegmentCause,
    Status,
    StreamInfo,
    Summary,
    TimeSpan,
)
from ghoststream.video.access import Access


@dataclass(frozen=True, slots=True, kw_only=True)
class CaptureSpec:
    """All that a capture process needs to know."""

    name: str
    """Of the camera; without passwords."""
    access: Access = field(repr=False)
    sampling: Sampling
    preprocessing: Preprocessing
    regions: tuple[tuple[str | None, Region], ...]
    """Each looked at on its own, by name; (None, WHOLE_PICTURE) where none is named."""
    ring_seconds: Fraction = Fraction(0)
    """Of packets kept in memory for clips of events; 0 keeps none."""
    is_paced: bool = False
    """A file is played at its own speed, as if it were a camera."""
    is_looped: bool = False
    not_before: Fraction | None = None
    """Time of the last frame of the connection before; all new ones come after it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """A segment begins; comes before its first sample."""

    info: StreamInfo
    """Its `start_time` is the Unix time of the first frame."""
    cause: SegmentCause
    """`connected` at the start of each connection; the parent knows whether it was the first."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sampled:
    """A sampled frame, made ready for the network, once for each region."""

    span: TimeSpan
    """In Unix seconds."""
    pixels: tuple[Pixels, ...]
    """In the order of the regions."""
    arrived: float
    """Unix time at which its packet came out of the network."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Alive:
    """Packets arrive; sent at most every half second, and never without a new packet."""

    counts: Counts
    """Of this connection so far; `frames` counts pictures decoded or skipped on purpose."""
    clock: Clock
    time: Fraction | None
    """Of the newest packet."""
    decoding_seconds: float = 0.0
    """For which the decoder has been at one packet; 0 while it waits for the next."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A file of evidence stands under its final name."""

    evidence: Evidence


@dataclass(frozen=True, slots=True, kw_only=True)
class NotKept:
    """Evidence that could not be had, and why, in one sentence."""

    event_id: str
    cause: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Gone:
    """The last message: the stream has ended (a file that is not looped), or broken."""

    error: SourceError | None
    counts: Counts


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """A sampled frame for people; comes while a `ShowPreviews` lasts."""

    time: Fraction
    """Of the frame, in Unix seconds."""
    jpeg: bytes


FromCapture = Begun | Sampled | Alive | Kept | NotKept | Gone | Preview


@dataclass(frozen=True, slots=True, kw_only=True)
class KeepClip:
    """Write a clip, from `since` on, until `EndClip` names its end."""

    event_id: str
    since: Fraction
    path: str
    """Its final name without ending, which depends on the codec; further files of a long event
    get `-2`, `-3`, ... before it."""
    max_seconds: Fraction
    """Of one file; the next one begins at the keyframe after it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EndClip:
    """The clip of an event ends with the first packet past `until`."""

    event_id: str
    until: Fraction


@dataclass(frozen=True, slots=True, kw_only=True)
class KeepThumbnail:
    """Write the frame at a time as JPEG; decoded anew from the packets in memory."""

    event_id: str
    time: Fraction
    path: str


@dataclass(frozen=True, slots=True)
class Stop:
    """End all clips as they are, and the process."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowPreviews:
    """Send previews for a while; whoever still looks on asks again before it is over."""

    seconds: float


ToCapture = KeepClip | EndClip | KeepThumbnail | ShowPreviews | Stop


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentBegun:
    """The samples that follow are of a new segment."""

    number: int
    """Counted from 1 over all connections of a camera."""
    cause: SegmentCause
    info: StreamInfo


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentEnded:
    """Nothing more comes of a segment; each one that has begun ends once."""

    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraEnded:
    """The last item of a camera."""

    summary: Summary
    """Without what only the analysis knows: samples looked at, clips and events."""
    error: SourceError | None
    """Why it ended, where nobody stopped it and it is no file that is over."""


Item = SegmentBegun | Sampled | SegmentEnded | Status | Evidence | NotKept | CameraEnded
"""What the analysis gets of a camera, as it happens."""
