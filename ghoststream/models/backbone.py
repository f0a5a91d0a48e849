"""What every network gives to a graph, whoever wrote it: features, an embedding, a classifier.

embedding = model.forward_head(model.forward_features(pictures), pre_logits=True)  # N x D
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator

from torch import Tensor, nn

from ghoststream.models.preprocessing import Preprocessing
from ghoststream.models.weights import Weights


class Backbone(nn.Module, ABC):
    """A picture's features, their embedding, and a fully connected layer that names it."""

    classifier: nn.Linear
    preprocessing: Preprocessing
    """How pictures were made ready when the weights were trained."""
    weights: Weights | None
    """The file that the parameters came from; None while they are random."""

    @property
    def num_features(self) -> int:
        """Numbers in an embedding."""
        return self.classifier.in_features

    @property
    def published(self) -> nn.Module:
        """The module whose parameters have the names that files of weights use."""
        return self

    def steps(self) -> Iterator[nn.Module]:
        """The layers in the order in which they are listed, blocks one by one; those of the feature
        map come first."""
        for part in self.published.children():
            yield from part if isinstance(part, nn.Sequential) else (part,)

    def check(self) -> None:
        """Refuses parameters with which the parts do not make up the whole."""

    @abstractmethod
    def forward_features(self, x: Tensor) -> Tensor:
        """The last features of pictures N x 3 x H x W."""

    @abstractmethod
    def forward_head(self, x: Tensor, pre_logits: bool = False) -> Tensor:
        """Features to logits N x C, or with `pre_logits` to embeddings N x D."""

    @abstractmethod
    def forward_places(self, x: Tensor) -> Tensor:
        """Features to the embedding of each place by itself, N x D x h x w."""

    def forward(self, x: Tensor) -> Tensor:
        return self.forward_head(self.forward_features(x))
