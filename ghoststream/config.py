"""Settings of a run: a pipeline file, flags, or keyword arguments, all with the same words.

    config = RunConfig(source="clip.mp4", fps=2)
    config = load_config(Path("pipelines/alarm.yaml"), RunConfig, source="clip.mp4")

Unknown keys are refused. `{GHOSTSTREAM_NAME}` in a pipeline file is replaced from the environment,
so that no secret stands in it.
"""

import hashlib
import json
import os
import re
from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar
from urllib.parse import quote

import yaml
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    ValidationError,
    WithJsonSchema,
    model_validator,
)

from ghoststream.errors import ConfigError
from ghoststream.types import Device, Framing, Precision


def _exact(value: object) -> Fraction:
    """`0.1`, `"0.1"`, `"30000/1001"` or a Fraction, without the detour through a binary float."""
    try:
        return Fraction(str(value))
    except (ValueError, ZeroDivisionError):
        raise ValueError(f"{value!r} is not a number such as 2, 0.5 or 30000/1001") from None


def _positive(value: Fraction) -> Fraction:
    if value <= 0:
        raise ValueError(f"must be above 0, got {value}")
    return value


def _not_negative(value: Fraction) -> Fraction:
    if value < 0:
        raise ValueError(f"must not be below 0, got {value}")
    return value


def _several(value: object) -> object:
    # A webcam's number comes out of YAML as one.
    return (str(value),) if isinstance(value, str | int | Path) else value


Exact = Annotated[
    Fraction,
    BeforeValidator(_exact),
    PlainSerializer(str, return_type=str),
    WithJsonSchema({"type": ["number", "string"]}),
]
Positive = Annotated[Exact, AfterValidator(_positive)]
NotNegative = Annotated[Exact, AfterValidator(_not_negative)]
Score = Annotated[float, Field(ge=0, le=1)]


class _Config(BaseModel):
    # A command uses one or two of these, and would wait for all of them.
    model_config = ConfigDict(
        extra="forbid", frozen=True, use_attribute_docstrings=True, defer_build=True
    )


class SourceConfig(_Config):
    """What to read, and how patiently."""

    source: Annotated[tuple[str, ...], BeforeValidator(_several)] = ()
    """Files, directories, globs, lists, address files, rtsp:// or http(s):// addresses, webcams."""
    rtsp_transport: Literal["tcp", "udp"] = "tcp"
    open_timeout: Positive = Fraction(10)
    """Seconds to wait for an address to answer."""
    read_timeout: Positive = Fraction(20)
    """Seconds without data after which a live source counts as lost."""
    image_rate: Positive = Fraction(25)
    """Pictures a second of an image sequence."""


class ModelConfig(_Config):
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
    """Frames a forward pass; unset, 16 for a file and 1 for a live source."""
    workers: Annotated[int, Field(ge=1, le=256)] | None = None
    """Processes for several files; unset, one a core, or one in all with a graphics card."""


DEFAULT_FPS = Fraction(4)
SAMPLINGS = ("fps", "stride", "every_frame", "keyframes")


def _is_chosen(value: object) -> bool:
    return value is not None and value is not False  # and yet 0, which is chosen, and refused


class SamplingConfig(_Config):
    """Which frames the network looks at; at most one of the four."""

    fps: Positive | None = None
    """Frames a second; 4 where none of the four is set."""
    stride: Annotated[int, Field(ge=1)] | None = None
    """Every n-th frame."""
    every_frame: bool = False
    keyframes: bool = False

    @model_validator(mode="before")
    @classmethod
    def _default_sampling(cls, values: dict[str, object]) -> dict[str, object]:
        chosen = any(_is_chosen(values.get(name)) for name in SAMPLINGS)
        return values if chosen else {**values, "fps": DEFAULT_FPS}

    @model_validator(mode="after")
    def _one_sampling(self) -> "SamplingConfig":
        chosen = [name for name in SAMPLINGS if _is_chosen(getattr(self, name))]
        if len(chosen) > 1:
            raise ValueError(f"{' and '.join(chosen)} exclude each other; choose one")
        return self


class ClipConfig(_Config):
    """How frames become named clips."""

    window: Positive = Fraction(2)
    """Seconds that a clip spans."""
    hop: Positive = Fraction(1)
    """Seconds from the start of a clip to the start of the next."""
    pool: Literal["mean", "max", "gem", "mean_std"] | None = None
    """Unset, what the head was trained on; mean for the network's own classifier."""
    head: Path | None = None
    """A linear head in a safetensors file; unset, the network's own classifier."""
    top_k: Annotated[int, Field(ge=1)] = 5
    """Labels a clip, best first."""


class EventConfig(_Config):
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


class RunConfig(SourceConfig, AnalysisConfig):
    """From video to events."""

    jsonl: str | None = None
    """JSON lines file; - for standard output."""
    csv: Path | None = None
    vtt: Path | None = None
    """WebVTT subtitles."""
    annotate: Path | None = None
    """H.264 video with labels drawn on it."""
    heatmap: bool = False
    """Draw where the winning class lies."""
    out: Path | None = None
    """Directory for events.jsonl; runs/N where no output is named."""
    exist_ok: bool = False
    """Write into `out` even if it is there already."""

    @model_validator(mode="after")
    def _heatmap_needs_video(self) -> "RunConfig":
        if self.heatmap and self.annotate is None:
            raise ValueError("heatmap is drawn on the annotated video; set annotate too")
        return self


