"""Heads that were trained, and the one of them that is on.

heads = Heads(review, folder=data / "heads")
heads.check("door", store="archive.store", cameras_sha256=None)
heads.choose("door")
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ghoststream.archive.store import open_store
from ghoststream.errors import HeadError, NotThere
from ghoststream.heads import LinearHead, load_head
from ghoststream.serve.review import Review
from ghoststream.serve.teach.naming import naming_of

SCHEMA = """
CREATE TABLE IF NOT EXISTS active_head (one INTEGER PRIMARY KEY CHECK (one = 1), name TEXT) STRICT
"""
SUFFIX = ".safetensors"
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadItem:
    """A head as the API tells it."""

    name: str
    classes: tuple[str, ...]
    background: str | None
    """The class of which no events are told."""
    pooling: str | None
    accuracy: float | None
    """In cross-validation."""
    interval: tuple[float, float] | None
    """In which the accuracy lies in 19 of 20 cases."""
    clips: int | None
    """That it was trained on."""
    is_active: bool
    problem: str | None = None
    """Why it cannot be used."""


class Heads:
    """All heads of a page. Methods may be called in any thread.

    Args:
        review: that remembers which head is on.
        folder: of their files.
    """

    def __init__(self, review: Review, *, folder: Path) -> None:
        self._review, self._folder = review, folder
        review.define(SCHEMA)
        folder.mkdir(parents=True, exist_ok=True)

    def all(self) -> list[HeadItem]:
        """Every head, by name."""
        active = self.active()
        paths = sorted(self._folder.glob(f"[!.]*{SUFFIX}"))
        return [_item(path, is_active=path.stem == active) for path in paths]

    def active(self) -> str | None:
        """The head that is on; None for what pipeline and store name themselves."""
        rows = self._review.rows("SELECT name FROM active_head")
        name = rows[0]["name"] if rows else None
        # One whose file has gone names nothing.
        return name if name is not None and self._path(name).is_file() else None

    def active_path(self) -> Path | None:
        """File of the head that is on."""
        name = self.active()
        return None if name is None else self._path(name)

    def usable_path(self) -> Path | None:
        """File of the head that is on; None also where it cannot be read, which `all` tells."""
        path = self.active_path()
        if path is None:
            return None
        try:
            load_head(path)
        except HeadError as error:
            _LOG.warning("%s; cameras are named without it, switch another one on", error)
            return None
        return path

    def path_of(self, name: str) -> Path:
        """File of a head.

        Raises:
            NotThere: no such head.
        """
        if name not in {path.stem for path in self._folder.glob(f"*{SUFFIX}")}:
            raise NotThere(f"there is no head called {name[:100]!r}")
        return self._path(name)

    def check(self, name: str, *, store: str | None, cameras_sha256: str | None) -> str | None:
        """Refuses a head that belongs to another network than the archive's or the cameras'.

        Args:
            name: of the head.
            store: address of the archive's, where there is one.
            cameras_sha256: of the weights that look at cameras, where there are some.

        Returns:
            What to know before it is switched on, if anything.

        Raises:
            NotThere: no such head.
            HeadError: it does not fit.
            StoreError: the archive cannot be read.
        """
        path = self.path_of(name)
        head = load_head(path)
        if cameras_sha256 is not None and head.backbone_sha256 != cameras_sha256:
            raise HeadError(
                f"head {name!r} belongs to weights {head.backbone_sha256[:12]}, and cameras are "
                f"looked at with {cameras_sha256[:12]}; train one from clips of cameras"
            )
        return None if store is None else naming_of(open_store(store).recipe, path).notice

    def choose(self, name: str | None) -> None:
        """Remembers which head is on.

        Args:
            name: of a head that was checked; None of none.
        """
        self._review.execute("INSERT OR REPLACE INTO active_head VALUES (1, ?)", (name,))

    def _path(self, name: str) -> Path:
        return self._folder / f"{name}{SUFFIX}"


def _item(path: Path, *, is_active: bool) -> HeadItem:
    try:
        head = load_head(path)
    except HeadError as error:
        return HeadItem(
            name=path.stem,
            classes=(),
            background=None,
            pooling=None,
            accuracy=None,
            interval=None,
            clips=None,
            is_active=is_active,
            problem=str(error),
        )
    figures = _figures(head)
    accuracy: Mapping[str, Any] = figures.get("accuracy", {})
    known = accuracy.get("value") is not None
    return HeadItem(
        name=path.stem,
        classes=head.labels,
        background=None if head.training is None else head.training.background,
        pooling=head.pooling,
        accuracy=accuracy.get("value"),
        interval=(accuracy["low"], accuracy["high"]) if known else None,
        clips=figures.get("clips"),
        is_active=is_active,
    )


def _figures(head: LinearHead) -> Mapping[str, Any]:
    return {} if head.training is None else head.training.figures
