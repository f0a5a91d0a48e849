"""Settings of weights of one's own."""

from fractions import Fraction
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, model_validator

from ghoststream.config.base import Config
from ghoststream.config.values import Positive
from ghoststream.types import Precision


class DistillConfig(Config):
    """From pictures without labels to weights of a student that imitates a teacher."""

    pictures: Annotated[tuple[Path, ...], Field(min_length=1)]
    """Folders, pictures, videos, and tar files of pictures."""
    out: Path = Path("student.safetensors")
    """The weights."""
    model: str = "ghostnet_100"
    """The student, a GhostNet: ghostnet_035 is one of 0.35 times the channels."""
    teacher: str = "efficientnet_lite0"
    """Any network that has weights."""
    teacher_weights: str = "auto"
    """As weights of a run."""
    init: str | None = None
    """Weights to start from, as weights of a run; unset, random numbers."""
    work: Path | None = None
    """Directory for the checkpoint and the decoded pictures; unset, OUT with .work at its end."""
    size: Annotated[int, Field(ge=32, le=1024)] = 160
    """Side of the pictures that the student learns from, in pixels."""
    teacher_size: Annotated[int, Field(ge=32, le=1024)] = 192
    """Side at which the teacher sees them."""
    input_size: Annotated[int, Field(ge=32, le=1024)] | None = None
    """Side at which the weights are to be used, and are judged; unset, the network's own."""
    stored: Annotated[int, Field(ge=32, le=2048)] = 256
    """Pictures with a longer shorter side are kept reduced to this, in pixels."""
    fps: Positive = Fraction(1)
    """Frames a second taken of videos."""
    held_out: Annotated[int, Field(ge=2)] = 2000
    """The last so many pictures, which are never learnt from: they judge and calibrate."""
    samples: Annotated[int, Field(ge=1)] | None = None
    """Pictures to look at in all; each counts as often as it is drawn."""
    minutes: Positive | None = None
    """Of training in all. Neither, and it goes on until it is stopped."""
    forcing: Annotated[float, Field(ge=0, le=1)] | None = None
    """Share of the budget in which stages are fed the teacher's features, ever more seldom; unset,
    0.55, and 0 where there is `init` or no budget."""
    finish: Annotated[float, Field(ge=0, le=1)] = 0.3
    """Last share of the budget, over which the learning rate runs out."""
    learning_rate: Annotated[float, Field(gt=0, le=1)] | None = None
    """Unset, 0.003, and 0.001 where there is `init`."""
    batch: Annotated[int, Field(ge=2, le=4096)] = 64
    save_minutes: Positive = Fraction(5)
    """From one checkpoint to the next."""
    report_minutes: Positive = Fraction(20)
    """From one look at the held-out pictures to the next."""
    seed: Annotated[int, Field(ge=0, lt=2**31)] = 0
    device: Literal["auto", "cpu", "cuda"] = "auto"
    """Auto takes a CUDA card where there is one."""
    precision: Precision = "auto"
    """Of the student's training; auto is bf16 on a card and fp32 on the CPU."""

    @model_validator(mode="after")
    def _forcing_has_a_budget(self) -> "DistillConfig":
        if self.forcing and self.samples is None and self.minutes is None:
            raise ValueError("forcing is a share of samples or minutes; set one of them too")
        return self
