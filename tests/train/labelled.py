"""Datasets that tests make up: one window a clip unless told otherwise."""

from collections.abc import Sequence

import numpy as np

from ghoststream.train.dataset import Dataset


def dataset(
    vectors: Sequence[Sequence[float]],
    labels: Sequence[int],
    *,
    groups: Sequence[int] | None = None,
    owners: Sequence[int] | None = None,
    classes: tuple[str, ...] = ("a", "b"),
) -> Dataset:
    """Each clip a group of its own, and each window a clip of its own, unless told otherwise."""
    return Dataset(
        vectors=np.array(vectors, dtype=np.float32),
        owners=np.arange(len(vectors)) if owners is None else np.array(owners),
        seconds=np.full(len(vectors), 2.0),
        labels=np.array(labels),
        groups=np.arange(len(labels)) if groups is None else np.array(groups),
        classes=classes,
    )


def two_clouds(clips: int, *, apart: float, features: int = 6, seed: int = 0) -> Dataset:
    """Half of the clips around -apart in the first number, half around +apart."""
    random = np.random.default_rng(seed)
    labels = np.arange(clips) % 2
    vectors = random.normal(size=(clips, features))
    vectors[:, 0] += apart * (2 * labels - 1)
    return dataset(vectors.tolist(), labels.tolist(), groups=[n // 2 for n in range(clips)])
