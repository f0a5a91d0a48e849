"""GhostNetV3: GhostNetV2 trained with several convolutions for each one that runs.

    model = GhostNetV3(width=1.0).eval()
    merge_branches(model)  # the same answers from a third of the convolutions
    embedding = model.forward_head(model.forward_features(pictures), pre_logits=True)  # N x 1280

Liu et al., "GhostNetV3: Exploring the Training Strategies for Compact Models", arXiv 2404.11202;
the branches are those of Ding et al., "RepVGG", arXiv 2101.03697. Parameter names are those of
timm's `ghostnetv3_100`.
"""

from collections.abc import Iterable
from itertools import chain

import torch
from torch import Tensor, nn
from torch.nn.functional import pad
from torch.nn.utils.fusion import fuse_conv_bn_eval

from ghoststream.models.ghostnet import (
    BottleneckShape,
    GhostNet,
    SqueezeExcite,
    depthwise,
    shortcut,
)
from ghoststream.models.ghostnetv2 import NUM_WITHOUT_ATTENTION, attended, dfc_attention

NUM_BRANCHES = 3
"""Convolutions of one size that are trained side by side."""


class GhostNetV3(GhostNet):
    """GhostNetV3 at any width; the paper measures 0.5, 1.0, 1.3 and 1.6.

    Pictures have at least 33 pixels a side, as for GhostNetV2.

    Args:
        width: factor on the number of channels of every layer before the embedding.
        num_classes: size of the last, fully connected layer.
        dropout_rate: share of the embedding's numbers that training hides from the classifier.

    Example:
        >>> GhostNetV3(width=0.5).eval()(torch.zeros(1, 3, 224, 224)).shape
        torch.Size([1, 1000])
    """

    def _bottleneck(self, position: int, in_channels: int, shape: BottleneckShape) -> nn.Module:
        has_attention = position >= NUM_WITHOUT_ATTENTION
        return BranchedGhostBottleneck(in_channels, shape, has_attention=has_attention)


def merge_branches(model: nn.Module) -> None:
    """Puts each sum of branches into one convolution: same answers, a third of the steps.

    Args:
        model: in evaluation mode; changed in place. One that has no branches stays as it is.
    """
    for module in list(model.modules()):
        if isinstance(module, BranchedGhostModule | BranchedGhostBottleneck):
            module.merge_branches()


class BranchedGhostBottleneck(nn.Module):
    """GhostNet's bottleneck; where the picture halves, by a sum of depthwise convolutions."""

    def __init__(self, in_channels: int, shape: BottleneckShape, *, has_attention: bool) -> None:
        super().__init__()
        kernel, expansion, channels, has_se, stride = shape
        self.ghost1 = BranchedGhostModule(in_channels, expansion, has_attention=has_attention)
        self.dw_rpr_conv = nn.ModuleList()
        self.dw_rpr_scale: nn.Module | None = None
        if stride > 1:
            self.dw_rpr_conv.extend(
                Branch(depthwise(expansion, kernel, stride)) for _ in range(NUM_BRANCHES)
            )
            self.dw_rpr_scale = Branch(depthwise(expansion, 1, stride))
        self.se = SqueezeExcite(expansion) if has_se else None
        self.ghost2 = BranchedGhostModule(expansion, channels, has_relu=False)
        self.shortcut = shortcut(in_channels, shape)
        self.stride = stride

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.ghost1(x)
        if self.stride > 1:
            y = summed(self._halving_branches(), y)
        if self.se is not None:
            y = self.se(y)
        narrowed: Tensor = self.ghost2(y)
        added: Tensor = self.shortcut(x)
        return narrowed + added

    def merge_branches(self) -> None:
        if self.stride > 1:
            self.dw_rpr_conv = nn.ModuleList([merged(self._halving_branches())])
            self.dw_rpr_scale = None

    def _halving_branches(self) -> list[nn.Module]:
        return present(chain(self.dw_rpr_conv, [self.dw_rpr_scale]))


