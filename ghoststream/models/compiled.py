"""A graph made ready for a processor, several batches at a time.

compiled = CompiledGraph(openvino.Core().compile_model(graph, "CPU"), parts=2)
compiled(pixels)
"""

from collections import deque

import numpy as np
from numpy.typing import NDArray

from ghoststream.models.openvino_library import openvino


class CompiledGraph:
    """One input and one output; any number of threads may call it at once.

    Args:
        model: compiled by OpenVINO.
        parts: into so many a batch is split, to run side by side; the number of its streams.
    """

    def __init__(self, model: openvino.CompiledModel, parts: int) -> None:
        self._model, self._parts = model, parts
        self._shape: tuple[int, ...] = tuple(
            side.get_length() for side in list(model.output(0).partial_shape)[1:]
        )
        # As many as were ever needed at once. Taking and giving back are atomic.
        self._idle: deque[openvino.InferRequest] = deque()

    @property
    def length(self) -> int:
        """Numbers, or planes of them, in an answer."""
        return self._shape[0]

    def __call__(self, batch: NDArray[np.uint8]) -> NDArray[np.float32]:
        """N answers to a batch of N, in memory of their own."""
        answers = np.empty((len(batch), *self._shape), np.float32)
        if len(batch) == 0:
            return answers
        parts = min(self._parts, len(batch))
        inputs, outputs = np.array_split(batch, parts), np.array_split(answers, parts)
        running = [self._start(part) for part in inputs]
        for request, output in zip(running, outputs, strict=True):
            request.wait()
            output[...] = request.get_output_tensor(0).data
        # After an error they are not given back: something may still be running in them.
        self._idle.extend(running)
        return answers

    def _start(self, part: NDArray[np.uint8]) -> openvino.InferRequest:
        request = self._request()
        request.start_async({0: np.ascontiguousarray(part)}, share_inputs=True)
        return request

    def _request(self) -> openvino.InferRequest:
        try:
            return self._idle.pop()
        except IndexError:
            return self._model.create_infer_request()
