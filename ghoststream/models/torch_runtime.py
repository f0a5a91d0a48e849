"""Networks on graphics cards, and on the CPU as the reference that others are measured by.

runtime = TorchRuntime(create_model("ghostnet_100", weights="bundled"), torch.device("cpu"))
"""

import threading
from collections.abc import Callable
from typing import Literal, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ghoststream.errors import ConfigError
from ghoststream.models.activation import activation_map
from ghoststream.models.backbone import Backbone
from ghoststream.models.factory import load_model
from ghoststream.models.graph import Graph
from ghoststream.models.pixels import check_pixels
from ghoststream.models.weights import Weights
from ghoststream.types import ModelInfo, Pixels, Vector

Device: TypeAlias = Literal["cuda", "mps", "reference"]
Precision: TypeAlias = Literal["fp32", "bf16"]

DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16}


class TorchRuntime:
    """Runs a network with torch.

    Args:
        model: with trained weights and the preprocessing to use; the runtime takes it over.
        device: where it runs.
        precision: of weights and of what flows between layers.
    """

    def __init__(
        self, model: Backbone, device: torch.device, precision: Precision = "fp32"
    ) -> None:
        if model.weights is None:
            raise ConfigError("the network is untrained, and would answer at random; load weights")
        self.preprocessing = model.preprocessing
        self.info = ModelInfo(
            name=model.weights.model,
            weights=model.weights.name,
            sha256=model.weights.sha256,
            preprocessing=model.preprocessing.as_dict(),
            runtime=f"torch {torch.__version__.partition('+')[0]} {device.type} {precision}",
        )
        self.num_features = model.num_features
        self._device = device
        # Torch shares one call out over all cores; two at once would only be in each other's way.
        self._lock = threading.Lock()
        layer = model.classifier
        self._classifier = _array(layer.weight.detach()), _array(layer.bias.detach())
        self._graph = Graph(model).to(device)
        model.to(device, DTYPES[precision], memory_format=torch.channels_last)  # type: ignore[call-overload]

    def embed(self, batch: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Embeddings N x D, pre-logits, of pixels N x S x S x 3."""
        return self._run(self._graph.embed, batch)

    def classify(self, batch: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Logits N x C of pixels N x S x S x 3."""
        return self._run(self._graph.classify, batch)

    def classifier(self) -> tuple[NDArray[np.float32], Vector]:
        """Weight C x D and bias C of the fully connected layer."""
        return self._classifier

    def heatmap(self, pixels: Pixels, weight: Vector) -> NDArray[np.float32]:
        """Where a class lies: h x w in 0 to 1, for S = 224 of 7 x 7; see `activation_map`."""
        return activation_map(self._run(self._graph.places, pixels[np.newaxis])[0], weight)

    def _run(
        self, answer: Callable[[Tensor], Tensor], batch: NDArray[np.uint8]
    ) -> NDArray[np.float32]:
        check_pixels(batch, self.preprocessing.input_size)
        # Not every network takes an empty batch.
        filled = batch if len(batch) else np.zeros((1, *batch.shape[1:]), np.uint8)
        with self._lock, torch.inference_mode():
            return _array(answer(_tensor(filled).to(self._device))[: len(batch)])


def load_torch_runtime(
    weights: Weights,
    *,
    device: Device,
    precision: Precision | Literal["auto"] = "auto",
    threads: int = 0,
) -> TorchRuntime:
    """A network on a device of this machine.

    Args:
        weights: with the preprocessing to use.
        device: reference is the CPU, in fp32.
        precision: auto takes bf16 where a CUDA card computes in it, and fp32 elsewhere.
        threads: of the CPU, for the whole process; 0 leaves them as they are.

    Raises:
        ConfigError: no such device here, or one that does not compute in that precision.
        WeightsError: damaged weights, or weights of another network.
    """
    found = _find_device(device)
    chosen = _choose_precision(device, precision)
    if threads:
        torch.set_num_threads(threads)
    return TorchRuntime(load_model(weights), found, chosen)


def torch_devices() -> tuple[str, ...]:
    """What torch finds on this machine, best first."""
    present = {
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
        "reference": True,
    }
    return tuple(device for device, is_there in present.items() if is_there)


def _find_device(name: Device) -> torch.device:
    there = torch_devices()
    if name not in there:
        others = ", ".join(("cpu", *there))
        raise ConfigError(f"torch finds no {name} device on this machine; it has {others}")
    return torch.device("cpu" if name == "reference" else name)


def _choose_precision(device: Device, asked: Precision | Literal["auto"]) -> Precision:
    has_bf16 = device == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False)
    if asked == "bf16" and not has_bf16:
        raise ConfigError(f"the device {device} does not run in bf16; choose fp32 or auto")
    return asked if asked != "auto" else "bf16" if has_bf16 else "fp32"


def _tensor(array: NDArray[np.uint8]) -> Tensor:
    # Torch has no tensors that are read-only or run backwards, as views of pictures may.
    return torch.from_numpy(np.require(array, requirements=["C", "W"]))


def _array(tensor: Tensor) -> NDArray[np.float32]:
    array: NDArray[np.float32] = tensor.float().cpu().numpy()
    return array
