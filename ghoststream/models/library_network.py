"""Networks that other libraries build, cut into features, embedding and classifier.

    TimmNetwork("mobilenetv3_small_100").forward_places(features)  # N x D x h x w

Each place's embedding is what the library's own head makes of a picture that looks everywhere as
this place does; so no head has to be known from inside.
"""

from abc import abstractmethod
from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any

import torch
from torch import Tensor, nn

from ghoststream.errors import ConfigError
from ghoststream.models.backbone import Backbone
from ghoststream.models.preprocessing import Preprocessing

TOLERANCE = 1e-3
"""Of the largest logit; float32 sums in another order differ by less."""


class LibraryNetwork(Backbone):
    """A network of another library; subclasses cut it.

    Args:
        name: for messages.
        network: as the library builds it.
        classifier: its last layer.
        preprocessing: that pictures want.

    Raises:
        ConfigError: the last layer is not one fully connected layer.
    """

    network: Any
    """Each library has its own methods."""

    def __init__(
        self, name: str, network: nn.Module, classifier: object, preprocessing: Preprocessing
    ) -> None:
        super().__init__()
        if not isinstance(classifier, nn.Linear):
            kind = (
                type(classifier).__name__ if isinstance(classifier, nn.Module) else "several layers"
            )
            raise ConfigError(
                f"{name} ends in {kind}, not in one fully connected layer, "
                f"which embeddings and heads need; choose another network"
            )
        self.name, self.network, self.preprocessing = name, network, preprocessing
        self.classifier, self.weights = with_bias(classifier), None

    @property
    def published(self) -> nn.Module:
        network: nn.Module = self.network
        return network

    @abstractmethod
    def embed(self, features: Tensor) -> Tensor:
        """Features to embeddings N x D."""

    def forward_head(self, x: Tensor, pre_logits: bool = False) -> Tensor:
        embedding = self.embed(x)
        return embedding if pre_logits else self.classifier(embedding)

    def forward_places(self, x: Tensor) -> Tensor:
        channels_last = self.map_of(x).permute(0, 2, 3, 1)
        _, height, width, channels = channels_last.shape
        embeddings = self.embed(self.everywhere(channels_last.reshape(-1, channels), x))
        return embeddings.reshape(-1, height, width, self.num_features).permute(0, 3, 1, 2)

    def map_of(self, features: Tensor) -> Tensor:
        """Features as a map N x C x h x w."""
        return features

    def everywhere(self, places: Tensor, like: Tensor) -> Tensor:
        """Features of the form of others that are the same everywhere, one for each of M x C."""
        return places[:, :, None, None]

    @torch.inference_mode()
    def check(self) -> None:
        """Compares the cut network with the whole one.

        Raises:
            ConfigError: they differ, so that the embedding is not what the classifier sees.
        """
        side = self.preprocessing.input_size
        picture = torch.linspace(-2, 2, 3 * side * side).reshape(1, 3, side, side)
        try:
            expected = self.network(picture)
            features = self.forward_features(picture)
            found = self.forward_head(features)
            places = self.forward_places(features)
        # What networks raise that do not take such pictures, or give features of another form.
        except (AssertionError, AttributeError, RuntimeError, TypeError, ValueError) as error:
            raise ConfigError(
                f"{self.name} cannot be cut into features and a classifier at {side} x {side} "
                f"pixels ({error}); choose another network"
            ) from error
        tolerance = TOLERANCE * float(expected.abs().max())
        is_same = expected.shape == found.shape and torch.allclose(found, expected, 0, tolerance)
        if places.ndim != 4 or not is_same:
            raise ConfigError(
                f"{self.name} does more than name its embedding with one fully connected layer; "
                f"choose another network"
            )


def wanted_preprocessing(name: str, **values: Any) -> Preprocessing:
    """What a library says that a network's pictures are to be like.

    Args:
        name: of the network, for the message.
        values: of `Preprocessing`.

    Raises:
        ConfigError: it cannot be had here.
    """
    try:
        return Preprocessing(**values)
    except ValueError as error:
        raise ConfigError(
            f"{name} wants pictures that cannot be had: {error}; choose another network"
        ) from error


def with_bias(layer: nn.Linear) -> nn.Linear:
    """The layer itself, or one that shares its weight and adds nothing."""
    if "bias" in dict(layer.named_parameters()):
        return layer
    biased = nn.Linear(layer.in_features, layer.out_features)
    biased.weight = layer.weight
    nn.init.zeros_(biased.bias)
    return biased


def closest(name: str, known: Iterable[str]) -> str:
    """The end of a sentence that says that there is no such name."""
    close = get_close_matches(name, list(known))
    return f"did you mean {' or '.join(close)}?" if close else "its documentation lists them"
