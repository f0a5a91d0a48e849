import json
import resource
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from results import HEADER, MODEL, SUMMARY, embedding, other_source

from ghoststream.errors import OutputError
from ghoststream.sinks import EMBEDDING_SINKS
from ghoststream.sinks.parquet import ROWS_PER_GROUP
from ghoststream.types import Embedding, Header, TimeSpan

Rows = dict[str, Any]


def read_parquet(path: Path) -> Rows:
    table = pq.read_table(path)
    vectors = np.stack(table.column("vectors").to_numpy()) if len(table) else np.empty((0, 0))
    return {
        "source": table.column("source").to_pylist(),
        "pts": table.column("pts").to_pylist(),
        "pts_seconds": table.column("pts_seconds").to_pylist(),
        "vectors": vectors,
        "provenance": json.loads(pq.read_metadata(path).metadata[b"ghoststream"]),
    }


def read_npz(path: Path) -> Rows:
    with np.load(path) as data:
        return {
            "source": data["source"].tolist(),
            "pts": data["pts"].tolist(),
            "pts_seconds": data["pts_seconds"].tolist(),
            "vectors": data["vectors"],
            "provenance": json.loads(str(data["provenance"])),
        }


both = pytest.mark.parametrize(
    ("name", "read"), [("parquet", read_parquet), ("npz", read_npz)], ids=["parquet", "npz"]
)
Reader = Callable[[Path], Rows]


@both
def test_rows(name: str, read: Reader, tmp_path: Path) -> None:
    path = tmp_path / f"vectors.{name}"
    with EMBEDDING_SINKS[name](path) as sink:
        for source in ("one.mp4", "two — zwei.mp4"):
            sink.start(other_source(source))
            for index in range(3):
                sink.write(embedding(index))
            sink.finish(SUMMARY)
    rows = read(path)
    assert rows["source"] == ["one.mp4"] * 3 + ["two — zwei.mp4"] * 3
    assert rows["pts"] == [900000, 922500, 945000] * 2
    assert rows["pts_seconds"] == [10.0, 10.25, 10.5] * 2
    assert rows["vectors"].dtype == np.float32
    expected = np.arange(8) + np.arange(3)[:, None]
    np.testing.assert_array_equal(rows["vectors"], np.concatenate([expected, expected]))


@both
def test_provenance(name: str, read: Reader, tmp_path: Path) -> None:
    path = tmp_path / f"vectors.{name}"
    with EMBEDDING_SINKS[name](path) as sink:
        sink.start(HEADER)
        sink.write(embedding(0))
        sink.finish(SUMMARY)
    provenance = read(path)["provenance"]
    assert provenance["schema"] == "ghoststream.embeddings/1"
    assert provenance["model"] == {
        "name": "ghostnet_100",
        "weights": "bundled",
        "sha256": "ab" * 32,
        "runtime": "torch 2.14.1 cpu fp32",
    }
    assert provenance["preprocessing"]["input_size"] == 224
    assert provenance["configuration"] == {"fps": "4", "window": "2"}
    (source,) = provenance["sources"]
    assert source["source"] == "Küche/камера.mp4"
    assert source["clock"] == "pts"
    assert source["stream"]["time_base"] == "1/90000"
    assert source["decode_errors"] == 2


@both
def test_half_precision(name: str, read: Reader, tmp_path: Path) -> None:
    path = tmp_path / f"vectors.{name}"
    with EMBEDDING_SINKS[name](path, dtype="float16") as sink:
        sink.start(HEADER)
        sink.write(embedding(1))
        sink.finish(SUMMARY)
    vectors = read(path)["vectors"]
    assert vectors.dtype == np.float16
    np.testing.assert_array_equal(vectors[0], np.arange(1, 9))


@both
def test_weights_do_not_mix(name: str, read: Reader, tmp_path: Path) -> None:
    other = replace(HEADER, model=replace(MODEL, sha256="ef" * 32))
    with pytest.raises(OutputError, match="different weights"):
        write(tmp_path / f"vectors.{name}", (HEADER, [embedding(0)]), (other, [embedding(0)]))
    assert list(tmp_path.iterdir()) == []


@both
def test_lengths_do_not_mix(name: str, read: Reader, tmp_path: Path) -> None:
    items = [embedding(0), embedding(1, dimension=4)]
    with pytest.raises(OutputError, match="holds vectors of 8 numbers, got one of 4"):
        write(tmp_path / f"vectors.{name}", (HEADER, items))


@both
def test_time_that_is_no_timestamp_is_refused(name: str, read: Reader, tmp_path: Path) -> None:
    start = Fraction(1, 7)
    odd = Embedding(span=TimeSpan(start=start, end=start), vector=np.zeros(4, np.float32))
    with pytest.raises(ValueError, match="1/7 s is no timestamp in units of 1/90000 s"):
        write(tmp_path / f"vectors.{name}", (HEADER, [odd]))


def write(path: Path, *sources: tuple[Header, list[Embedding]]) -> None:
    with EMBEDDING_SINKS[path.suffix[1:]](path) as sink:
        for header, items in sources:
            sink.start(header)
            for item in items:
                sink.write(item)
            sink.finish(SUMMARY)


def test_parquet_vectors_have_a_fixed_length(tmp_path: Path) -> None:
    path = tmp_path / "vectors.parquet"
    with EMBEDDING_SINKS["parquet"](path) as sink:
        sink.start(HEADER)
        for index in range(ROWS_PER_GROUP + 1):
            sink.write(embedding(index))
        sink.finish(SUMMARY)
    assert pq.read_schema(path).field("vectors").type == pa.list_(pa.float32(), 8)
    file = pq.ParquetFile(path)
    assert [file.metadata.row_group(index).num_rows for index in range(2)] == [ROWS_PER_GROUP, 1]


@pytest.mark.slow
@both
def test_memory_stays_flat(name: str, read: Reader, tmp_path: Path) -> None:
    with EMBEDDING_SINKS[name](tmp_path / f"vectors.{name}") as sink:
        sink.start(HEADER)
        for index in range(4096):
            sink.write(embedding(index, dimension=1280))
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        for index in range(4096, 40960):
            sink.write(embedding(index, dimension=1280))
        sink.finish(SUMMARY)
    grown_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown_kib < 30_000  # the vectors alone are 184 320
