"""How much a student answers like its teacher, on pictures that it has not learnt from.

squares = Squares(pool=pool, first=1000)
wanted = teacher_answers(teacher, squares)
agreement(student_answers(student, squares), wanted).same  # 0.5
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn.functional import cosine_similarity

from ghoststream.models.backbone import Backbone
from ghoststream.train.distill.crops import square
from ghoststream.train.distill.pool import PicturePool
from ghoststream.train.distill.teacher import Answers, Teacher, as_tensor, normalised

BATCH = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """Of two networks about the same pictures."""

    pictures: int
    same: float
    """Share of pictures whose first names are one."""
    among_five: float
    """Share of pictures whose teacher's name is among the student's first five."""
    cosine: float | None
    """Mean over pictures, of embeddings of one length."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Squares:
    """The middles of a pool's last pictures."""

    pool: PicturePool
    first: int
    """Number of the first of them."""

    def of_side(self, side: int) -> Iterable[NDArray[np.uint8]]:
        """Batches N x side x side x 3."""
        for start in range(self.first, len(self.pool), BATCH):
            numbers = range(start, min(start + BATCH, len(self.pool)))
            yield np.stack([square(self.pool[number], side) for number in numbers])


def teacher_answers(teacher: Teacher, squares: Squares) -> Answers:
    """The teacher's, at its own size of pictures."""
    return _all(teacher, squares.of_side(teacher.side))


@torch.inference_mode()
def student_answers(
    student: Backbone, squares: Squares, *, side: int | None = None, device: str = "cpu"
) -> Answers:
    """A student's, at the size of pictures that its preprocessing says, or another one."""
    student.eval()

    def answer(pixels: NDArray[np.uint8]) -> Answers:
        x = normalised(as_tensor(pixels, device), student.preprocessing)
        embeddings = student.forward_head(student.forward_features(x), pre_logits=True)
        return Answers(embeddings=embeddings, logits=student.classifier(embeddings))

    return _all(answer, squares.of_side(side or student.preprocessing.input_size))


def agreement(said: Answers, wanted: Answers) -> Agreement:
    """Compares two networks' answers about the same pictures."""
    names = wanted.logits.argmax(1, keepdim=True)
    ranked = said.logits.topk(min(5, said.logits.shape[1])).indices
    comparable = said.embeddings.shape == wanted.embeddings.shape
    cosines = cosine_similarity(said.embeddings, wanted.embeddings) if comparable else None
    return Agreement(
        pictures=len(names),
        same=_share(ranked[:, :1] == names),
        among_five=_share((ranked == names).any(1)),
        cosine=None if cosines is None else float(cosines.mean()),
    )


def _share(hits: torch.Tensor) -> float:
    return float(hits.float().mean())


def _all(
    answer: Callable[[NDArray[np.uint8]], Answers], batches: Iterable[NDArray[np.uint8]]
) -> Answers:
    answers = [answer(batch) for batch in batches]
    return Answers(
        embeddings=torch.cat([each.embeddings for each in answers]).cpu(),
        logits=torch.cat([each.logits for each in answers]).cpu(),
    )
