"""The networks that can be built, by name.

MODELS["ghostnet_100"].width  # 1.0
"""

from dataclasses import dataclass
from typing import Literal

from ghoststream.errors import ConfigError


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelEntry:
    """How to build a network, and where trained weights for it are."""

    network: Literal["ghostnet", "ghostnetv2", "ghostnetv3"] = "ghostnet"
    """Which generation."""
    width: float
    """Factor on the number of channels."""
    bundled: str | None = None
    """File name in the package, where weights come with it."""
    hub: str | None = None
    """Repository on the Hugging Face hub, where somebody published weights."""
    hub_about: str = ""
    """How good the hub's weights are, in a few words."""


DEFAULT_MODEL = "ghostnet_100"

MODELS: dict[str, ModelEntry] = {
    "ghostnet_050": ModelEntry(width=0.5),
    "ghostnet_100": ModelEntry(
        width=1.0,
        bundled="ghostnet_100.safetensors",
        hub="timm/ghostnet_100.in1k",
        hub_about="the authors' own, 73.98 % top-1 on ImageNet, 21 MB",
    ),
    "ghostnet_130": ModelEntry(width=1.3),
    "ghostnetv2_100": ModelEntry(
        network="ghostnetv2",
        width=1.0,
        hub="timm/ghostnetv2_100.in1k",
        hub_about="the authors' own, 75.19 % top-1 on ImageNet, 25 MB",
    ),
    "ghostnetv2_130": ModelEntry(
        network="ghostnetv2",
        width=1.3,
        hub="timm/ghostnetv2_130.in1k",
        hub_about="the authors' own, 76.75 % top-1 on ImageNet, 36 MB",
    ),
    "ghostnetv2_160": ModelEntry(
        network="ghostnetv2",
        width=1.6,
        hub="timm/ghostnetv2_160.in1k",
        hub_about="the authors' own, 77.84 % top-1 on ImageNet, 50 MB",
    ),
    "ghostnetv3_050": ModelEntry(network="ghostnetv3", width=0.5),
    "ghostnetv3_100": ModelEntry(
        network="ghostnetv3",
        width=1.0,
        hub="timm/ghostnetv3_100.in1k",
        hub_about="the authors' own, 76.94 % top-1 on ImageNet, 33 MB",
    ),
    "ghostnetv3_130": ModelEntry(network="ghostnetv3", width=1.3),
    "ghostnetv3_160": ModelEntry(network="ghostnetv3", width=1.6),
}


def find_model(name: str) -> ModelEntry:
    """The entry of a network.

    Raises:
        ConfigError: no network of that name is built here.
    """
    if name in MODELS:
        return MODELS[name]
    raise ConfigError(f"there is no model {name!r}; choose one of {', '.join(MODELS)}")
