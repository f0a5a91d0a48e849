"""A network in two: layers that stay as they are, and the last ones, which may learn.

    frozen, tail = cut(create_model("ghostnet_100", weights="bundled"), stages=2)
    tail(frozen(pictures))  # N x D, the embedding

Where the network is more than one layer after the other, it cannot be cut here.
"""

import copy

import torch
from torch import Tensor, nn

from ghoststream.errors import ConfigError
from ghoststream.models.backbone import Backbone
from ghoststream.models.efficientnet_lite0 import EfficientNetLite0
from ghoststream.models.ghostnet import GhostNet
from ghoststream.models.graph import fold_batch_norms

TOLERANCE = 1e-4
"""Of the largest feature; the layers are the same, and so are the numbers."""


class Tail(nn.Module):
    """The last stages and the embedding; the classifier is not asked.

    Args:
        model: the whole network.
        layers: of it, the last ones.
    """

    def __init__(self, model: Backbone, layers: list[nn.Module]) -> None:
        super().__init__()
        self.model, self.layers = model, nn.Sequential(*layers)

    def forward(self, features: Tensor) -> Tensor:
        """What the frozen layers give to embeddings N x D."""
        embedding: Tensor = self.model.forward_head(self.layers(features), pre_logits=True)
        return embedding

    def depths(self) -> list[list[nn.Parameter]]:
        """Parameters that learn, by layer, from the embedding backwards."""
        held = {id(p) for p in (*self.layers.parameters(), *self.model.classifier.parameters())}
        after = [p for p in self.model.parameters() if p.requires_grad and id(p) not in held]
        layers = [list(layer.parameters()) for layer in reversed(self.layers)]
        return [parameters for parameters in (after, *layers) if parameters]


def cut(model: Backbone, *, stages: int) -> tuple[nn.Module, Tail]:
    """Cuts a network before its last stages.

    Args:
        model: in evaluation mode; what comes before the cut and the classifier no longer learn.
        stages: layers with parameters, as the network lists them, up to its last feature map; what
            makes the embedding of that learns, too.

    Returns:
        Pictures N x 3 x S x S to features, and features to embeddings.

    Raises:
        ConfigError: more stages than there are, or a network that is not a plain sequence.
    """
    layers = _sequence(model)
    learning = [place for place, layer in enumerate(layers) if list(layer.parameters())]
    if stages >= len(learning):
        raise ConfigError(
            f"finetune_stages is {stages}, but the network has {len(learning)} stages, of which "
            f"the first stays as it is; choose at most {len(learning) - 1}"
        )
    place = learning[-stages]
    first = nn.Sequential(*layers[:place]).requires_grad_(False)
    model.classifier.requires_grad_(False)
    return _folded(first, model), Tail(model, layers[place:])


def _folded(layers: nn.Module, model: Backbone) -> nn.Module:
    """A copy that takes fewer steps, where that is sure to be the same."""
    copied = copy.deepcopy(layers)
    if isinstance(model, GhostNet | EfficientNetLite0):
        fold_batch_norms(copied)
    return copied


@torch.inference_mode()
def _sequence(model: Backbone) -> list[nn.Module]:
    """The layers that make the feature map, one after the other.

    Libraries have no common way to list them; so the list of the network's parts is tried out.
    """
    side = model.preprocessing.input_size
    x = torch.linspace(-2, 2, 3 * side * side).reshape(1, 3, side, side)
    expected, layers, found = model.forward_features(x), [], 0
    for layer in model.steps():
        layers.append(layer)
        try:
            x = layer(x)
        # What layers raise that take something else than what the one before gives.
        except (AttributeError, NotImplementedError, RuntimeError, TypeError, ValueError):
            break
        # The last one counts: a block that is fresh from its library may change nothing yet.
        found = len(layers) if _is_same(x, expected) else found
    if not found:
        name = model.weights.model if model.weights else type(model).__name__
        raise ConfigError(
            f"{name} is not one stage after the other, so that its last ones cannot be trained "
            "alone; leave finetune out, or choose another network, such as ghostnet_100"
        )
    return layers[:found]


def _is_same(found: Tensor, expected: Tensor) -> bool:
    tolerance = TOLERANCE * float(expected.abs().max())
    return found.shape == expected.shape and torch.allclose(found, expected, 0, tolerance)
