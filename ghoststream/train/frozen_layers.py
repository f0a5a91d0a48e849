"""What the layers that stay as they are say of clips, and of versions of them.

layers = FrozenLayers(frozen, preprocessing=preprocessing, views=4, device="cpu")
layers.features(pictures, seed=7)  # T x 4 x C x H x W
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ghoststream.cores import available_cores
from ghoststream.models import Preprocessing
from ghoststream.train.torch_threads import single_threaded
from ghoststream.train.views import views

BATCH_FRAMES = 8
"""What lies between the layers of so many stays in the processor's cache, or nearly."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FrozenLayers:
    """The beginning of a network."""

    layers: nn.Module
    """In evaluation mode."""
    preprocessing: Preprocessing
    views: int
    """Versions of each clip, the first of which is the clip itself."""
    device: str

    def features(self, pictures: NDArray[np.uint8], *, seed: int) -> NDArray[np.float32]:
        """Looks at a clip once in each version.

        Args:
            pictures: T x S x S x 3.
            seed: of the versions.

        Returns:
            T x V x C x H x W.
        """
        with single_threaded(), ThreadPoolExecutor(available_cores()) as pool:
            versions = views(
                pictures, preprocessing=self.preprocessing, count=self.views, seed=seed
            )
            return np.stack(list(pool.map(self._looked_at, versions)), axis=1)

    @torch.inference_mode()
    def _looked_at(self, version: Tensor) -> NDArray[np.float32]:
        pictures = version.contiguous(memory_format=torch.channels_last)
        parts = torch.split(pictures, BATCH_FRAMES)
        return torch.cat([self.layers(part.to(self.device)).cpu() for part in parts]).numpy()
