"""Settings of a run: a pipeline file, flags, or keyword arguments, all with the same words.

    config = RunConfig(source="clip.mp4", fps=2)
    config = load_config(Path("pipelines/alarm.yaml"), RunConfig, source="clip.mp4")

Unknown keys are refused. `{GHOSTSTREAM_NAME}` in a pipeline file is replaced from the environment,
so that no secret stands in it; so it is in the addresses and secrets of receivers, wherever given.
"""

import hashlib
import json
import os
import re
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeAlias, TypeVar
from urllib.parse import quote

import yaml
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ModelWrapValidatorHandler,
    PlainSerializer,
    SecretStr,
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


def _filled_in_item(value: object) -> object:
    """Addresses and secrets are filled in wherever they are given, on the command line, too."""
    return filled_in(value) if isinstance(value, str) else value


def _regions(value: object) -> object:
    """`door=0.1,0.2,0.3,0.4`, one or several, to what a mapping would be."""
    if isinstance(value, str):
        value = (value,)
    if not isinstance(value, list | tuple):
        return value
    pairs = [_region(str(item)) for item in value]
    names = [name for name, _ in pairs]
    if twice := _first_repeated(names):
        raise ValueError(f"region {twice!r} is there twice; give each a name of its own")
    return dict(pairs)


def _region(text: str) -> tuple[str, tuple[str, ...]]:
    name, equals, numbers = text.partition("=")
    if not equals:
        raise ValueError("a region looks like door=0.25,0.1,0.5,0.8: its name, then x, y, w, h")
    return name, tuple(numbers.split(","))


def _first_repeated(names: Sequence[str]) -> str | None:
    return next((name for name in names if names.count(name) > 1), None)


def _page_name(path: Path) -> Path:
    if path.suffix.lower() not in (".html", ".htm"):
        raise ValueError("it is a page, so its name must end in .html")
    return path


def _well_named(name: str) -> str:
    if not name.strip() or not name.isprintable() or "://" in name:
        # Not shown: it may be an address that holds a password.
        raise ValueError("a name is a few printable letters, such as gate; an address is none")
    return name


def _within_picture(regions: "Regions") -> "Regions":
    for name, (x, y, width, height) in regions.items():
        _well_named(name)
        is_empty = width <= 0 or height <= 0
        if x < 0 or y < 0 or is_empty or x + width > 1 or y + height > 1:
            raise ValueError(
                f"region {name!r} is x, y, width and height as fractions of the picture, such as "
                "0.25 instead of 480 of 1920 pixels, and lies within it"
            )
    return regions


def _address_of(*schemes: str) -> Callable[[str], str]:
    def check(address: str) -> str:
        # The address itself is not shown: it may hold a password.
        if not address.startswith(tuple(f"{scheme}://" for scheme in schemes)):
            raise ValueError(f"an address here looks like {schemes[-1]}://user:password@host:port")
        return address

    return check


Exact = Annotated[
    Fraction,
    BeforeValidator(_exact),
    PlainSerializer(str, return_type=str),
    WithJsonSchema({"type": ["number", "string"]}),
]
Positive = Annotated[Exact, AfterValidator(_positive)]
NotNegative = Annotated[Exact, AfterValidator(_not_negative)]
Score = Annotated[float, Field(ge=0, le=1)]
Name = Annotated[str, AfterValidator(_well_named)]
ReportPath: TypeAlias = Annotated[Path, AfterValidator(_page_name)]
Regions: TypeAlias = dict[str, tuple[Exact, Exact, Exact, Exact]]
"""x, y, width and height as fractions of the picture, as displayed, by name."""
CheckedRegions = Annotated[Regions, BeforeValidator(_regions), AfterValidator(_within_picture)]
BrokerAddress = Annotated[
    str, BeforeValidator(_filled_in_item), AfterValidator(_address_of("mqtt", "mqtts"))
]
WebhookAddress = Annotated[
    str, BeforeValidator(_filled_in_item), AfterValidator(_address_of("http", "https"))
]


class _Config(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        use_attribute_docstrings=True,
        # A command uses one or two of these, and would wait for all of them.
        defer_build=True,
        # It may be an address with a password; `make_config` shows what may be shown.
        hide_input_in_errors=True,
    )


class SourceConfig(_Config):
    """What to read, and how patiently."""

    source: Annotated[tuple[str, ...], BeforeValidator(_several)] = Field(default=(), repr=False)
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
    """Frames a forward pass; unset, 16 for a file, and what there is of all cameras, up to 8."""
    workers: Annotated[int, Field(ge=1, le=256)] | None = None
    """Processes for several files; unset, one a core, or one in all with a graphics card."""


