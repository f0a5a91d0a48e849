"""Clips as a classifier sees them: a vector for each window, and what is known of each clip."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
Indices = NDArray[np.intp]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Dataset:
    """N windows of M clips."""

    vectors: NDArray[np.float32]
    """N x D, pooled."""
    owners: Indices
    """N numbers of clips, from 0 to M - 1."""
    seconds: Numbers
    """N lengths."""
    labels: Indices
    """M numbers of classes."""
    groups: Indices
    """M numbers of groups."""
    classes: tuple[str, ...]
    """By number."""

    def of(self, clips: Indices) -> "Dataset":
        """Some of the clips, in the order given."""
        places = np.full(len(self.labels), -1, dtype=np.intp)
        places[clips] = np.arange(len(clips))
        kept = places[self.owners] >= 0
        return Dataset(
            vectors=self.vectors[kept],
            owners=places[self.owners[kept]],
            seconds=self.seconds[kept],
            labels=self.labels[clips],
            groups=self.groups[clips],
            classes=self.classes,
        )

    def windows_of(self, clips: Indices) -> Indices:
        """Numbers of the windows of some clips."""
        return np.flatnonzero(np.isin(self.owners, clips))

    def clip_means(self, values: Numbers) -> Numbers:
        """Means over the windows of each clip: N x C to M x C."""
        sums = np.zeros((len(self.labels), values.shape[1]))
        np.add.at(sums, self.owners, values)
        counts = np.bincount(self.owners, minlength=len(self.labels))
        return np.asarray(sums / counts[:, None])
