"""Networks that have been converted once, and need no torch from then on.

network = ConvertedNetwork(weights, Cache())
network.graph("embedding")  # an OpenVINO model
"""

from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load, save

from ghoststream.models.cache import Cache, cache_key
from ghoststream.models.openvino_library import openvino
from ghoststream.models.weights import Weights
from ghoststream.types import Vector

GRAPH_VERSION = 1
"""To be raised whenever graph.py, conversion.py or a network comes to give other answers."""

Output: TypeAlias = Literal["embedding", "logits", "places"]
OUTPUTS: tuple[Output, ...] = ("embedding", "logits", "places")
"""Of the graph, in its order."""


class ConvertedNetwork:
    """A network's graph and classifier, from the cache or made on the spot.

    Args:
        weights: with the preprocessing to use, whose size and normalisation enter the graph.
        cache: where a conversion is kept.
    """

    def __init__(self, weights: Weights, cache: Cache) -> None:
        self._weights, self._cache = weights, cache
        self._held: dict[str, bytes] = {}
        preprocessing = weights.preprocessing
        self.key = cache_key(
            {
                "graph": GRAPH_VERSION,
                "openvino": openvino.get_version(),
                "model": weights.model,
                "sha256": weights.sha256,
                "input_size": preprocessing.input_size,
                "mean": preprocessing.mean,
                "std": preprocessing.std,
            }
        )

    def graph(self, output: Output) -> openvino.Model:
        """The part of the graph that one output needs, for batches of any size."""
        parts = load(self._file("graph"))
        whole = openvino.Core().read_model(parts["graph"].tobytes(), parts["constants"].tobytes())
        result = whole.get_results()[OUTPUTS.index(output)]
        return openvino.Model([result], whole.get_parameters(), output)

    def classifier(self) -> tuple[NDArray[np.float32], Vector]:
        """Weight C x D and bias C of the fully connected layer."""
        parts = load(self._file("classifier"))
        return parts["weight"], parts["bias"]

    def _file(self, name: Literal["graph", "classifier"]) -> bytes:
        found = self._held.get(name) or self._cache.read(f"{self.key}.{name}")
        return found or self._convert()[name]

    def _convert(self) -> dict[str, bytes]:
        # Here, because torch takes seconds, and a warm cache needs none.
        from ghoststream.models.conversion import convert

        made = convert(self._weights)
        graph = {
            "graph": np.frombuffer(made.graph, np.uint8),
            "constants": np.frombuffer(made.constants, np.uint8),
        }
        classifier = {"weight": made.classifier_weight, "bias": made.classifier_bias}
        files = {"graph": save(graph), "classifier": save(classifier)}
        # Held where they are not kept: to make one is to make both.
        self._held = {
            name: payload
            for name, payload in files.items()
            if not self._cache.write(f"{self.key}.{name}", payload)
        }
        return files