DEFAULT_FPS = Fraction(4)
SAMPLINGS = ("fps", "stride", "every_frame", "keyframes")


def _is_chosen(value: object) -> bool:
    return value is not None and value is not False  # and yet 0, which is chosen, and refused


class SamplingConfig(_Config):
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


class ClipConfig(_Config):
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


class CameraConfig(_Config):
    """One of several cameras; a bare address stands for one without settings of its own."""

    name: Name | None = None
    """What outputs call it; unset, its address without password."""
    source: str = Field(repr=False)
    """As SOURCE, but for one camera only."""
    fps: Positive | None = None
    """Frames a second that the network looks at; unset, what all cameras get."""
    roi: CheckedRegions = {}
    """Regions; unset, those of all cameras."""
    rtsp_transport: Literal["tcp", "udp"] | None = None


def _bare_address(value: object) -> object:
    return {"source": str(value)} if isinstance(value, str | int) else value


Camera = Annotated[
    CameraConfig,
    BeforeValidator(_bare_address, json_schema_input_type=CameraConfig | str | int),
]


class CamerasConfig(_Config):
    """Which cameras to watch, and what to do when one is lost or too fast."""

    cameras: Annotated[tuple[Camera, ...], BeforeValidator(_several)] = Field(
        default=(), repr=False, exclude=True
    )
    """Addresses, or mappings with name, source, fps, roi and rtsp_transport; in a file only."""
    roi: CheckedRegions = {}
    """Regions that are looked at instead of the whole picture, each on its own."""
    drop_policy: Literal["latest", "oldest"] = "latest"
    """What is looked at when a camera gives more than can be: its newest frame, or frames in their
    order, the oldest of which are given up beyond 16 MB."""
    retry_initial: Positive = Fraction(1)
    """Seconds before the first attempt to reconnect; it doubles from there."""
    retry_max: Positive = Fraction(30)
    """Seconds between attempts at most."""
    max_retries: Annotated[int, Field(ge=-1)] = -1
    """Attempts in a row without a frame before a camera is given up; -1 never does."""
    realtime: bool = False
    """Play files at their own speed, as if they were cameras."""
    loop: bool = False
    """Begin such a file again at its end."""

    @model_validator(mode="after")
    def _cameras_hold_together(self) -> "CamerasConfig":
        if self.retry_max < self.retry_initial:
            raise ValueError(
                f"retry_max ({self.retry_max}) must not be below retry_initial "
                f"({self.retry_initial})"
            )
        if self.loop and not self.realtime:
            raise ValueError("loop repeats a file that is played as a camera; set realtime too")
        if twice := _first_repeated([c.name for c in self.cameras if c.name is not None]):
            raise ValueError(f"two cameras are called {twice!r}; give each a name of its own")
        return self


class EvidenceConfig(_Config):
    """What to keep of the video around each event."""

    evidence: Path | None = None
    """Directory for a clip and a thumbnail of each event of a camera."""
    pre_roll: NotNegative = Fraction(5)
    """Seconds of a clip before its event."""
    post_roll: NotNegative = Fraction(5)
    """Seconds of a clip after its event."""
    clip_max: Positive = Fraction(60)
    """Seconds of one file; a longer event gets several."""
    evidence_budget: Positive = Fraction(10)
    """GB that evidence may fill; the oldest goes first."""
    evidence_days: Positive = Fraction(14)
    """Days after which evidence goes."""

    @model_validator(mode="after")
    def _clips_need_a_directory(self) -> "EvidenceConfig":
        if self.evidence is None:
            _refuse_alone(self, ("pre_roll", "post_roll", "clip_max"), need="evidence")
        return self


