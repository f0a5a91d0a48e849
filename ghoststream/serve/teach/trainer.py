"""Trains heads in the background, one after the other.

with closing(Trainer(review, feed=feed, ...)) as trainer:
    training = trainer.start("door")
    trainer.cancel(training.id)
"""

import logging
import re
import secrets
import shutil
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from queue import SimpleQueue
from typing import Any, Literal, TypeAlias, cast

from ghoststream.errors import Conflict, GhostStreamError, NotThere, Unsuitable
from ghoststream.serve.child import Child, Send
from ghoststream.serve.feed import Feed
from ghoststream.serve.review import Review
from ghoststream.serve.teach.plan import HEAD, LearningPlan, LearningProgress, Learnt
from ghoststream.sinks.atomic import output_errors

State: TypeAlias = Literal["waiting", "running", "done", "failed", "cancelled"]

SCHEMA = """
CREATE TABLE IF NOT EXISTS trainings (
  id TEXT PRIMARY KEY NOT NULL,
  name TEXT NOT NULL,
  state TEXT NOT NULL,
  done INTEGER NOT NULL DEFAULT 0,
  total INTEGER NOT NULL DEFAULT 0,
  message TEXT NOT NULL DEFAULT '',
  accuracy REAL,
  low REAL,
  high REAL,
  started REAL NOT NULL
) STRICT, WITHOUT ROWID;
"""
_LOG = logging.getLogger(__name__)
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,59}")
AT_ONCE = 20
"""Trainings that wait."""
INTERRUPTED = "interrupted: the page was ended meanwhile; start it again"

