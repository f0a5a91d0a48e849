"""Settings that decide what is found in a video."""

from fractions import Fraction
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeAlias

from pydantic import Field, ModelWrapValidatorHandler, model_validator

from ghoststream.config.base import Config
from ghoststream.config.values import NotNegative, Positive, Score
from ghoststream.types import Device, Framing, Precision


class ModelConfig(Config):
    """Which network looks at the frames."""

    model: str = "ghostnet_100"
    weights: str = "auto"
    """auto, bundled, hub, or a file."""
    framing: Framing = "center"
    """What the network sees of a picture that is not square: its middle, the whole squashed, or the
    whole padded."""
    device: Device = "auto"
    """Auto takes a CUDA or Apple card where there is one; xpu is Intel's; reference is slow."""
    precision: Precision = "auto"
    """Auto takes bf16 where the device computes in it."""
    batch: Annotated[int, Field(ge=1, le=1024)] | None = None
    """Frames a forward pass; unset, 16 for a file, and what there is of all cameras, up to 8."""
    workers: Annotated[int, Field(ge=1, le=256)] | None = None
    """Processes for several files; unset, one a core, or one in all with a graphics card."""


DEFAULT_FPS = Fraction(4)
SAMPLINGS = ("fps", "stride", "every_frame", "keyframes")


def _is_chosen(value: object) -> bool:
    return value is not None and value is not False  # and yet 0, which is chosen, and refused


class SamplingConfig(Config):
    """Which frames the network looks at; at most one of the four."""

    fps: Positive | None = None
    """Frames a second; where none of the four is set, the head's, or 4."""
    stride: Annotated[int, Field(ge=1)] | None = None
    """Every n-th frame."""
    every_frame: bool = False
    keyframes: bool = False

    @model_validator(mode="wrap")
    @classmethod
    def _default_sampling(cls, values: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        if any(_is_chosen(values.get(name)) for name in SAMPLINGS):
            return handler(values)
        config = handler({**values, "fps": DEFAULT_FPS})
        # What nobody chose gives way to the rate that a head was trained at.
        config.model_fields_set.discard("fps")
        return config

    @model_validator(mode="after")
    def _one_sampling(self) -> "SamplingConfig":
        chosen = [name for name in SAMPLINGS if _is_chosen(getattr(self, name))]
        if len(chosen) > 1:
            raise ValueError(f"{' and '.join(chosen)} exclude each other; choose one")
        return self


PoolingName: TypeAlias = Literal["mean", "max", "gem", "mean_std", "mean_change"]
LearntPoolingName: TypeAlias = Literal["mean", "max", "gem", "mean_std", "mean_change", "attention"]


class ClipConfig(Config):
    """How frames become named clips."""

    window: Positive = Fraction(2)
    """Seconds that a clip spans."""
    hop: Positive = Fraction(1)
    """Seconds from the start of a clip to the start of the next."""
    pool: PoolingName | None = None
    """Unset, what the head was trained on; mean for the network's own classifier."""
    head: Path | None = None
    """A linear head in a safetensors file; unset, the network's own classifier."""
    top_k: Annotated[int, Field(ge=1)] = 5
    """Labels a clip, best first."""


class EventConfig(Config):
    """How names of clips become events."""

    enter: Score = 0.15
    """Score at which an event begins."""
    leave: Score = 0.1
    """Score below which it is no longer seen."""
    min_duration: NotNegative = Fraction(0)
    """Seconds that an event must last to be told."""
    gap: NotNegative = Fraction(1)
    """Seconds that it may be out of sight."""

    @model_validator(mode="after")
    def _leave_below_enter(self) -> "EventConfig":
        if self.leave > self.enter:
            raise ValueError(f"leave ({self.leave}) must not be above enter ({self.enter})")
        return self


class AnalysisConfig(ModelConfig, SamplingConfig, ClipConfig, EventConfig):
    """All that decides what is found in a video."""
