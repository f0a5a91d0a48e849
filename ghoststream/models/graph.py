"""The one graph that every runtime runs: plain pixels in, all that is asked of them out.

graph = Graph(create_model("ghostnet_100", weights="bundled"))
graph.embed(pixels)  # N x S x S x 3, uint8, to N x 1280
"""

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from ghoststream.models.backbone import Backbone
from ghoststream.models.efficientnet_lite0 import EfficientNetLite0
from ghoststream.models.ghostnet import GhostNet
from ghoststream.models.ghostnetv3 import merge_branches


class Graph(nn.Module):
    """Normalisation, layout, the network without its batch norms, and the classifier.

    Args:
        model: in evaluation mode, with the preprocessing to use; it is taken over and folded.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, model: Backbone) -> None:
        super().__init__()
        model.eval()
        merge_branches(model)
        # Others may list a batch norm after a convolution and yet run them in another order.
        if isinstance(model, GhostNet | EfficientNetLite0):
            fold_batch_norms(model)
        self.model, self.side = model, model.preprocessing.input_size
        # A row of pixels at a time: three numbers at a time take torch five times as long.
        self.register_buffer("mean", _row(model.preprocessing.mean, self.side))
        self.register_buffer("std", _row(model.preprocessing.std, self.side))

    def embed(self, pixels: Tensor) -> Tensor:
        """Embeddings N x D of pixels N x S x S x 3, uint8."""
        return self._embedding(self._features(pixels))

    def classify(self, pixels: Tensor) -> Tensor:
        """Logits N x C."""
        logits: Tensor = self.model.classifier(self.embed(pixels))
        return logits

    def places(self, pixels: Tensor) -> Tensor:
        """The embedding of each place by itself, N x D x h x w; pooling left out."""
        return self._places(self._features(pixels))

    def forward(self, pixels: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Embeddings, logits and places; a runtime cuts out what it needs."""
        features = self._features(pixels)
        embedding = self._embedding(features)
        return embedding, self.model.classifier(embedding), self._places(features)

    def _features(self, pixels: Tensor) -> Tensor:
        rows = (pixels.flatten(2).float() - self.mean) / self.std
        # N x H x W x C seen as N x C x H x W is what torch calls channels last: nothing is moved.
        whitened = rows.reshape(-1, self.side, self.side, 3).permute(0, 3, 1, 2)
        return self.model.forward_features(whitened.to(self.model.classifier.weight.dtype))

    def _embedding(self, features: Tensor) -> Tensor:
        return self.model.forward_head(features, pre_logits=True)

    def _places(self, features: Tensor) -> Tensor:
        return self.model.forward_places(features)


def fold_batch_norms(model: nn.Module) -> None:
    """Puts each batch norm into the convolution before it: same answers, one step less.

    Args:
        model: in evaluation mode; changed in place.
    """
    for parent in list(model.modules()):
        for (conv_name, conv), (norm_name, norm) in pairwise(list(parent.named_children())):
            if isinstance(conv, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d):
                setattr(parent, conv_name, fuse_conv_bn_eval(conv, norm))
                setattr(parent, norm_name, nn.Identity())


def _row(channels: tuple[float, float, float], side: int) -> Tensor:
    return (torch.tensor(channels) * 255).repeat(side)
