"""Settings of cameras."""

import re
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, model_validator

from ghoststream.config.base import Config, refuse_alone
from ghoststream.config.placeholders import filled_in_item
from ghoststream.config.regions import CheckedRegions
from ghoststream.config.values import Name, NotNegative, Positive, first_repeated, several


def _address_of(*schemes: str) -> Callable[[str], str]:
    def check(address: str) -> str:
        # The address itself is not shown: it may hold a password.
        if not address.startswith(tuple(f"{scheme}://" for scheme in schemes)):
            raise ValueError(f"an address here looks like {schemes[-1]}://user:password@host:port")
        return address

    return check


BrokerAddress = Annotated[
    str, BeforeValidator(filled_in_item), AfterValidator(_address_of("mqtt", "mqtts"))
]
WebhookAddress = Annotated[
    str, BeforeValidator(filled_in_item), AfterValidator(_address_of("http", "https"))
]


class CameraConfig(Config):
    """One of several cameras; a bare address stands for one without settings of its own."""

    name: Name | None = None
    """What outputs call it; unset, its address without password."""
    source: str = Field(repr=False)
    """As SOURCE, but for one camera only."""
    fps: Positive | None = None
    """Frames a second that the network looks at; unset, what all cameras get."""
    roi: CheckedRegions = Field(default={})
    """Regions; unset, those of all cameras."""
    rtsp_transport: Literal["tcp", "udp"] | None = None


def _bare_address(value: object) -> object:
    return {"source": str(value)} if isinstance(value, str | int) else value


Camera = Annotated[
    CameraConfig,
    BeforeValidator(_bare_address, json_schema_input_type=CameraConfig | str | int),
]


class CamerasConfig(Config):
    """Which cameras to watch, and what to do when one is lost or too fast."""

    cameras: Annotated[tuple[Camera, ...], BeforeValidator(several)] = Field(
        default=(), repr=False, exclude=True
    )
    """Addresses, or mappings with name, source, fps, roi and rtsp_transport; in a file only."""
    roi: CheckedRegions = Field(default={})
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
        if twice := first_repeated([c.name for c in self.cameras if c.name is not None]):
            raise ValueError(f"two cameras are called {twice!r}; give each a name of its own")
        return self


class EvidenceConfig(Config):
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
            refuse_alone(self, ("pre_roll", "post_roll", "clip_max"), need="evidence")
        return self


class DeliveryConfig(Config):
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
    webhook: Annotated[tuple[WebhookAddress, ...], BeforeValidator(several)] = Field(
        default=(), repr=False, exclude=True
    )
    """Addresses that events are posted to."""
    webhook_secret: (
        Annotated[SecretStr, Field(min_length=1), BeforeValidator(filled_in_item)] | None
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
            refuse_alone(self, alone, need="mqtt")
        elif not self.mqtt.startswith("mqtts://"):
            refuse_alone(self, ("mqtt_ca", "mqtt_insecure"), need="an mqtts:// address")
        if not self.webhook:
            refuse_alone(self, ("webhook_secret",), need="webhook")
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


class LiveConfig(CamerasConfig, EvidenceConfig, DeliveryConfig):
    """What concerns cameras alone."""

    metrics_port: Annotated[int, Field(ge=0, le=65535)] | None = None
    """Port on this machine for Prometheus and a health check; 0 takes a free one."""
    log_clips: bool = False
    """Write each clip to the event log, not only what begins and ends."""
