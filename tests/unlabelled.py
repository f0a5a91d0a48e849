"""Small pictures without labels, and small networks, for tests of distillation."""

from pathlib import Path

import cv2
import numpy as np
import torch

from ghoststream.models import create_model
from ghoststream.train.distill.files import write_student
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
    write_student(path, model, name=name, temperature=1.0, about={})
    return path
