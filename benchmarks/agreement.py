"""How well files of vectors agree, frame by frame."""

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from ghoststream.runners.agreement import Agreement, Timed, agreement


def file_agreement(path: Path, reference: Path) -> tuple[int, Agreement]:
    """Compares two files of vectors, .npz or .parquet.

    Returns:
        How many frames the first one has, and how well they agree.
    """
    vectors = read_vectors(path)
    return len(vectors[0]), agreement(vectors, read_vectors(reference))


def read_vectors(path: Path) -> Timed:
    """Seconds, N, and vectors, N x D."""
    if path.suffix == ".npz":
        with np.load(path) as arrays:
            return arrays["seconds"], arrays["vectors"]
    table = pq.read_table(path)
    vectors = np.stack(table["vectors"].to_numpy())
    return table["pts_seconds"].to_numpy(), vectors.astype(np.float32)
