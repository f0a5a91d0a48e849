"""One core for each of several computations, instead of all cores for one after the other.

with single_threaded(), ThreadPoolExecutor(available_cores()) as pool: ...
"""

from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def single_threaded() -> Iterator[None]:
    """Torch takes one thread a call: the layers are small, and threads that wait for each other
    cost more than they bring. It makes sums come out alike on every machine, too."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
