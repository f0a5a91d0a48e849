"""How a distillation begins: always in the same way from the same seed.

with deterministic("cpu"):
    student = random_student("ghostnet_050", seed=0)
    take_classifier(student, teacher)
"""

from collections.abc import Iterator
from contextlib import contextmanager

import cv2
import torch

from ghoststream.models.backbone import Backbone
from ghoststream.models.factory import create_model
from ghoststream.train.distill.teacher import Teacher


@contextmanager
def deterministic(device: str) -> Iterator[None]:
    """Makes torch repeat itself on the CPU; on a card that would cost more than it is worth."""
    before = torch.are_deterministic_algorithms_enabled()
    fills, threads = torch.utils.deterministic.fill_uninitialized_memory, cv2.getNumThreads()  # type: ignore[attr-defined]
    torch.use_deterministic_algorithms(device == "cpu")
    # Nothing here reads memory that nobody has written, and to fill it takes time.
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
    # Crops are made by threads of their own.
    cv2.setNumThreads(1)
    try:
        yield
    finally:
        cv2.setNumThreads(threads)
        torch.utils.deterministic.fill_uninitialized_memory = fills  # type: ignore[attr-defined]
        torch.use_deterministic_algorithms(before)


def random_student(name: str, *, seed: int) -> Backbone:
    """A network with random parameters; the process's own random numbers stay where they are."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return create_model(name, weights=None)


@torch.no_grad()
def take_classifier(student: Backbone, teacher: Teacher) -> bool:
    """Copies the teacher's last layer, where the student's has the same shape.

    Returns:
        Whether it has.
    """
    weight, bias = map(torch.from_numpy, teacher.classifier())
    layer = student.classifier
    if layer.weight.shape != weight.shape:
        return False
    layer.weight.copy_(weight)
    layer.bias.copy_(bias)
    return True
