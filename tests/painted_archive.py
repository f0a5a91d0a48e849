"""A small archive of two kinds of videos, still ones and ones that flicker, and a head for them.

archive = write_painted(tmp_path / "archive")
store = store_of(tmp_path / "x.store", archive, fps=4)  # or, without a network:
store = painted_store(tmp_path / "x.store", archive)
head_for(open_store(store), tmp_path / "head.safetensors")
"""

import os
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
from clips import Rgb, noise, quadrants, write_clip
from stores import event, video, video_rows, with_configuration

from ghoststream.archive.store import Store
from ghoststream.archive.writer import open_writer
from ghoststream.heads import LinearHead, Training, save_head
from ghoststream.runners.archive.analysis import sha256_of

KINDS = ("flicker", "still")
RATE = 4
"""Frames a second."""


def flicker(index: int, size: tuple[int, int]) -> Rgb:
    return noise(index, size)


def write_painted(folder: Path, *, videos: int = 2, seconds: int = 4) -> Path:
    """So many videos of each kind: `flicker0.mp4`, `still0.mp4`, and so on."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(videos):
        for kind, picture in zip(KINDS, (flicker, quadrants), strict=True):
            write_clip(
                folder / f"{kind}{number}.mp4",
                frames=RATE * seconds,
                rate=RATE,
                size=(64 + 2 * number, 48),
                picture=picture,
            )
    return folder


def painted_store(address: Path, archive: Path, *, seconds: int = 4, fps: int = RATE) -> Path:
    """A store of such an archive, whose vectors are made up: each kind has one of its own.

    One that is there gets what is new.
    """
    recipe = with_configuration(fps=str(fps))
    times = [frame / RATE for frame in range(RATE * seconds)]
    with open_writer(address, recipe) as writer:
        known = writer.store.ids_by_path()
        for path in sorted(archive.iterdir()):
            if os.fsencode(path) in known:
                continue
            kind = path.name.startswith("still")
            told = [event(what, "thing", 0, end) for what, end in (("new", None), ("end", 4.0))]
            vectors = [[1 - kind, kind, 0.1 * frame] for frame in range(len(times))]
            small = video(vectors, times=times, events=told)
            rows = video_rows(path.name, small, recipe)
            writer.append([replace(rows, row={**rows.row, **_as_it_is(path)})])
    return address


def _as_it_is(path: Path) -> dict[str, object]:
    status = path.stat()
    return {
        "path": str(path),
        "path_bytes": os.fsencode(path),
        "size": status.st_size,
        "mtime_ns": status.st_mtime_ns,
        "content_sha256": sha256_of(path),
    }


def head_for(store: Store, path: Path, *, fps: Fraction = Fraction(RATE)) -> Path:
    """A head that tells the two kinds apart, made of the difference of their means."""
    low, high = _means(store)
    apart = high - low
    weight = 20 * np.stack([-apart, apart]) / (apart @ apart)
    head = LinearHead(
        weight=weight.astype(np.float32),
        bias=(-weight @ ((low + high) / 2)).astype(np.float32),
        labels=KINDS,
        pooling="mean",
        backbone_sha256=store.recipe.weights_sha256,
        training=Training(
            fps=fps,
            window=Fraction(2),
            framing="center",
            enter=0.6,
            leave=0.4,
            figures={"clips": 4, "accuracy": {"value": 1.0, "low": 0.5, "high": 1.0, "of": 4}},
        ),
    )
    save_head(head, path)
    return path


def _means(store: Store) -> tuple[np.ndarray, np.ndarray]:
    rows = store.videos(columns=["video", "source"]).to_pylist()
    kinds = {row["video"]: row["source"].startswith("still") for row in rows}
    vectors: tuple[list[np.ndarray], list[np.ndarray]] = ([], [])
    for batch in store.embeddings(columns=["video", "vector"]):
        pairs = zip(batch["video"].to_pylist(), batch["vector"].to_pylist(), strict=True)
        for id, vector in pairs:
            vectors[kinds[id]].append(np.array(vector, np.float32))
    return np.mean(vectors[0], axis=0), np.mean(vectors[1], axis=0)
