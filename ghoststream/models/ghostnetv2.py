"""GhostNetV2: GhostNet that also looks far along rows and columns.

    model = GhostNetV2(width=1.0).eval()
    embedding = model.forward_head(model.forward_features(pictures), pre_logits=True)  # N x 1280

Tang et al., "GhostNetV2: Enhance Cheap Operation with Long-Range Attention", NeurIPS 2022, arXiv
2211.12905. Parameter names are those of the authors' checkpoints and of timm's `ghostnetv2_100`.
"""

from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, interpolate

from ghoststream.models.ghostnet import BottleneckShape, GhostBottleneck, GhostModule, GhostNet

NUM_WITHOUT_ATTENTION = 2
"""Bottlenecks at the start that stay as in GhostNet: there, pictures are large, attention dear."""

REACH = 5
"""Places in a row or a column over which attention gathers."""


class GhostNetV2(GhostNet):
    """GhostNetV2 at any width; the paper measures 1.0, 1.3 and 1.6.

    Pictures have at least 33 pixels a side: the last attention halves what is left of them.

    Args:
        width: factor on the number of channels of every layer before the embedding.
        num_classes: size of the last, fully connected layer.
        dropout_rate: share of the embedding's numbers that training hides from the classifier.

    Example:
        >>> GhostNetV2(width=1.3).eval()(torch.zeros(1, 3, 224, 224)).shape
        torch.Size([1, 1000])
    """

    def _bottleneck(self, position: int, in_channels: int, shape: BottleneckShape) -> nn.Module:
        if position < NUM_WITHOUT_ATTENTION:
            return GhostBottleneck(in_channels, shape)
        return AttentiveGhostBottleneck(in_channels, shape)


class AttentiveGhostBottleneck(GhostBottleneck):
    """A bottleneck whose expanded features are weighed by attention (the paper's figure 4)."""

    def __init__(self, in_channels: int, shape: BottleneckShape) -> None:
        super().__init__(in_channels, shape)
        self.ghost1 = AttentiveGhostModule(in_channels, shape.expansion)


class AttentiveGhostModule(GhostModule):
    """A ghost module beside attention of the same input; their product comes out."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__(in_channels, out_channels)
        self.short_conv = dfc_attention(in_channels, out_channels)

    def forward(self, x: Tensor) -> Tensor:
        return attended(super().forward(x), x, self.short_conv)


def dfc_attention(in_channels: int, out_channels: int) -> nn.Sequential:
    """Decoupled fully connected attention: each place gathers along its row, then its column.

    As convolutions of 1 x 5 and 5 x 1, which take pictures of any size.
    """
    row, column = (1, REACH), (REACH, 1)
    return nn.Sequential(
        nn.Conv2d(in_channels, out_channels, 1, bias=False),
        nn.BatchNorm2d(out_channels),
        nn.Conv2d(out_channels, out_channels, row, padding="same", groups=out_channels, bias=False),
        nn.BatchNorm2d(out_channels),
        nn.Conv2d(
            out_channels, out_channels, column, padding="same", groups=out_channels, bias=False
        ),
        nn.BatchNorm2d(out_channels),
    )


def attended(features: Tensor, x: Tensor, attention: nn.Module) -> Tensor:
    """Features, weighed at each place by the attention that x pays to it.

    Args:
        features: N x D x H x W.
        x: what the features were made of, N x C x H x W; attention sees it at half the size, which
            costs a quarter.
        attention: from C to D channels.
    """
    weights = attention(avg_pool2d(x, 2)).sigmoid()
    return features * interpolate(weights, size=features.shape[2:], mode="nearest")
