"""GhostNet, a network for small machines: half of its features come from cheap operations.

    model = GhostNet(width=1.0).eval()
    embedding = model.forward_head(model.forward_features(pictures), pre_logits=True)  # N x 1280

Han et al., "GhostNet: More Features from Cheap Operations", CVPR 2020, arXiv 1911.11907. Parameter
names are those of the authors' checkpoints, which timm's `ghostnet_100` kept, so weights of both
load unchanged.
"""

from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import dropout, hardsigmoid

from ghoststream.models.backbone import Backbone
from ghoststream.models.preprocessing import Preprocessing

NUM_FEATURES = 1280


class BottleneckShape(NamedTuple):
    """One row of the paper's table 1, at width 1.0."""

    kernel: int
    expansion: int
    """Channels between the two ghost modules."""
    channels: int
    """Channels that come out."""
    has_se: bool
    stride: int


STAGES: tuple[tuple[BottleneckShape, ...], ...] = (
    (BottleneckShape(3, 16, 16, False, 1),),
    (BottleneckShape(3, 48, 24, False, 2),),
    (BottleneckShape(3, 72, 24, False, 1),),
    (BottleneckShape(5, 72, 40, True, 2),),
    (BottleneckShape(5, 120, 40, True, 1),),
    (BottleneckShape(3, 240, 80, False, 2),),
    (
        BottleneckShape(3, 200, 80, False, 1),
        BottleneckShape(3, 184, 80, False, 1),
        BottleneckShape(3, 184, 80, False, 1),
        BottleneckShape(3, 480, 112, True, 1),
        BottleneckShape(3, 672, 112, True, 1),
    ),
    (BottleneckShape(5, 672, 160, True, 2),),
    (
        BottleneckShape(5, 960, 160, False, 1),
        BottleneckShape(5, 960, 160, True, 1),
        BottleneckShape(5, 960, 160, False, 1),
        BottleneckShape(5, 960, 160, True, 1),
    ),
)
"""Table 1 of the paper; a stage ends where the picture halves, and as the authors cut it."""


