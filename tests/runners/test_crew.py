"""A crew does every task once; a process that dies or hangs loses its task and no other."""

from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from tempfile import TemporaryDirectory
from typing import Any, TypeAlias

import pytest
from crews import RAY_ENVIRONMENT, all_messages, make_work, messages_of, of

from ghoststream.runners.crew import Crew, Done, Lost, Workforce

MakeCrew: TypeAlias = Callable[..., Workforce[str]]


@pytest.fixture(scope="module")
def _ray_here() -> Iterator[None]:
    """One cluster for all tests, since it takes seconds to start."""
    ray = pytest.importorskip("ray")
    # Not in pytest's own folder, which is too long for the names of sockets.
    with pytest.MonkeyPatch.context() as patch, TemporaryDirectory(prefix="ray-") as folder:
        for name, value in RAY_ENVIRONMENT.items():
            patch.setenv(name, value)
        ray.init(
            address="local", num_cpus=2, object_store_memory=100 << 20, include_dashboard=False,
            log_to_driver=False, logging_level="ERROR", _temp_dir=folder,
        )  # fmt: skip
        yield
        ray.shutdown()


@pytest.fixture(
    params=[
        "processes",
        # Ray leaves files and sockets of a cluster that it has started to the garbage collector.
        pytest.param(
            "ray",
            marks=[
                pytest.mark.slow,
                pytest.mark.filterwarnings("ignore::ResourceWarning"),
                pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
            ],
        ),
    ]
)
def make_crew(request: pytest.FixtureRequest) -> MakeCrew:
    """Makes the crews that all keep the same contract."""
    if request.param == "processes":
        return partial(Crew, make_work)
    request.getfixturevalue("_ray_here")
    from ghoststream.runners.ray_runner import RayCrew

    return partial(RayCrew, make_work)


def test_every_task_is_done_once(make_crew: MakeCrew) -> None:
    with closing(make_crew(workers=2)) as crew:
        for index in range(5):
            crew.give(index, f"task {index}")
        messages = all_messages(crew)
    for index in range(5):
        assert of(index, messages) == [f"begin task {index}", f"end task {index}", Done()]


def test_tasks_may_come_later(make_crew: MakeCrew) -> None:
    with closing(make_crew(workers=2)) as crew:
        crew.give(0, "a")
        first = all_messages(crew)
        assert not crew.has(0)
        crew.give(1, "b")
        assert crew.has(1)
        second = all_messages(crew)
    assert of(0, first)[-1] == Done()
    assert of(1, second) == ["begin b", "end b", Done()]


@pytest.mark.parametrize(("task", "cause"), [("die", "by SIGSEGV"), ("exit", "with exit code 7")])
def test_a_process_that_dies_loses_its_task_only(
    make_crew: MakeCrew, task: str, cause: str
) -> None:
    with closing(make_crew(workers=1)) as crew:
        for index, name in enumerate([task, "a", task]):
            crew.give(index, name)
        messages = all_messages(crew)
    assert of(0, messages) == [f"begin {task}", Lost(cause)]
    assert of(1, messages) == ["begin a", "end a", Done()]
    assert of(2, messages) == [f"begin {task}", Lost(cause)]


def test_a_process_that_is_silent_for_too_long_is_ended(make_crew: MakeCrew) -> None:
    with closing(make_crew(workers=1, patience_seconds=0.6)) as crew:
        for index, name in enumerate(["hang", "slow", "a"]):
            crew.give(index, name)
        messages = all_messages(crew)
    assert of(0, messages) == ["begin hang", Lost("by SIGKILL", is_late=True)]
    assert of(1, messages)[-2:] == ["end slow", Done()]
    assert of(2, messages)[-1] == Done()


def test_a_stop_ends_what_is_at_hand_in_order(make_crew: MakeCrew) -> None:
    with closing(make_crew(workers=1)) as crew:
        crew.give(0, "until stopped")
        crew.give(1, "a")
        messages: list[tuple[int, Any]] = [next(messages_of(crew))]
        crew.stop()
        messages += all_messages(crew)
        crew.give(2, "late")
        assert not crew.has(2)
    assert messages == [(0, "begin until stopped"), (0, "end until stopped"), (0, Done())]


def test_stopping_a_worker_that_has_just_died_is_no_error() -> None:
    with closing(Crew(make_work, workers=1)) as crew:
        crew.give(0, "hang")
        (worker,) = crew._workers
        worker.process.kill()
        worker.process.join()
        crew.stop()
        assert all_messages(crew)[-1] == (0, Lost("by SIGKILL"))
