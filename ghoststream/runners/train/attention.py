"""Pooling by attention, learnt: the moments that tell the classes apart count more.

data, query = attended(windows, data, np.arange(len(data.labels)))
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ghoststream.pooling import attention, with_change
from ghoststream.train.attention import fit_query
from ghoststream.train.dataset import Dataset, Indices
from ghoststream.train.folds import Fold
from ghoststream.types import Vector

Windows = Sequence[NDArray[np.float32]]
"""T x D each."""


def attended(windows: Windows, data: Dataset, learnt: Indices) -> tuple[Dataset, Vector]:
    """Pools all windows by a query that was learnt from some of the clips.

    Args:
        windows: of `data`.
        data: pooled by `mean_change`.
        learnt: numbers of the clips to learn from.

    Returns:
        All windows, pooled anew, and the query.
    """
    frames = [with_change(windows[index]) for index in data.windows_of(learnt)]
    query = fit_query(frames, data.of(learnt))
    pooled = np.stack([attention(query)(window) for window in windows])
    return replace(data, vectors=pooled), query


def repool(windows: Windows, data: Dataset) -> Callable[[Fold], Dataset]:
    """For cross-validation: the query of each fold has not seen what it tests either."""

    def pooled(fold: Fold) -> Dataset:
        return attended(windows, data, fold.learnt)[0]

    return pooled
