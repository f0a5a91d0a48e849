"""The walk in docs/concepts.md states true shapes and true costs."""

import re
from pathlib import Path

import torch
from torch import nn

from ghoststream.models.ghostnet import GhostNet

CONCEPTS = Path(__file__).parents[2] / "docs" / "concepts.md"
ROW = re.compile(r"^\| `([\w.]+)` \| [^|]+ \| ([\dx ]+) \| (?:([\d.]+) M )?\|$", re.MULTILINE)


def test_the_table_of_layers_is_true() -> None:
    stated = {name: (shape, cost) for name, shape, cost in ROW.findall(CONCEPTS.read_text("utf-8"))}
    assert list(stated) == [
        "conv_stem",
        *(f"blocks.{stage}" for stage in range(10)),
        "global_pool",
        "conv_head",
        "classifier",
    ]
    assert stated == measured(list(stated))


@torch.inference_mode()
def measured(names: list[str]) -> dict[str, tuple[str, str]]:
    """Output shape and millions of multiply-adds of layers, as the document writes them."""
    model = GhostNet().eval()
    shapes: dict[nn.Module, torch.Size] = {}
    for layer in model.modules():
        layer.register_forward_hook(lambda layer, _, out: shapes.update({layer: out.shape[1:]}))
    model(torch.zeros(1, 3, 224, 224))
    layers = {name: model.get_submodule(name) for name in names}
    return {
        name: (" x ".join(map(str, shapes[layer])), millions(layer, shapes))
        for name, layer in layers.items()
    }


def millions(parent: nn.Module, shapes: dict[nn.Module, torch.Size]) -> str:
    weighing = [layer for layer in parent.modules() if isinstance(layer, nn.Conv2d | nn.Linear)]
    count = sum(shapes[layer].numel() * layer.weight[0].numel() for layer in weighing)
    return f"{count / 1e6:.1f}" if count else ""