class EmbedConfig(SourceConfig, ModelConfig, SamplingConfig):
    """From video to vectors."""

    out: Path | None = None
    """Parquet or npz file."""


DEFAULT_STORE = "ghoststream-store"


class ArchiveConfig(AnalysisConfig):
    """From a tree of videos to a store, and logs that mirror the tree."""

    source: Annotated[tuple[str, ...], BeforeValidator(_several)] = ()
    """Directories, which are searched to their depth, and files."""
    store: str = DEFAULT_STORE
    """Directory, or address in an object store, such as s3://bucket/archive."""
    out: Path | None = None
    """Directory for a log of each video, and summary.json."""
    include: Annotated[tuple[str, ...], BeforeValidator(_several)] = ()
    """Globs; unset, all videos."""
    exclude: Annotated[tuple[str, ...], BeforeValidator(_several)] = ()
    """Globs of what is left out."""
    file_timeout: Positive = Fraction(300)
    """Seconds without any progress after which a video is given up, and its process ended."""
    retry_failed: bool = False
    """Try those again that have failed before."""
    dry_run: bool = False
    """Only say what would be done."""
    watch: bool = False
    """Go on with videos that come in later."""
    engine: Literal["local", "ray"] = "local"
    """Processes here, or a Ray cluster."""
    address: str | None = None
    """Of the Ray cluster; `auto` is the one here; unset, what RAY_ADDRESS names, or a new one."""

    @model_validator(mode="after")
    def _address_needs_ray(self) -> "ArchiveConfig":
        if self.address is not None and self.engine != "ray":
            raise ValueError("address is of a Ray cluster; set engine to ray too")
        return self


C = TypeVar("C", bound=_Config)


def make_config(kind: type[C], values: Mapping[str, object]) -> C:
    """Validates settings.

    Raises:
        ConfigError: names each key that is wrong, its value, and what would work.
    """
    try:
        return kind.model_validate(dict(values))
    except ValidationError as error:
        raise ConfigError("; ".join(_sentence(kind, dict(e)) for e in error.errors())) from None


def load_config(path: Path, kind: type[C], **overrides: object) -> C:
    """Reads a pipeline file; `overrides` (flags) win over it.

    Raises:
        ConfigError: no such file, not YAML, or settings that do not hold.
    """
    values = _read_yaml(path)
    if any(name in overrides for name in SAMPLINGS):
        values = {key: value for key, value in values.items() if key not in SAMPLINGS}
    return make_config(kind, {**values, **overrides})


def _read_yaml(path: Path) -> dict[str, object]:
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"cannot read the pipeline {str(path)!r}: {error}") from error
    except yaml.YAMLError as error:
        problem = " ".join(str(error).split())
        raise ConfigError(f"{str(path)!r} is not YAML: {problem}") from error
    if not isinstance(values, dict):
        raise ConfigError(f"{str(path)!r} must hold `key: value` lines, such as `fps: 2`")
    return {key: _filled_in(value) for key, value in values.items()}


def _filled_in(value: object) -> object:
    if isinstance(value, list):
        return [_filled_in(item) for item in value]
    return filled_in(value) if isinstance(value, str) else value


def filled_in(text: str) -> str:
    """Replaces `{GHOSTSTREAM_NAME}` by the environment variable of that name.

    Within an address the value is percent-encoded, so that any password works as it is; where it is
    the whole text, it is taken as it is.

    Raises:
        ConfigError: the variable is not set.
    """
    if whole := _PLACEHOLDER.fullmatch(text):
        return _variable(whole[1])
    return _PLACEHOLDER.sub(lambda match: quote(_variable(match[1]), safe=""), text)


_PLACEHOLDER = re.compile(r"\{(GHOSTSTREAM_[A-Z0-9_]+)\}")


def _variable(name: str) -> str:
    if name not in os.environ:
        raise ConfigError(f"the environment variable {name} is not set; export it first")
    return os.environ[name]


def _sentence(kind: type[BaseModel], error: dict[str, Any]) -> str:
    key = ".".join(str(part) for part in error["loc"])
    if error["type"] == "extra_forbidden":
        return f"unknown setting {key!r}; known are {', '.join(kind.model_fields)}"
    message = str(error["msg"]).removeprefix("Value error, ")
    message = message[:1].lower() + message[1:]
    return f"{key}: {message}, got {error['input']!r}" if key else message


WITHOUT_EFFECT = (
    {"source", "jsonl", "csv", "vtt", "annotate", "heatmap", "out", "exist_ok"}
    | {"rtsp_transport", "open_timeout", "read_timeout"}
    | {"device", "precision", "batch", "workers"}
    | {"store", "include", "exclude", "file_timeout", "retry_failed", "dry_run", "watch"}
    | {"engine", "address"}
)
"""Settings that decide where results go and how they are reached, but not what they are."""


def deciding_settings(config: BaseModel) -> dict[str, object]:
    """The settings that decide the results, ready for JSON."""
    return {k: v for k, v in config.model_dump(mode="json").items() if k not in WITHOUT_EFFECT}


def configuration_sha256(settings: Mapping[str, object]) -> str:
    canonical = json.dumps(settings, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()
