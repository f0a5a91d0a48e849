"""A student that learns from a teacher, batch by batch.

distiller = Distiller(student, teacher, schedule=schedule)
for batch in batches(pool, drawing):
    distiller.learn(batch, done=0.1)
distiller.averaged()  # the network to keep
"""

import math
from copy import deepcopy
from typing import Any, Literal

import torch
from torch import Tensor, nn

from ghoststream.errors import ConfigError
from ghoststream.models.backbone import Backbone
from ghoststream.models.segments import segments
from ghoststream.train.distill.crops import Batch
from ghoststream.train.distill.losses import divergence, embedding_loss, stage_loss
from ghoststream.train.distill.schedule import Schedule
from ghoststream.train.distill.teacher import (
    Answers,
    Teacher,
    TeacherStages,
    as_tensor,
    normalised,
)

WEIGHT_DECAY = 0.02
"""Not of biases and of what batch norms scale by."""
BETAS = (0.9, 0.99)
MAX_GRADIENT = 5.0
AVERAGE_DECAY, AVERAGE_START = 0.999, 20
"""The average forgets a thousandth a step, and more during the first steps."""


class Distiller:
    """Holds all that learning changes: parameters, their average, the optimizer, the count.

    Args:
        student: random, or with weights to start from; it is taken over.
        teacher: answers for the same crops.
        schedule: of rate and forcing.
        stages: the teacher's, where its stages can be fed to the student.
        device: where the student learns.
        has_bf16: whether it computes in bf16 where torch holds that safe.
    """

    def __init__(
        self,
        student: Backbone,
        teacher: Teacher,
        *,
        schedule: Schedule,
        stages: TeacherStages | None = None,
        device: Literal["cpu", "cuda"] = "cpu",
        has_bf16: bool = False,
    ) -> None:
        student.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._student, self._teacher, self._stages = student.train(), teacher, stages
        self._average = deepcopy(student)
        self._parts = segments(student)
        self._schedule, self._device, self._has_bf16 = schedule, device, has_bf16
        self._optimizer = _optimizer(student)
        self._compares_embeddings = student.num_features == teacher.num_features
        self.step = 0
        """Batches learnt from."""

    def learn(self, batch: Batch, *, done: float) -> float:
        """Takes one step.

        Args:
            batch: of crops.
            done: share of the budget that is used up.

        Returns:
            Divergence from the teacher's scores, in nats a picture.

        Raises:
            ConfigError: the numbers have run away, so that nothing can be learnt any more.
        """
        for group in self._optimizer.param_groups:
            group["lr"] = self._schedule.rate(step=self.step, done=done)
        apart, loss = self._losses(batch, self._schedule.forced(done))
        self._optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self._student.parameters(), MAX_GRADIENT)
        self._optimizer.step()
        self.step += 1
        self._take_into_average()
        return self._checked(apart.item())

    def averaged(self) -> Backbone:
        """The average of the student over its last steps, in evaluation mode: better than it is."""
        return self._average.eval()

    def state(self) -> dict[str, Any]:
        """What `restore` needs to go on as if there had been no break."""
        return {
            "student": self._student.state_dict(),
            "average": self._average.state_dict(),
            "optimizer": self._optimizer.state_dict(),
            "step": self.step,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Goes on from an earlier `state`."""
        self._student.load_state_dict(state["student"])
        self._average.load_state_dict(state["average"])
        self._optimizer.load_state_dict(state["optimizer"])
        self.step = state["step"]

    def _losses(self, batch: Batch, forced: float) -> tuple[Tensor, Tensor]:
        """The divergence, and all that is to become smaller."""
        wanted = self._teacher(batch.teacher)
        pixels = as_tensor(batch.student, self._device)
        with torch.autocast(self._device, torch.bfloat16, enabled=self._has_bf16):
            if self._stages is None or forced == 0:
                features = self._student.forward_features(self._normalised(pixels))
                staged = torch.zeros((), device=self._device)
            else:
                luck = torch.from_numpy(batch.luck).to(self._device)
                features, staged = self._forced_features(pixels, luck < forced)
            said = self._answers(features)
        apart = divergence(said, wanted)
        loss = apart + staged
        return apart, loss + embedding_loss(said, wanted) if self._compares_embeddings else loss

    def _forced_features(self, pixels: Tensor, is_forced: Tensor) -> tuple[Tensor, Tensor]:
        """Each stage sees what the teacher's stage before it has made, where that is forced."""
        assert self._stages is not None
        wanted, found = self._stages(pixels), []
        x, chosen = self._normalised(pixels), is_forced.view(-1, 1, 1, 1)
        *stages, rest = self._parts
        for stage, target in zip(stages, wanted, strict=True):
            found.append(stage(x))
            x = torch.where(chosen, target.to(found[-1].dtype), found[-1])
        return rest(x), stage_loss(found, wanted)

    def _normalised(self, pixels: Tensor) -> Tensor:
        return normalised(pixels, self._student.preprocessing)

    def _answers(self, features: Tensor) -> Answers:
        embeddings = self._student.forward_head(features, pre_logits=True)
        logits = self._student.classifier(embeddings)
        return Answers(embeddings=embeddings.float(), logits=logits.float())

    @torch.no_grad()
    def _take_into_average(self) -> None:
        decay = min(AVERAGE_DECAY, self.step / (self.step + AVERAGE_START))
        # All at once: on a card, hundreds of small steps would take longer than the learning.
        torch._foreach_lerp_(_floats(self._average), _floats(self._student), 1 - decay)

    def _checked(self, apart: float) -> float:
        if not math.isfinite(apart):
            raise ConfigError(
                f"the numbers ran away in batch {self.step}; choose a learning_rate below "
                f"{self._schedule.learning_rate:g}"
            )
        return apart


def _optimizer(student: nn.Module) -> torch.optim.AdamW:
    matrices = [p for p in student.parameters() if p.ndim > 1]
    others = [p for p in student.parameters() if p.ndim <= 1]
    groups = [
        {"params": matrices, "weight_decay": WEIGHT_DECAY},
        {"params": others, "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, betas=BETAS)


def _floats(model: nn.Module) -> list[Tensor]:
    """Parameters and the statistics of batch norms, which are averaged alike."""
    return [t for t in model.state_dict().values() if t.dtype.is_floating_point]
