"""Networks ready for use.

model = create_model("ghostnet_100", weights="bundled")
model.weights.sha256, model.preprocessing.input_size
"""

from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

from ghoststream.models.backbone import Backbone
from ghoststream.models.checkpoint import load_checkpoint
from ghoststream.models.entry import Family, ModelEntry
from ghoststream.models.ghostnet import GhostNet
from ghoststream.models.ghostnetv2 import GhostNetV2
from ghoststream.models.ghostnetv3 import GhostNetV3
from ghoststream.models.registry import DEFAULT_MODEL, find_model
from ghoststream.models.weights import Weights, resolve_weights

Builder: TypeAlias = Callable[[str, ModelEntry, int], Backbone]
"""By name, entry and number of classes."""


def create_model(
    name: str = DEFAULT_MODEL, *, weights: str | Path | None = "auto", num_classes: int = 1000
) -> Backbone:
    """A torch module in evaluation mode, on the CPU, in float32.

    Args:
        name: one of `MODELS`, or a library's, as in `timm:NAME` and `torchvision:NAME`.
        weights: what `resolve_weights` takes, or None for the random numbers that training starts
            from.
        num_classes: of the classifier; trained weights must have as many.

    Returns:
        The network, with the `weights` that it holds and the `preprocessing` that they want.

    Raises:
        ConfigError: no such network, or its library is not installed.
        WeightsError: weights that are missing, damaged or of another network.

    Example:
        >>> create_model("ghostnet_100", weights="bundled").weights.name
        'bundled'
    """
    if weights is None:
        return _build(name, num_classes)
    return load_model(resolve_weights(name, weights), num_classes=num_classes)


def load_model(weights: Weights, *, num_classes: int = 1000) -> Backbone:
    """A network with weights that are on this machine already; see `create_model`.

    Raises:
        WeightsError: damaged, or of another network.
    """
    model = _build(weights.model, num_classes)
    load_checkpoint(model.published, weights.path)
    model.weights, model.preprocessing = weights, weights.preprocessing
    model.check()
    return model


def _build(name: str, num_classes: int) -> Backbone:
    entry = find_model(name)
    return NETWORKS[entry.network](name, entry, num_classes).eval()


def _ghostnet(_: str, entry: ModelEntry, num_classes: int) -> GhostNet:
    return GhostNet(entry.width, num_classes)


def _ghostnetv2(_: str, entry: ModelEntry, num_classes: int) -> GhostNet:
    return GhostNetV2(entry.width, num_classes)


def _ghostnetv3(_: str, entry: ModelEntry, num_classes: int) -> GhostNet:
    return GhostNetV3(entry.width, num_classes)


# The others are imported where they are built: each brings a library, which may not be there.


def _efficientnet_lite0(name: str, entry: ModelEntry, num_classes: int) -> Backbone:
    from ghoststream.models.efficientnet_lite0 import EfficientNetLite0

    return EfficientNetLite0(name, num_classes, entry.preprocessing)


def _timm(name: str, entry: ModelEntry, num_classes: int) -> Backbone:
    from ghoststream.models.timm_network import TimmNetwork

    return TimmNetwork(name.partition(":")[2], num_classes, entry.preprocessing)


def _torchvision(name: str, entry: ModelEntry, num_classes: int) -> Backbone:
    from ghoststream.models.torchvision_network import TorchvisionNetwork

    return TorchvisionNetwork(name.partition(":")[2], num_classes, entry.preprocessing)


NETWORKS: dict[Family, Builder] = {
    "ghostnet": _ghostnet,
    "ghostnetv2": _ghostnetv2,
    "ghostnetv3": _ghostnetv3,
    "efficientnet_lite0": _efficientnet_lite0,
    "timm": _timm,
    "torchvision": _torchvision,
}
