"""The last stages of a network, trained on labelled clips together with a head.

    curve = checked_finetuning(tail, starts, clips, folds=folds, recipe=recipe)
    student = finetuned(tail, start, clips, epochs=curve.epochs, recipe=recipe)

The layers before them never change, so that their features are computed once, and serve all parts
of the cross-validation. Training begins at the head that embeddings alone have taught, and is held
to where it began (L2-SP, arXiv 1802.01483), because a few hundred clips say little about millions
of parameters. Batch norms keep their statistics: a few clips of one camera would bend them.
"""

import copy
import math
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from ghoststream.cores import available_cores
from ghoststream.models.backbone import Backbone
from ghoststream.models.tail import Tail
from ghoststream.train.calibration import fit_temperature, log_loss, probabilities
from ghoststream.train.dataset import Dataset, Indices, Numbers
from ghoststream.train.feature_file import FeatureFile
from ghoststream.train.folds import Fold
from ghoststream.train.linear import Linear, class_weights
from ghoststream.train.torch_pooling import torch_pooling
from ghoststream.train.torch_threads import single_threaded
from ghoststream.types import Vector

BATCH = 8
"""Windows a step, or fewer where they are long."""
BATCH_FRAMES = 512
"""Of which all that is between the layers is held for the way back."""
RATE = 1e-4
"""At which the head and what makes the embedding learn."""
RATE_DECAY = 0.5
"""Of the rate from a stage to the one before it: what is earlier is more general."""
PULL = 10.0
"""How strongly parameters are drawn to where they began, as the weight decay of AdamW."""
WARM_UP = 1.0
"""Epochs in which the rate rises."""
PATIENCE = 3
"""Epochs without a better one after which there are no more."""

