"""One step after the other: what is learnt, and that it is the same each time."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import TypeAlias

import numpy as np
import pytest
import torch
from unlabelled import blobs, random_weights

from ghoststream.errors import ConfigError
from ghoststream.models import create_model, resolve_weights
from ghoststream.models.torch_runtime import TorchRuntime
from ghoststream.train.distill.crops import Drawing, batches
from ghoststream.train.distill.distiller import Distiller
from ghoststream.train.distill.files import read_checkpoint, write_checkpoint
from ghoststream.train.distill.pool import Decoded, PicturePool, open_pool, write_pool
from ghoststream.train.distill.schedule import Schedule
from ghoststream.train.distill.start import deterministic, random_student, take_classifier
from ghoststream.train.distill.teacher import Teacher, TeacherStages, teacher_stages

SCHEDULE = Schedule(learning_rate=3e-3, finish=0.5, forcing=0.5)
DRAWING = Drawing(seed=7, pictures=8, batch=4, size=32, teacher_size=32)
STEPS = 2

Begin: TypeAlias = Callable[..., Distiller]


@pytest.fixture(autouse=True, scope="module")
def _one_thread() -> Iterator[None]:
    # Networks as small as these only wait for each other's threads.
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def pool(tmp_path_factory: pytest.TempPathFactory) -> PicturePool:
    folder = tmp_path_factory.mktemp("pool")
    pictures = [Decoded(name=str(n), pixels=blobs(n)) for n in range(8)]
    write_pool(pictures, folder, key="k", stop=threading.Event())
    pool = open_pool(folder, key="k")
    assert pool is not None
    return pool


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return random_weights(tmp_path_factory.mktemp("teacher") / "teacher.safetensors", seed=3)


@pytest.fixture(scope="module")
def teacher(weights: Path) -> Teacher:
    model = create_model("ghostnet_010", weights=weights)
    model.preprocessing = replace(model.preprocessing, input_size=32)
    return Teacher(TorchRuntime(model, torch.device("cpu")))


@pytest.fixture
def begin(weights: Path, teacher: Teacher) -> Begin:
    def begin(schedule: Schedule = SCHEDULE) -> Distiller:
        student = random_student("ghostnet_010", seed=7)
        stages = teacher_stages(resolve_weights("ghostnet_010", weights), student, "cpu")
        assert isinstance(stages, TeacherStages)
        return Distiller(student, teacher, schedule=schedule, stages=stages)

    return begin


def learn(distiller: Distiller, pool: PicturePool, steps: int) -> list[float]:
    stream = batches(pool, DRAWING, start=distiller.step)
    return [distiller.learn(batch, done=distiller.step / STEPS) for batch in islice(stream, steps)]


def tensors(distiller: Distiller) -> dict[str, torch.Tensor]:
    state = distiller.state()
    moments = {
        f"optimizer.{number}.{name}": value
        for number, each in state["optimizer"]["state"].items()
        for name, value in each.items()
    }
    student = {f"student.{name}": value for name, value in state["student"].items()}
    average = {f"average.{name}": value for name, value in state["average"].items()}
    return {**student, **average, **moments}


def same(first: Distiller, second: Distiller) -> bool:
    a, b = tensors(first), tensors(second)
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


@pytest.mark.slow
def test_a_break_changes_nothing_at_all(begin: Begin, pool: PicturePool, tmp_path: Path) -> None:
    with deterministic("cpu"):
        through = begin()
        losses = learn(through, pool, STEPS)
        until = begin()
        first = learn(until, pool, 1)
        write_checkpoint(tmp_path / "checkpoint.pt", until.state())

        after = begin()
        assert not same(after, until)
        after.restore(read_checkpoint(tmp_path / "checkpoint.pt"))
        assert same(after, until)
        second = learn(after, pool, 1)
    assert first + second == losses
    assert same(after, through)
    assert after.step == through.step == STEPS


def test_what_is_imitated_comes_nearer(begin: Begin, pool: PicturePool) -> None:
    distiller = begin(Schedule(learning_rate=0.1, finish=0, forcing=0))
    with deterministic("cpu"):
        losses = learn(distiller, pool, 10)
    assert np.mean(losses[-3:]) < 0.5 * np.mean(losses[:3]), losses


def test_numbers_that_run_away_are_told(begin: Begin, pool: PicturePool) -> None:
    distiller = begin()
    distiller._student.classifier.weight.data.fill_(float("nan"))
    with pytest.raises(
        ConfigError, match=r"ran away in batch 1; choose a learning_rate below 0\.003"
    ):
        learn(distiller, pool, 1)


def test_the_classifier_is_taken_where_it_fits(teacher: Teacher) -> None:
    student = random_student("ghostnet_010", seed=7)
    assert take_classifier(student, teacher)
    assert np.array_equal(student.classifier.weight.detach().numpy(), teacher.classifier()[0])
    other = create_model("ghostnet_010", weights=None, num_classes=3)
    assert not take_classifier(other, teacher)


def test_a_seed_is_a_student() -> None:
    first, again, other = (random_student("ghostnet_010", seed=s) for s in (1, 1, 2))
    assert torch.equal(first.conv_stem.weight, again.conv_stem.weight)
    assert not torch.equal(first.conv_stem.weight, other.conv_stem.weight)
