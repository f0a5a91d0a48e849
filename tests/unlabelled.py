"""Small pictures without labels, and small networks, for tests of distillation."""

from pathlib import Path

import cv2
import numpy as np
import torch
from safetensors.torch import save_file

from ghoststream.models import create_model
from ghoststream.types import Pixels


def blobs(number: int, size: tuple[int, int] = (40, 32)) -> Pixels:
    """Sixteen smooth colours, others for each number."""
    colours = np.random.default_rng(number).integers(0, 256, (4, 4, 3), np.uint8)
    return np.asarray(cv2.resize(colours, size), dtype=np.uint8)


def write_picture(path: Path, pixels: Pixels) -> None:
    """RGB, without loss where the suffix is that of such a format."""
    assert cv2.imwrite(str(path), pixels[..., ::-1])


def random_weights(path: Path, *, seed: int, name: str = "ghostnet_010") -> Path:
    """A file of weights that nobody has trained, and that yet are always the same."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = create_model(name, weights=None)
    tensors = model.published.state_dict().items()
    halves = {key: value.half() for key, value in tensors if value.is_floating_point()}
    save_file(halves, path, metadata={"architecture": name})
    return path
