"""Networks on processors, and on Intel's graphics cards, by OpenVINO.

runtime = OpenVinoRuntime(resolve_weights("ghostnet_100", "bundled"))
runtime.embed(pixels)  # N x 1280
"""

import logging
import threading
from functools import cached_property
from io import BytesIO
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ghoststream.cores import available_cores
from ghoststream.errors import ConfigError
from ghoststream.models.activation import activation_map
from ghoststream.models.cache import Cache, cache_key
from ghoststream.models.compiled import CompiledGraph
from ghoststream.models.converted import ConvertedNetwork, Output
from ghoststream.models.openvino_library import openvino
from ghoststream.models.pixels import check_pixels
from ghoststream.models.weights import Weights
from ghoststream.types import ModelInfo, Pixels, Vector

log = logging.getLogger(__name__)

Device: TypeAlias = Literal["cpu", "xpu"]
Precision: TypeAlias = Literal["fp32", "bf16"]

PLUGINS = {"cpu": "CPU", "xpu": "GPU"}
ELEMENTS = {"fp32": openvino.Type.f32, "bf16": openvino.Type.bf16}

MAX_STREAMS = 16
"""A batch of a file holds so many pictures: further streams would have none, so threads share."""


class OpenVinoRuntime:
    """Runs a network with OpenVINO; converts it first, where the cache does not hold it.

    Several threads may use it at once.

    Args:
        weights: with the preprocessing to use.
        device: cpu, or xpu, an Intel graphics card.
        precision: auto takes bf16 where the processor computes in it, and fp32 elsewhere.
        threads: of the processor; 0 for all.
        cache: where the converted network is kept; the user's.

    Raises:
        ConfigError: no such device, or one that does not compute in that precision.
    """

    def __init__(
        self,
        weights: Weights,
        *,
        device: Device = "cpu",
        precision: Precision | Literal["auto"] = "auto",
        threads: int = 0,
        cache: Cache | None = None,
    ) -> None:
        self._core, self._plugin = openvino.Core(), PLUGINS[device]
        _require_device(self._core, self._plugin)
        chosen = _choose_precision(self._core, self._plugin, precision)
        self._streams, self._options = _options(self._plugin, chosen, threads or available_cores())
        self._cache = cache or Cache()
        self.preprocessing = weights.preprocessing
        self._network = ConvertedNetwork(weights, self._cache)
        version = openvino.get_version().partition("-")[0]
        self.info = ModelInfo(
            name=weights.model,
            weights=weights.name,
            sha256=weights.sha256,
            preprocessing=self.preprocessing.as_dict(),
            runtime=f"openvino {version} {device} {chosen}",
        )
        self._compiled: dict[Output, CompiledGraph] = {}
        self._compiling = threading.Lock()
        self.num_features = self._output("embedding").length

    def embed(self, batch: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Embeddings N x D, pre-logits, of pixels N x S x S x 3."""
        return self._run("embedding", batch)

    def classify(self, batch: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Logits N x C of pixels N x S x S x 3."""
        return self._run("logits", batch)

    def classifier(self) -> tuple[NDArray[np.float32], Vector]:
        """Weight C x D and bias C of the fully connected layer."""
        return self._classifier

    def heatmap(self, pixels: Pixels, weight: Vector) -> NDArray[np.float32]:
        """Where a class lies: h x w in 0 to 1, for S = 224 of 7 x 7; see `activation_map`."""
        return activation_map(self._run("places", pixels[np.newaxis])[0], weight)

    @cached_property
    def _classifier(self) -> tuple[NDArray[np.float32], Vector]:
        return self._network.classifier()

    def _run(self, output: Output, batch: NDArray[np.uint8]) -> NDArray[np.float32]:
        check_pixels(batch, self.preprocessing.input_size)
        return self._output(output)(batch)

    def _output(self, output: Output) -> CompiledGraph:
        with self._compiling:
            if output not in self._compiled:
                self._compiled[output] = CompiledGraph(self._load(output), parts=self._streams)
            return self._compiled[output]

    def _load(self, output: Output) -> openvino.CompiledModel:
        name = f"{self._network.key}.{output}.{self._blob_key()}"
        blob = self._cache.read(name)
        return (blob and self._import(blob)) or self._compile(output, name)

    def _import(self, blob: bytes) -> openvino.CompiledModel | None:
        try:
            # The options again: a blob does not keep them, and would run with the defaults.
            return self._core.import_model(blob, self._plugin, self._options)
        except RuntimeError as error:  # OpenVINO raises nothing finer
            # Whole, and yet refused: it may be of another driver or processor.
            log.info("a compiled network in %s is of no use here: %s", self._cache.folder, error)
            return None

    def _compile(self, output: Output, name: str) -> openvino.CompiledModel:
        graph = self._network.graph(output)
        compiled = self._core.compile_model(graph, self._plugin, self._options)
        exported: BytesIO = compiled.export_model()
        self._cache.write(name, exported.getvalue())
        return compiled

    def _blob_key(self) -> str:
        """A blob is made for a processor, and for what it is to be used like."""
        name, capabilities = (
            self._core.get_property(self._plugin, key)
            for key in ("FULL_DEVICE_NAME", "OPTIMIZATION_CAPABILITIES")
        )
        options = {key: str(value) for key, value in self._options.items()}
        return cache_key({"device": name, "capabilities": sorted(capabilities), **options})


def _require_device(core: openvino.Core, plugin: str) -> None:
    # Not asked of the CPU, which is always there, because looking at all devices takes 0.1 s.
    if plugin != "CPU" and plugin not in core.available_devices:
        raise ConfigError(
            "OpenVINO finds no Intel graphics card (xpu) on this machine; choose the device cpu"
        )


def _choose_precision(
    core: openvino.Core, plugin: str, asked: Precision | Literal["auto"]
) -> Precision:
    # What OpenVINO would take by itself; what is a capability only may be slower than fp32.
    has_bf16 = core.get_property(plugin, "INFERENCE_PRECISION_HINT") == ELEMENTS["bf16"]
    if asked == "bf16" and not has_bf16:
        raise ConfigError(
            f"{core.get_property(plugin, 'FULL_DEVICE_NAME')} does not compute in bf16; "
            f"choose the precision fp32 or auto"
        )
    return asked if asked != "auto" else "bf16" if has_bf16 else "fp32"


def _options(plugin: str, precision: Precision, threads: int) -> tuple[int, dict[str, object]]:
    """The number of streams, and all that OpenVINO is told."""
    # A picture is too small for two cores: each takes pictures of its own.
    streams = min(threads, MAX_STREAMS) if plugin == "CPU" else 1
    options = {"INFERENCE_PRECISION_HINT": ELEMENTS[precision], "NUM_STREAMS": streams}
    if plugin != "CPU":
        return streams, options
    # Pinned threads of several processes would all sit on the same core.
    return streams, {**options, "INFERENCE_NUM_THREADS": threads, "ENABLE_CPU_PINNING": False}
