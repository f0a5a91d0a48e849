"""Networks cut where the picture has been worked through to a certain depth.

    *stages, rest = segments(model)
    for stage in stages: x = stage(x)  # GhostNet 1.0: 16, 24, 40, 80 and 112 channels

Two networks with the same channels at the cuts can stand in for each other, stage by stage.
"""

import torch
from torch import nn

from ghoststream.models.backbone import Backbone
from ghoststream.models.efficientnet_lite0 import STAGES, EfficientNetLite0
from ghoststream.models.ghostnet import GhostNet

PROBE_SIDE = 64
"""Pixels of the picture that tells the channels; any will do."""


def segments(model: Backbone) -> tuple[nn.Module, ...]:
    """The five stages, and all that follows up to the last features; empty where it has no cuts.

    One after the other they are `model.forward_features`, with the same parameters.
    """
    if isinstance(model, GhostNet):
        return _of_ghostnet(model)
    if isinstance(model, EfficientNetLite0):
        return _of_lite0(model)
    return ()


@torch.no_grad()
def stage_channels(model: Backbone) -> tuple[int, ...]:
    """Channels at the end of each of the five stages of a network in evaluation mode."""
    x, channels = torch.zeros(1, 3, PROBE_SIDE, PROBE_SIDE), []
    for stage in segments(model)[:-1]:
        x = stage(x)
        channels.append(x.shape[1])
    return tuple(channels)


def _of_ghostnet(model: GhostNet) -> tuple[nn.Module, ...]:
    blocks = list(model.blocks)
    # What halves the picture for the last time but one, and what works on it with as many channels.
    fifth = list(blocks[6].children())
    return (
        nn.Sequential(model.conv_stem, model.bn1, model.act1, blocks[0]),
        nn.Sequential(*blocks[1:3]),
        nn.Sequential(*blocks[3:5]),
        nn.Sequential(blocks[5], *fifth[:3]),
        nn.Sequential(*fifth[3:]),
        nn.Sequential(*blocks[7:]),
    )


def _of_lite0(model: EfficientNetLite0) -> tuple[nn.Module, ...]:
    layers, blocks = model.network, iter(model.network._blocks)
    stem, *others = ([next(blocks) for _ in range(shape.repeats)] for shape in STAGES)
    last = (block for stage in others[4:] for block in stage)
    return (
        nn.Sequential(layers._conv_stem, layers._bn0, nn.ReLU6(), *stem),
        *(nn.Sequential(*stage) for stage in others[:4]),
        nn.Sequential(*last, layers._conv_head, layers._bn1, nn.ReLU6()),
    )
