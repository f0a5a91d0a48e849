"""The nouns of GhostStream, from a decoded picture to an event worth telling.

    Frame -> Embedding -> Clip -> Embedding -> Prediction -> Event

All are frozen. Times are exact: `Fraction`s of a second on the stream's own clock, which need not
start at zero; spans are half open, `[start, end)`. A float of seconds is made at the edge only.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Literal, Protocol, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

In = TypeVar("In")
Out = TypeVar("Out")

Stage: TypeAlias = Callable[[Iterable[In]], Iterator[Out]]
"""What every step of a pipeline is."""

Pixels: TypeAlias = NDArray[np.uint8]
"""H x W x 3, RGB."""

Region: TypeAlias = tuple[float, float, float, float]
"""Left, top, right and bottom edge as fractions of a picture's sides, as displayed."""

WHOLE_PICTURE: Region = (0, 0, 1, 1)

Framing: TypeAlias = Literal["center", "squash", "pad"]
"""How a picture becomes a square: its middle, the whole distorted, or the whole with a border."""

Interpolation: TypeAlias = Literal["bicubic", "bilinear"]
"""How a picture is scaled: each pixel from 4 x 4 around it, or from 2 x 2."""

Device: TypeAlias = Literal["auto", "cpu", "cuda", "mps", "xpu", "reference"]
"""Where the network runs: OpenVINO on cpu and xpu (Intel's cards), torch on the others."""

Precision: TypeAlias = Literal["auto", "fp32", "bf16"]
"""In which the network computes."""

Vector: TypeAlias = NDArray[np.float32]
"""D numbers."""

Clock: TypeAlias = Literal["pts", "ntp", "arrival", "rate"]
"""Where times come from: the container, the sender's wall clock, the moment of arrival, or a frame
rate that somebody stated because the source carries no times (images, raw streams)."""

EventType: TypeAlias = Literal["new", "update", "end"]

Reason: TypeAlias = Literal["completed", "interrupted", "failed"]

LiveState: TypeAlias = Literal[
    "connecting", "running", "stalled", "reconnecting", "auth_failed", "not_found", "ended"
]
"""What a live source is doing; only `running` gives frames."""

