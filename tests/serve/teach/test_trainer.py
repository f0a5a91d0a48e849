"""Trainings in the background: one after the other, told of, ended at any moment."""

import errno
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path

import pytest
from learners import (
    crash,
    have_a_defect,
    learn_at_once,
    learn_nothing,
    never_end,
    say_how_nice,
    sleep,
)

from ghoststream.errors import Conflict, DataError, GhostStreamError, NotThere, WorkerLost
from ghoststream.serve.child import Child
from ghoststream.serve.feed import Feed
from ghoststream.serve.review import Review
from ghoststream.serve.teach import trainer as trainer_module
from ghoststream.serve.teach.plan import LearningPlan
from ghoststream.serve.teach.trainer import Trainer

SECONDS = 30.0


def plan_in(stores: Path, folder: Path) -> tuple[LearningPlan, tuple[str, ...]]:
    plan = LearningPlan(
        table=folder / "examples.csv",
        examples=(),
        archive=None,
        stores=stores,
        folder=folder,
        running={},
        looking={},
    )
    return plan, ("few clips",)


def refuse(folder: Path) -> tuple[LearningPlan, tuple[str, ...]]:
    raise DataError("there are no examples")


def refuse_late(folder: Path) -> tuple[LearningPlan, tuple[str, ...]]:
    (folder / "examples.csv").write_text("path,label")
    return refuse(folder)


@pytest.fixture
def review(tmp_path: Path) -> Iterator[Review]:
    with Review(tmp_path / "review.db") as opened:
        yield opened


@contextmanager
def trainer_of(
    review: Review, folder: Path, work: Callable[..., None], plan: object = None
) -> Iterator[Trainer]:
    trainer = Trainer(
        review,
        feed=Feed(),
        folder=folder / "training",
        heads=folder / "heads",
        plan=plan or partial(plan_in, folder),  # type: ignore[arg-type]
        work=work,
    )
    with closing(trainer):
        yield trainer


def until(trainer: Trainer, id: str, *states: str) -> None:
    end = time.monotonic() + SECONDS
    while trainer.get(id).state not in states:
        assert time.monotonic() < end
        time.sleep(0.02)


def test_a_training_ends_with_a_head_and_says_what_to_bear_in_mind(
    review: Review, tmp_path: Path
) -> None:
    with trainer_of(review, tmp_path, learn_at_once) as trainer:
        started = trainer.start("door")
        assert (started.name, started.state, started.message) == ("door", "waiting", "few clips")
        until(trainer, started.id, "done", "failed")
        done = trainer.get(started.id)
        assert (done.state, done.done, done.of, done.accuracy) == ("done", 3, 4, 0.9)
        assert done.interval == pytest.approx((0.596, 0.982), abs=0.001)
        assert done.message == (
            "few clips; one camera only; 1 examples cannot be read, and are left out; the first: "
            "a.mp4: cut off"
        )
        assert (tmp_path / "heads" / "door.safetensors").read_bytes() == b"a head"
        with pytest.raises(Conflict, match="there is a head called 'door'"):
            trainer.start("door")


def test_one_at_a_time_and_each_can_be_cancelled(review: Review, tmp_path: Path) -> None:
    with trainer_of(review, tmp_path, never_end) as trainer:
        first, second = trainer.start("first"), trainer.start("second")
        until(trainer, first.id, "running")
        assert trainer.get(second.id).state == "waiting"
        with pytest.raises(Conflict, match="'second' is being trained"):
            trainer.start("second")
        assert trainer.cancel(second.id).state == "cancelled"
        assert trainer.cancel(first.id).state == "cancelled"
        third = trainer.start("second")
        until(trainer, third.id, "running")
        assert [t.state for t in trainer.all()] == ["running", "cancelled", "cancelled"]
        assert list((tmp_path / "heads").iterdir()) == []
    assert review.rows("SELECT state FROM trainings WHERE id = ?", (third.id,))[0][0] == "failed"
    with trainer_of(review, tmp_path, never_end) as again:
        assert again.get(third.id).message.startswith("interrupted: the page was ended")


def test_what_is_left_of_a_killed_page_has_failed(review: Review, tmp_path: Path) -> None:
    with trainer_of(review, tmp_path, learn_at_once):
        pass
    review.execute(
        "INSERT INTO trainings (id, name, state, started) VALUES ('x', 'door', 'running', 1)"
    )
    with trainer_of(review, tmp_path, learn_at_once) as trainer:
        assert trainer.get("x").state == "failed"
        assert trainer.get("x").message.startswith("interrupted")


@pytest.mark.parametrize(
    ("work", "says"),
    [
        (learn_nothing, "class 'cat' has one clip; it takes two"),
        (crash, "the process ended by SIGSEGV; try again"),
        (have_a_defect, "KeyError: 'no'"),
    ],
)
def test_a_training_that_fails_says_why(
    review: Review, tmp_path: Path, work: Callable[..., None], says: str
) -> None:
    with trainer_of(review, tmp_path, work) as trainer:
        training = trainer.start("door")
        until(trainer, training.id, "failed")
        assert trainer.get(training.id).message == says
        assert trainer.start("door").state == "waiting"


@pytest.mark.parametrize("plan", [refuse, refuse_late])
def test_what_cannot_be_planned_leaves_nothing(
    review: Review, tmp_path: Path, plan: object
) -> None:
    with trainer_of(review, tmp_path, learn_at_once, plan) as trainer:
        with pytest.raises(DataError, match="there are no examples"):
            trainer.start("door")
        assert trainer.all() == []
        assert list((tmp_path / "training").iterdir()) == []
        with pytest.raises(NotThere, match="no such training"):
            trainer.cancel("x")


def test_a_training_that_finds_no_process_stops_no_other(
    review: Review, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_process(*_: object) -> Child:
        raise BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable")

    with trainer_of(review, tmp_path, learn_at_once) as trainer:
        with monkeypatch.context() as patched:
            patched.setattr(trainer_module, "Child", no_process)
            failed = trainer.start("door")
            until(trainer, failed.id, "failed")
        assert trainer.get(failed.id).message == (
            "no process could be started: Resource temporarily unavailable; try again"
        )
        until(trainer, trainer.start("gate").id, "done")


def test_a_child_is_nice_and_its_messages_come_in_order() -> None:
    (niceness,) = Child(say_how_nice).messages()
    assert niceness >= 10


def test_a_child_that_was_killed_is_lost() -> None:
    child = Child(sleep)
    child.kill()
    with pytest.raises(WorkerLost, match="the process ended by SIGKILL"):
        list(child.messages())
    assert issubclass(WorkerLost, GhostStreamError)