class DeliveryConfig(_Config):
    """Who is told of events."""

    mqtt: BrokerAddress | None = Field(default=None, repr=False, exclude=True)
    """Broker: mqtt://user:password@host:1883, or mqtts:// with TLS."""
    mqtt_prefix: str = "ghoststream"
    """First part of each topic."""
    mqtt_ca: Path | None = None
    """Certificates to trust instead of the system's."""
    mqtt_insecure: bool = False
    """Do not check the broker's certificate."""
    home_assistant: bool = False
    """Announce the cameras to Home Assistant."""
    webhook: Annotated[tuple[WebhookAddress, ...], BeforeValidator(_several)] = Field(
        default=(), repr=False, exclude=True
    )
    """Addresses that events are posted to."""
    webhook_secret: (
        Annotated[SecretStr, Field(min_length=1), BeforeValidator(_filled_in_item)] | None
    ) = Field(default=None, exclude=True)
    """What signs them."""
    spool: Path = Path("ghoststream-spool")
    """Directory for events that could not be delivered yet."""
    spool_budget: Positive = Fraction(64)
    """MB of them; beyond it the oldest are given up, and counted."""

    @model_validator(mode="after")
    def _receivers_are_named(self) -> "DeliveryConfig":
        if self.mqtt is None:
            alone = ("mqtt_prefix", "mqtt_ca", "mqtt_insecure", "home_assistant")
            _refuse_alone(self, alone, need="mqtt")
        elif not self.mqtt.startswith("mqtts://"):
            _refuse_alone(self, ("mqtt_ca", "mqtt_insecure"), need="an mqtts:// address")
        if not self.webhook:
            _refuse_alone(self, ("webhook_secret",), need="webhook")
        return self

    @model_validator(mode="after")
    def _topics_hold(self) -> "DeliveryConfig":
        if self.mqtt_ca is not None and self.mqtt_insecure:
            raise ValueError("mqtt_ca and mqtt_insecure exclude each other; choose one")
        if not re.fullmatch(r"[^+#$/\x00][^+#\x00]*(?<!/)", self.mqtt_prefix):
            raise ValueError(
                f"mqtt_prefix ({self.mqtt_prefix!r}) is the start of a topic, such as home/video"
            )
        return self


def _refuse_alone(config: BaseModel, names: Sequence[str], *, need: str) -> None:
    """Settings that would be ignored without another one are refused where they were chosen."""
    defaults = type(config).model_fields
    chosen = [name for name in names if getattr(config, name) != defaults[name].default]
    if chosen:
        raise ValueError(f"{' and '.join(chosen)} without {need} would do nothing; set it too")


class LiveConfig(CamerasConfig, EvidenceConfig, DeliveryConfig):
    """What concerns cameras alone."""

    metrics_port: Annotated[int, Field(ge=0, le=65535)] | None = None
    """Port on this machine for Prometheus and a health check; 0 takes a free one."""
    log_clips: bool = False
    """Write each clip to the event log, not only what begins and ends."""


class RunConfig(SourceConfig, AnalysisConfig, LiveConfig):
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
    report: ReportPath | None = None
    """HTML page of what was found; without another place for the log, it goes beside it."""
    out: Path | None = None
    """Directory for events.jsonl; runs/N where no output is named."""
    exist_ok: bool = False
    """Write into `out` even if it is there already."""

    @model_validator(mode="after")
    def _heatmap_needs_video(self) -> "RunConfig":
        if self.heatmap and self.annotate is None:
            raise ValueError("heatmap is drawn on the annotated video; set annotate too")
        return self

    @model_validator(mode="after")
    def _report_needs_log(self) -> "RunConfig":
        if self.report is not None and self.jsonl == "-":
            raise ValueError("report is made of the event log, so jsonl must be a file, not -")
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


class LabelConfig(ArchiveConfig):
    """From a tree of videos to a store, logs, and a page of them."""

    report: ReportPath | None = None
    """HTML page of what the logs hold."""


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


class DistillConfig(_Config):
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


class ServeConfig(AnalysisConfig):
    """A page to watch, look through, search and correct with."""

    archive: str | None = None
    """A store, or a directory of videos, which is labelled first."""
    pipeline: Path | None = None
    """Pipeline file with the cameras to watch."""
    host: str = "127.0.0.1"
    """Address of this machine that the page listens on; any but loopback demands a password."""
    port: Annotated[int, Field(ge=0, le=65535)] = 8008
    """0 takes a free one."""
    allowed_host: Annotated[tuple[str, ...], BeforeValidator(_several)] = ()
    """Names under which browsers may reach it, besides host and those of loopback."""
    data: Path = Path("ghoststream-serve")
    """Directory for what the page keeps: verdicts, classes, heads, caches."""
    password_file: Path | None = None
    """First line is the password; unset, GHOSTSTREAM_PASSWORD, or none on loopback."""
    token_file: Path | None = None
    """A token a line, for programs that send `Authorization: Bearer`."""
    https: bool = False
    """Browsers reach it by https, through a proxy of yours: cookies go no other way."""
    trusted_proxy: str | None = None
    """Address of that proxy, whose X-Forwarded-For and X-Forwarded-Proto are believed."""


C = TypeVar("C", bound=_Config)


def make_config(kind: type[C], values: Mapping[str, object]) -> C:
    """Validates settings.

    Raises:
        ConfigError: names each key that is wrong, its value, and what would work.
    """
    _refuse_misplaced_addresses(values)
    try:
        return kind.model_validate(dict(values))
    except ValidationError as error:
        raise ConfigError("; ".join(_sentence(kind, dict(e)) for e in error.errors())) from None


