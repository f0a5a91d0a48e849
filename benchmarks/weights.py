"""How good weights are at naming and finding pictures, beside the network that they imitate.

    python benchmarks/weights.py photos/
    python benchmarks/weights.py photos/ --weights student.safetensors --work student.work

The pictures are those that `ghoststream distill photos/` holds out: the last ones. They need no
labels; the part of a picture's name before its last underscore is taken for the set that it comes
from. The card in docs/models.md holds the tables.
"""

import argparse
import re
import sys
import tempfile
import threading
from collections import Counter
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from report import document, save, table

from ghoststream.models import Weights, resolve_weights
from ghoststream.runners.distill.unlabelled import picture_pool, unlabelled_files
from ghoststream.train.calibration import calibration_error
from ghoststream.train.distill.judging import Squares, agreement, teacher_answers
from ghoststream.train.distill.pool import PicturePool
from ghoststream.train.distill.teacher import Answers, load_teacher

NEAREST = 10
CLASSES_OF_SETS = {
    "imagenette": (0, 217, 482, 491, 497, 566, 569, 571, 574, 701),
    "imagewoof": (155, 159, 162, 167, 182, 193, 207, 229, 258, 273),
}
"""ImageNet's numbers of the ten classes of each, after github.com/fastai/imagenette."""


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What a network says of the held-out pictures at a size."""

    name: str
    side: int
    answers: Answers


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("pictures", type=Path, nargs="+", help="as given to ghoststream distill")
    parser.add_argument("--model", default="ghostnet_100")
    parser.add_argument("--weights", default="bundled", help="[default: bundled]")
    parser.add_argument("--teacher", default="efficientnet_lite0")
    parser.add_argument("--teacher-size", type=int, default=192, help="[default: 192]")
    parser.add_argument("--sizes", type=int, nargs="+", default=[224, 192, 128])
    parser.add_argument("--held-out", type=int, default=2000, help="[default: 2000]")
    parser.add_argument("--work", type=Path, help="of a distillation, with its decoded pictures")
    parser.add_argument("--save", action="store_true", help="to benchmarks/results/")
    options = parser.parse_args()
    with folder(options.work) as work:
        pool = picture_pool(
            unlabelled_files(options.pictures),
            folder=Path(work),
            stored=256,
            fps=Fraction(1),
            progress=lambda done: print(f"{done} pictures decoded", file=sys.stderr),
            stop=threading.Event(),
        )
        assert pool is not None  # nobody says stop
        squares = Squares(pool=pool, first=len(pool) - options.held_out)
        teacher, student = (
            resolve_weights(options.teacher),
            resolve_weights(options.model, options.weights),
        )
        wanted = seen(teacher, squares, options.teacher_size)
        others = [
            seen(weights, squares, side) for weights in (student, teacher) for side in options.sizes
        ]
        text = document(
            "Weights",
            [
                f"{options.held_out} pictures; the teacher is {options.teacher} at "
                f"{options.teacher_size} pixels, the student {options.model} with "
                f"{student.name} weights (sha256 {student.sha256[:12]}).",
                against_teacher(others, wanted),
                by_sets(others, set_names(pool, squares.first)),
            ],
        )
    print(text)
    if options.save:
        print(save("weights", text))


def folder(work: Path | None) -> AbstractContextManager[str | Path]:
    return tempfile.TemporaryDirectory() if work is None else nullcontext(work)


def seen(weights: Weights, squares: Squares, side: int) -> Seen:
    answers = teacher_answers(load_teacher(weights, side=side), squares)
    return Seen(name=weights.model, side=side, answers=answers)


def against_teacher(others: list[Seen], wanted: Seen) -> str:
    header = ["network, pixels", "same name", "among five", "cosine", "score", "ECE"]
    return table(header, [_agreed(each, wanted.answers) for each in others])


def _agreed(each: Seen, wanted: Answers) -> list[str]:
    agreed = agreement(each.answers, wanted)
    chances = torch.softmax(each.answers.logits.double(), 1).numpy()
    error = calibration_error(chances, wanted.logits.argmax(1).numpy())
    return [
        f"{each.name}, {each.side}",
        f"{100 * agreed.same:.1f} %",
        f"{100 * agreed.among_five:.1f} %",
        "-" if agreed.cosine is None else f"{agreed.cosine:.3f}",
        f"{chances.max(1).mean():.2f}",
        f"{error:.3f}",
    ]


def set_names(pool: PicturePool, first: int) -> list[str]:
    return [re.sub(r"_[^_]*$", "", Path(name).stem) for name in pool.names[first:]]


def by_sets(others: list[Seen], sets: list[str]) -> str:
    """Whether pictures of a set find each other, and are named as something that is in the set."""
    counts = ", ".join(f"{name} {count}" for name, count in sorted(Counter(sets).items()))
    named = [prefix for prefix in CLASSES_OF_SETS if any(s.startswith(prefix) for s in sets)]
    header = [
        "network, pixels", f"precision@{NEAREST}", *(f"named within {n}" for n in named)
    ]  # fmt: skip
    rows = [
        [
            f"{each.name}, {each.side}",
            f"{precision(each.answers.embeddings.numpy(), sets):.3f}",
            *(f"{100 * within(each.answers, sets, name):.1f} %" for name in named),
        ]
        for each in others
    ]
    return f"{table(header, rows)}\n\nSets: {counts}."


def precision(vectors: NDArray[np.float32], sets: list[str]) -> float:
    """Share of the nearest pictures, by cosine, that are of the same set."""
    units = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    likeness = units @ units.T
    np.fill_diagonal(likeness, -np.inf)
    nearest = np.argpartition(-likeness, NEAREST, axis=1)[:, :NEAREST]
    numbers = np.unique(sets, return_inverse=True)[1]
    return float((numbers[nearest] == numbers[:, None]).mean())


def within(answers: Answers, sets: list[str], prefix: str) -> float:
    """Share of a set's pictures whose name is one of its ten classes: right, or close to it."""
    members = torch.tensor([name.startswith(prefix) for name in sets])
    names = answers.logits.argmax(1)[members]
    return float(torch.isin(names, torch.tensor(CLASSES_OF_SETS[prefix])).float().mean())


if __name__ == "__main__":
    main()
