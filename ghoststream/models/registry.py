"""The networks that can be built, by name.

MODELS["ghostnet_100"].width  # 1.0
"""

from dataclasses import dataclass

from ghoststream.errors import ConfigError


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelEntry:
    """How to build a network, and where trained weights for it are."""

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
}

TRAINED_BUT_NOT_BUILT = ("ghostnetv2_100", "ghostnetv2_130", "ghostnetv2_160", "ghostnetv3_100")
"""Successors that have public weights; their networks differ, and are not built here."""


def find_model(name: str) -> ModelEntry:
    """The entry of a network.

    Raises:
        ConfigError: no network of that name is built here.
    """
    if name in MODELS:
        return MODELS[name]
    known = ", ".join(MODELS)
    if name in TRAINED_BUT_NOT_BUILT:
        raise ConfigError(
            f"{name} is a later network than GhostNet and is not built here; choose one of {known}"
        )
    raise ConfigError(f"there is no model {name!r}; choose one of {known}")
