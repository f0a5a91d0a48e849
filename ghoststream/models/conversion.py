"""Networks in OpenVINO's own format, made from torch's.

convert(resolve_weights()).graph
"""

import tempfile
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from ghoststream.models.factory import load_model
from ghoststream.models.graph import Graph
from ghoststream.models.openvino_library import openvino
from ghoststream.models.weights import Weights


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Conversion:
    """A network that runs without torch."""

    graph: bytes
    """OpenVINO's XML; the outputs are embedding, logits and places, as of `Graph`."""
    constants: bytes
    """The numbers that belong to it."""
    classifier_weight: NDArray[np.float32]
    """C x D."""
    classifier_bias: NDArray[np.float32]
    """C numbers."""


def convert(weights: Weights) -> Conversion:
    """Builds the network with torch, and writes its graph down.

    Args:
        weights: with the preprocessing to use, whose size and normalisation enter the graph.

    Raises:
        WeightsError: damaged weights, or weights of another network.
    """
    model = load_model(weights)
    graph, constants = _serialized(_converted(Graph(model)))
    return Conversion(
        graph=graph,
        constants=constants,
        classifier_weight=model.classifier.weight.detach().numpy(),
        classifier_bias=model.classifier.bias.detach().numpy(),
    )


def _converted(graph: Graph) -> openvino.Model:
    # Two pictures, because a trace of one could take the batch's size for a constant.
    example = torch.zeros(2, graph.side, graph.side, 3, dtype=torch.uint8)
    with warnings.catch_warnings(), torch.no_grad():
        # OpenVINO traces, which torch calls deprecated.
        warnings.filterwarnings("ignore", category=FutureWarning, module="torch")
        warnings.filterwarnings("ignore", category=DeprecationWarning, module="torch")
        # Sizes of pictures are constants here, and may well become some.
        warnings.filterwarnings("ignore", category=torch.jit.TracerWarning)  # type: ignore[attr-defined]
        return openvino.convert_model(
            graph.eval(), example_input=example, input=[-1, graph.side, graph.side, 3]
        )


def _serialized(model: openvino.Model) -> tuple[bytes, bytes]:
    with tempfile.TemporaryDirectory() as folder:
        xml, constants = Path(folder, "graph.xml"), Path(folder, "graph.bin")
        # In full precision: halves would be another network, if only slightly.
        openvino.save_model(model, xml, compress_to_fp16=False)
        return xml.read_bytes(), constants.read_bytes()
