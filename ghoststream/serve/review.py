"""What people said and collected, and the events they said it of: a small SQLite database.

review = Review(data / "review.db")
review.define("CREATE TABLE IF NOT EXISTS verdicts (event TEXT PRIMARY KEY, verdict TEXT)")
review.execute("INSERT INTO verdicts VALUES (?, ?)", (event, "confirmed"))
with review.transaction() as connection:
    connection.executemany("INSERT ...", rows)
"""

import os
import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from queue import Empty, LifoQueue
from typing import Any, Self, TypeAlias

from ghoststream.errors import OutputError

PATIENCE_SECONDS = 10.0
"""For another process that writes."""

Parameters: TypeAlias = Sequence[Any] | Mapping[str, Any]


class Review:
    """One writer at a time, readers beside it; all methods may be called in any thread.

    Each waits for the disk, so that code of the event loop calls it in a thread.

    Args:
        path: of the database, which is made where there is none, and for its owner only.

    Raises:
        OutputError: it cannot be read or written; all methods may raise it.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.RLock()
        with self._errors():
            os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
            self._writer = self._connect()
            self._writer.execute("PRAGMA journal_mode = WAL")
        self._free: LifoQueue[sqlite3.Connection] = LifoQueue()

    def define(self, schema: str) -> None:
        """Runs `CREATE TABLE IF NOT EXISTS ...` and the like."""
        with self._lock, self._errors():
            self._writer.executescript(schema)

    def execute(self, statement: str, parameters: Parameters = ()) -> int:
        """Changes something.

        Returns:
            How many rows it changed.
        """
        with self.transaction() as connection:
            return connection.execute(statement, parameters).rowcount

    def rows(self, query: str, parameters: Parameters = ()) -> list[sqlite3.Row]:
        """Answers a query with all that is committed; values by column name."""
        with self._errors(), self._reader() as connection:
            return connection.execute(query, parameters).fetchall()

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """All of it or nothing; within it, read from the connection to see what it has changed."""
        with self._lock, self._errors():
            self._writer.execute("BEGIN IMMEDIATE")
            try:
                yield self._writer
                self._writer.commit()
            except BaseException:
                self._writer.rollback()
                raise

    @contextmanager
    def _errors(self) -> Iterator[None]:
        """A disk that is full, or gone, is no defect: whoever asks is told, and may ask again."""
        try:
            yield
        except (sqlite3.IntegrityError, sqlite3.ProgrammingError):
            raise
        except (sqlite3.DatabaseError, OSError) as error:
            raise OutputError(
                f"cannot use the page's database {self._path.name}: {error}; make room on its "
                "disk, or choose another directory with --data"
            ) from error

    @contextmanager
    def _reader(self) -> Iterator[sqlite3.Connection]:
        try:
            connection = self._free.get_nowait()
        except Empty:
            connection = self._connect()
        try:
            yield connection
        finally:
            self._free.put(connection)

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self._path, timeout=PATIENCE_SECONDS, isolation_level=None, check_same_thread=False
        )
        connection.row_factory = sqlite3.Row
        # A page that is killed loses nothing committed; a power cut loses the last moments.
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("PRAGMA foreign_keys = ON")
        return connection

    def close(self) -> None:
        """Nothing may be asked afterwards."""
        with self._lock:
            self._writer.close()
            while not self._free.empty():
                self._free.get_nowait().close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
