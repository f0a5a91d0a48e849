"""Networks as the pipeline sees them: pixels in, plain arrays out.

runtime = load_runtime("ghostnet_100", "bundled")
pixels = np.stack([runtime.preprocessing.prepare(frame) for frame in frames])
runtime.embed(pixels)  # N x 1280
"""

import platform
from pathlib import Path
from typing import Literal, Protocol, TypeAlias, get_args

import numpy as np
from numpy.typing import NDArray

from ghoststream.errors import ConfigError
from ghoststream.models.preprocessing import Preprocessing
from ghoststream.models.registry import DEFAULT_MODEL
from ghoststream.models.weights import Weights, resolve_weights
from ghoststream.types import Device, ModelInfo, Pixels, Precision, Vector

DEVICES: tuple[str, ...] = get_args(Device)
ChosenDevice: TypeAlias = Literal["cpu", "cuda", "mps", "xpu", "reference"]

PRECISIONS: tuple[str, ...] = get_args(Precision)

NVIDIA_DRIVERS = (
    "/dev/nvidiactl",
    "/proc/driver/nvidia",
    "/usr/lib/wsl/lib/libcuda.so.1",
    "C:/Windows/System32/nvcuda.dll",
)
"""One of these is there where there may be an NVIDIA card."""


class Runtime(Protocol):
    """What runs a network."""

    @property
    def info(self) -> ModelInfo:
        """Which network and weights, and what runs them."""
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

    def classify(self, batch: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Logits N x C of pixels N x S x S x 3."""
        ...

    def classifier(self) -> tuple[NDArray[np.float32], Vector]:
        """Weight C x D and bias C of the network's own last layer."""
        ...

    def heatmap(self, pixels: Pixels, weight: Vector) -> NDArray[np.float32]:
        """Where in pixels S x S x 3 a class lies, h x w in 0 to 1, given its row of weights."""
        ...


def load_runtime(
    model: str = DEFAULT_MODEL,
    weights: str | Path | Weights = "auto",
    device: Device = "auto",
    precision: Precision = "auto",
    *,
    threads: int = 0,
) -> Runtime:
    """A network with trained weights, ready to embed.

    Args:
        model: a name in `MODELS`.
        weights: what `resolve_weights` takes, or gives.
        device: cpu (OpenVINO), cuda or mps (torch), xpu (an Intel graphics card, OpenVINO), or
            reference (torch on the CPU, in fp32); auto takes cuda or mps where there is one, and
            cpu elsewhere.
        precision: fp32, bf16, or auto: bf16 where the device computes in it.
        threads: of the CPU; 0 for all.

    Raises:
        ConfigError: no such network or device, or a device that lacks the precision.
        WeightsError: weights that are missing, damaged or of another network.

    Example:
        >>> black = np.zeros((1, 224, 224, 3), np.uint8)
        >>> load_runtime("ghostnet_100", "bundled").embed(black).shape
        (1, 1280)
    """
    _require_known("device", device, DEVICES)
    _require_known("precision", precision, PRECISIONS)
    chosen = choose_device(device)
    found = weights if isinstance(weights, Weights) else resolve_weights(model, weights)
    # Here, because each takes its time to import, and none needs the other.
    if chosen == "cpu" or chosen == "xpu":
        from ghoststream.models.openvino_runtime import OpenVinoRuntime

        return OpenVinoRuntime(found, device=chosen, precision=precision, threads=threads)
    from ghoststream.models.torch_runtime import load_torch_runtime

    return load_torch_runtime(found, device=chosen, precision=precision, threads=threads)


def _require_known(what: str, name: str, known: tuple[str, ...]) -> None:
    if name not in known:
        raise ConfigError(f"there is no {what} {name!r}; choose one of {', '.join(known)}")


def choose_device(device: Device) -> ChosenDevice:
    """The device that `auto` stands for on this machine; others are themselves."""
    return _find_device() if device == "auto" else device


def _find_device() -> Literal["cpu", "cuda", "mps"]:
    # Torch knows for sure, but takes seconds to say that there is nothing.
    if not (_may_have_cuda() or _may_have_mps()):
        return "cpu"
    from ghoststream.models.torch_runtime import torch_devices

    there = torch_devices()
    return "cuda" if "cuda" in there else "mps" if "mps" in there else "cpu"


def _may_have_cuda() -> bool:
    return any(Path(driver).exists() for driver in NVIDIA_DRIVERS)


def _may_have_mps() -> bool:
    return (platform.system(), platform.machine()) == ("Darwin", "arm64")
