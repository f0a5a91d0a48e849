"""Messages that wait on disk until other systems have taken them.

with Spool(Path("ghoststream-spool"), max_bytes=64_000_000, notices=print) as spool:
    spool.put(["mqtt://broker"], Message(camera="door", kind="events", body=b"{}"))
    for waiting in spool.peek("mqtt://broker", limit=1):
        spool.remove([waiting.id])

Each destination has a line of its own, oldest first. What `put` has taken survives a kill of the
process at any moment; a loss of power may take the newest messages with it.
"""

import sqlite3
import threading
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Literal, Self, TypeAlias

from filelock import FileLock, Timeout

from ghoststream.errors import ConfigError, OutputError
from ghoststream.sinks.atomic import output_errors

Kind: TypeAlias = Literal["events", "evidence", "status"]
Notices: TypeAlias = Callable[[str], None]
"""Takes lines for the user, from any thread."""

FILE_NAME = "spool.sqlite3"
BESIDE = ("", "-wal", "-shm")
"""SQLite keeps newer pages in files beside the database, which belong to it."""
FORMAT = 1
MESSAGE_OVERHEAD_BYTES = 200
"""Of a row beside its body: the other columns, and its share of the index."""

_TABLES = f"""
CREATE TABLE IF NOT EXISTS messages (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    destination TEXT NOT NULL,
    camera TEXT NOT NULL,
    kind TEXT NOT NULL,
    message_id TEXT NOT NULL,
    body BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS in_order ON messages (destination, id);
CREATE TABLE IF NOT EXISTS lines (
    destination TEXT PRIMARY KEY,
    depth INTEGER NOT NULL DEFAULT 0,
    nbytes INTEGER NOT NULL DEFAULT 0,
    dropped INTEGER NOT NULL DEFAULT 0
);
PRAGMA user_version = {FORMAT};
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """Something that other systems are told."""

    camera: str
    kind: Kind
    body: bytes = field(repr=False)
    """JSON in UTF-8."""
    message_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    """Drawn once, so that receivers tell a repeat from news."""

    @property
    def nbytes(self) -> int:
        return len(self.body) + MESSAGE_OVERHEAD_BYTES


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A message in the line of one destination."""

    id: int
    message: Message


class Spool:
    """Lines of messages in one file; its methods may be called from any thread.

    A damaged file is set aside as `spool.damaged-1`, and a new one begins.

    Args:
        directory: made where it is not there; one process at a time uses it.
        max_bytes: of all messages; beyond it, the oldest of the longest line are dropped.
        notices: takes lines for the user.

    Raises:
        ConfigError: another process uses the directory.
        OutputError: it cannot be written; this holds for every method.
    """

    def __init__(self, directory: Path | str, *, max_bytes: int, notices: Notices) -> None:
        self._path, self._max_bytes = Path(directory) / FILE_NAME, max_bytes
        with output_errors(directory):
            self._path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = threading.Lock()
        self._claim = _claimed(self._path)
        try:
            self._database = self._opened(notices)
            self._shorten_to_budget()
        except BaseException:
            self._claim.release()
            raise

    def put(self, destinations: Iterable[str], message: Message) -> int:
        """Adds a message to the end of several lines, all or none.

        Returns:
            How many messages had to be dropped for it.
        """
        with self._changing() as database:
            for destination in destinations:
                _append(database, destination, message)
            return self._shorten(database)

    def peek(self, destination: str, *, limit: int) -> list[Waiting]:
        """The oldest messages of a line, which stay in it."""
        query = (
            "SELECT id, camera, kind, message_id, body FROM messages"
            " WHERE destination = ? ORDER BY id LIMIT ?"
        )
        with self._reading() as database:
            rows = database.execute(query, (destination, limit)).fetchall()
        return [_waiting(*row) for row in rows]

    def remove(self, ids: Iterable[int]) -> None:
        """Takes messages out of their lines; one that was dropped in the meantime is no error."""
        with self._changing() as database:
            for id in ids:
                _delete(database, id)

    def depth(self, destination: str) -> int:
        """How many messages wait."""
        return self._fact("depth", destination)

    def dropped(self, destination: str) -> int:
        """How many messages had to be dropped since the spool began, earlier runs too."""
        return self._fact("dropped", destination)

    def waiting(self) -> dict[str, int]:
        """How many messages wait, for each destination that has any, of earlier runs too."""
        with self._reading() as database:
            return dict(
                database.execute("SELECT destination, depth FROM lines WHERE depth > 0").fetchall()
            )

    def close(self) -> None:
        """Leaves it to others; messages stay."""
        with self._lock:
            self._database.close()
        self._claim.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _opened(self, notices: Notices) -> sqlite3.Connection:
        try:
            return _open(self._path)
        except sqlite3.OperationalError as error:
            raise _unwritable(self._path, error) from error
        except sqlite3.DatabaseError as error:
            aside = _set_aside(self._path)
            notices(
                f"{self._path} is damaged ({error}); it is kept as {aside}, and a new one begins"
            )
        with self._errors():
            return _open(self._path)

    def _fact(self, column: str, destination: str) -> int:
        with self._reading() as database:
            query = f"SELECT {column} FROM lines WHERE destination = ?"
            row = database.execute(query, (destination,)).fetchone()
        return 0 if row is None else int(row[0])

    def _shorten_to_budget(self) -> None:
        with self._changing() as database:
            self._shorten(database)

    def _shorten(self, database: sqlite3.Connection) -> int:
        dropped = 0
        while _nbytes(database) > self._max_bytes:
            _drop_oldest_of_longest(database)
            dropped += 1
        return dropped

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        with self._lock, self._errors():
            yield self._database

    @contextmanager
    def _changing(self) -> Iterator[sqlite3.Connection]:
        """One transaction."""
        with self._reading() as database, database:
            yield database

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise _unwritable(self._path, error) from error