class BranchedGhostModule(nn.Module):
    """A ghost module whose two convolutions are sums of branches.

    Beside the three of full size, the ghosts have a branch of one pixel and one that is a batch
    norm alone.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        *,
        has_relu: bool = True,
        has_attention: bool = False,
    ) -> None:
        super().__init__()
        intrinsic_channels = (out_channels + 1) // 2
        self.out_channels = out_channels
        self.primary_rpr_conv = nn.ModuleList(
            Branch(nn.Conv2d(in_channels, intrinsic_channels, 1, bias=False))
            for _ in range(NUM_BRANCHES)
        )
        self.cheap_rpr_conv = nn.ModuleList(
            Branch(depthwise(intrinsic_channels, 3, 1)) for _ in range(NUM_BRANCHES)
        )
        self.cheap_rpr_scale: nn.Module | None = Branch(depthwise(intrinsic_channels, 1, 1))
        self.cheap_rpr_skip: nn.Module | None = nn.BatchNorm2d(intrinsic_channels)
        self.activation = nn.ReLU(inplace=True) if has_relu else nn.Identity()
        self.short_conv = dfc_attention(in_channels, out_channels) if has_attention else None

    def forward(self, x: Tensor) -> Tensor:
        intrinsic = self.activation(summed(self.primary_rpr_conv, x))
        ghosts = self.activation(summed(self._cheap_branches(), intrinsic))
        features = torch.cat([intrinsic, ghosts], dim=1)[:, : self.out_channels]
        return features if self.short_conv is None else attended(features, x, self.short_conv)

    def merge_branches(self) -> None:
        self.primary_rpr_conv = nn.ModuleList([merged(self.primary_rpr_conv)])
        self.cheap_rpr_conv = nn.ModuleList([merged(self._cheap_branches())])
        self.cheap_rpr_scale = self.cheap_rpr_skip = None

    def _cheap_branches(self) -> list[nn.Module]:
        return present(chain(self.cheap_rpr_conv, [self.cheap_rpr_scale, self.cheap_rpr_skip]))


class Branch(nn.Module):
    """A convolution and the batch norm of its own that makes a sum of such worth training."""

    def __init__(self, conv: nn.Conv2d) -> None:
        super().__init__()
        self.conv = conv
        self.bn1 = nn.BatchNorm2d(conv.out_channels)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.bn1(self.conv(x))
        return y


def summed(branches: Iterable[nn.Module], x: Tensor) -> Tensor:
    """What the branches give for one input, added up."""
    first, *others = branches
    total: Tensor = first(x)
    for other in others:
        total = total + other(x)
    return total


def merged(branches: Iterable[nn.Module]) -> nn.Conv2d:
    """One convolution that gives what `summed` does: a convolution is linear in its kernel.

    Args:
        branches: in evaluation mode; the first has the largest kernel.
    """
    first, *others = (_convolution(each) for each in branches)
    for other in others:
        margin = (first.kernel_size[0] - other.kernel_size[0]) // 2
        first.weight.data += pad(other.weight.data, [margin] * 4)
        first.get_parameter("bias").data += other.get_parameter("bias").data
    return first


def _convolution(branch: nn.Module) -> nn.Conv2d:
    if isinstance(branch, Branch):
        return fuse_conv_bn_eval(branch.conv, branch.bn1)
    if isinstance(branch, nn.BatchNorm2d):
        unchanged = depthwise(branch.num_features, 1, 1).eval()
        nn.init.ones_(unchanged.weight)
        return fuse_conv_bn_eval(unchanged, branch)
    if isinstance(branch, nn.Conv2d):
        return branch
    raise TypeError(f"expected a branch, a batch norm or a convolution, got {branch}")


def present(modules: Iterable[nn.Module | None]) -> list[nn.Module]:
    """Those that have not been merged away."""
    return [module for module in modules if module is not None]
