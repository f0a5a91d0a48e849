"""A crew does every task once; a process that dies or hangs loses its task and no other."""

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from ghoststream.runners.crew import Crew, Done, Lost, Send, Work

Messages = list[tuple[int, Any]]


def make_work() -> Work[str]:
    def work(task: str, send: Send, stop: threading.Event) -> None:
        send(f"begin {task}")
        if task == "die":
            os.kill(os.getpid(), signal.SIGSEGV)
        if task == "exit":
            os._exit(7)
        if task == "hang":
            time.sleep(60)
        if task == "until stopped":
            stop.wait(60)
        if task == "slow":
            for _ in range(10):
                time.sleep(0.1)
                send("alive")
        send(f"end {task}")

    return work


def all_messages(crew: Crew[str]) -> Messages:
    return list(_messages(crew))


def _messages(crew: Crew[str]) -> Iterator[tuple[int, Any]]:
    while crew.tasks:
        yield from crew.messages()


def of(index: int, messages: Messages) -> list[Any]:
    return [message for number, message in messages if number == index]


def test_every_task_is_done_once() -> None:
    with closing(Crew(make_work, workers=2)) as crew:
        for index in range(5):
            crew.give(index, f"task {index}")
        messages = all_messages(crew)
    for index in range(5):
        assert of(index, messages) == [f"begin task {index}", f"end task {index}", Done()]


def test_tasks_may_come_later() -> None:
    with closing(Crew(make_work, workers=2)) as crew:
        crew.give(0, "a")
        first = all_messages(crew)
        assert not crew.has(0)
        crew.give(1, "b")
        assert crew.has(1)
        second = all_messages(crew)
    assert of(0, first)[-1] == Done()
    assert of(1, second) == ["begin b", "end b", Done()]


@pytest.mark.parametrize(("task", "cause"), [("die", "by SIGSEGV"), ("exit", "with exit code 7")])
def test_a_process_that_dies_loses_its_task_only(task: str, cause: str) -> None:
    with closing(Crew(make_work, workers=1)) as crew:
        for index, name in enumerate([task, "a", task]):
            crew.give(index, name)
        messages = all_messages(crew)
    assert of(0, messages) == [f"begin {task}", Lost(cause)]
    assert of(1, messages) == ["begin a", "end a", Done()]
    assert of(2, messages) == [f"begin {task}", Lost(cause)]


def test_a_process_that_is_silent_for_too_long_is_ended() -> None:
    with closing(Crew(make_work, workers=1, patience_seconds=0.6)) as crew:
        for index, name in enumerate(["hang", "slow", "a"]):
            crew.give(index, name)
        messages = all_messages(crew)
    assert of(0, messages) == ["begin hang", Lost("by SIGKILL", is_late=True)]
    assert of(1, messages)[-2:] == ["end slow", Done()]
    assert of(2, messages)[-1] == Done()


def test_a_stop_ends_what_is_at_hand_in_order() -> None:
    with closing(Crew(make_work, workers=1)) as crew:
        crew.give(0, "until stopped")
        crew.give(1, "a")
        messages = [next(_messages(crew))]
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
