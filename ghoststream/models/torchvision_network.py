"""Image classifiers of torchvision, by name.

TorchvisionNetwork("mobilenet_v3_small", num_classes=1000)
"""

from collections.abc import Iterator

import torchvision
from torch import Tensor, nn
from torchvision.models import (
    WeightsEnum,
    get_model,
    get_model_builder,
    get_model_weights,
    list_models,
)

from ghoststream.errors import ConfigError
from ghoststream.models.entry import ModelEntry
from ghoststream.models.library_network import LibraryNetwork, closest, wanted_preprocessing
from ghoststream.models.preprocessing import Preprocessing

TRUNKS: dict[str, tuple[str, ...]] = {
    "convnext": ("features",),
    "densenet": ("features",),
    "efficientnet": ("features",),
    "mobilenetv2": ("features",),
    "mobilenetv3": ("features",),
    "regnet": ("stem", "trunk_output"),
    "resnet": ("conv1", "bn1", "relu", "maxpool", "layer1", "layer2", "layer3", "layer4"),
    "shufflenetv2": ("conv1", "maxpool", "stage2", "stage3", "stage4", "conv5"),
    "swin_transformer": ("features", "norm", "permute"),
}
"""What makes the last feature map, by torchvision's module; all then take the mean of places."""

HEADS = ("classifier", "fc", "head")


class TorchvisionNetwork(LibraryNetwork):
    """A classifier of torchvision, with random parameters.

    Args:
        name: with or without the name of its weights, as in `resnet50.IMAGENET1K_V2`.
        num_classes: of the classifier.
        preprocessing: that pictures want.

    Raises:
        ConfigError: it cannot be cut into features and a classifier.
    """

    def __init__(self, name: str, num_classes: int, preprocessing: Preprocessing) -> None:
        architecture = name.partition(".")[0]
        family = _family(architecture)
        network = get_model(architecture, weights=None, num_classes=num_classes)
        *layers, last = _head(network)
        super().__init__(f"torchvision:{name}", network, last, preprocessing)
        self._trunk = _trunk(network, family)
        flatten = [] if any(isinstance(layer, nn.Flatten) for layer in layers) else [nn.Flatten()]
        self._neck = nn.Sequential(nn.AdaptiveAvgPool2d(1), *flatten, *layers)

    def forward_features(self, x: Tensor) -> Tensor:
        features: Tensor = self._trunk(x)
        return features

    def steps(self) -> Iterator[nn.Module]:
        for part in self._trunk:
            yield from part if isinstance(part, nn.Sequential) else (part,)

    def embed(self, features: Tensor) -> Tensor:
        embedding: Tensor = self._neck(features)
        return embedding


def torchvision_entry(name: str) -> ModelEntry:
    """What torchvision says of a network.

    Args:
        name: with or without the name of its weights.

    Raises:
        ConfigError: no such network or weights, or one that is of no use here.
    """
    weights = _weights(name)
    recipe, meta = weights.transforms(), weights.meta
    (side,), (scaled,) = recipe.crop_size, recipe.resize_size
    preprocessing = wanted_preprocessing(
        f"torchvision:{name}",
        input_size=side,
        crop=side / scaled,
        interpolation=recipe.interpolation.value,
        mean=tuple(recipe.mean),
        std=tuple(recipe.std),
    )
    accuracy = meta["_metrics"]["ImageNet-1K"]["acc@1"]
    return ModelEntry(
        network="torchvision",
        preprocessing=preprocessing,
        hub=weights.url,
        hub_about=f"torchvision's, {accuracy:.2f} % top-1 on ImageNet, {meta['_file_size']:.0f} MB",
    )


def _weights(name: str) -> WeightsEnum:
    architecture, _, tag = name.partition(".")
    known = list_models(module=torchvision.models)
    if architecture not in known:
        raise ConfigError(
            f"torchvision has no classifier {architecture!r}; {closest(architecture, known)}"
        )
    _family(architecture)
    choices = get_model_weights(architecture)
    if tag and tag not in choices.__members__:
        there = ", ".join(choices.__members__)
        raise ConfigError(
            f"torchvision has no weights {tag!r} of {architecture}; choose one of {there}"
        )
    return choices[tag or "DEFAULT"]


def _family(architecture: str) -> str:
    family = str(get_model_builder(architecture).__module__).rpartition(".")[2]
    if family not in TRUNKS:
        raise ConfigError(
            f"torchvision:{architecture} does not end in the mean of a feature map and fully "
            f"connected layers; those of {', '.join(TRUNKS)} do, and timm has more"
        )
    return family


def _trunk(network: nn.Module, family: str) -> nn.Sequential:
    parts = [getattr(network, part) for part in TRUNKS[family]]
    # DenseNet has this one in its code, not among its layers.
    return nn.Sequential(*parts, *([nn.ReLU()] if family == "densenet" else []))


def _head(network: nn.Module) -> list[nn.Module]:
    """The layers after the mean of places, the classifier last."""
    head = next(getattr(network, name) for name in HEADS if hasattr(network, name))
    return list(head) if isinstance(head, nn.Sequential) else [head]
