"""GhostNet and other networks, their weights and what runs them.

runtime = load_runtime("ghostnet_100", "bundled")
model = create_model("ghostnet_100", weights="bundled")  # a torch module
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ghoststream.models.choices import list_weights, weights_of
    from ghoststream.models.factory import create_model
    from ghoststream.models.ghostnet import GhostNet
    from ghoststream.models.labels import imagenet_labels
    from ghoststream.models.preprocessing import Preprocessing
    from ghoststream.models.registry import DEFAULT_MODEL, MODELS
    from ghoststream.models.runtime import Runtime, choose_device, load_runtime
    from ghoststream.models.weights import (
        Weights,
        pull_weights,
        resolve_weights,
        show_weights,
    )

__all__ = [
    "DEFAULT_MODEL",
    "MODELS",
    "GhostNet",
    "Preprocessing",
    "Runtime",
    "Weights",
    "choose_device",
    "create_model",
    "imagenet_labels",
    "list_weights",
    "load_runtime",
    "pull_weights",
    "resolve_weights",
    "show_weights",
    "weights_of",
]

# Each name is imported when it is first used: torch takes seconds, and most names need no torch.
_HOMES = {
    "DEFAULT_MODEL": "registry",
    "MODELS": "registry",
    "GhostNet": "ghostnet",
    "Preprocessing": "preprocessing",
    "Runtime": "runtime",
    "Weights": "weights",
    "choose_device": "runtime",
    "create_model": "factory",
    "imagenet_labels": "labels",
    "list_weights": "choices",
    "load_runtime": "runtime",
    "pull_weights": "weights",
    "resolve_weights": "weights",
    "show_weights": "weights",
    "weights_of": "choices",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
