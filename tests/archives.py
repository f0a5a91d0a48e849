"""Small archives, and everything that an analysis has left of one, for comparison."""

import os
from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from clips import Rgb, write_clip

from ghoststream.archive.store import open_store

ORDERS = {
    "videos": ["path_bytes"],
    "frames": ["video", "frame"],
    "clips": ["video", "clip"],
    "events": ["video", "sequence"],
}


def moving(seed: int) -> Any:
    """Pictures that differ from clip to clip, and from frame to frame."""
    start = np.random.default_rng(seed).integers(0, 256, (48, 64, 3), np.uint8)

    def picture(index: int, size: tuple[int, int]) -> Rgb:
        return np.roll(start, index, axis=1)

    return picture


def write_archive(folder: Path, *, files: int, frames: int = 25) -> Path:
    """Videos in directories that share names, two equal ones, and two that cannot be read."""
    for index in range(files - 4):
        path = folder / f"camera {index % 3}" / f"{index // 3}.mkv"
        path.parent.mkdir(parents=True, exist_ok=True)
        write_clip(path, frames=frames + index % 7, rate=Fraction(25), picture=moving(index), gop=5)
    (folder / "camera 0" / "copy.mkv").write_bytes((folder / "camera 0" / "0.mkv").read_bytes())
    odd = folder / os.fsdecode(b"50%\xff\nnight.mkv")
    odd.write_bytes((folder / "camera 1" / "0.mkv").read_bytes()[:-200])
    (folder / "empty.mp4").write_bytes(b"")
    (folder / "camera 2" / "text.mp4").write_bytes(b"this is no video" * 100)
    return folder


def rows_of(store: Path) -> dict[str, list[dict[str, Any]]]:
    """All rows of all tables, in an order of their own."""
    opened = open_store(store)
    tables = {
        "videos": opened.videos(),
        "frames": pa.Table.from_batches(opened.embeddings(), opened.table("frames").schema),
        "clips": pa.Table.from_batches(opened.clips(), opened.table("clips").schema),
        "events": pa.Table.from_batches(opened.events(), opened.table("events").schema),
    }
    return {
        name: table.sort_by([(key, "ascending") for key in ORDERS[name]]).to_pylist()
        for name, table in tables.items()
    }


def logs_of(out: Path) -> Mapping[str, bytes]:
    """All files of a tree of logs, but for the summary, which tells of the run, and the lock."""
    return {
        str(path.relative_to(out)): path.read_bytes()
        for path in sorted(out.rglob("*"))
        if path.is_file() and path.name not in ("summary.json", ".writer.lock")
    }
