import asyncio
import errno
import multiprocessing
import os
import resource
import signal
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import pytest
from fastapi import Request

from ghoststream.errors import Abandoned, Busy, NotAVideo, WorkerLost
from ghoststream.serve.wanted import wanted_by
from ghoststream.serve.worker import WAITING, Worker

T = TypeVar("T")


def double(number: int) -> int:
    return 2 * number


def facts() -> tuple[int, int, tuple[int, int]]:
    return os.getpid(), os.nice(0), resource.getrlimit(resource.RLIMIT_CORE)


def hang() -> None:
    time.sleep(60)


def leave() -> None:
    os._exit(7)


def be_killed() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def refuse() -> None:
    raise NotAVideo("this is a poem")


def fail() -> None:
    raise RuntimeError("rtsp://user:geheim@camera")


def grow(nbytes: int) -> int:
    return len(bytearray(nbytes))


def with_worker(use: Callable[[Worker], Awaitable[T]]) -> T:
    async def run() -> T:
        worker = Worker(memory_bytes=1 << 30)
        try:
            return await use(worker)
        finally:
            worker.close()

    return asyncio.run(run())


def test_one_process_does_what_it_is_asked() -> None:
    async def use(worker: Worker) -> None:
        assert await worker.call(double, 21, timeout_seconds=30) == 42
        pid, niceness, core = await worker.call(facts, timeout_seconds=30)
        assert pid != os.getpid()
        assert niceness == max(10, os.nice(0))
        assert core == (0, 0)
        with pytest.raises(NotAVideo, match="this is a poem"):
            await worker.call(refuse, timeout_seconds=30)
        assert (await worker.call(facts, timeout_seconds=30))[0] == pid
        assert worker.restarts == 0

    with_worker(use)


def test_whatever_happens_to_it_the_next_call_is_answered(
    capfd: pytest.CaptureFixture[str],
) -> None:
    async def use(worker: Worker) -> list[str]:
        sentences = []
        for function, args, seconds in (
            (hang, (), 0.2),
            (leave, (), 30),
            (be_killed, (), 30),
            (fail, (), 30),
            (grow, (2 << 30,), 30),
        ):
            with pytest.raises(WorkerLost) as caught:
                await worker.call(function, *args, timeout_seconds=seconds)
            sentences.append(str(caught.value).removeprefix("the process that was to do this "))
        assert await worker.call(double, 21, timeout_seconds=30) == 42
        assert worker.restarts == 5
        return sentences

    assert with_worker(use) == [
        "was ended: it took more than 0.2 seconds",
        "was ended: with exit code 7",
        "was ended: by SIGKILL",
        "was ended: a defect in GhostStream, RuntimeError",
        "was ended: it needs more memory than it may have",
    ]
    capfd.readouterr()


def test_nobody_gets_the_answer_to_the_question_of_another() -> None:
    async def use(worker: Worker) -> None:
        await worker.call(double, 1, timeout_seconds=30)
        hanging = asyncio.create_task(worker.call(hang, timeout_seconds=30))
        waiting = asyncio.create_task(worker.call(double, 2, timeout_seconds=30))
        await asyncio.sleep(0.1)
        hanging.cancel()
        assert await waiting == 4
        with pytest.raises(asyncio.CancelledError):
            await hanging

    with_worker(use)


@pytest.mark.parametrize("is_there", [True, False])
def test_nothing_is_done_for_one_who_has_gone_before_its_turn(is_there: bool) -> None:
    async def receive() -> dict[str, str]:
        if not is_there:
            return {"type": "http.disconnect"}
        await asyncio.sleep(60)
        raise AssertionError("nobody waits for it")

    async def use(worker: Worker) -> int:
        request = Request({"type": "http"}, receive)
        return await worker.call(double, 21, timeout_seconds=30, is_wanted=wanted_by(request))

    if is_there:
        assert with_worker(use) == 42
    else:
        with pytest.raises(Abandoned, match="has gone"):
            with_worker(use)


def test_only_so_many_wait() -> None:
    async def use(worker: Worker) -> None:
        calls = [
            asyncio.create_task(worker.call(double, n, timeout_seconds=30)) for n in range(WAITING)
        ]
        await asyncio.sleep(0)
        with pytest.raises(Busy, match="try again in a moment"):
            await worker.call(double, 1, timeout_seconds=30)
        assert await asyncio.gather(*calls) == [2 * n for n in range(WAITING)]

    with_worker(use)


def hang_after_telling(path: str) -> None:
    Path(path).write_text(str(os.getpid()))
    hang()


def hang_with_a_worker(path: str) -> None:
    asyncio.run(Worker().call(hang_after_telling, path, timeout_seconds=60))


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.mark.slow
def test_it_ends_with_a_page_that_is_killed(tmp_path: Path) -> None:
    told = tmp_path / "pid"
    page = multiprocessing.get_context("spawn").Process(
        target=hang_with_a_worker, args=(str(told),)
    )
    page.start()
    deadline = time.monotonic() + 30
    while not (told.exists() and told.read_text()) and time.monotonic() < deadline:
        time.sleep(0.05)
    pid = int(told.read_text())
    assert is_alive(pid)
    page.kill()
    page.join()
    while is_alive(pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not is_alive(pid)


def test_a_machine_without_room_for_a_process_is_a_sentence(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def no_room(_: Worker) -> None:
        raise BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable")

    async def ask(worker: Worker) -> int:
        with monkeypatch.context() as patched:
            patched.setattr(Worker, "_started", no_room)
            with pytest.raises(WorkerLost, match="no room for it: Resource temporarily"):
                await worker.call(double, 1, timeout_seconds=10)
        return await worker.call(double, 2, timeout_seconds=10)

    assert with_worker(ask) == 4
