"""A picture that a stranger sends, on disk for as long as it is looked at.

async with received(upload, folder) as path: ...
"""

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import anyio.to_thread
from fastapi import UploadFile

from ghoststream.errors import TooLarge, Unsuitable
from ghoststream.sinks.atomic import output_errors

MAX_BYTES = 20 << 20
CHUNK_BYTES = 1 << 16

_BEGINNINGS = (
    b"\xff\xd8\xff",  # JPEG
    b"\x89PNG\r\n\x1a\n",
    b"RIFF",  # WebP
    b"BM",
    b"II*\0",  # TIFF
    b"MM\0*",
)


@asynccontextmanager
async def received(upload: UploadFile, folder: Path) -> AsyncIterator[Path]:
    """Writes it under a name of ours, and removes it in the end.

    Args:
        upload: its name and type are not believed.
        folder: that is there.

    Raises:
        TooLarge: it has too many bytes.
        Unsuitable: it does not begin like a picture.
        OutputError: the disk does not take it.
    """
    first = await upload.read(CHUNK_BYTES)
    if not first.startswith(_BEGINNINGS):
        raise Unsuitable("that is no picture; drop one of JPEG, PNG, WebP, BMP or TIFF")
    path = folder / secrets.token_hex(16)
    try:
        with output_errors(folder):
            await _write(path, first, upload)
        yield path
    finally:
        await anyio.to_thread.run_sync(_remove, path)


async def _write(path: Path, first: bytes, upload: UploadFile) -> None:
    size, chunk = 0, first
    async with await anyio.open_file(path, "wb") as file:
        while chunk:
            size += len(chunk)
            if size > MAX_BYTES:
                raise TooLarge(f"a picture of more than {MAX_BYTES >> 20} MiB is not looked at")
            await file.write(chunk)
            chunk = await upload.read(CHUNK_BYTES)


def _remove(path: Path) -> None:
    path.unlink(missing_ok=True)
