"""A table of a store as one file for other programs.

export_table(store, Path("frames.parquet"), where="contrast > 5", paths=["*/gate/*"])
"""

import csv
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ghoststream.archive.paths import chosen
from ghoststream.archive.schema import CLIPS, EVENTS, FRAMES, METADATA_KEY, VIDEO_FIELDS, VIDEOS
from ghoststream.archive.store import Store, quoted
from ghoststream.errors import ConfigError
from ghoststream.runners.columns import Columns
from ghoststream.sinks.atomic import AtomicFile, output_errors
from ghoststream.sinks.records import DECIMALS

ROWS_AT_ONCE = 4096
"""20 MB of vectors of 2560 numbers, which is all that waits in memory."""
MAX_LISTED = 10_000
"""Videos that a condition names; more would take longer to read than the rows they keep out."""
TABLES = (FRAMES, CLIPS, EVENTS, VIDEOS)
DEFAULT_TABLES = {".parquet": FRAMES, ".npz": FRAMES, ".jsonl": CLIPS, ".csv": CLIPS}
"""What goes into a file where nobody asks for another table, by the ending of its name."""
WITH_VECTORS = (".parquet", ".npz")
VECTOR_DECIMALS = 8
"""Enough for any float16, of which the smallest steps are 6e-8."""

VECTOR = "vector"
Write: TypeAlias = Callable[[pa.RecordBatch], object]
"""Takes some rows of a file that is being written."""


def export_table(
    store: Store,
    path: Path,
    *,
    table: str | None = None,
    where: str | None = None,
    paths: Sequence[str] = (),
    vectors: bool | None = None,
) -> int:
    """Writes the rows of a table, each with the `path` and `source` of its video.

    The file has its name only once it is whole. Memory does not grow with the number of rows.

    Args:
        store: to read.
        path: whose ending says the format: .parquet, .npz, .jsonl or .csv.
        table: frames, clips, events or videos; unset, frames for .parquet and .npz, else clips.
        where: a condition in SQL on the table's columns.
        paths: globs, of which a video's path has to match one; none, all videos.
        vectors: whether vectors go into the file; unset, into .parquet and .npz.

    Returns:
        The number of rows.

    Raises:
        ConfigError: an ending, table or condition that does not exist.
        OutputError: the file cannot be written.

    Example:
        >>> export_table(store, Path("tabby.csv"), where="labels[1] = 'tabby'")
        12
    """
    ending = path.suffix.lower()
    table = _table(ending, table)
    with_vectors = ending in WITH_VECTORS if vectors is None else vectors
    schema = _schema(store.table(table).schema, ending, with_vectors)
    rows = 0
    with _whole(path) as partial, FORMATS[ending](partial, schema) as write:
        for batch in _in_pieces(_rows(store, table, where, paths, schema), schema):
            write(batch)
            rows += batch.num_rows
    return rows


def _table(ending: str, table: str | None) -> str:
    if ending not in FORMATS:
        raise ConfigError(
            f"cannot export to a file that ends in {ending or 'nothing'!r}; "
            f"choose one of {', '.join(FORMATS)}"
        )
    table = table or DEFAULT_TABLES[ending]
    if table not in TABLES:
        raise ConfigError(f"a store has no table {table!r}; choose one of {', '.join(TABLES)}")
    if ending == ".npz" and table not in (FRAMES, CLIPS):
        raise ConfigError(
            f".npz is for vectors, which {table} have not; choose .parquet, .jsonl or .csv"
        )
    return table


def _schema(stored: pa.Schema, ending: str, with_vectors: bool) -> pa.Schema:
    """What the file holds: the table's columns that suit it, and where the video lies."""
    added = [] if "path" in stored.names else [VIDEO_FIELDS[1], VIDEO_FIELDS[3]]
    fields = [stored.field("video"), *added, *list(stored)[1:]]
    return pa.schema([f for f in fields if _suits(f, ending, with_vectors)], stored.metadata)


def _suits(field: pa.Field, ending: str, with_vectors: bool) -> bool:
    if field.name == VECTOR:
        return with_vectors
    if ending == ".npz":
        return not pa.types.is_list(field.type)
    return ending == ".parquet" or not pa.types.is_binary(field.type)


