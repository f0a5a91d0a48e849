"""Embeddings as Apache Parquet: a row for each sampled frame.

with ParquetEmbeddings(Path("vectors.parquet")) as sink: ...
table = pyarrow.parquet.read_table("vectors.parquet")
json.loads(pyarrow.parquet.read_metadata("vectors.parquet").metadata[b"ghoststream"])["model"]
"""

import json
from contextlib import suppress
from pathlib import Path
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from ghoststream.sinks.atomic import AtomicFile, output_errors
from ghoststream.sinks.provenance import provenance, require_same_model, same_dimension
from ghoststream.sinks.records import readable
from ghoststream.sinks.sink import EmbeddingSink
from ghoststream.sinks.timestamp import pts_of
from ghoststream.types import Embedding, Header, Summary

METADATA_KEY = "ghoststream"
ROWS_PER_GROUP = 1024
"""5 MB of 1280 float32 numbers each, which is all that waits in memory."""

Number = Literal["float32", "float16"]


class ParquetEmbeddings(EmbeddingSink):
    """Columns `source`, `pts`, `pts_seconds` and `vectors`; provenance in the file's metadata.

    Args:
        path: the file; its rows may come from several sources.
        dtype: of the vectors; float16 halves the file.

    Raises:
        OutputError: the file cannot be written, or sources differ in weights or vector length.
    """

    def __init__(self, path: Path | str, *, dtype: Number = "float32") -> None:
        self._atomic, self._dtype = AtomicFile(Path(path)), dtype
        self._sources: list[tuple[Header, Summary | None]] = []
        self._rows: list[tuple[str, int, float, Embedding]] = []
        self._writer: pq.ParquetWriter | None = None
        self._dimension = 0

    def start(self, header: Header) -> None:
        if self._sources:
            require_same_model(self._sources[0][0], header)
        self._sources.append((header, None))

    def write(self, item: Embedding) -> None:
        header, _ = self._sources[-1]
        self._dimension = same_dimension(self._dimension, len(item.vector), self._atomic.path)
        row = readable(header.source), pts_of(item, header), float(item.span.start), item
        self._rows.append(row)
        if len(self._rows) == ROWS_PER_GROUP:
            self._write_group()

    def finish(self, summary: Summary) -> None:
        self._sources[-1] = (self._sources[-1][0], summary)

    def close(self) -> None:
        if self._rows or self._writer is None:
            self._write_group()
        with output_errors(self._atomic.path):
            text = json.dumps(provenance(self._sources), ensure_ascii=False)
            self._opened().add_key_value_metadata({METADATA_KEY: text})
            self._opened().close()
        self._atomic.commit()

    def discard(self) -> None:
        if self._writer is not None:
            # Closing writes the index, for which a full disk has no room; the file goes anyway.
            with suppress(OSError):
                self._writer.close()
        self._atomic.discard()

    def __enter__(self) -> "ParquetEmbeddings":
        self._atomic.prepare()
        return self

    def _write_group(self) -> None:
        with output_errors(self._atomic.path):
            self._opened().write_table(_table(self._rows, self._schema()))
        self._rows = []

    def _opened(self) -> pq.ParquetWriter:
        if self._writer is None:
            self._writer = pq.ParquetWriter(
                self._atomic.partial, self._schema(), compression="zstd", use_dictionary=["source"]
            )
        return self._writer

    def _schema(self) -> pa.Schema:
        number = pa.float16() if self._dtype == "float16" else pa.float32()
        vectors = pa.list_(number, self._dimension) if self._dimension else pa.list_(number)
        fields = {"source": pa.string(), "pts": pa.int64(), "pts_seconds": pa.float64()}
        return pa.schema([*fields.items(), ("vectors", vectors)])


def _table(rows: list[tuple[str, int, float, Embedding]], schema: pa.Schema) -> pa.Table:
    vectors = schema.field("vectors").type
    numbers = np.concatenate([row[3].vector for row in rows]) if rows else np.empty(0)
    flat = pa.array(numbers.astype(vectors.value_type.to_pandas_dtype()))
    columns = [
        pa.array([row[index] for row in rows], schema.field(index).type) for index in range(3)
    ]
    if pa.types.is_fixed_size_list(vectors):
        columns.append(pa.FixedSizeListArray.from_arrays(flat, type=vectors))
    else:
        columns.append(pa.array([], vectors))
    return pa.Table.from_arrays(columns, schema=schema)
