"""Image classifiers of timm, by name.

TimmNetwork("mobilenetv3_small_100.lamb_in1k", num_classes=1000)
"""

from math import isqrt
from typing import Any

import timm
import timm.models
from torch import Tensor

from ghoststream.errors import ConfigError
from ghoststream.models.entry import ModelEntry
from ghoststream.models.labels import imagenet_labels
from ghoststream.models.library_network import LibraryNetwork, closest, wanted_preprocessing
from ghoststream.models.preprocessing import Preprocessing


class TimmNetwork(LibraryNetwork):
    """A classifier of timm, with random parameters.

    Args:
        name: with or without the tag of its weights, as in `ghostnetv3_100.in1k`.
        num_classes: of the classifier.
        preprocessing: that pictures want.

    Raises:
        ConfigError: it cannot be cut into features and a classifier.
    """

    def __init__(self, name: str, num_classes: int, preprocessing: Preprocessing) -> None:
        network: Any = timm.create_model(name, pretrained=False, num_classes=num_classes)
        super().__init__(f"timm:{name}", network, network.get_classifier(), preprocessing)
        self._prefix_tokens = int(getattr(network, "num_prefix_tokens", 0))
        self._is_channels_last = getattr(network, "output_fmt", "") == "NHWC"

    def forward_features(self, x: Tensor) -> Tensor:
        features: Tensor = self.network.forward_features(x)
        return features

    def embed(self, features: Tensor) -> Tensor:
        embedding: Tensor = self.network.forward_head(features, pre_logits=True)
        return embedding

    def map_of(self, features: Tensor) -> Tensor:
        if features.ndim == 3:
            places = features[:, self._prefix_tokens :].transpose(1, 2)
            side = isqrt(places.shape[2])
            return places.reshape(-1, places.shape[1], side, side)
        return features.permute(0, 3, 1, 2) if self._is_channels_last else features

    def everywhere(self, places: Tensor, like: Tensor) -> Tensor:
        if like.ndim == 3:
            # Heads take the mean of the places, or a token before them that stands for all.
            return places[:, None].expand(-1, self._prefix_tokens + 1, -1)
        return places[:, None, None] if self._is_channels_last else places[:, :, None, None]


def timm_entry(name: str) -> ModelEntry:
    """What timm says of a network.

    Args:
        name: with or without the tag of its weights.

    Raises:
        ConfigError: no such network or tag, or one that is of no use here.
    """
    cfg = _configuration(name)
    labels = len(imagenet_labels())
    if cfg.num_classes != labels:
        raise ConfigError(
            f"timm:{name} tells {cfg.num_classes} classes apart, not the {labels} of ImageNet "
            f"whose names are known here; choose another tag of it, or another network"
        )
    _, height, width = cfg.input_size
    if height != width:
        raise ConfigError(
            f"timm:{name} wants pictures of {width} x {height}, which are not square; choose "
            f"another network"
        )
    preprocessing = wanted_preprocessing(
        f"timm:{name}",
        input_size=height,
        crop=cfg.crop_pct,
        interpolation=cfg.interpolation,
        mean=cfg.mean,
        std=cfg.std,
    )
    about = f"published with timm, {cfg.license}" if cfg.license else "published with timm"
    return ModelEntry(
        network="timm", preprocessing=preprocessing, hub=cfg.hf_hub_id, hub_about=about
    )


def _configuration(name: str) -> timm.models.PretrainedCfg:
    architecture, _, tag = name.partition(".")
    if not timm.is_model(architecture):
        raise ConfigError(
            f"timm has no network {architecture!r}; {closest(architecture, timm.list_models())}"
        )
    tags = [full.partition(".")[2] for full in timm.list_pretrained(f"{architecture}.*")]
    if tag and tag not in tags:
        there = f"choose one of {', '.join(tags)}" if tags else "it has none of it"
        raise ConfigError(f"timm has no weights {tag!r} of {architecture}; {there}")
    return timm.get_pretrained_cfg(name) or timm.models.PretrainedCfg()
