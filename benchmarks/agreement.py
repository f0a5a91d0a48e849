"""How well vectors agree with those of the reference, frame by frame."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

SAME_TIME_SECONDS = 0.001
"""Peers give times as binary floats, or counted from a rate."""


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """Of one competitor's vectors with the reference."""

    frames: int
    """That the competitor embedded."""
    strangers: int
    """Of those, how many the reference does not have."""
    missed: int
    """How many of the reference's frames it left out."""
    mean_cosine: float
    lowest_cosine: float


def agreement(path: Path, reference: Path) -> Agreement:
    """Compares two files of vectors, .npz or .parquet."""
    (times, vectors), (true_times, true_vectors) = read_vectors(path), read_vectors(reference)
    nearest = np.abs(times[:, np.newaxis] - true_times).argmin(axis=1)
    is_same = np.abs(times - true_times[nearest]) < SAME_TIME_SECONDS
    matched = nearest[is_same]
    cosines = _cosines(vectors[is_same], true_vectors[matched])
    return Agreement(
        frames=len(times),
        strangers=int((~is_same).sum()),
        missed=len(true_times) - len(set(matched)),
        mean_cosine=float(cosines.mean()),
        lowest_cosine=float(cosines.min()),
    )


def read_vectors(path: Path) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
    """Times in seconds, N, and vectors, N x D."""
    if path.suffix == ".npz":
        with np.load(path) as arrays:
            return arrays["seconds"], arrays["vectors"]
    table = pq.read_table(path)
    vectors = np.stack(table["vectors"].to_numpy())
    return table["pts_seconds"].to_numpy(), vectors.astype(np.float32)


def _cosines(a: NDArray[np.float32], b: NDArray[np.float32]) -> NDArray[np.float64]:
    if not len(a):
        raise ValueError("not one frame has the time of a frame of the reference")
    products = np.einsum("nd,nd->n", a, b, dtype=np.float64)
    return np.asarray(products / (np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)))
