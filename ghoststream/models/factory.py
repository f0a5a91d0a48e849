"""Networks ready for use.

model = create_model("ghostnet_100", weights="bundled")
model.weights.sha256, model.preprocessing.input_size
"""

from pathlib import Path

from ghoststream.models.checkpoint import load_checkpoint
from ghoststream.models.ghostnet import GhostNet
from ghoststream.models.ghostnetv2 import GhostNetV2
from ghoststream.models.ghostnetv3 import GhostNetV3
from ghoststream.models.registry import DEFAULT_MODEL, find_model
from ghoststream.models.weights import Weights, resolve_weights

NETWORKS: dict[str, type[GhostNet]] = {
    "ghostnet": GhostNet,
    "ghostnetv2": GhostNetV2,
    "ghostnetv3": GhostNetV3,
}


def create_model(
    name: str = DEFAULT_MODEL, *, weights: str | Path | None = "auto", num_classes: int = 1000
) -> GhostNet:
    """A torch module in evaluation mode, on the CPU, in float32.

    Args:
        name: one of `MODELS`.
        weights: what `resolve_weights` takes, or None for the random numbers that training starts
            from.
        num_classes: of the classifier; trained weights must have as many.

    Returns:
        The network, with the `weights` that it holds and the `preprocessing` that they want.

    Raises:
        ConfigError: no such network.
        WeightsError: weights that are missing, damaged or of another network.

    Example:
        >>> create_model("ghostnet_100", weights="bundled").weights.name
        'bundled'
    """
    entry = find_model(name)
    if weights is None:
        return NETWORKS[entry.network](entry.width, num_classes).eval()
    return load_model(resolve_weights(name, weights), num_classes=num_classes)


def load_model(weights: Weights, *, num_classes: int = 1000) -> GhostNet:
    """A network with weights that are on this machine already; see `create_model`.

    Raises:
        WeightsError: damaged, or of another network.
    """
    entry = find_model(weights.model)
    model = NETWORKS[entry.network](entry.width, num_classes)
    load_checkpoint(model, weights.path)
    model.weights, model.preprocessing = weights, weights.preprocessing
    return model.eval()
