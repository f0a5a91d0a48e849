"""The store that holds the embeddings of labelled videos, and what it takes to fill it.

place = find_place(config, fps=Fraction(8), framing="center")
filled = fill(place, [Path("gestures/wave/1.mp4")], progress=print)
filled.store.videos().num_rows
"""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

from ghoststream.archive.database import holds_store
from ghoststream.archive.schema import VIDEOS, Recipe
from ghoststream.archive.store import Store, open_store
from ghoststream.config import ArchiveConfig, EvaluateConfig, TrainConfig, make_config
from ghoststream.errors import StoreError
from ghoststream.models import Weights, choose_device, resolve_weights
from ghoststream.models.cache import cache_folder, cache_key
from ghoststream.runners.archive.run import run_archive
from ghoststream.runners.archive.summary import ArchiveWatcher
from ghoststream.runners.archive.triage import CATALOG_COLUMNS, Catalog, triaged
from ghoststream.runners.query import find_weights
from ghoststream.sinks.records import plain
from ghoststream.sources.archive import ArchiveFile, find_files
from ghoststream.types import Framing, Summary

FOLDER = "training"
"""Within the user's cache folder: a store for each recipe."""
RUNNING = ("device", "precision", "batch", "workers", "retry_failed", "file_timeout")
"""Settings that every store leaves to whoever adds to it."""

Progress = Callable[[int, int], None]
"""Told how many videos are done, and of how many."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Place:
    """A store that is there or will be, and how its vectors are made."""

    config: ArchiveConfig
    weights_sha256: str
    fps: Fraction
    framing: Framing
    recipe: Recipe | None
    """None of a store that is still to be made."""
    notice: str | None = None
    """About the weights."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Filled:
    """A store that knows all that was asked for, be it that it cannot be read."""

    store: Store
    files: Mapping[Path, ArchiveFile]
    """By `identity`."""
    notices: tuple[str, ...]


def find_place(config: TrainConfig | EvaluateConfig, *, fps: Fraction, framing: Framing) -> Place:
    """The store that is named, or the user's own for the settings.

    Settings that nobody chose give way to those of a store that is named and there.

    Args:
        config: network, and maybe a store.
        fps: frames a second that are looked at.
        framing: what the network sees of a picture.

    Raises:
        ConfigError, WeightsError: settings or weights that do not hold.
        StoreError: it cannot be read, or was made in another way than is asked for.
    """
    if config.store is not None and holds_store(config.store, VIDEOS):
        wanted = {"model": config.model, "fps": fps, "framing": framing}
        free = type(config).model_fields.keys() - config.model_fields_set
        return _known_place(config, {k: v for k, v in wanted.items() if k not in free})
    weights = resolve_weights(config.model, config.weights)
    store = config.store or str(_own_store(config, weights, fps, framing))
    settings = {name: getattr(config, name) for name in ("model", "weights", *RUNNING)}
    values = {**settings, "framing": framing, "fps": fps, "store": store}
    return Place(
        config=make_config(ArchiveConfig, values),
        weights_sha256=weights.sha256,
        fps=fps,
        framing=framing,
        recipe=open_store(store).recipe if holds_store(store, VIDEOS) else None,
        notice=weights.notice,
    )


def _own_store(
    config: TrainConfig | EvaluateConfig, weights: Weights, fps: Fraction, framing: Framing
) -> Path:
    """In the user's cache, under a name that is another one wherever vectors may differ."""
    preprocessing = replace(weights.preprocessing, framing=framing)
    key = {
        "model": [config.model, weights.sha256],
        "preprocessing": plain(preprocessing.as_dict()),
        "fps": str(fps),
        "runtime": [choose_device(config.device), config.precision],
    }
    return cache_folder() / FOLDER / cache_key(key)


