"""Settings of heads of one's own."""

from fractions import Fraction
from pathlib import Path
from typing import Annotated

from pydantic import Field

from ghoststream.config.analysis import LearntPoolingName, ModelConfig
from ghoststream.config.values import Positive


class TrainConfig(ModelConfig):
    """From labelled clips to a head."""

    data: Path
    """A folder a class, or a CSV file with path, label, and maybe start, end, group and split."""
    out: Path = Path("head.safetensors")
    """The head."""
    fps: Positive = Fraction(8)
    """Frames a second that are looked at."""
    window: Positive = Fraction(2)
    """Seconds that a clip spans; longer ones are cut into several."""
    pool: LearntPoolingName | None = None
    """Unset, the one that does best in cross-validation."""
    background: str | None = None
    """The class of which no events are told; unset, the one that is called background."""
    false_alarms: str | None = None
    """How many are bearable: 2/h of background, or 1% of its windows; sets where events begin."""
    folds: Annotated[int, Field(ge=2, le=50)] = 5
    """Parts of the cross-validation."""
    seed: Annotated[int, Field(ge=0, lt=2**31)] = 0
    """Of the cross-validation, and of fine-tuning."""
    finetune: bool = False
    """Train the last stages of the network, too, and keep them where that is better."""
    finetune_stages: Annotated[int, Field(ge=1, le=100)] = 2
    """How many of its stages learn."""
    finetune_epochs: Annotated[int, Field(ge=1, le=1000)] = 10
    """At most; it ends earlier where more make it worse."""
    store: str | None = None
    """Store of embeddings, as `embed` makes them; what it lacks is added. Unset, one of the user's
    for each network and rate."""
    retry_failed: bool = False
    """Try videos again that could not be read before."""
    file_timeout: Positive = Fraction(300)
    """Seconds without any progress after which a video is given up, and its process ended."""


class EvaluateConfig(ModelConfig):
    """How well a head does on labelled clips."""

    data: Path
    """As for training."""
    head: Path
    out: Path | None = None
    """Directory for figures, the worst mistakes, and report.json."""
    folds: Annotated[int, Field(ge=2, le=50)] = 5
    seed: Annotated[int, Field(ge=0, lt=2**31)] = 0
    store: str | None = None
    """As for training."""
    retry_failed: bool = False
    """As for training."""
    file_timeout: Positive = Fraction(300)
    """As for training."""