class GhostNet(Backbone):
    """GhostNet at any width; the paper measures 0.5, 1.0 and 1.3.

    Args:
        width: factor on the number of channels of every layer before the embedding.
        num_classes: size of the last, fully connected layer.
        dropout_rate: share of the embedding's numbers that training hides from the classifier.

    Example:
        >>> GhostNet(width=0.5).eval()(torch.zeros(1, 3, 224, 224)).shape
        torch.Size([1, 1000])
    """

    def __init__(
        self, width: float = 1.0, num_classes: int = 1000, *, dropout_rate: float = 0.2
    ) -> None:
        super().__init__()
        self.width, self.num_classes, self.dropout_rate = width, num_classes, dropout_rate
        self.preprocessing, self.weights = Preprocessing(), None

        stem_channels = scaled_channels(16, width)
        last_channels = scaled_channels(STAGES[-1][-1].expansion, width)
        self.conv_stem = nn.Conv2d(3, stem_channels, 3, stride=2, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(stem_channels)
        self.act1 = nn.ReLU(inplace=True)
        self.blocks = nn.Sequential(*self._stages(stem_channels, last_channels))
        self.global_pool = nn.AdaptiveAvgPool2d(1)
        self.conv_head = nn.Conv2d(last_channels, NUM_FEATURES, 1)
        self.act2 = nn.ReLU(inplace=True)
        self.classifier = nn.Linear(NUM_FEATURES, num_classes)

    def _stages(self, in_channels: int, last_channels: int) -> Iterator[nn.Sequential]:
        position = 0
        for stage in STAGES:
            bottlenecks = []
            for shape in stage:
                shape = shape._replace(
                    expansion=scaled_channels(shape.expansion, self.width),
                    channels=scaled_channels(shape.channels, self.width),
                )
                bottlenecks.append(self._bottleneck(position, in_channels, shape))
                in_channels, position = shape.channels, position + 1
            yield nn.Sequential(*bottlenecks)
        yield nn.Sequential(ConvBnAct(in_channels, last_channels))

    def _bottleneck(self, position: int, in_channels: int, shape: BottleneckShape) -> nn.Module:
        """The table's row at `position`, counted from 0; the successors build others here."""
        return GhostBottleneck(in_channels, shape)

    def forward_features(self, x: Tensor) -> Tensor:
        """The last feature map: N x 3 x H x W to N x 960 x H/32 x W/32 (at width 1.0)."""
        features: Tensor = self.blocks(self.act1(self.bn1(self.conv_stem(x))))
        return features

    def forward_head(self, x: Tensor, pre_logits: bool = False) -> Tensor:
        """The feature map's classes, N x num_classes, or with `pre_logits` its embedding.

        Args:
            x: the feature map that `forward_features` gives.
            pre_logits: stop before the classifier, at N x 1280.
        """
        embedding: Tensor = self.act2(self.conv_head(self.global_pool(x))).flatten(1)
        if pre_logits:
            return embedding
        logits: Tensor = self.classifier(dropout(embedding, self.dropout_rate, self.training))
        return logits

    def forward_places(self, x: Tensor) -> Tensor:
        """The feature map to the embedding of each place, N x 1280 x h x w: no pooling."""
        places: Tensor = self.act2(self.conv_head(x))
        return places


class GhostBottleneck(nn.Module):
    """Expands with one ghost module, narrows with another, and adds the input (figure 3).

    Between the two: a depthwise convolution where the picture halves, and squeeze-excite where the
    table asks for it.
    """

    def __init__(self, in_channels: int, shape: BottleneckShape) -> None:
        super().__init__()
        kernel, expansion, channels, has_se, stride = shape
        self.ghost1 = GhostModule(in_channels, expansion)
        if stride > 1:
            self.conv_dw = depthwise(expansion, kernel, stride)
            self.bn_dw = nn.BatchNorm2d(expansion)
        self.se = SqueezeExcite(expansion) if has_se else None
        self.ghost2 = GhostModule(expansion, channels, has_relu=False)
        self.shortcut = shortcut(in_channels, shape)
        self.stride = stride

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.ghost1(x)
        if self.stride > 1:
            y = self.bn_dw(self.conv_dw(y))
        if self.se is not None:
            y = self.se(y)
        narrowed: Tensor = self.ghost2(y)
        added: Tensor = self.shortcut(x)
        return narrowed + added


class GhostModule(nn.Module):
    """Half of the channels by an ordinary convolution, the other half cheaply out of the first.

    The paper's equations 3 and 4 with ratio s = 2: intrinsic features Y' = X * f', then one 3 x 3
    depthwise filter for each of them makes its ghost; the module gives both, side by side.
    """

    def __init__(self, in_channels: int, out_channels: int, *, has_relu: bool = True) -> None:
        super().__init__()
        intrinsic_channels = (out_channels + 1) // 2
        self.out_channels = out_channels
        self.primary_conv = nn.Sequential(
            nn.Conv2d(in_channels, intrinsic_channels, 1, bias=False),
            nn.BatchNorm2d(intrinsic_channels),
            nn.ReLU(inplace=True) if has_relu else nn.Identity(),
        )
        self.cheap_operation = nn.Sequential(
            depthwise(intrinsic_channels, 3, 1),
            nn.BatchNorm2d(intrinsic_channels),
            nn.ReLU(inplace=True) if has_relu else nn.Identity(),
        )

    def forward(self, x: Tensor) -> Tensor:
        intrinsic = self.primary_conv(x)
        both = torch.cat([intrinsic, self.cheap_operation(intrinsic)], dim=1)
        # An odd number of channels leaves one ghost too many.
        return both[:, : self.out_channels]


class SqueezeExcite(nn.Module):
    """Weighs channels by what the whole picture holds (Hu et al., arXiv 1709.01507)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        reduced_channels = scaled_channels(channels, 0.25)
        self.conv_reduce = nn.Conv2d(channels, reduced_channels, 1)
        self.act1 = nn.ReLU(inplace=True)
        self.conv_expand = nn.Conv2d(reduced_channels, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        squeezed = x.mean((2, 3), keepdim=True)
        return x * hardsigmoid(self.conv_expand(self.act1(self.conv_reduce(squeezed))))


class ConvBnAct(nn.Module):
    """The 1 x 1 convolution after the last bottleneck."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(in_channels, out_channels, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(out_channels)
        self.act1 = nn.ReLU(inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.act1(self.bn1(self.conv(x)))
        return y


def shortcut(in_channels: int, shape: BottleneckShape) -> nn.Sequential:
    """What a bottleneck adds its input through: nothing at all where the shapes agree."""
    if shape.stride == 1 and in_channels == shape.channels:
        return nn.Sequential()
    return nn.Sequential(
        depthwise(in_channels, shape.kernel, shape.stride),
        nn.BatchNorm2d(in_channels),
        nn.Conv2d(in_channels, shape.channels, 1, bias=False),
        nn.BatchNorm2d(shape.channels),
    )


def scaled_channels(channels: int, factor: float) -> int:
    """`channels * factor`, rounded to a multiple of 4 that loses no more than a tenth.

    Example:
        >>> scaled_channels(72, 0.25)
        20
    """
    wanted = channels * factor
    rounded = max(4, int(wanted + 2) // 4 * 4)
    return rounded if rounded >= 0.9 * wanted else rounded + 4


def depthwise(channels: int, kernel: int, stride: int) -> nn.Conv2d:
    """Filters each channel by itself; the picture keeps its size at a stride of 1."""
    return nn.Conv2d(
        channels, channels, kernel, stride, padding=kernel // 2, groups=channels, bias=False
    )