def _claimed(path: Path) -> FileLock:
    # Not by thread: who closes the spool need not be who opened it.
    lock = FileLock(path.with_suffix(".lock"), timeout=0, thread_local=False)
    with output_errors(path):
        try:
            lock.acquire()
        except Timeout:  # an OSError, too
            raise ConfigError(
                f"another process uses the spool {path.parent}; end it, or give another --spool"
            ) from None
    return lock


def _open(path: Path) -> sqlite3.Connection:
    """Raises sqlite3.DatabaseError where the file is damaged."""
    database = sqlite3.connect(path, check_same_thread=False)
    try:
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = NORMAL")
        _check(database)
        database.executescript(_TABLES)
    except BaseException:
        database.close()
        raise
    return database


def _check(database: sqlite3.Connection) -> None:
    """Looks at every page: what is damaged shall not come up in the middle of a run."""
    (found,) = database.execute("PRAGMA quick_check(1)").fetchone()
    (format,) = database.execute("PRAGMA user_version").fetchone()
    if found != "ok":
        raise sqlite3.DatabaseError(found.splitlines()[-1])
    if format not in (0, FORMAT):
        raise sqlite3.DatabaseError(f"it has format {format}, this version knows {FORMAT}")


def _set_aside(path: Path) -> Path:
    numbers = (n for n in range(1, 1_000_000) if not _aside(path, n).exists())
    aside = _aside(path, next(numbers))
    with output_errors(path):
        for ending in BESIDE:
            part = path.with_name(path.name + ending)
            if part.exists():
                part.replace(aside.with_name(aside.name + ending))
    return aside


def _aside(path: Path, number: int) -> Path:
    return path.with_name(f"spool.damaged-{number}")


def _append(database: sqlite3.Connection, destination: str, message: Message) -> None:
    database.execute(
        "INSERT INTO messages (destination, camera, kind, message_id, body) VALUES (?, ?, ?, ?, ?)",
        (destination, message.camera, message.kind, message.message_id, message.body),
    )
    database.execute("INSERT OR IGNORE INTO lines (destination) VALUES (?)", (destination,))
    _count(database, destination, depth=1, nbytes=message.nbytes)


def _delete(database: sqlite3.Connection, id: int, *, is_dropped: bool = False) -> None:
    row = database.execute(
        "DELETE FROM messages WHERE id = ? RETURNING destination, length(body)", (id,)
    ).fetchone()
    if row is not None:
        destination, length = row
        nbytes = -length - MESSAGE_OVERHEAD_BYTES
        _count(database, destination, depth=-1, nbytes=nbytes, dropped=int(is_dropped))


def _count(
    database: sqlite3.Connection, destination: str, *, depth: int, nbytes: int, dropped: int = 0
) -> None:
    database.execute(
        "UPDATE lines SET depth = depth + ?, nbytes = nbytes + ?, dropped = dropped + ?"
        " WHERE destination = ?",
        (depth, nbytes, dropped, destination),
    )


def _nbytes(database: sqlite3.Connection) -> int:
    return int(database.execute("SELECT coalesce(sum(nbytes), 0) FROM lines").fetchone()[0])


def _drop_oldest_of_longest(database: sqlite3.Connection) -> None:
    (id,) = database.execute(
        "SELECT min(id) FROM messages WHERE destination ="
        " (SELECT destination FROM lines ORDER BY nbytes DESC, destination LIMIT 1)"
    ).fetchone()
    _delete(database, id, is_dropped=True)


def _waiting(id: int, camera: str, kind: Kind, message_id: str, body: bytes) -> Waiting:
    message = Message(camera=camera, kind=kind, message_id=message_id, body=body)
    return Waiting(id=id, message=message)


def _unwritable(path: Path, error: sqlite3.Error) -> OutputError:
    return OutputError(
        f"cannot use the spool {path}: {error}; free some space, or give another --spool"
    )