Planner: TypeAlias = Callable[[Path], tuple[LearningPlan, Sequence[str]]]
"""Writes the examples of the moment into a folder, and says what to bear in mind about them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Training:
    """One, and how far it is."""

    id: str
    name: str
    """Of the head."""
    state: State
    done: int
    """Videos that are embedded."""
    of: int
    message: str
    """What to know of it: why it failed, or what the figures rest on."""
    accuracy: float | None
    """Share of clips that were named right by heads that did not know their group."""
    interval: tuple[float, float] | None
    """In which it lies in 19 of 20 cases."""


class Trainer:
    """All trainings of a page. Methods may be called in any thread.

    Args:
        review: that remembers them.
        feed: told of each change.
        folder: for a folder of each training.
        heads: folder for heads.
        plan: prepares a training.
        work: what its process does.
    """

    def __init__(
        self,
        review: Review,
        *,
        feed: Feed,
        folder: Path,
        heads: Path,
        plan: Planner,
        work: Callable[[Send, LearningPlan], None],
    ) -> None:
        self._review, self._feed, self._plan, self._work = review, feed, plan, work
        self._folder, self._heads = folder, heads
        self._starting, self._lock = threading.Lock(), threading.Lock()
        self._queue: SimpleQueue[tuple[str, LearningPlan] | None] = SimpleQueue()
        self._child: tuple[str, Child] | None = None
        self._is_closing = False
        review.define(SCHEMA)
        for directory in (folder, heads):
            directory.mkdir(parents=True, exist_ok=True)
        self._fail_unfinished()
        self._thread = threading.Thread(target=self._train_all, name="trainings", daemon=True)
        self._thread.start()

    def start(self, name: str) -> Training:
        """Puts a training in the queue; it learns from the examples of this moment.

        Args:
            name: of the head to be.

        Raises:
            Unsuitable: no name for a head.
            Conflict: a head or a training of this name is there, or too many wait.
            DataError: examples that nothing can be learnt from.
        """
        with self._starting:
            self._check(name)
            id = secrets.token_urlsafe(12)
            plan, notices = self._prepared(self._folder / id)
            self._review.execute(
                "INSERT INTO trainings (id, name, state, message, started) VALUES (?, ?, ?, ?, ?)",
                (id, name, "waiting", "; ".join(notices), time.time()),
            )
        training = self._told(id)
        self._queue.put((id, plan))
        return training

    def all(self) -> list[Training]:
        """Every training, the newest first."""
        rows = self._review.rows("SELECT * FROM trainings ORDER BY started DESC")
        return [_training(dict(row)) for row in rows]

    def get(self, id: str) -> Training:
        """One training.

        Raises:
            NotThere: no such training.
        """
        rows = self._review.rows("SELECT * FROM trainings WHERE id = ?", (id,))
        if not rows:
            raise NotThere("there is no such training")
        return _training(dict(rows[0]))

    def folder_of(self, id: str) -> Path:
        """Where the files of a training are.

        Raises:
            NotThere: no such training.
        """
        return self._folder / self.get(id).id

    def cancel(self, id: str) -> Training:
        """Ends a training at once; one that has come to its end stays as it is.

        Raises:
            NotThere: no such training.
        """
        self.get(id)
        with self._lock:
            self._set(id, "state IN ('waiting', 'running')", state="cancelled")
            if self._child is not None and self._child[0] == id:
                self._child[1].kill()
        return self._told(id)

    def close(self) -> None:
        """Ends what is under way."""
        with self._lock:
            self._is_closing = True
            if self._child is not None:
                self._child[1].kill()
        self._queue.put(None)
        self._thread.join()
        self._fail_unfinished()

    def _check(self, name: str) -> None:
        if not NAME.fullmatch(name):
            raise Unsuitable(
                "a head is called by up to 60 letters, digits, and - _ ., of which the first is a "
                f"letter or digit, got {name[:100]!r}"
            )
        if (self._heads / f"{name}.safetensors").exists():
            raise Conflict(f"there is a head called {name!r}; choose another name")
        under_way = [t for t in self.all() if t.state in ("waiting", "running")]
        if any(training.name == name for training in under_way):
            raise Conflict(f"a head called {name!r} is being trained; choose another name")
        if len(under_way) >= AT_ONCE:
            raise Conflict(f"{AT_ONCE} trainings wait already; cancel one, or wait for them")

    def _prepared(self, folder: Path) -> tuple[LearningPlan, Sequence[str]]:
        folder.mkdir()
        try:
            return self._plan(folder)
        except GhostStreamError:
            shutil.rmtree(folder)
            raise

    def _train_all(self) -> None:
        while (item := self._queue.get()) is not None:
            try:
                self._train(*item)
            except (GhostStreamError, OSError) as error:
                # A full disk, or no process to be had; the next one may have better luck.
                _LOG.error("a training is not followed any more: %s", error)

    def _train(self, id: str, plan: LearningPlan) -> None:
        try:
            child = self._begin(id, plan)
        except OSError as error:
            message = f"no process could be started: {error.strerror}; try again"
            self._set(id, "state = 'running'", state="failed", message=message)
            self._told(id)
        else:
            if child is not None:
                self._see_through(id, child)

    def _begin(self, id: str, plan: LearningPlan) -> Child | None:
        with self._lock:
            if self._is_closing or not self._set(id, "state = 'waiting'", state="running"):
                return None
            child = Child(self._work, plan)
            self._child = id, child
        self._told(id)
        return child

    def _see_through(self, id: str, child: Child) -> None:
        try:
            for message in child.messages():
                self._take(id, message)
        except GhostStreamError as error:
            # Unless it was cancelled, or ended with the page, which says so itself.
            if not self._is_closing:
                self._set(id, "state = 'running'", state="failed", message=str(error))
        finally:
            with self._lock:
                self._child = None
            self._told(id)

    def _take(self, id: str, message: object) -> None:
        if isinstance(message, LearningProgress):
            self._set(id, "state = 'running'", done=message.done, total=message.of)
            self._told(id)
        elif isinstance(message, Learnt):
            self._finish(id, message)

    def _finish(self, id: str, learnt: Learnt) -> None:
        training = self.get(id)
        said = tuple(filter(None, [training.message, *learnt.notices, _lost(learnt.lost)]))
        with self._lock:
            if self.get(id).state != "running":
                return
            head = self._heads / f"{training.name}.safetensors"
            with output_errors(head):
                (self._folder / id / HEAD).replace(head)
            self._set(
                id,
                "state = 'running'",
                state="done",
                message="; ".join(said),
                accuracy=learnt.accuracy.value,
                low=learnt.accuracy.low,
                high=learnt.accuracy.high,
            )

    def _set(self, id: str, condition: str, **values: object) -> int:
        """Changes a training, if the condition holds still."""
        changes = ", ".join(f"{name} = :{name}" for name in values)
        statement = f"UPDATE trainings SET {changes} WHERE id = :id AND {condition}"
        return self._review.execute(statement, {**values, "id": id})

    def _told(self, id: str) -> Training:
        training = self.get(id)
        self._feed.publish("training", asdict(training))
        return training

    def _fail_unfinished(self) -> None:
        self._review.execute(
            "UPDATE trainings SET state = 'failed', message = ? WHERE state IN "
            "('waiting', 'running')",
            (INTERRUPTED,),
        )


def _training(row: dict[str, Any]) -> Training:
    interval = None if row["accuracy"] is None else (row["low"], row["high"])
    return Training(
        id=row["id"],
        name=row["name"],
        state=cast(State, row["state"]),
        done=row["done"],
        of=row["total"],
        message=row["message"],
        accuracy=row["accuracy"],
        interval=interval,
    )


def _lost(lost: Sequence[str]) -> str | None:
    if not lost:
        return None
    return f"{len(lost)} examples cannot be read, and are left out; the first: {lost[0]}"
