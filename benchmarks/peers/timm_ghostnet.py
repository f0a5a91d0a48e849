"""The network as timm has it, with the weights that come with GhostStream: what the peers share."""

import argparse
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path

import numpy as np
import timm
import torch
from PIL import Image
from torch import Tensor, nn

WEIGHTS = Path(__file__).parents[2] / "ghoststream/models/bundled/ghostnet_100.safetensors"
BATCH = 16


def arguments(about: str | None, **choices: list[str]) -> argparse.Namespace:
    """VIDEO, --out FILE.npz and --fps RATE, without which every frame is taken."""
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("video")
    parser.add_argument("--out", required=True)
    parser.add_argument("--fps", type=float)
    for name, values in choices.items():
        parser.add_argument(f"--{name}", choices=values, default=values[0])
    return parser.parse_args()


def load() -> tuple[nn.Module, Callable[[Image.Image], Tensor]]:
    """The network up to its embedding, and timm's own preprocessing."""
    model = timm.create_model("ghostnet_100", checkpoint_path=str(WEIGHTS)).eval()
    model.reset_classifier(0)
    config = timm.data.resolve_data_config(model.pretrained_cfg)
    return model, timm.data.create_transform(**config)


def batches(timed: Iterable[tuple[float, Tensor]]) -> Iterator[tuple[list[float], Tensor]]:
    """Stacks times and inputs 3 x 224 x 224."""
    iterator = iter(timed)
    while group := list(islice(iterator, BATCH)):
        seconds, inputs = zip(*group, strict=True)
        yield list(seconds), torch.stack(inputs)


def write_vectors(model: nn.Module, timed: Iterable[tuple[list[float], Tensor]], out: str) -> None:
    """Embeds batches N x 3 x 224 x 224 and saves all vectors with their times."""
    seconds: list[float] = []
    vectors: list[Tensor] = []
    with torch.inference_mode():
        for times, inputs in timed:
            seconds += times
            vectors.append(model(inputs))
    np.savez(out, seconds=np.array(seconds), vectors=torch.cat(vectors).numpy())


def wanted_indices(frames: int, rate: float, fps: float | None) -> list[int]:
    """Of each moment k / fps, the first frame at or past it."""
    if fps is None:
        return list(range(frames))
    indices: list[int] = []
    for index in range(frames):
        if index * fps >= len(indices) * rate:
            indices.append(index)
    return indices
