"""Search in a store: moments that look like a picture, or that show a label.

nearest(store, vector, table="frames", filters=Filters(path="*/door/*"))
labelled(store, "tabby", limit=20)
"""

import heapq
import math
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import islice
from pathlib import Path
from typing import Any, Literal, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ghoststream.archive.moments import Hit, Moment, Seconds, Stretch, folded, merged
from ghoststream.archive.paths import chosen
from ghoststream.archive.schema import CLIPS, FRAMES, VIDEOS
from ghoststream.archive.store import Store, quoted, reading_errors
from ghoststream.errors import ConfigError, StoreError
from ghoststream.types import Vector

__all__ = [
    "Excluded",
    "Filters",
    "Moment",
    "labelled",
    "labelled_as",
    "labels_of",
    "nearest",
    "nearest_rows",
    "spoken",
]

Excluded: TypeAlias = tuple[bytes, float, float]
"""A video's exact path, and the start and end in seconds of the part to leave out."""

MIN_CONTRAST = 4.0
"""Below, a frame is black, white or fog, and matches everything of its kind."""
HITS_PER_MOMENT = 20
"""Rows to ask for at first; of a still scene, many make one moment."""
MAX_HITS = 10_000
"""Beyond, fewer moments than wanted are given rather than more memory taken."""
MAX_LABELLED = 100_000
"""Clips that show a label, likewise; the best are kept."""
GROWTH = 4
PROBES = 40
"""Partitions of the index to look at."""
COMPARED_AGAIN = 400
"""Rows that the index takes for the nearest, and whose stored vectors are compared, at least."""

