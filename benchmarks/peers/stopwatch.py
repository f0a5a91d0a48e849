"""Times a network alone: what the peers of `backbone.py` share."""

import argparse
import json
import time
from collections.abc import Callable
from itertools import cycle
from typing import TypeVar

import numpy as np

Inputs = TypeVar("Inputs")


def report_batches(
    forward: Callable[[Inputs], np.ndarray], inputs: Inputs, options: argparse.Namespace
) -> None:
    """Saves the vectors of all inputs, which warms up, and prints the time that `images` take."""
    starts = range(0, len(inputs), options.batch)
    batches = [inputs[start : start + options.batch] for start in starts]
    vectors = np.concatenate([forward(batch) for batch in batches])
    np.savez(options.out, seconds=np.arange(len(vectors), dtype=np.float64), vectors=vectors)
    images, turns = 0, cycle(batches)
    wall, cpu = time.perf_counter(), time.process_time()
    while images < options.images:
        batch = next(turns)[: options.images - images]
        forward(batch)
        images += len(batch)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    print(json.dumps({"images": images, "seconds": wall, "cpu_seconds": cpu}))