def _rows(
    store: Store, table: str, where: str | None, paths: Sequence[str], schema: pa.Schema
) -> Iterator[pa.RecordBatch]:
    if table == VIDEOS:
        found = store.videos(where, columns=schema.names)
        yield from (chosen(found, paths) if paths else found).to_batches()
        return
    videos = store.videos(columns=["video", "path", "source"])
    if paths:
        videos = chosen(videos, paths)
        where = _among(videos["video"].to_pylist(), where)
    read = {FRAMES: store.embeddings, CLIPS: store.clips, EVENTS: store.events}[table]
    stored = [name for name in schema.names if name not in ("path", "source")]
    for batch in read(where=where, columns=stored, batch_rows=ROWS_AT_ONCE):
        yield _joined(batch, videos, schema)


def _among(ids: Sequence[str], where: str | None) -> str | None:
    if len(ids) > MAX_LISTED:
        return where
    condition = f"video IN ({quoted(ids)})" if ids else "false"
    return f"({where}) AND {condition}" if where else condition


def _joined(batch: pa.RecordBatch, videos: pa.Table, schema: pa.Schema) -> pa.RecordBatch:
    """With `path` and `source`, and without rows of other videos."""
    places = pc.index_in(batch["video"], videos["video"])
    batch, places = batch.filter(places.is_valid()), places.drop_null()
    columns = {name: batch[name] for name in batch.schema.names}
    for name in ("path", "source"):
        columns[name] = videos[name].combine_chunks().take(places)
    return pa.RecordBatch.from_arrays([columns[name] for name in schema.names], schema=schema)


def _in_pieces(batches: Iterable[pa.RecordBatch], schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    """The same rows in batches of a sensible size, where a table of many appends has tiny ones."""
    held: list[pa.RecordBatch] = []
    for batch in batches:
        held.append(batch)
        if sum(part.num_rows for part in held) >= ROWS_AT_ONCE:
            yield _together(held, schema)
            held = []
    if held:
        yield _together(held, schema)


def _together(batches: list[pa.RecordBatch], schema: pa.Schema) -> pa.RecordBatch:
    table = pa.Table.from_batches(batches, schema).combine_chunks()
    return table.to_batches()[0] if table.num_rows else schema.empty_table().to_batches()[0]


@contextmanager
def _whole(path: Path) -> Iterator[Path]:
    """The partial file to write, which gets its name when all went well."""
    file = AtomicFile(path)
    file.prepare()
    try:
        with output_errors(path):
            yield file.partial
        file.commit()
    except BaseException:
        file.discard()
        raise


@contextmanager
def _parquet(path: Path, schema: pa.Schema) -> Iterator[Write]:
    texts = [field.name for field in schema if pa.types.is_string(field.type)]
    with pq.ParquetWriter(path, schema, compression="zstd", use_dictionary=texts) as writer:
        yield writer.write_batch


@contextmanager
def _npz(path: Path, schema: pa.Schema) -> Iterator[Write]:
    with Columns(schema, path.parent) as columns:
        yield columns.add
        columns.write(path, recipe=schema.metadata[METADATA_KEY].decode())


@contextmanager
def _json_lines(path: Path, schema: pa.Schema) -> Iterator[Write]:
    with path.open("w", encoding="utf-8", newline="\n") as file:

        def write(batch: pa.RecordBatch) -> None:
            for row in _plain_rows(batch):
                file.write(_json(dict(zip(schema.names, row, strict=True))) + "\n")

        yield write


@contextmanager
def _csv(path: Path, schema: pa.Schema) -> Iterator[Write]:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(schema.names)

        def write(batch: pa.RecordBatch) -> None:
            for row in _plain_rows(batch):
                writer.writerow([_json(cell) if isinstance(cell, list) else cell for cell in row])

        yield write


def _plain_rows(batch: pa.RecordBatch) -> Iterator[tuple[object, ...]]:
    return zip(*map(_plain, batch.columns), strict=True)


def _plain(column: pa.Array) -> list[Any]:
    """Values as JSON has them; numbers of few bits in no more digits than they are good for."""
    if pa.types.is_fixed_size_list(column.type):
        numbers = column.flatten().to_numpy(zero_copy_only=False).astype(np.float64)
        rows: list[Any] = numbers.reshape(len(column), -1).round(VECTOR_DECIMALS).tolist()
        return rows
    if column.type == pa.float32():
        return [round(number, DECIMALS) for number in column.to_pylist()]
    if column.type == pa.list_(pa.float32()):
        return [[round(number, DECIMALS) for number in row] for row in column.to_pylist()]
    values: list[Any] = column.to_pylist()
    return values


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


FORMATS: dict[str, Callable[[Path, pa.Schema], AbstractContextManager[Write]]] = {
    ".parquet": _parquet,
    ".npz": _npz,
    ".jsonl": _json_lines,
    ".csv": _csv,
}
"""How to write a file, by the ending of its name."""
