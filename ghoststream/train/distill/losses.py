"""How far a student's answers are from the teacher's.

loss = divergence(said, wanted) + embedding_loss(said, wanted)
loss = loss + stage_loss(features, teacher_features)
"""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn.functional import cosine_similarity, kl_div, log_softmax, mse_loss

from ghoststream.train.distill.teacher import Answers

DIRECTION_WEIGHT, ERROR_WEIGHT = 2.0, 0.5
"""Of the embeddings' cosine and of their error, beside the divergence of what is named."""


def divergence(said: Answers, wanted: Answers) -> Tensor:
    """Kullback and Leibler's, of the scores, in nats a picture."""
    return kl_div(
        log_softmax(said.logits, 1),
        log_softmax(wanted.logits, 1),
        log_target=True,
        reduction="batchmean",
    )


def embedding_loss(said: Answers, wanted: Answers) -> Tensor:
    """Of embeddings of one length: their directions, and their error in the teacher's variance."""
    found, target = said.embeddings, wanted.embeddings
    direction = 1 - cosine_similarity(found, target).mean()
    return DIRECTION_WEIGHT * direction + ERROR_WEIGHT * relative_error(found, target)


def stage_loss(found: Sequence[Tensor], wanted: Sequence[Tensor]) -> Tensor:
    """The errors of all stages, each in the teacher's variance."""
    errors = [relative_error(f.float(), w) for f, w in zip(found, wanted, strict=True)]
    return torch.stack(errors).sum()


def relative_error(found: Tensor, wanted: Tensor) -> Tensor:
    """Mean square error as a share of the target's variance: 1 is no better than its mean."""
    return mse_loss(found, wanted) / wanted.var().clamp_min(torch.finfo(wanted.dtype).tiny)
