"""A store, opened for reading.

store = open_store("archive.store")
store.videos().to_pandas()
for batch in store.embeddings(where="seconds < 10"): ...
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
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
from ghoststream.errors import ConfigError, StoreBusy, StoreError

BATCH_ROWS = 1024
ATTEMPTS = 100
"""To open all tables between two steps of a writer."""


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
        with reading_errors(address):
            _require_tables(table_names(connection), address)
            self._tables = _open_together(connection, address)
        self.recipe: Recipe = recipe_of(self.table(VIDEOS).schema, address)

    def table(self, name: str) -> Table:
        """The table itself, for LanceDB's own methods; it may hold rows that do not count yet."""
        return self._tables[name]

    def videos(self, where: str | None = None, *, columns: Sequence[str] | None = None) -> pa.Table:
        """A row for each video.

        Args:
            where: a condition in SQL.
            columns: to read; unset, all. `header` is by far the largest.

        Raises:
            ConfigError: the condition does not hold for such rows.
        """
        with reading_errors(self.address):
            query = self.table(VIDEOS).search()
            if where:
                require_condition(self.table(VIDEOS), where)
                query = query.where(where)
            if columns is not None:
                query = query.select(list(columns))
            return query.to_arrow()

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

        Raises:
            ConfigError: the condition does not hold for such rows.

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
        """Ids of videos whose rows are being written or removed, or were when a run was killed.

        One that has failed may be among them: it has no rows that count, until it is tried again.
        """
        pending = self.table(PENDING).to_arrow()["video"].to_pylist()
        if not pending:
            return []
        done = f"video IN ({quoted(pending)}) AND status = 'done'"
        there = self.table(VIDEOS).search().where(done)
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
        with reading_errors(self.address):
            if where:
                require_condition(self.table(table), where)
            query = self.table(table).search()
            if condition := self.counted(where):
                query = query.where(condition)
            if columns is not None:
                query = query.select(list(columns))
            yield from query.to_batches(batch_rows)


def require_condition(table: Table, where: str) -> None:
    """Refuses what is no condition in SQL on the columns of a table.

    Raises:
        ConfigError: it is none.
    """
    if not _is_balanced(where):
        raise ConfigError(f"cannot use the condition {where!r}: its brackets do not match")
    try:
        # In brackets, as it will be used.
        table.search().where(f"({where})").explain_plan()
    except (RuntimeError, ValueError) as error:
        text = " ".join(str(error).split())
        if "Invalid input" not in text:
            raise
        reason = text.partition(", /")[0].removeprefix("Invalid input, ")
        raise ConfigError(f"cannot use the condition {where!r}: {reason}") from error


def _is_balanced(where: str) -> bool:
    """Whether each bracket has its partner: used within others, it must not reach out of them."""
    depth = 0
    for sign in re.findall(r"[()]", re.sub(r"'[^']*'", "", where)):
        depth += 1 if sign == "(" else -1
        if depth < 0:
            return False
    return depth == 0


@contextmanager
def reading_errors(address: str) -> Iterator[None]:
    """Turns what LanceDB says of files that it cannot read into one sentence.

    Raises:
        StoreError: instead of its OSError or RuntimeError.
    """
    try:
        yield
    except (OSError, RuntimeError) as error:
        reason = " ".join(str(error).split())
        raise StoreError(
            f"cannot read the store {address}: {reason}; is the disk all right, may you read it?"
        ) from error


def _require_tables(there: set[str], address: str) -> None:
    if VIDEOS not in there:
        raise StoreError(f"{address} holds no store of GhostStream; give the directory of one")
    if missing := sorted({PENDING, *RESULTS} - there):
        raise StoreError(
            f"{address} is damaged, it has no {' and no '.join(missing)}; make the store again"
        )


def _open_together(connection: Connection, address: str) -> Mapping[str, Table]:
    """All tables, as they were at one moment: a table stays as it is when it is opened.

    A writer changes `pending` before the rows of a video and `videos` after them, or the other way
    round where it removes one. So as long as neither has changed, the tables belong together.
    """
    for _ in range(ATTEMPTS):
        tables = {name: _opened(connection, name, address) for name in (VIDEOS, PENDING, *RESULTS)}
        if all(
            _opened(connection, name, address).version == tables[name].version
            for name in (VIDEOS, PENDING)
        ):
            return tables
    raise StoreBusy(f"{address} changes faster than it can be opened; try again in a while")


def _opened(connection: Connection, name: str, address: str) -> Table:
    try:
        return connection.open_table(name)
    except ValueError as error:  # it was there a moment ago
        raise StoreError(
            f"{address} is damaged, or somebody removes it: its table {name} is gone"
        ) from error


def quoted(texts: Sequence[str]) -> str:
    """Texts as a list in SQL."""
    return ", ".join("'" + text.replace("'", "''") + "'" for text in texts)