def _refuse_misplaced_addresses(values: Mapping[str, object]) -> None:
    """Before anything takes one for a name or a path, and shows it with its password."""
    for key, value in values.items():
        if key == "cameras" and isinstance(value, list | tuple):
            for camera in value:
                if isinstance(camera, dict):
                    _refuse_misplaced_addresses(camera)
        elif key not in MAY_BE_ADDRESSES and _LIKE_CREDENTIALS.search(str(value)):
            shown = key if _is_word(key) else "a setting"
            raise ConfigError(
                f"{shown} holds an address with a user name or password, which belongs into "
                "source, mqtt or webhook"
            )


_LIKE_CREDENTIALS = re.compile(r":/.*@", re.DOTALL)
"""A path has one slash only where an address had two."""


def load_config(path: Path, kind: type[C], **overrides: object) -> C:
    """Reads a pipeline file; `overrides` (flags) win over it.

    Raises:
        ConfigError: no such file, not YAML, or settings that do not hold.
    """
    values = _read_yaml(path)
    replaced = {"cameras"} if "source" in overrides else set()
    if any(name in overrides for name in SAMPLINGS):
        replaced |= set(SAMPLINGS)
    kept = {key: value for key, value in values.items() if key not in replaced}
    return make_config(kind, {**kept, **overrides})


def _read_yaml(path: Path) -> dict[str, object]:
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"cannot read the pipeline {str(path)!r}: {error}") from error
    except yaml.YAMLError as error:
        # Without a cause: its message quotes lines that may hold a password.
        raise ConfigError(f"{str(path)!r} is not YAML: {_yaml_problem(error)}") from None
    if not isinstance(values, dict):
        raise ConfigError(f"{str(path)!r} must hold `key: value` lines, such as `fps: 2`")
    return {key: _filled_in(value) for key, value in values.items()}


def _yaml_problem(error: yaml.YAMLError) -> str:
    """What is wrong and where, without what stands there."""
    if not isinstance(error, yaml.MarkedYAMLError) or error.problem_mark is None:
        return "it holds a character that is not allowed; save it as plain text in UTF-8"
    mark, problem = error.problem_mark, _QUOTED.sub("", error.problem or "")
    return (
        f"{problem} in line {mark.line + 1}, column {mark.column + 1}; text with signs such as "
        "* & ! @ % : # stands in quotes"
    )


_QUOTED = re.compile(r""" *('[^'<]{2,}'|"[^"]*")""")
"""Names of tokens, such as '<scalar>', stay."""


def _filled_in(value: object) -> object:
    if isinstance(value, list):
        return [_filled_in(item) for item in value]
    if isinstance(value, dict):
        return {key: _filled_in(item) for key, item in value.items()}
    return filled_in(value) if isinstance(value, str) else value


def _sentence(kind: type[BaseModel], error: dict[str, Any]) -> str:
    key = ".".join(str(part) for part in error["loc"])
    if error["type"] == "extra_forbidden":
        kind = CameraConfig if error["loc"][0] == "cameras" else kind
        # In braces, what follows a comma in a password is a key without a value.
        shown = f" {key!r}" if _is_word(key) and error["input"] is not None else ""
        return f"unknown setting{shown}; known are {', '.join(kind.model_fields)}"
    message = str(error["msg"]).removeprefix("Value error, ")
    message = message[:1].lower() + message[1:]
    if not key:
        return message
    is_shown = error["loc"][0] not in NEVER_SHOWN
    return f"{key}: {message}, got {error['input']!r}" if is_shown else f"{key}: {message}"


NEVER_SHOWN = frozenset({"source", "cameras", "mqtt", "webhook", "webhook_secret"})
"""Settings that may hold a password."""
MAY_BE_ADDRESSES = NEVER_SHOWN | {"store", "address"}


def _is_word(key: object) -> bool:
    """What is none may be an address that slipped in front of a colon."""
    return re.fullmatch(r"[\w.-]+", str(key)) is not None


WITHOUT_EFFECT = (
    {"source", "jsonl", "csv", "vtt", "annotate", "heatmap", "report", "out", "exist_ok"}
    | {"rtsp_transport", "open_timeout", "read_timeout"}
    | {"device", "precision", "batch", "workers"}
    | {"store", "include", "exclude", "file_timeout", "retry_failed", "dry_run", "watch"}
    | {"engine", "address"}
    # A camera's own rate and regions stand in the headers of its results all the same.
    | set(LiveConfig.model_fields)
)
"""Settings that decide where results go and how they are reached, but not what they are."""


def deciding_settings(config: BaseModel) -> dict[str, object]:
    """The settings that decide the results, ready for JSON."""
    return {k: v for k, v in config.model_dump(mode="json").items() if k not in WITHOUT_EFFECT}


def configuration_sha256(settings: Mapping[str, object]) -> str:
    canonical = json.dumps(settings, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()
