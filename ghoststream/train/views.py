"""A clip as it is, and as it might have been: another crop, a mirror, other light.

for pictures in views(frames, preprocessing=preprocessing, count=4, seed=0): ...

One draw holds for all frames of a clip: what moves in it is what tells the classes apart, and a
crop that jumped from frame to frame would be motion that nobody filmed.
"""

from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torchvision.transforms import v2

from ghoststream.models import Preprocessing

AREA = (0.6, 1.0)
"""Share of the picture that a crop keeps."""
ASPECT = (0.85, 1.18)
LIGHT = 0.3
"""By which part brightness, contrast and saturation change at most."""


def views(
    frames: NDArray[np.uint8], *, preprocessing: Preprocessing, count: int, seed: int
) -> Iterator[Tensor]:
    """Versions of a clip, the first of which is the clip itself.

    Args:
        frames: T x S x S x 3, uint8.
        preprocessing: of the network.
        count: how many versions.
        seed: of the draws.

    Returns:
        T x 3 x S x S each, normalised.
    """
    pictures = torch.from_numpy(frames).permute(0, 3, 1, 2)
    normalised = _normalise(preprocessing)
    drawn = _augment(preprocessing.input_size)
    yield normalised(pictures)
    # Torchvision draws from torch's only generator; who called is not to notice.
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        others = [drawn(pictures) for _ in range(count - 1)]
    yield from map(normalised, others)


def _augment(side: int) -> v2.Compose:
    return v2.Compose(
        [
            v2.RandomResizedCrop(side, scale=AREA, ratio=ASPECT, antialias=True),
            v2.RandomHorizontalFlip(),
            v2.ColorJitter(brightness=LIGHT, contrast=LIGHT, saturation=LIGHT),
        ]
    )


def _normalise(preprocessing: Preprocessing) -> v2.Compose:
    return v2.Compose(
        [
            v2.ToDtype(torch.float32, scale=True),
            v2.Normalize(preprocessing.mean, preprocessing.std),
        ]
    )
