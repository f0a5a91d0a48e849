"""Embeddings as a NumPy archive: the same rows as in Parquet, for those who have NumPy only.

with NpzEmbeddings(Path("vectors.npz")) as sink: ...
data = numpy.load("vectors.npz")
data["vectors"].shape, json.loads(str(data["provenance"]))["model"]
"""

import json
from array import array
from collections.abc import Iterable, Iterator
from io import FileIO
from pathlib import Path
from typing import Literal
from zipfile import ZIP_STORED, ZipFile, ZipInfo

import numpy as np

from ghoststream.sinks.atomic import AtomicFile, output_errors, write_all
from ghoststream.sinks.provenance import provenance, require_same_model, same_dimension
from ghoststream.sinks.records import readable
from ghoststream.sinks.sink import EmbeddingSink
from ghoststream.sinks.timestamp import pts_of
from ghoststream.types import Embedding, Header, Summary

COPY_BYTES = 1 << 20

Number = Literal["float32", "float16"]


class NpzEmbeddings(EmbeddingSink):
    """Arrays `source`, `pts`, `pts_seconds`, `vectors` and the JSON text `provenance`.

    Vectors wait in a file beside the archive, because an array's header states its length; in
    memory stay 16 bytes a frame.

    Args:
        path: the file; its rows may come from several sources.
        dtype: of the vectors; float16 halves the file.

    Raises:
        OutputError: the file cannot be written, or sources differ in weights or vector length.
    """

    def __init__(self, path: Path | str, *, dtype: Number = "float32") -> None:
        self._atomic, self._dtype = AtomicFile(Path(path)), np.dtype(dtype)
        self._spool_path = self._atomic.partial.with_suffix(".vectors")
        self._spool: FileIO | None = None
        self._sources: list[tuple[Header, Summary | None]] = []
        self._rows: list[int] = []
        """How many each source has."""
        self._pts, self._pts_seconds = array("q"), array("d")
        self._dimension = 0

    def start(self, header: Header) -> None:
        if self._sources:
            require_same_model(self._sources[0][0], header)
        self._sources.append((header, None))
        self._rows.append(0)

    def write(self, item: Embedding) -> None:
        header, _ = self._sources[-1]
        self._dimension = same_dimension(self._dimension, len(item.vector), self._atomic.path)
        self._pts.append(pts_of(item, header))
        self._pts_seconds.append(float(item.span.start))
        self._rows[-1] += 1
        with output_errors(self._atomic.path):
            write_all(self._spooled(), item.vector.astype(self._dtype).tobytes())

    def finish(self, summary: Summary) -> None:
        self._sources[-1] = (self._sources[-1][0], summary)

    def close(self) -> None:
        with output_errors(self._atomic.path):
            self._spooled().close()
            with ZipFile(self._atomic.partial, "w", ZIP_STORED) as archive:
                self._write_arrays(archive)
            self._spool_path.unlink()
        self._atomic.commit()

    def discard(self) -> None:
        if self._spool is not None:
            self._spool.close()
            self._spool_path.unlink(missing_ok=True)
        self._atomic.discard()

    def __enter__(self) -> "NpzEmbeddings":
        self._atomic.prepare()
        return self

    def _spooled(self) -> FileIO:
        if self._spool is None:
            self._spool = FileIO(self._spool_path, "w")
        return self._spool

    def _write_arrays(self, archive: ZipFile) -> None:
        count = len(self._pts)
        names = np.array([readable(header.source) for header, _ in self._sources] or [""])
        text = np.array(json.dumps(provenance(self._sources), ensure_ascii=False))
        write_array(archive, "provenance", text.dtype, (), [text.tobytes()])
        write_array(archive, "source", names.dtype, (count,), self._source_bytes(names))
        write_array(archive, "pts", np.dtype("<i8"), (count,), [self._pts.tobytes()])
        seconds = [self._pts_seconds.tobytes()]
        write_array(archive, "pts_seconds", np.dtype("<f8"), (count,), seconds)
        shape = (count, self._dimension)
        write_array(archive, "vectors", self._dtype, shape, file_bytes(self._spool_path))

    def _source_bytes(self, names: np.ndarray) -> Iterator[bytes]:
        for name, rows in zip(names, self._rows, strict=False):
            yield from (np.array(name, names.dtype).tobytes() for _ in range(rows))


def write_array(
    archive: ZipFile,
    name: str,
    dtype: np.dtype,
    shape: tuple[int, ...],
    data: Iterable[bytes],
) -> None:
    """Adds an array to an archive, a piece at a time.

    Args:
        archive: to which it is added, as numpy.load finds it.
        name: of the array.
        dtype: of its numbers.
        shape: of the whole.
        data: bytes of its numbers, row after row.
    """
    # The entry's date is the format's first, so that equal vectors give equal files.
    entry = ZipInfo(f"{name}.npy", date_time=(1980, 1, 1, 0, 0, 0))
    header = {
        "descr": np.lib.format.dtype_to_descr(dtype),
        "fortran_order": False,
        "shape": shape,
    }
    with archive.open(entry, "w", force_zip64=True) as file:
        np.lib.format.write_array_header_1_0(file, header)
        for chunk in data:
            file.write(chunk)


def file_bytes(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(COPY_BYTES):
            yield chunk
