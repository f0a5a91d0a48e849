"""The classes that a person teaches, and how many examples each has.

classes = Classes(review)
classes.add("cat at the door")
"""

from dataclasses import dataclass

from ghoststream.errors import Conflict, NotThere, Unsuitable
from ghoststream.serve.review import Review

MAX_CLASSES = 1000
MAX_NAME = 80
"""Characters."""
DOTS = (".", "..")
"""Browsers take them out of addresses, so that such a class could not be removed again."""

SCHEMA = "CREATE TABLE IF NOT EXISTS classes (name TEXT PRIMARY KEY NOT NULL) STRICT, WITHOUT ROWID"


@dataclass(frozen=True, slots=True, kw_only=True)
class TaughtClass:
    """A class."""

    name: str
    examples: int


class Classes:
    """All classes of a page; what each method does is on the disk when it returns."""

    def __init__(self, review: Review) -> None:
        self._review = review
        review.define(SCHEMA)

    def all(self) -> list[TaughtClass]:
        """Every class, by name."""
        rows = self._review.rows(
            "SELECT name, COUNT(examples.id) AS examples FROM classes "
            "LEFT JOIN examples ON examples.class = name GROUP BY name ORDER BY name"
        )
        return [TaughtClass(**dict(row)) for row in rows]

    def add(self, name: str) -> TaughtClass:
        """Makes a class; one that is there stays as it is.

        Raises:
            Unsuitable: no name for a class.
            Conflict: there are too many.
        """
        _check_name(name)
        if len(there := self.all()) >= MAX_CLASSES:
            raise Conflict(f"there are {MAX_CLASSES} classes; remove one that is not needed")
        self._review.execute("INSERT OR IGNORE INTO classes VALUES (?)", (name,))
        known = {each.name: each for each in there}
        return known.get(name, TaughtClass(name=name, examples=0))

    def remove(self, name: str) -> None:
        """Removes a class that has no examples left.

        Raises:
            NotThere: no such class.
            Conflict: it has examples.
        """
        with self._review.transaction() as connection:
            query = "SELECT COUNT(*) FROM examples WHERE class = ?"
            (examples,) = connection.execute(query, (name,)).fetchone()
            if examples:
                raise Conflict(f"class {name!r} has {examples} examples; remove or move them first")
            if not connection.execute("DELETE FROM classes WHERE name = ?", (name,)).rowcount:
                raise NotThere(f"there is no class {name!r}")

    def require(self, name: str) -> None:
        """Refuses what is no class.

        Raises:
            NotThere: make it first.
        """
        if not self._review.rows("SELECT 1 FROM classes WHERE name = ?", (name,)):
            raise NotThere(f"there is no class {name!r}; make it first")


def _check_name(name: str) -> None:
    """The names end up in tables and file names of figures, and on lines of their own."""
    if not (0 < len(name) <= MAX_NAME and name == name.strip() and name.isprintable()):
        raise Unsuitable(
            f"a class is called by 1 to {MAX_NAME} printable characters without spaces around "
            f"them, got {name[:100]!r}"
        )
    if name in DOTS:
        raise Unsuitable(f"a class needs a name of more than dots, got {name!r}")