SegmentCause: TypeAlias = Literal["connected", "reconnected", "clock_reset", "loop"]
"""Why a stretch of a live stream begins, within which times follow one clock without a gap that
nobody knows of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeSpan:
    """The times `start <= t < end`, in seconds."""

    start: Fraction
    end: Fraction

    def __post_init__(self) -> None:
        if self.end < self.start:
            raise ValueError(f"a span must not end before it starts: {self.start} > {self.end}")

    @property
    def duration(self) -> Fraction:
        return self.end - self.start

    @property
    def center(self) -> Fraction:
        return (self.start + self.end) / 2


class Picture(Protocol):
    """Pixels in the decoder's own format until somebody asks for them."""

    @property
    def width(self) -> int:
        """As displayed: after rotation, in square pixels."""
        ...

    @property
    def height(self) -> int: ...

    @property
    def nbytes(self) -> int:
        """Memory that the picture holds."""
        ...

    def rgb(
        self,
        size: tuple[int, int] | None = None,
        region: Region | None = None,
        interpolation: Interpolation = "bicubic",
    ) -> Pixels:
        """Converts once, straight to `size` (width, height); upright, square pixels.

        Args:
            size: of the result; unset, as many pixels as the region has.
            region: the part to show; unset, the whole. What lies outside is not looked at.
            interpolation: how it is scaled.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """One decoded picture with its exact time."""

    pts: int
    """Presentation time in units of `time_base`."""
    time_base: Fraction
    """Seconds per unit."""
    duration: int = 0
    """In units of `time_base`; 0 where the stream does not say."""
    is_keyframe: bool = False
    picture: Picture

    def __post_init__(self) -> None:
        if self.time_base <= 0 or self.duration < 0:
            raise ValueError(
                f"{self.time_base = } must be positive, {self.duration = } not negative"
            )

    @property
    def time(self) -> Fraction:
        return self.pts * self.time_base

    @property
    def span(self) -> TimeSpan:
        return TimeSpan(start=self.time, end=(self.pts + self.duration) * self.time_base)

    def rgb(
        self,
        size: tuple[int, int] | None = None,
        region: Region | None = None,
        interpolation: Interpolation = "bicubic",
    ) -> Pixels:
        """Pixels H x W x 3 of a region, scaled to `size` (width, height) where given."""
        return self.picture.rgb(size, region, interpolation)


class Moment(Protocol):
    """What sampling judges: a frame, or the header of one that is not decoded yet."""

    @property
    def time(self) -> Fraction:
        """In seconds."""
        ...

    @property
    def is_keyframe(self) -> bool: ...


Timed = TypeVar("Timed", bound=Moment)


class Sampler(Protocol):
    """Goes along one stream, and remembers how far it is."""

    @property
    def is_counting(self) -> bool:
        """Whether one frame more or less changes which ones are wanted later."""
        ...

    def wants(self, moment: Moment) -> bool:
        """Whether to look at this one; asked once about each, in order of time."""
        ...


class Sampling(Protocol):
    """Which moments of a stream to look at; a stage that lets those pass."""

    def sampler(self) -> Sampler:
        """For one stream, at its start."""
        ...

    def __call__(self, moments: Iterable[Timed]) -> Iterator[Timed]: ...

    def describe(self) -> str:
        """In a few words."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sample:
    """A sampled frame, made ready for the network; its picture is gone."""

    span: TimeSpan
    pixels: Pixels


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Embedding:
    """A vector over a time span: of one frame, or pooled over a clip."""

    span: TimeSpan
    vector: Vector

    def __post_init__(self) -> None:
        if self.vector.ndim != 1:
            raise ValueError(f"an embedding is a vector of D numbers, got {self.vector.shape = }")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Clip:
    """A window of embeddings, T x D, with the start time of each."""

    span: TimeSpan
    times: tuple[Fraction, ...]
    vectors: NDArray[np.float32]

    def __post_init__(self) -> None:
        if self.vectors.ndim != 2 or len(self.vectors) != len(self.times) or not self.times:
            raise ValueError(
                f"a clip holds T x D vectors and T >= 1 times, "
                f"got {self.vectors.shape = } and {len(self.times) = }"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """A class name with its score (0 to 1)."""

    label: str
    label_id: int
    score: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Prediction:
    """What a clip shows: labels, best first, over its span."""

    span: TimeSpan
    labels: tuple[Label, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class EventState:
    """What is known of an event at one moment of its life."""

    id: str
    label: str
    label_id: int
    score: float
    """Of the newest clip that shows the label."""
    top_score: float
    start_time: Fraction
    end_time: Fraction | None
    """None until the event has ended."""
    frame_time: Fraction
    """End of the newest clip that shows the label."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """A debounced statement: something began, became clearer, or ended."""

    type: EventType
    before: EventState | None
    """None for `new`."""
    after: EventState


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamInfo:
    """What a container says of its video stream, and how it is displayed."""

    codec: str
    width: int
    """As displayed: after rotation, in square pixels."""
    height: int
    coded_width: int
    coded_height: int
    pixel_format: str
    bit_depth: int
    time_base: Fraction
    start_time: Fraction | None
    """Time of the first frame on the stream's own clock, in seconds."""
    duration: Fraction | None
    """In seconds, as declared; None for a live stream."""
    average_rate: Fraction | None
    """Frames a second, as declared."""
    declared_frames: int | None
    rotation: int
    """Degrees clockwise by which the coded picture is turned for display: 0, 90, 180, 270."""
    sample_aspect_ratio: Fraction
    color_matrix: str
    color_range: str
    interlaced: bool
    container: str
    clock: Clock


@dataclass(slots=True, kw_only=True)
class Counts:
    """What a reader has met so far; the reader adds to it while it runs."""

    frames: int = 0
    """Good ones of the stream so far, decoded or skipped."""
    skipped: int = 0
    """Of those, not decoded, since nobody wanted them and nothing wanted is predicted from them."""
    dropped: int = 0
    """Decoded, but unusable: their time does not come after that of the frame before."""
    decode_errors: int = 0
    """Packets that could not be decoded, or pictures that the decoder itself calls damaged."""
    overrun: int = 0
    """Of a live source, given up because this machine did not keep up with it."""

    def __add__(self, other: "Counts") -> "Counts":
        """What two readers have met, as one; both stay as they are."""
        return Counts(
            frames=self.frames + other.frames,
            skipped=self.skipped + other.skipped,
            dropped=self.dropped + other.dropped,
            decode_errors=self.decode_errors + other.decode_errors,
            overrun=self.overrun + other.overrun,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Outline:
    """What sampling a video comes to, as its packet headers foretell."""

    samples: int
    skipped: int
    """Frames that need no decoding."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelInfo:
    """Which network and weights made a result."""

    name: str
    """Of the network: `ghostnet_100`."""
    weights: str
    """`bundled`, a hub name, or a file's name."""
    sha256: str
    """Of the weights file."""
    preprocessing: Mapping[str, object] = field(default_factory=dict)
    """How pixels are made ready: size, crop, interpolation, mean, standard deviation."""
    runtime: str
    """What ran it, on which device and in which precision: `openvino 2026.4.1 cpu bf16`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """Where results come from; the first thing that a sink gets."""

    source: str
    """Redacted: never holds a password."""
    stream: StreamInfo
    model: ModelInfo
    configuration: Mapping[str, object]
    """The settings that decide the results: sampling, window, pooling, thresholds."""
    configuration_sha256: str
    region: str | None = None
    """Name of the part of the picture that is looked at; None for the whole."""
    segment: int | None = None
    """Of a live source, counted from 1; times never run backwards from one to the next."""
    segment_cause: SegmentCause | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """How a run over one source ended; the last thing that a sink gets."""

    frames: int
    """Good ones of the video, decoded or skipped."""
    skipped: int
    """Of those, not decoded: nobody asked for them, nor for what is predicted from them."""
    sampled: int
    """Looked at by the network."""
    clips: int
    events: int
    dropped: int
    decode_errors: int
    reason: Reason
    error: str | None = None
    """One sentence, where `reason` is `failed`."""
    overrun: int | None = None
    """Frames of a live source, given up because this machine did not keep up with it; this and the
    two after it are None for what is not live."""
    reconnects: int | None = None
    """Connections after the first one."""
    stalls: int | None = None
    """Times that it stayed silent for too long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """What a live source does from now on."""

    source: str
    state: LiveState
    cause: str | None
    """One sentence, where there is something to say; without passwords."""
    time: Fraction
    """Unix seconds on the clock of this machine."""
    segment: int
    """The newest one; 0 before the first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Files that show an event of a live source."""

    source: str
    event_id: str
    kind: Literal["clip", "thumbnail"]
    path: str
    span: TimeSpan
    """What the clip shows; of a thumbnail, the time of its frame, twice."""
    nbytes: int
    is_whole: bool
    """Whether nothing of what was asked for is missing (the stream broke off, or memory did not
    reach back so far)."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SampledFrame:
    """The embedding of one frame, and how much there was to see."""

    embedding: Embedding
    contrast: float
    """Standard deviation of the brightness (0 to 255) of what the network saw."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class NamedClip:
    """A clip's pooled embedding, and what it shows."""

    embedding: Embedding
    prediction: Prediction


Finding: TypeAlias = SampledFrame | NamedClip | Event
"""All that is found in a video: each frame, each clip, and what begins and ends."""

Record: TypeAlias = Prediction | Event
"""What flows from a pipeline into sinks, between a header and a summary."""