def _known_place(config: TrainConfig | EvaluateConfig, asked: Mapping[str, object]) -> Place:
    assert config.store is not None
    recipe = open_store(config.store).recipe
    settings = {**recipe.configuration, "model": recipe.model, "weights": config.weights}
    if settings["fps"] is None:
        raise StoreError(
            f"{config.store} does not look at so many frames a second, and a head is trained for "
            "a rate; give a store that was made with --fps"
        )
    _require_alike(config.store, settings, asked)
    if config.weights != "auto":
        find_weights(recipe, config.store, config.weights)
    settings |= {name: getattr(config, name) for name in RUNNING}
    # Of its head only the hash is known.
    values = {**settings, "head": None, "store": config.store}
    filling = make_config(ArchiveConfig, values)
    assert filling.fps is not None
    return Place(
        config=filling,
        weights_sha256=recipe.weights_sha256,
        fps=filling.fps,
        framing=filling.framing,
        recipe=recipe,
    )


def _require_alike(
    address: str, settings: Mapping[str, object], asked: Mapping[str, object]
) -> None:
    differing = [name for name, value in asked.items() if str(settings[name]) != str(value)]
    if differing:
        there = ", ".join(f"{name} {settings[name]}" for name in differing)
        wanted = ", ".join(f"{name} {asked[name]}" for name in differing)
        raise StoreError(
            f"{address} was made with {there}, not with {wanted}; leave that to the store, or give "
            "another --store"
        )


def fill(place: Place, videos: Sequence[Path], *, progress: Progress) -> Filled:
    """Embeds what the store does not hold, as `ghoststream embed` does: whole, in processes.

    Args:
        place: the store.
        videos: files, at least one of them there.
        progress: told of each video that is embedded.

    Raises:
        StoreError: it cannot be read or added to.
        GhostStreamError: as `run_archive`.
    """
    found = find_files(videos).files
    files = {identity(file.path): file for file in found}
    notices = dict.fromkeys(filter(None, [place.notice]))
    if not _is_full(place, found):
        watcher = _Watcher(progress, notices)
        run_archive(_fillable(place), roots=videos, stop=threading.Event(), watcher=watcher)
    return Filled(store=open_store(place.config.store), files=files, notices=tuple(notices))


def identity(path: Path) -> Path:
    """A path by which a file is known however its directory is named."""
    return path.parent.resolve() / path.name


def _is_full(place: Place, files: Sequence[ArchiveFile]) -> bool:
    if place.recipe is None:
        return False
    rows = open_store(place.config.store).videos(columns=CATALOG_COLUMNS).to_pylist()
    return not triaged(files, Catalog(rows), retry_failed=place.config.retry_failed).due


def _fillable(place: Place) -> ArchiveConfig:
    """With the weights of the store, wherever they are."""
    if place.recipe is None:
        return place.config
    address = place.config.store
    if place.recipe.configuration["head"] is not None:
        raise StoreError(
            f"{address} does not hold all of these videos, and its clips are named by a head, of "
            "which it knows the hash only; add them with ghoststream label --head, or give another "
            "--store"
        )
    weights = find_weights(place.recipe, address, place.config.weights)
    return place.config.model_copy(update={"weights": str(weights)})


class _Watcher(ArchiveWatcher):
    """Counts videos."""

    def __init__(self, progress: Progress, notices: dict[str, None]) -> None:
        self._progress, self._notices = progress, notices
        self._done = self._all = 0

    def expect(self, *, files: int, size_bytes: int, already_done: int, failed_before: int) -> None:
        self._all = files
        self._progress(0, files)

    def notice(self, line: str) -> None:
        self._notices[line] = None

    def done(
        self, path: Path, *, size_bytes: int, summary: Summary, seconds_of_video: float
    ) -> None:
        self._count()

    def moved(self, path: Path, *, size_bytes: int) -> None:
        self._count()

    def failed(self, path: Path, *, size_bytes: int, error: str) -> None:
        self._count()

    def _count(self) -> None:
        self._done += 1
        self._progress(self._done, self._all)
