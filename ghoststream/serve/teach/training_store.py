"""The store that a training reads: the archive's own, or one beside it that clips may be added to.

address = store_for(examples, archive="archive.store", folder=data / "training")
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa

from ghoststream.archive.database import holds_store
from ghoststream.archive.schema import FRAMES, RESULTS, VIDEOS, Recipe, schemas
from ghoststream.archive.store import Store, open_store, quoted
from ghoststream.archive.writer import VideoRows, open_writer
from ghoststream.serve.teach.examples import Example

AT_ONCE = 16
"""Videos whose frames are copied together."""


def store_for(examples: Sequence[Example], *, archive: str, folder: Path) -> str:
    """Where the embeddings of examples are, or are to be put.

    The archive itself, if it holds all of them. Clips of cameras do not belong into it, so for
    them there is a store beside it, to which the frames of the archive's examples are copied: they
    are not decoded again.

    Args:
        examples: of all classes.
        archive: address of a store.
        folder: for the store beside it, which is kept for the next training.

    Raises:
        StoreError: a store cannot be read or written.
    """
    if all(example.kind == "archive" for example in examples):
        return archive
    source = open_store(archive)
    recipe = _of_frames(source.recipe)
    address = folder / f"store-{recipe.weights_sha256[:12]}"
    _copy(source, address, recipe, {e.video for e in examples if e.video is not None})
    return str(address)


def _of_frames(recipe: Recipe) -> Recipe:
    """The same frames, whose clips no head has named."""
    return replace(
        recipe,
        configuration={**recipe.configuration, "head": None, "pool": "mean"},
        clip_features=recipe.frame_features,
    )


def _copy(source: Store, address: Path, recipe: Recipe, videos: set[str]) -> None:
    there = _videos_in(address)
    missing = sorted(videos - there)
    if not missing:
        return
    with open_writer(address, recipe) as writer:
        for start in range(0, len(missing), AT_ONCE):
            writer.append(_rows(source, recipe, missing[start : start + AT_ONCE]))


def _videos_in(address: Path) -> set[str]:
    if not holds_store(address, VIDEOS):
        return set()
    return set(open_store(address).videos(columns=["video"])["video"].to_pylist())


def _rows(source: Store, recipe: Recipe, videos: Sequence[str]) -> list[VideoRows]:
    empty = {name: schema.empty_table() for name, schema in schemas(recipe).items()}
    where = f"video IN ({quoted(videos)})"
    batches = list(source.embeddings(where=where))
    frames = pa.Table.from_batches(batches, source.table(FRAMES).schema).sort_by("frame")
    ids = frames["video"].to_pylist()
    rows: list[dict[str, Any]] = source.videos(where).to_pylist()
    return [
        VideoRows(
            row=row,
            frames=frames.filter(pa.array([video == row["video"] for video in ids])),
            **{name: empty[name] for name in RESULTS if name != FRAMES},
        )
        for row in rows
    ]
