"""The approximate index: what makes search fast where a store is too large to look at every vector.

if needs_index(store):
    build_index(store)
"""

from dataclasses import dataclass
from typing import Any

from ghoststream.archive.database import IvfRq, Table
from ghoststream.archive.schema import CLIPS, FRAMES
from ghoststream.archive.store import Store

INDEX_ROWS = 25_000
"""Below, every vector is looked at: 1.9 ms a thousand on two idle cores, so about 50 ms here, and
twice that where the first hits make too few moments."""
RETRAIN_GROWTH = 4
"""Partitions are made anew when a table has grown this much: more rows in each make a query slow,
and what they were made of is no longer what is there."""
INDEXED = (FRAMES, CLIPS)
_NAME = "vector_of_"


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexStatus:
    """How much of a table an index covers."""

    rows: int
    indexed_rows: int
    trained_rows: int
    """Rows of the table when its partitions were made; 0 without an index."""

    @property
    def unindexed_rows(self) -> int:
        """Rows that each query looks at one by one."""
        return self.rows - self.indexed_rows

    @property
    def is_outgrown(self) -> bool:
        """Whether an index is missing, or made of too few rows."""
        return self.rows >= INDEX_ROWS and self.rows >= RETRAIN_GROWTH * self.trained_rows

    @property
    def is_needed(self) -> bool:
        """Whether `build_index` would make queries faster."""
        return self.is_outgrown or self.unindexed_rows >= INDEX_ROWS


def index_status(store: Store) -> dict[str, IndexStatus]:
    """Of the tables of frames and clips."""
    return {name: _status(store.table(name)) for name in INDEXED}


def needs_index(store: Store) -> bool:
    """Whether so many vectors are without an index that queries take more than about 50 ms."""
    return any(status.is_needed for status in index_status(store).values())


def build_index(store: Store) -> None:
    """Indexes what is worth it: anew where a table has outgrown its index, else what is new.

    Rows that come later are found without it. Nobody else may write to the store meanwhile.
    """
    for name, status in index_status(store).items():
        if status.is_outgrown:
            _train(store.table(name), status.rows)
        elif status.trained_rows and status.unindexed_rows:
            store.table(name).optimize()


def _status(table: Table) -> IndexStatus:
    rows = table.count_rows()
    names = _index_names(table)
    if not names:
        return IndexStatus(rows=rows, indexed_rows=0, trained_rows=0)
    newest = max(names, key=_trained_rows)
    stats: Any = table.index_stats(newest)
    return IndexStatus(
        rows=rows, indexed_rows=stats.num_indexed_rows, trained_rows=_trained_rows(newest)
    )


def _train(table: Table, rows: int) -> None:
    """One bit a number, and the best hits compared again with their stored vectors.

    Of 200,000 frames it takes 36 MB, where one byte a number takes 257 MB and is no faster; product
    quantization takes 18 MB, but ten times as long to make, and finds 0.91 of the nearest ten of
    unseen videos where this finds 0.99.
    """
    old = _index_names(table)
    config: Any = IvfRq(distance_type="cosine", num_bits=1)
    name = f"{_NAME}{rows}"
    table.create_index("vector", config=config, name=name, replace=True)
    for other in set(old) - {name}:
        table.drop_index(other)


def _index_names(table: Table) -> list[str]:
    return [index.name for index in table.list_indices() if index.name.startswith(_NAME)]


def _trained_rows(name: str) -> int:
    """LanceDB does not tell how many there were, so the index is named after it."""
    return int(name.removeprefix(_NAME))