Tell = Callable[[int, float, float], None]
"""Told after each epoch: its number, the log loss of clips that are not learnt, and that before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """How to train."""

    epochs: int
    """At most."""
    views: int
    """Versions of each window."""
    seed: int
    device: str
    """Torch's name of it."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Start:
    """A head that was trained on embeddings, and the scale of what it takes."""

    linear: Linear
    center: Numbers
    """F numbers."""
    spread: Numbers
    """F numbers, by which features are divided, so that one rate suits all."""
    pooling: str
    query: Vector | None = None
    """Of attention; it stays as it is."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Clips:
    """Labelled windows, and the features of each under its number."""

    data: Dataset
    features: FeatureFile


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Curve:
    """What cross-validation says of training."""

    logits: Numbers
    """N x C, each by a student that knows no clip of its group, and after as many epochs as the
    clips of the other parts call for."""
    epochs: int
    """Of them, as many as all clips together call for; 0 is the head without any."""
    losses: tuple[float, ...]
    """Log loss after each epoch, from 0 on."""


class Student(nn.Module):
    """A tail and a head that learn.

    Args:
        tail: is taken over.
        start: where the head begins.
    """

    center: Tensor
    spread: Tensor
    query: Tensor | None

    def __init__(self, tail: Tail, start: Start) -> None:
        super().__init__()
        self.tail = tail.eval()
        self.weight = nn.Parameter(_float(start.linear.weight * start.spread))
        self.bias = nn.Parameter(_float(start.linear.logits(_row(start.center))[0]))
        self.register_buffer("center", _float(start.center))
        self.register_buffer("spread", _float(start.spread))
        self.register_buffer("query", None if start.query is None else _float(start.query))
        self._name = start.pooling

    def forward(self, windows: Sequence[Tensor]) -> Tensor:
        """Features T x C x H x W of each window to logits N x classes."""
        pooling = torch_pooling(self._name, self.query)
        vectors = torch.split(self.tail(torch.cat(list(windows))), [len(w) for w in windows])
        pooled = torch.stack([pooling(window) for window in vectors])
        return (pooled - self.center) / self.spread @ self.weight.T + self.bias

    @property
    def network(self) -> Backbone:
        """Whole, with the layers that stayed as they were."""
        return self.tail.model

    def linear(self) -> Linear:
        """The head as it is now, for vectors as they come."""
        center, spread, weight, bias = (
            tensor.detach().double().cpu().numpy()
            for tensor in (self.center, self.spread, self.weight, self.bias)
        )
        return Linear(weight=weight / spread, bias=bias - weight / spread @ center)


class Training:
    """One student on its way.

    Args:
        tail: is copied.
        start: where the head begins.
        clips: all of them.
        learnt: numbers of the clips to learn from.
        recipe: how.
    """

    def __init__(
        self, tail: Tail, start: Start, clips: Clips, learnt: Indices, recipe: Recipe
    ) -> None:
        self.student = Student(copy.deepcopy(tail), start).to(recipe.device)
        self._clips, self._recipe = clips, recipe
        data = clips.data.of(learnt)
        self._windows = clips.data.windows_of(learnt)
        self._labels = torch.from_numpy(data.labels[data.owners])
        weights = class_weights(data)
        self._weights = _float(weights / weights.mean())
        self._random = torch.Generator().manual_seed(recipe.seed)
        layers = _layers(self.student)
        self._optimizer = torch.optim.AdamW(
            [{"params": layer, "lr": rate} for rate, layer in layers], weight_decay=0.0
        )
        longest = max(clips.features.frames(window) for window in self._windows)
        self._batch = max(1, min(BATCH, BATCH_FRAMES // longest))
        steps = math.ceil(len(self._windows) / self._batch)
        self._schedule = torch.optim.lr_scheduler.LambdaLR(
            self._optimizer, lambda step: _rise_and_fall((step + 0.5) / steps, recipe.epochs)
        )
        self._origin = [p.detach().clone() for _, layer in layers for p in layer]

    def epoch(self, stop: threading.Event) -> None:
        """Shows each window once, in one of its versions; ends early once somebody says stop."""
        order = torch.randperm(len(self._windows), generator=self._random)
        drawn = torch.randint(self._recipe.views, (len(order),), generator=self._random)
        for places in torch.split(order, self._batch):
            if stop.is_set():
                return
            windows = [self._features(self._windows[p], int(drawn[p])) for p in places.tolist()]
            self._step(windows, places)

    def logits(self, windows: Indices) -> Numbers:
        """What the student says now of windows as they are, N x C."""
        with torch.inference_mode():
            answers = [self.student([self._features(window, 0)])[0].cpu() for window in windows]
        return np.asarray(torch.stack(answers).double().numpy())

    def _step(self, windows: Sequence[Tensor], places: Tensor) -> None:
        device = self._recipe.device
        labels, weights = self._labels[places].to(device), self._weights[places].to(device)
        losses = cross_entropy(self.student(windows), labels, reduction="none")
        self._optimizer.zero_grad()
        (losses * weights).mean().backward()  # type: ignore[no-untyped-call]
        self._optimizer.step()
        self._pull()
        self._schedule.step()

    @torch.no_grad()
    def _pull(self) -> None:
        origins = iter(self._origin)
        for group in self._optimizer.param_groups:
            for parameter in group["params"]:
                parameter.lerp_(next(origins), group["lr"] * PULL)

    def _features(self, window: int, view: int) -> Tensor:
        halves = torch.from_numpy(self._clips.features.window(window, view=view))
        return halves.to(self._recipe.device).float()


def checked_finetuning(
    tail: Tail,
    starts: Sequence[Start],
    clips: Clips,
    *,
    folds: Sequence[Fold],
    recipe: Recipe,
    tell: Tell = lambda epoch, loss, before: None,
) -> Curve:
    """Trains on all parts but one, and asks about that one; all parts go on epoch by epoch.

    Args:
        tail: where each training begins; it stays as it is.
        starts: the head that each fold begins with, which knows none of the clips it tests.
        clips: windows with their features.
        folds: that test each clip once.
        recipe: how to train.
        tell: told of each epoch.
    """
    data = clips.data
    trainings = [
        Training(tail, start, clips, fold.learnt, recipe)
        for start, fold in zip(starts, folds, strict=True)
    ]
    # What interrupts us ends the epochs of the others, too.
    with single_threaded(), ThreadPoolExecutor(available_cores()) as pool, _set_at_end() as stop:
        answers = [_answers(trainings, folds, data, pool)]
        losses = [_least_loss(answers[0], data)]
        while len(losses) <= recipe.epochs and len(losses) - np.argmin(losses) <= PATIENCE:
            list(pool.map(lambda training: training.epoch(stop), trainings))
            answers.append(_answers(trainings, folds, data, pool))
            losses.append(_least_loss(answers[-1], data))
            tell(len(losses) - 1, losses[-1], losses[0])
    return Curve(
        logits=_each_by_the_others(answers, folds, data),
        epochs=int(np.argmin(losses)),
        losses=tuple(losses),
    )


def finetuned(
    tail: Tail,
    start: Start,
    clips: Clips,
    *,
    epochs: int,
    recipe: Recipe,
    tell: Callable[[int], None] = lambda epoch: None,
) -> Student:
    """Trains on all clips.

    Args:
        tail: where training begins; it stays as it is.
        start: the head that it begins with.
        clips: windows with their features.
        epochs: after which it ends, of those that the recipe's rates are for.
        recipe: how to train.
        tell: told of each epoch.
    """
    everything = np.arange(len(clips.data.labels))
    training = Training(tail, start, clips, everything, recipe)
    with single_threaded():
        for epoch in range(epochs):
            training.epoch(threading.Event())
            tell(epoch + 1)
    return training.student


@contextmanager
def _set_at_end() -> Iterator[threading.Event]:
    stop = threading.Event()
    try:
        yield stop
    finally:
        stop.set()


def _answers(
    trainings: Sequence[Training], folds: Sequence[Fold], data: Dataset, pool: Executor
) -> Numbers:
    """Each training is asked about what it has not learnt."""
    logits = np.zeros((len(data.vectors), len(data.classes)))
    tested = [data.windows_of(fold.tested) for fold in folds]
    for windows, said in zip(tested, pool.map(Training.logits, trainings, tested), strict=True):
        logits[windows] = said
    return logits


def _least_loss(logits: Numbers, data: Dataset) -> float:
    """Log loss at the temperature that suits best: how sure a student is, is mended later."""
    temperature = fit_temperature(logits, data)
    return log_loss(probabilities(logits / temperature, data), data.labels)


def _each_by_the_others(
    answers: Sequence[Numbers], folds: Sequence[Fold], data: Dataset
) -> Numbers:
    """The clips that are asked about have no say in how long to train for them."""
    logits = np.zeros_like(answers[0])
    for fold in folds:
        others, windows = data.windows_of(fold.learnt), data.windows_of(fold.tested)
        losses = [_least_loss(answer[others], data.of(fold.learnt)) for answer in answers]
        logits[windows] = answers[int(np.argmin(losses))][windows]
    return logits


def _layers(student: Student) -> list[tuple[float, list[nn.Parameter]]]:
    """Rates, and the parameters that learn at each."""
    tail = enumerate(student.tail.depths())
    return [
        (RATE, [student.weight, student.bias]),
        *((RATE * RATE_DECAY**depth, layer) for depth, layer in tail),
    ]


def _rise_and_fall(epoch: float, epochs: int) -> float:
    """From nothing to 1 within the warm-up, and back along half a cosine."""
    if epoch < WARM_UP:
        return epoch / WARM_UP
    # Torch asks about one step more than there are.
    part = min(1.0, (epoch - WARM_UP) / max(epochs - WARM_UP, 1.0))
    return (1 + math.cos(math.pi * part)) / 2


def _float(values: np.ndarray) -> Tensor:
    return torch.from_numpy(np.asarray(values, dtype=np.float32).copy())


def _row(values: Numbers) -> np.ndarray:
    return values[None]
