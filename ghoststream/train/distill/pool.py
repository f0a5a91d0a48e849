"""Pictures without labels, decoded once into one file, which is then mapped into memory.

write_pool(decoded, Path("work"), key="...", stop=threading.Event())
pool = open_pool(Path("work"), key="...")
pool[3]  # H x W x 3, uint8
"""

import hashlib
import json
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ghoststream.types import Pixels

PIXELS, INDEX = "pictures.bin", "pictures.json"
FORMAT = 1
"""Of what is kept; another number, and all is decoded anew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decoded:
    """A picture, or what became of it."""

    name: str
    pixels: Pixels | None = None
    """H x W x 3."""
    error: str | None = None
    """Why there are none."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PicturePool:
    """N pictures of any size, one after the other."""

    pixels: NDArray[np.uint8]
    """All of them, flat."""
    sizes: NDArray[np.int64]
    """N x 2: height and width."""
    starts: NDArray[np.int64]
    """N + 1 places in `pixels`."""
    names: tuple[str, ...]
    lost: tuple[str, ...]
    """A sentence for each that could not be read."""
    sha256: str
    """Of all pixels."""

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, index: int) -> Pixels:
        height, width = self.sizes[index]
        flat = self.pixels[self.starts[index] : self.starts[index + 1]]
        return flat.reshape(int(height), int(width), 3)


def write_pool(
    pictures: Iterable[Decoded], folder: Path, *, key: str, stop: threading.Event
) -> None:
    """Keeps decoded pictures.

    Args:
        pictures: in the order in which they are to be numbered.
        folder: where the two files go.
        key: says which pictures these are; `open_pool` asks for it.
        stop: when set, nothing is kept.

    Raises:
        OSError: the folder cannot be written, or the disk is full.
    """
    # An index speaks of the pixels beside it; between the two there must be none.
    (folder / INDEX).unlink(missing_ok=True)
    names, sizes, lost, digest = [], [], [], hashlib.sha256()
    with (folder / PIXELS).open("wb") as file:
        for picture in pictures:
            if stop.is_set():
                return
            if picture.pixels is None:
                lost.append(picture.error or picture.name)
                continue
            raw = np.ascontiguousarray(picture.pixels).tobytes()
            file.write(raw)
            digest.update(raw)
            names.append(picture.name)
            sizes.append(picture.pixels.shape[:2])
    index = {"format": FORMAT, "key": key, "sha256": digest.hexdigest()}
    text = json.dumps({**index, "names": names, "sizes": sizes, "lost": lost})
    partial = folder / f"{INDEX}.partial"
    partial.write_text(text, encoding="utf-8")
    partial.replace(folder / INDEX)


def open_pool(folder: Path, *, key: str) -> PicturePool | None:
    """The pictures that an earlier call has kept; None where there are none, or others."""
    try:
        index = json.loads((folder / INDEX).read_text("utf-8"))
    except FileNotFoundError:
        return None
    if index["format"] != FORMAT or index["key"] != key:
        return None
    sizes = np.array(index["sizes"], dtype=np.int64).reshape(-1, 2)
    starts = np.concatenate([[0], np.cumsum(3 * sizes.prod(axis=1))])
    is_empty = starts[-1] == 0  # of which no map can be made
    return PicturePool(
        pixels=np.empty(0, np.uint8) if is_empty else np.memmap(folder / PIXELS, np.uint8, "r"),
        sizes=sizes,
        starts=starts,
        names=tuple(index["names"]),
        lost=tuple(index["lost"]),
        sha256=index["sha256"],
    )
