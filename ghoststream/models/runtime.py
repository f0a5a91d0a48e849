"""Networks as the pipeline sees them: pixels in, plain arrays out.

runtime = load_runtime("ghostnet_100", "bundled")
pixels = np.stack([runtime.preprocessing.prepare(frame) for frame in frames])
runtime.embed(pixels)  # N x 1280
"""

from itertools import pairwise
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from ghoststream.errors import ConfigError
from ghoststream.models.factory import create_model
from ghoststream.models.ghostnet import NUM_FEATURES, GhostNet
from ghoststream.models.ghostnetv3 import merge_branches
from ghoststream.models.preprocessing import Preprocessing
from ghoststream.models.registry import DEFAULT_MODEL
from ghoststream.types import ModelInfo, Pixels, Vector

DEVICES = ("auto", "cpu", "cuda", "mps")


class Runtime(Protocol):
    """What runs a network."""

    @property
    def info(self) -> ModelInfo:
        """Which network and weights."""
        ...

    @property
    def preprocessing(self) -> Preprocessing:
        """How frames are made ready for `embed`."""
        ...

    @property
    def num_features(self) -> int:
        """Numbers in an embedding."""
        ...

    def embed(self, batch: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Embeddings N x D of pixels N x S x S x 3."""
        ...

    def classifier(self) -> tuple[NDArray[np.float32], Vector]:
        """Weight C x D and bias C of the network's own last layer."""
        ...

    def heatmap(self, pixels: Pixels, weight: Vector) -> NDArray[np.float32]:
        """Where in pixels S x S x 3 a class lies, h x w in 0 to 1, given its row of weights."""
        ...


def load_runtime(
    model: str = DEFAULT_MODEL, weights: str | Path = "auto", device: str = "auto"
) -> Runtime:
    """A network with trained weights, ready to embed.

    Args:
        model: a name in `MODELS`.
        weights: what `resolve_weights` takes.
        device: cpu, cuda or mps; auto takes a graphics card where there is one.

    Raises:
        ConfigError: no such network or device.
        WeightsError: weights that are missing, damaged or of another network.

    Example:
        >>> black = np.zeros((1, 224, 224, 3), np.uint8)
        >>> load_runtime("ghostnet_100", "bundled").embed(black).shape
        (1, 1280)
    """
    chosen = _find_device(device)
    return TorchRuntime(create_model(model, weights=weights), chosen)


class TorchRuntime:
    """Runs a GhostNet with torch, in float32.

    Args:
        model: with trained weights; the runtime takes it over and folds its batch norms away.
        device: where it runs.
    """

    def __init__(self, model: GhostNet, device: torch.device) -> None:
        if model.weights is None:
            raise ConfigError("the network is untrained, and would answer at random; load weights")
        self.preprocessing = model.preprocessing
        self.info = ModelInfo(
            name=model.weights.model,
            weights=model.weights.name,
            sha256=model.weights.sha256,
            preprocessing=model.preprocessing.as_dict(),
        )
        self.num_features = NUM_FEATURES
        self._device = device
        merge_branches(model.eval())
        fold_batch_norms(model)
        self._model = model.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        # A row of pixels at a time: three numbers at a time take five times as long.
        side = self.preprocessing.input_size
        self._row_mean = (torch.tensor(self.preprocessing.mean, device=device) * 255).repeat(side)
        self._row_std = (torch.tensor(self.preprocessing.std, device=device) * 255).repeat(side)

    def embed(self, batch: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Embeddings N x 1280, pre-logits, of pixels N x S x S x 3."""
        with torch.inference_mode():
            features = self._model.forward_features(self._normalized(batch))
            return _array(self._model.forward_head(features, pre_logits=True))

    def classifier(self) -> tuple[NDArray[np.float32], Vector]:
        """Weight C x 1280 and bias C of the fully connected layer."""
        layer = self._model.classifier
        return _array(layer.weight.detach()), _array(layer.bias.detach())

    def heatmap(self, pixels: Pixels, weight: Vector) -> NDArray[np.float32]:
        """Where a class lies: h x w in 0 to 1, for S = 224 of 7 x 7.

        A class activation map (Zhou et al., arXiv 1512.04150). GhostNet has one more layer between
        pooling and classifier than the paper's networks; here it is applied at every place.

        Args:
            pixels: S x S x 3.
            weight: the class's row of the classifier, 1280 numbers.

        Returns:
            1 where the evidence is strongest, 0 where there is none or it speaks against.
        """
        with torch.inference_mode():
            features = self._model.forward_features(self._normalized(pixels[np.newaxis]))
            embeddings = self._model.act2(self._model.conv_head(features))[0]
            row = _tensor(weight).to(self._device)
            evidence = torch.tensordot(row, embeddings, dims=1).clamp(min=0)
            return _array(evidence / evidence.max().clamp(min=1e-6))

    def _normalized(self, batch: NDArray[np.uint8]) -> Tensor:
        side = self.preprocessing.input_size
        if batch.ndim != 4 or batch.shape[1:] != (side, side, 3) or batch.dtype != np.uint8:
            raise ValueError(
                f"expected uint8 pixels N x {side} x {side} x 3, got {batch.dtype} {batch.shape}"
            )
        rows = _tensor(batch).to(self._device).flatten(2).float()
        pixels = rows.sub_(self._row_mean).div_(self._row_std).reshape(batch.shape)
        # N x H x W x C seen as N x C x H x W is what torch calls channels last: nothing is moved.
        return pixels.permute(0, 3, 1, 2)


def fold_batch_norms(model: nn.Module) -> None:
    """Puts each batch norm into the convolution before it: same answers, one step less.

    Args:
        model: in evaluation mode; changed in place.
    """
    for parent in list(model.modules()):
        for (conv_name, conv), (norm_name, norm) in pairwise(list(parent.named_children())):
            if isinstance(conv, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d):
                setattr(parent, conv_name, fuse_conv_bn_eval(conv, norm))
                setattr(parent, norm_name, nn.Identity())


def _tensor(array: NDArray[np.uint8] | NDArray[np.float32]) -> Tensor:
    # Torch has no tensors that are read-only or run backwards, as views of pictures may.
    return torch.from_numpy(np.require(array, requirements=["C", "W"]))


def _array(tensor: Tensor) -> NDArray[np.float32]:
    array: NDArray[np.float32] = tensor.cpu().numpy()
    return array


def _find_device(name: str) -> torch.device:
    present = {
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
        "cpu": True,
    }
    if name == "auto":
        return torch.device(next(device for device, is_there in present.items() if is_there))
    if name not in present:
        raise ConfigError(f"there is no device {name!r}; choose one of {', '.join(DEVICES)}")
    if not present[name]:
        there = ", ".join(device for device, is_there in present.items() if is_there)
        raise ConfigError(f"torch finds no {name} device on this machine; it has {there}")
    return torch.device(name)
