"""A store, opened for reading.

store = open_store("archive.store")
store.videos().to_pandas()
for batch in store.embeddings(where="seconds < 10"): ...
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa

from ghoststream.archive.database import Connection, Table, connect, require_store, table_names
from ghoststream.archive.schema import (
    CLIPS,
    EVENTS,
    FRAMES,
    PENDING,
    RESULTS,
    VIDEOS,
    Recipe,
    recipe_of,
)
from ghoststream.errors import StoreError

BATCH_ROWS = 1024


def open_store(address: Path | str) -> "Store":
    """Opens a store that `ghoststream embed` or `label` has made.

    Args:
        address: its directory, or an object store's address such as s3://bucket/archive.

    Raises:
        StoreError: there is none, or one that this version cannot read.

    Example:
        >>> open_store("archive.store").videos().num_rows
        208
    """
    require_store(address)
    return Store(connect(address), str(address))


class Store:
    """What an archive holds. Made by `open_store`.

    Videos whose rows are being written are not seen until all is there.
    """

    def __init__(self, connection: Connection, address: str) -> None:
        self.address = address
        self._connection = connection
        if VIDEOS not in table_names(connection):
            raise StoreError(f"{address} holds no store of GhostStream; give the directory of one")
        self._tables = {name: connection.open_table(name) for name in (VIDEOS, PENDING, *RESULTS)}
        self.recipe: Recipe = recipe_of(self.table(VIDEOS).schema, address)

    def table(self, name: str) -> Table:
        """The table itself, for LanceDB's own methods; it may hold rows that do not count yet."""
        return self._tables[name]

    def videos(self, where: str | None = None) -> pa.Table:
        """A row for each video; `where` is a condition in SQL."""
        query = self.table(VIDEOS).search()
        return (query.where(where) if where else query).to_arrow()

    def embeddings(
        self,
        *,
        where: str | None = None,
        columns: Sequence[str] | None = None,
        batch_rows: int = BATCH_ROWS,
    ) -> Iterator[pa.RecordBatch]:
        """The rows of sampled frames, a batch at a time, so that any number fits into the memory.

        Args:
            where: a condition in SQL, such as `seconds >= 10 AND contrast > 5`.
            columns: to read; unset, all.
            batch_rows: rows a batch, at most.

        Example:
            >>> vectors = [batch["vector"] for batch in store.embeddings(columns=["vector"])]
        """
        return self._rows(FRAMES, where, columns, batch_rows)

    def clips(
        self,
        *,
        where: str | None = None,
        columns: Sequence[str] | None = None,
        batch_rows: int = BATCH_ROWS,
    ) -> Iterator[pa.RecordBatch]:
        """The rows of clips; arguments as `embeddings`."""
        return self._rows(CLIPS, where, columns, batch_rows)

    def events(
        self,
        *,
        where: str | None = None,
        columns: Sequence[str] | None = None,
        batch_rows: int = BATCH_ROWS,
    ) -> Iterator[pa.RecordBatch]:
        """The rows of events; arguments as `embeddings`."""
        return self._rows(EVENTS, where, columns, batch_rows)

    def ids_by_path(self) -> dict[bytes, str]:
        """Ids of all videos by their exact path."""
        rows = self.table(VIDEOS).search().select(["path_bytes", "video"]).to_arrow()
        return dict(zip(rows["path_bytes"].to_pylist(), rows["video"].to_pylist(), strict=True))

    def unfinished(self) -> list[str]:
        """Ids of videos whose rows are being written or removed, or were when a run was killed."""
        pending = self.table(PENDING).to_arrow()["video"].to_pylist()
        if not pending:
            return []
        there = self.table(VIDEOS).search().where(f"video IN ({quoted(pending)})")
        ids = set(there.select(["video"]).to_arrow()["video"].to_pylist())
        return [video for video in pending if video not in ids]

    def counted(self, where: str | None = None) -> str | None:
        """The condition, and that the row belongs to a video which is whole."""
        parts = [f"({where})"] if where else []
        if unfinished := self.unfinished():
            parts.append(f"video NOT IN ({quoted(unfinished)})")
        return " AND ".join(parts) or None

    def _rows(
        self, table: str, where: str | None, columns: Sequence[str] | None, batch_rows: int
    ) -> Iterator[pa.RecordBatch]:
        query = self.table(table).search()
        if condition := self.counted(where):
            query = query.where(condition)
        if columns is not None:
            query = query.select(list(columns))
        yield from query.to_batches(batch_rows)


def quoted(texts: Sequence[str]) -> str:
    """Texts as a list in SQL."""
    return ", ".join("'" + text.replace("'", "''") + "'" for text in texts)
