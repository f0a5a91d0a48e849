"""Columns of a table of any length as a NumPy archive.

with Columns(schema, Path("out")) as columns:
    for batch in batches:
        columns.add(batch)
    columns.write(Path("out/frames.npz"), recipe=text)
numpy.load("out/frames.npz")["vector"]
"""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryFile
from types import TracebackType
from typing import IO, Self
from zipfile import ZIP_STORED, ZipFile

import numpy as np
import pyarrow as pa

from ghoststream.sinks.npz import write_array

COPY_BYTES = 1 << 20


class Columns:
    """Columns of numbers, texts and vectors, on the disk until their length is known.

    An array's header states its length, and comes first.

    Args:
        schema: of the table; no column may be null or a list of changing length.
        directory: where the columns wait, in files that have no name, so that a kill leaves none.
    """

    def __init__(self, schema: pa.Schema, directory: Path) -> None:
        self._files = ExitStack()
        self._columns = {}
        for field in schema:
            file = self._files.enter_context(TemporaryFile(dir=directory))  # noqa: SIM115 - until exit
            self._columns[field.name] = _Column(field.type, file)

    def add(self, batch: pa.RecordBatch) -> None:
        """Takes the next rows."""
        for name, column in self._columns.items():
            column.add(batch[name])

    def write(self, path: Path, *, recipe: str) -> None:
        """Writes an array for each column, and the text of the recipe as one without dimensions."""
        with ZipFile(path, "w", ZIP_STORED) as archive:
            text = np.array(recipe)
            write_array(archive, "recipe", text.dtype, (), [text.tobytes()])
            for name, column in self._columns.items():
                write_array(archive, name, column.dtype, column.shape, column.data())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._files.close()


class _Column:
    """One column; of texts, which repeat much, the number of each is on the disk."""

    def __init__(self, kind: pa.DataType, file: IO[bytes]) -> None:
        self._file, self._rows = file, 0
        self._is_text, is_vector = pa.types.is_string(kind), pa.types.is_fixed_size_list(kind)
        self._width: tuple[int, ...] = (kind.list_size,) if is_vector else ()
        number = pa.int32() if self._is_text else kind.value_type if is_vector else kind
        self._stored: np.dtype = np.dtype(number.to_pandas_dtype())
        self._texts: dict[str, int] = {}

    @property
    def dtype(self) -> np.dtype:
        return self._names().dtype if self._is_text else self._stored

    @property
    def shape(self) -> tuple[int, ...]:
        return (self._rows, *self._width)

    def add(self, values: pa.Array) -> None:
        if self._is_text:
            numbers = [self._texts.setdefault(t, len(self._texts)) for t in values.to_pylist()]
            data = np.array(numbers, self._stored)
        else:
            flat = values.flatten() if self._width else values
            data = flat.to_numpy(zero_copy_only=False)
        self._file.write(data.tobytes())
        self._rows += len(values)

    def data(self) -> Iterator[bytes]:
        """The bytes of the whole array, a piece at a time."""
        self._file.seek(0)
        names = self._names()
        while chunk := self._file.read(COPY_BYTES):
            yield names[np.frombuffer(chunk, self._stored)].tobytes() if self._is_text else chunk

    def _names(self) -> np.ndarray:
        return np.array(list(self._texts) or [""])
