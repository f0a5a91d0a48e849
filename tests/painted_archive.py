"""A small archive of two kinds of videos, still ones and ones that flicker, and a head for them.

archive = write_painted(tmp_path / "archive")
store = store_of(tmp_path / "x.store", archive, fps=4)
head_for(open_store(store), tmp_path / "head.safetensors")
"""

from fractions import Fraction
from pathlib import Path

import numpy as np
from clips import Rgb, noise, quadrants, write_clip

from ghoststream.archive.store import Store
from ghoststream.heads import LinearHead, Training, save_head

KINDS = ("flicker", "still")


def flicker(index: int, size: tuple[int, int]) -> Rgb:
    return noise(index, size)


def write_painted(folder: Path, *, videos: int = 2, seconds: int = 4) -> Path:
    """So many videos of each kind, `flicker0.mp4` and so on, of 4 frames a second."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(videos):
        for kind, picture in zip(KINDS, (flicker, quadrants), strict=True):
            write_clip(
                folder / f"{kind}{number}.mp4",
                frames=4 * seconds,
                rate=4,
                size=(64 + 2 * number, 48),
                picture=picture,
            )
    return folder


def head_for(store: Store, path: Path, *, fps: Fraction = Fraction(4)) -> Path:
    """A head that tells the two kinds apart, made of the difference of their means."""
    rows = store.videos(columns=["video", "source"]).to_pylist()
    kinds = {row["video"]: row["source"].startswith("still") for row in rows}
    sums: list[list[np.ndarray]] = [[], []]
    for batch in store.embeddings(columns=["video", "vector"]):
        for video, vector in zip(batch["video"].to_pylist(), batch["vector"].to_pylist()):
            sums[kinds[video]].append(np.array(vector, np.float32))
    means = [np.mean(each, axis=0) for each in sums]
    apart = means[1] - means[0]
    weight = 20 * np.stack([-apart, apart]) / (apart @ apart)
    bias = -weight @ ((means[0] + means[1]) / 2)
    training = Training(
        fps=fps,
        window=Fraction(2),
        framing="center",
        enter=0.6,
        leave=0.4,
        figures={"clips": 4, "accuracy": {"value": 1.0, "low": 0.5, "high": 1.0, "of": 4}},
    )
    head = LinearHead(
        weight=weight.astype(np.float32),
        bias=bias.astype(np.float32),
        labels=KINDS,
        pooling="mean",
        backbone_sha256=store.recipe.weights_sha256,
        training=training,
    )
    save_head(head, path)
    return path
