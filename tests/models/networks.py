"""Networks to compare with each other."""

import torch
from torch import nn


@torch.no_grad()
def randomized(model: nn.Module) -> nn.Module:
    """Every batch norm its own: fresh ones are alike, and would hide an exchanged pair."""
    torch.manual_seed(0)
    for layer in model.modules():
        if isinstance(layer, nn.BatchNorm2d):
            layer.weight.uniform_(0.5, 1.5)
            layer.bias.normal_(0, 0.1)
            layer.running_mean.normal_(0, 0.1)
            layer.running_var.uniform_(0.5, 1.5)
    return model.eval()


def embeddings(model: nn.Module, pictures: torch.Tensor) -> torch.Tensor:
    return model.forward_head(model.forward_features(pictures), pre_logits=True)
