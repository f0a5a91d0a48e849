"""Which framing serves best: the middle, the whole squashed, or the whole padded.

    python benchmarks/framing.py clips.csv    # needs scikit-learn; a column each: path,label,group

Two questions. How well does a linear head tell the labels of the clips apart, when clips of one
group (one camera, one film) never stand on both sides? And do the sample videos, whose content is
known, keep their names?
"""

import argparse
import csv
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import get_args

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from ghoststream.models.labels import imagenet_labels
from ghoststream.models.runtime import Runtime, load_runtime
from ghoststream.sampling import AtFps
from ghoststream.types import Frame, Framing
from ghoststream.video.decode import open_file

SAMPLES = Path(__file__).parent.parent / "sample_videos"
SHOWN = {
    "coffee": "espresso",
    "cat": "Persian cat",
    "motorcycle": "moped",
    "rocket": "space shuttle",
}
FOLDS = 5
CLIP_FPS, NAMING_FPS = Fraction(8), Fraction(4)
WINDOW_FRAMES, HOP_FRAMES = 8, 4
Vectors = NDArray[np.float32]


@dataclass(frozen=True, kw_only=True)
class Clips:
    """Labelled videos."""

    paths: tuple[Path, ...]
    labels: tuple[str, ...]
    groups: tuple[str, ...]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("clips", type=Path, help="CSV with the columns path, label and group")
    parser.add_argument("--assignments", type=int, default=20, help="of groups to folds")
    arguments = parser.parse_args()
    runtime, clips = load_runtime(weights="bundled"), read_clips(arguments.clips)
    scores = {
        framing: head_accuracies(runtime, framing, clips, arguments.assignments)
        for framing in get_args(Framing)
    }
    print_heads(scores)
    for framing in get_args(Framing):
        print_names(runtime, framing)


def read_clips(path: Path) -> Clips:
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    return Clips(
        paths=tuple(path.parent / row["path"] for row in rows),
        labels=tuple(row["label"] for row in rows),
        groups=tuple(row["group"] for row in rows),
    )


def head_accuracies(
    runtime: Runtime, framing: Framing, clips: Clips, assignments: int
) -> dict[str, NDArray[np.float64]]:
    """Accuracy for each assignment of groups to folds, by how a clip's vectors become one."""
    vectors = [embed(runtime, framing, path, CLIP_FPS) for path in clips.paths]
    pooled = {
        "mean": [v.mean(axis=0) for v in vectors],
        "mean and change": [np.concatenate([v.mean(axis=0), mean_change(v)]) for v in vectors],
    }
    return {
        name: np.array([accuracy(np.stack(x), clips, seed) for seed in range(assignments)])
        for name, x in pooled.items()
    }


def accuracy(vectors: Vectors, clips: Clips, seed: int) -> float:
    head = make_pipeline(StandardScaler(), LogisticRegression(C=0.01, max_iter=2000))
    folds = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=seed)
    each = cross_val_score(head, vectors, clips.labels, groups=clips.groups, cv=folds)
    return float(each.mean())


def mean_change(vectors: Vectors) -> Vectors:
    """From each frame to the next."""
    return np.asarray(np.abs(np.diff(vectors, axis=0)).mean(axis=0), np.float32)


def embed(runtime: Runtime, framing: Framing, path: Path, fps: Fraction) -> Vectors:
    preprocessing = replace(runtime.preprocessing, framing=framing)
    return runtime.embed(np.stack([preprocessing.prepare(f) for f in sampled(path, fps)]))


def sampled(path: Path, fps: Fraction) -> Iterator[Frame]:
    with open_file(path) as video:
        yield from AtFps(rate=fps)(video.frames())


def print_heads(scores: dict[Framing, dict[str, NDArray[np.float64]]]) -> None:
    print("| framing | vectors | accuracy | deviation | against center |")
    print("|---|---|---|---|---|")
    for framing, by_pooling in scores.items():
        for pooling, each in by_pooling.items():
            better = each - scores["center"][pooling]
            print(
                f"| {framing} | {pooling} | {each.mean():.3f} | {each.std():.3f} "
                f"| {better.mean():+.3f} ± {better.std():.3f} |"
            )


def print_names(runtime: Runtime, framing: Framing) -> None:
    weight, bias = runtime.classifier()
    labels = imagenet_labels()
    for name, label in SHOWN.items():
        vectors = embed(runtime, framing, SAMPLES / f"{name}.mp4", NAMING_FPS)
        starts = range(0, len(vectors) - WINDOW_FRAMES + 1, HOP_FRAMES)
        means = np.stack([vectors[start : start + WINDOW_FRAMES].mean(axis=0) for start in starts])
        first = [labels[k] for k in (means @ weight.T + bias).argmax(axis=1)]
        print(f"{framing} {name}: {first.count(label)} of {len(first)} windows are {label}")


if __name__ == "__main__":
    main()