_VIDEO_COLUMNS = (
    "video",
    "path_bytes",
    "source",
    "start_seconds",
    "duration_seconds",
    "sampled",
)
_NUMBER = {FRAMES: "frame", CLIPS: "clip"}
_START = {FRAMES: "seconds", CLIPS: "start_seconds"}
_COLUMNS = {
    FRAMES: ("video", "frame", "seconds", "end_seconds", "contrast"),
    CLIPS: ("video", "clip", "start_seconds", "end_seconds", "labels"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """Which part of a store to search; unset, all of it."""

    path: str | None = None
    """A glob such as `*/door/*.mp4`, for the whole path, name in the archive, or file name."""
    start_seconds: float | None = None
    """On the videos' own clocks."""
    end_seconds: float | None = None
    label: str | None = None
    """That the clip must show, as `labelled` takes it."""

    def __post_init__(self) -> None:
        start, end = self.start_seconds, self.end_seconds
        if start is not None and end is not None and end <= start:
            raise ConfigError(f"no time lies between {start:g} s and {end:g} s; give the end later")


def nearest(
    store: Store,
    vector: Vector,
    *,
    table: Literal["frames", "clips"],
    filters: Filters = Filters(),
    limit: int = 10,
    exclude: Excluded | None = None,
    is_exact: bool = False,
) -> list[Moment]:
    """Moments that look most like a vector, best first.

    Args:
        vector: D numbers, of the store's own network and preprocessing; of any length.
        table: what to compare it with. A label in the filters asks for clips.
        filters: where to search.
        limit: moments, at most.
        exclude: where the vector comes from, which would be its own best match.
        is_exact: looks at every vector, also where there is an index.

    Raises:
        StoreError: the store's vectors have another number of features.
        ConfigError: no clip of the store has the label.

    Example:
        >>> nearest(store, embedding.vector, table="frames", limit=3)[0].score
        0.981
    """
    name = CLIPS if filters.label is not None else table
    query, count = _checked(store, vector, name), _require_positive(limit) * HITS_PER_MOMENT
    with reading_errors(store.address):
        names = _names(store, filters.label) if filters.label is not None else ()
        condition = _condition(store, name, filters, (names,), exclude)
        while True:
            rows = nearest_rows(
                store, query, table=name, count=count, condition=condition, is_exact=is_exact
            )
            found = _alike(rows, name, names)
            if len(found) >= limit or rows.num_rows < count or count >= MAX_HITS:
                return _moments(store, found[:limit], name)
            count = min(count * GROWTH, MAX_HITS)


def labelled(
    store: Store, label: str, *, filters: Filters = Filters(), limit: int = 10
) -> list[Moment]:
    """Moments whose clips show a label, best first.

    Args:
        label: its name, or one of those that stand in it between commas, in any case.
        filters: where to search; a label in them must be shown as well.
        limit: moments, at most.

    Raises:
        ConfigError: no clip of the store has it; the message tells close ones.
    """
    _require_positive(limit)
    with reading_errors(store.address):
        names = _names(store, label)
    return labelled_as(store, names, filters=filters, limit=limit)


def labelled_as(
    store: Store, names: Sequence[str], *, filters: Filters = Filters(), limit: int = 10
) -> list[Moment]:
    """Moments whose clips show one of several labels, best first.

    Args:
        names: labels as the store has them, at least one.
        filters: where to search; a label in them must be shown as well.
        limit: moments, at most.
    """
    _require_positive(limit)
    with reading_errors(store.address):
        also = _names(store, filters.label) if filters.label is not None else ()
        condition = _condition(store, CLIPS, filters, (names, also))
        hits = heapq.nlargest(
            MAX_LABELLED, _labelled_hits(store, condition, names), key=lambda hit: hit.score
        )
        stretches = merged(hits, within=math.inf)
        return _moments(store, _first_alike(store, stretches, limit), CLIPS)


def nearest_rows(
    store: Store,
    vector: Vector,
    *,
    table: str,
    count: int,
    condition: str | None = None,
    is_exact: bool = False,
) -> pa.Table:
    """Rows with their vectors, nearest first: what moments are made of.

    Args:
        vector: D numbers.
        count: rows, at most.
        condition: in SQL, from `Store.counted`.
        is_exact: looks at every vector.
    """
    search: Any = store.table(table).search(vector, vector_column_name="vector")
    search = search.distance_type("cosine").limit(count).with_row_id(True)
    search = search.select([*_COLUMNS[table], "vector", "_distance"])
    if condition:
        search = search.where(condition)
    if is_exact:
        return search.bypass_vector_index().to_arrow()
    factor = math.ceil(COMPARED_AGAIN / count)
    return search.nprobes(PROBES).refine_factor(factor).to_arrow()


def _require_positive(limit: int) -> int:
    if limit < 1:
        raise ConfigError(f"a limit of {limit} moments finds nothing; give 1 or more")
    return limit


def _checked(store: Store, vector: Vector, table: str) -> NDArray[np.float32]:
    features = store.recipe.frame_features if table == FRAMES else store.recipe.clip_features
    if vector.shape != (features,):
        raise StoreError(
            f"a query of shape {vector.shape} cannot be compared with the {table} of "
            f"{store.address}, which have {features} features made by {store.recipe.model}; "
            "embed it with the same network and pooling"
        )
    query = np.asarray(vector, np.float32)
    if not np.isfinite(query).all() or not query.any():
        raise StoreError("the query's vector is all zeros or not finite; choose another picture")
    return query


def _names(store: Store, label: str) -> tuple[str, ...]:
    """The labels that are meant, as the store has them."""
    known = labels_of(store)
    wanted = label.strip().casefold()
    names = tuple(name for name in known if wanted in spoken(name))
    if not names:
        raise ConfigError(f"no clip of {store.address} shows {label!r}; {_hint(known, wanted)}")
    return names


def labels_of(store: Store) -> list[str]:
    """All labels that clips of a store show; reads all of its clips."""
    known: set[str] = set()
    for batch in store.clips(columns=["labels"]):
        known.update(pc.unique(pc.list_flatten(batch["labels"])).to_pylist())
    return sorted(known)


def spoken(name: str) -> set[str]:
    """What a label may be called: `tabby, tabby cat` has three names."""
    whole = name.casefold()
    return {whole, *(part.strip() for part in whole.split(","))}


def _hint(known: Sequence[str], wanted: str) -> str:
    names = {said: name for name in known for said in sorted(spoken(name))}
    close = dict.fromkeys(names[match] for match in get_close_matches(wanted, names))
    if close:
        return f"close to it: {', '.join(map(repr, close))}"
    some = ", ".join(map(repr, islice(known, 5)))
    return f"among its labels are {some}" if some else "its clips have no labels"


def _condition(
    store: Store,
    table: str,
    filters: Filters,
    labels: Iterable[Sequence[str]],
    exclude: Excluded | None = None,
) -> str | None:
    """In SQL; of each group of labels, a clip must show one."""
    parts = [
        *_path_parts(store, filters.path),
        *_time_parts(table, filters),
        *_exclusion(store, table, exclude),
    ]
    for names in filter(None, labels):
        parts.append("(" + " OR ".join(f"array_has(labels, {quoted([n])})" for n in names) + ")")
    return store.counted(" AND ".join(parts) or None)


def _path_parts(store: Store, pattern: str | None) -> Iterator[str]:
    if pattern is None:
        return
    rows = store.videos(columns=["video", "path", "source"])
    videos = chosen(rows, [pattern])["video"].to_pylist()
    yield f"video IN ({quoted(videos)})" if videos else "false"


def _time_parts(table: str, filters: Filters) -> Iterator[str]:
    """A frame is where it begins; a clip may reach into the wanted time."""
    if filters.start_seconds is not None:
        reach = _START[FRAMES] + " >=" if table == FRAMES else "end_seconds >"
        yield f"{reach} {float(filters.start_seconds)!r}"
    if filters.end_seconds is not None:
        yield f"{_START[table]} < {float(filters.end_seconds)!r}"


def _exclusion(store: Store, table: str, exclude: Excluded | None) -> Iterator[str]:
    if exclude is None:
        return
    path, start, end = exclude
    if video := store.ids_by_path().get(path):
        yield (
            f"NOT (video = {quoted([video])} AND {_START[table]} < {float(end)!r} "
            f"AND end_seconds > {float(start)!r})"
        )


def _alike(rows: pa.Table, table: str, names: Sequence[str]) -> list[Stretch]:
    """Stretches, those folded that look the same."""
    vectors = _matrix(rows["vector"])
    place = {row: number for number, row in enumerate(rows["_rowid"].to_pylist())}
    stretches = merged([*_hits(rows.drop_columns(["vector"]), table, names)])
    best = vectors[[place[stretch.best.row] for stretch in stretches]]
    return folded(stretches, [*best.astype(np.float32)])


def _hits(rows: pa.Table, table: str, names: Sequence[str]) -> Iterator[Hit]:
    for row in rows.to_pylist():
        if row.get("contrast", MIN_CONTRAST) < MIN_CONTRAST:
            continue
        yield _hit(row, table, 1 - row["_distance"], _shown_label(row.get("labels"), names))


def _hit(row: Mapping[str, Any], table: str, score: float, label: str | None) -> Hit:
    start, end = row[_START[table]], row["end_seconds"]
    return Hit(
        row=row["_rowid"],
        video=row["video"],
        number=row[_NUMBER[table]],
        span=(start, end),
        best_seconds=start if table == FRAMES else (start + end) / 2,
        score=score,
        label=label,
    )


def _shown_label(labels: Sequence[str] | None, names: Sequence[str]) -> str | None:
    """The wanted one of a clip's labels, or its best."""
    return next((label for label in labels or () if not names or label in names), None)


def _labelled_hits(store: Store, condition: str | None, names: Sequence[str]) -> Iterator[Hit]:
    columns = [*_COLUMNS[CLIPS], "scores"]
    search: Any = store.table(CLIPS).search()
    search = search.where(condition).select(columns).with_row_id(True)
    for batch in search.to_batches():
        for row in batch.to_pylist():
            score, label = max(
                (score, label)
                for label, score in zip(row["labels"], row["scores"], strict=True)
                if label in names
            )
            yield _hit(row, CLIPS, score, label)


def _first_alike(store: Store, stretches: Sequence[Stretch], limit: int) -> list[Stretch]:
    """As many as wanted; no vectors are read for the others."""
    count = limit
    while True:
        some = stretches[:count]
        found = folded(some, _vectors(store, CLIPS, [stretch.best.row for stretch in some]))
        if len(found) >= limit or count >= min(len(stretches), MAX_HITS):
            return found[:limit]
        count *= GROWTH


def _vectors(store: Store, table: str, rows: Sequence[int]) -> list[NDArray[np.float32]]:
    if not rows:
        return []
    taken: Any = store.table(table).take_row_ids(list(rows)).select(["vector"]).with_row_id()
    found = taken.to_arrow()
    vectors = _matrix(found["vector"]).astype(np.float32)
    by_row = dict(zip(found["_rowid"].to_pylist(), vectors, strict=True))
    return [by_row[row] for row in rows]


def _matrix(vectors: pa.ChunkedArray) -> NDArray[np.float16]:
    flat: NDArray[np.float16] = vectors.combine_chunks().flatten().to_numpy(zero_copy_only=False)
    return flat.reshape(len(vectors), vectors.type.list_size)


def _moments(store: Store, stretches: Sequence[Stretch], table: str) -> list[Moment]:
    if not stretches:
        return []
    ids = sorted({stretch.best.video for stretch in stretches})
    search: Any = store.table(VIDEOS).search().where(f"video IN ({quoted(ids)})")
    by_id = {row["video"]: row for row in search.select([*_VIDEO_COLUMNS]).to_arrow().to_pylist()}
    return [_moment(stretch, by_id[stretch.best.video], table) for stretch in stretches]


def _moment(stretch: Stretch, row: Mapping[str, Any], table: str) -> Moment:
    best = stretch.best
    longer = _until_next_sample(best.span, row) if table == FRAMES else 0.0
    start, end = stretch.span
    return Moment(
        video=best.video,
        path=Path(os.fsdecode(row["path_bytes"])),
        source=row["source"],
        start_seconds=start,
        end_seconds=_within(row, end, longer),
        best_seconds=best.best_seconds,
        score=best.score,
        label=best.label,
        also=tuple((since, _within(row, until, longer)) for since, until in stretch.also),
    )


def _within(row: Mapping[str, Any], end: float, longer: float) -> float:
    """An end that is put off, but not beyond that of the video."""
    if not row["duration_seconds"]:
        return end + longer
    last: float = (row["start_seconds"] or 0.0) + row["duration_seconds"]
    return max(end, min(end + longer, last))


def _until_next_sample(frame: Seconds, row: Mapping[str, Any]) -> float:
    """A sampled frame stands for the time until the next one, and is shown for a part of it."""
    distance = (row["duration_seconds"] or 0.0) / max(row["sampled"], 1)
    return float(max(distance - (frame[1] - frame[0]), 0.0))
