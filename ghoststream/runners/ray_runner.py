"""Work on a Ray cluster: the same crew as here, with a worker on each core of many machines.

with closing(RayCrew(make_work, address="10.0.0.1:6379")) as crew:
    crew.give(0, task)
    while crew.has(0):
        for index, message in crew.messages(): ...

On each core an actor keeps a process for the tasks, as `Crew` does here: what kills or hangs a
decoder costs that process, and ends alike on a cluster and without one. An actor that is lost with
its machine loses nothing but time: its task is begun anew on another one.
"""

import logging
import os
import pickle
import signal
import socket
import threading
import time
import warnings
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, Generic, TypeAlias

import ray
from ray.exceptions import RayError, RayTaskError

from ghoststream.config import ArchiveConfig
from ghoststream.cores import available_cores
from ghoststream.errors import ConfigError, SourceNotFound, SourceUnreadable
from ghoststream.models import choose_device, resolve_weights
from ghoststream.runners.archive.analysis import Ended, Order, sha256_of
from ghoststream.runners.crew import Again, Crew, Done, Lost, MakeWork, Send, Task, Work
from ghoststream.version import __version__

MAX_RETRIES = 3
"""Of a task whose machine has gone."""
MAX_FAILED_STARTS = 3
"""A worker, before any of them has begun; then something is wrong with the cluster."""
MAX_MESSAGES_AHEAD = 8
"""That a worker may send before they are read; of findings, each holds less than a megabyte."""
OBJECT_STORE_BYTES = 256 << 20
"""Shared memory of a new cluster: messages pass through it, and nothing stays there."""
POLL_SECONDS = 0.1
COUNT_SECONDS = 5.0
"""From one count of the cluster's cores to the next."""
CONNECT_SECONDS = 10.0
"""Ray itself would wait for minutes where nobody answers."""
GRACE_SECONDS = 60.0
"""Beyond a task's patience, until its whole actor is given up."""

NOT_SEEN = (SourceNotFound.code, SourceUnreadable.code)

Check: TypeAlias = Callable[[], None]
"""Called on each machine before its first task; raises what the user is to be told."""


class _Actor:
    """One core of the cluster: a crew of one process there, and a way to hear of it."""

    def __init__(self) -> None:
        self._stop = threading.Event()
        self._crew: Crew[Any] | None = None

    def prepare(self, version: str, payload: bytes) -> str | None:
        """Makes ready; what stands against it, in one sentence."""
        node = socket.gethostname()
        if version != __version__:
            return (
                f"node {node} has ghoststream {__version__} and not {version}; install the same "
                "version on all nodes"
            )
        try:
            make_work, patience_seconds, check, place = pickle.loads(payload)
            os.chdir(place)  # paths in settings may be relative
            if check is not None:
                check()
        except Exception as error:  # noqa: BLE001 - the edge of a worker: told to the user
            return f"node {node} cannot begin: {error}"
        self._crew = Crew(make_work, workers=1, patience_seconds=patience_seconds)
        return None

    def perform(self, task: object) -> Iterator[object]:
        """Does a task; what comes of it, as it comes."""
        assert self._crew is not None
        self._crew.give(0, task)
        while self._crew.has(0):
            if self._stop.is_set():
                self._crew.stop()
            for _, message in self._crew.messages():
                yield message

    @ray.method(concurrency_group="words")
    def stop(self) -> None:
        """Ends the task at hand in order; called beside `perform`."""
        self._stop.set()


@dataclass(slots=True, kw_only=True, eq=False)
class _Worker(Generic[Task]):
    """An actor, and the task that it is at."""

    actor: Any
    awaited: Any
    """The reference, or the stream of references, that it will fill next."""
    is_ready: bool = False
    index: int | None = None
    task: Task | None = None
    heard_at: float = field(default_factory=time.monotonic)
    is_late: bool = False


class RayCrew(Generic[Task]):
    """Workers on a Ray cluster, each with a task as long as there are some.

    Args:
        make_work: makes what a worker does with each task, on its machine.
        workers: at most; None takes as many as the cluster has cores, those that join it, too.
        patience_seconds: as of `Crew`.
        address: of the cluster; None takes what RAY_ADDRESS names, or makes a new one here.
        check: called on each machine before its first task.
        cards: of graphics, that each worker takes for itself.

    Raises:
        ConfigError: there is no cluster at the address.
    """

    def __init__(
        self,
        make_work: MakeWork[Task],
        *,
        workers: int | None = None,
        patience_seconds: float | None = None,
        address: str | None = None,
        check: Check | None = None,
        cards: int = 0,
    ) -> None:
        self._payload = pickle.dumps((make_work, patience_seconds, check, Path.cwd()))
        self._most, self._cards = workers, cards
        self._patience_seconds = patience_seconds
        self._waiting: deque[tuple[int, Task]] = deque()
        self._workers: list[_Worker[Task]] = []
        self._losses: Counter[int] = Counter()
        self._failed_starts, self._has_begun = 0, False
        self._is_stopping = False
        self._places, self._counted_at = 0, -COUNT_SECONDS
        self._is_connected_by_us = not ray.is_initialized()
        if self._is_connected_by_us:
            _connect(address, workers or available_cores())

    @property
    def tasks(self) -> int:
        """That are not at their end."""
        return len(self._waiting) + sum(worker.index is not None for worker in self._workers)

    def has(self, index: int) -> bool:
        """Whether somebody is at this task, or will be."""
        at_hand = any(worker.index == index for worker in self._workers)
        return at_hand or any(index == waiting for waiting, _ in self._waiting)

    def give(self, index: int, task: Task) -> None:
        """Adds a task, under a number that no other one has."""
        if not self._is_stopping:
            self._waiting.append((index, task))

    def messages(self) -> Iterator[tuple[int, Any]]:
        """What has come in, after a short wait: number of the task and what was sent of it.

        The last of each task is a `Done` or a `Lost`; an `Again` takes back what came before it.

        Raises:
            ConfigError: a machine that cannot do this work.
        """
        self._hire()
        self._assign()
        self._end_late()
        for worker in self._heard():
            index = worker.index
            for message in self._received(worker):
                assert index is not None
                yield index, message

    def stop(self) -> None:
        """Ends the tasks at hand in order, and begins no other."""
        if not self._is_stopping:
            self._is_stopping = True
            self._waiting.clear()
            for worker in self._workers:
                worker.actor.stop.remote()

    def close(self) -> None:
        """Lets the workers go; what they are at is given up."""
        for worker in self._workers:
            ray.kill(worker.actor)
        self._workers = []
        if self._is_connected_by_us:
            ray.shutdown()

    def _hire(self) -> None:
        busy = sum(worker.index is not None for worker in self._workers)
        wanted = min(busy + len(self._waiting), self._room())
        for _ in range(len(self._workers), wanted):
            actor = _actor_class().options(num_cpus=1, num_gpus=self._cards).remote()
            awaited = actor.prepare.remote(__version__, self._payload)
            self._workers.append(_Worker(actor=actor, awaited=awaited))

    def _room(self) -> int:
        """How many workers there may be; machines come and go."""
        if time.monotonic() - self._counted_at > COUNT_SECONDS:
            resources: Any = ray.cluster_resources
            there: Mapping[str, float] = resources()
            self._places = int(
                there.get("GPU", 0) / self._cards if self._cards else there.get("CPU", 0)
            )
            self._counted_at = time.monotonic()
        return min(self._places, self._most or self._places)

    def _assign(self) -> None:
        for worker in self._workers:
            if worker.is_ready and worker.index is None and self._waiting:
                worker.index, worker.task = self._waiting.popleft()
                worker.heard_at = time.monotonic()
                worker.awaited = _stream_of(worker.actor, worker.task)

    def _heard(self) -> list[_Worker[Task]]:
        """Workers that have said something."""
        awaited = [worker.awaited for worker in self._workers if worker.awaited is not None]
        if not awaited:
            time.sleep(POLL_SECONDS)
            return []
        ray.wait(awaited, num_returns=1, timeout=POLL_SECONDS, fetch_local=False)
        ready, _ = ray.wait(awaited, num_returns=len(awaited), timeout=0, fetch_local=False)
        return [worker for worker in self._workers if any(worker.awaited is r for r in ready)]

    def _received(self, worker: _Worker[Task]) -> list[object]:
        worker.heard_at = time.monotonic()
        try:
            if not worker.is_ready:
                return self._begun(worker)
            message = ray.get(next(worker.awaited))
        except StopIteration:  # told to stop before it began
            message = Done()
        except RayTaskError:
            raise  # a mistake of ours, not a machine that has gone
        except RayError as error:
            return self._bury(worker, error)
        if isinstance(message, Done | Lost):
            worker.index, worker.task, worker.awaited = None, None, None
        return [message]

    def _begun(self, worker: _Worker[Task]) -> list[object]:
        problem = ray.get(worker.awaited)
        if problem is not None:
            raise ConfigError(problem)
        worker.is_ready, worker.awaited = True, None
        self._has_begun = True
        return []

    def _end_late(self) -> None:
        if self._patience_seconds is None:
            return
        latest = time.monotonic() - self._patience_seconds - GRACE_SECONDS
        for worker in self._workers:
            if worker.index is not None and worker.heard_at < latest and not _has_news(worker):
                worker.is_late = True
                ray.kill(worker.actor)

    def _bury(self, worker: _Worker[Task], error: RayError) -> list[object]:
        """An actor that has gone: its task is begun anew elsewhere, unless that happens often."""
        self._workers.remove(worker)
        with suppress(RayError):
            ray.kill(worker.actor)
        self._counted_at = -COUNT_SECONDS
        if worker.index is None or worker.task is None:
            self._check_starts(error)
            return []
        self._losses[worker.index] += 1
        losses = self._losses[worker.index]
        if worker.is_late or self._is_stopping or losses > MAX_RETRIES:
            return [Lost(f"with its machine, {losses} times", is_late=worker.is_late)]
        self._waiting.appendleft((worker.index, worker.task))
        return [Again()]

    def _check_starts(self, error: RayError) -> None:
        self._failed_starts += 1
        if not self._has_begun and self._failed_starts > MAX_FAILED_STARTS * max(1, self._places):
            reason = " ".join(str(error).split())
            raise ConfigError(
                "no worker could begin on the Ray cluster; is the same ghoststream installed on "
                f"all nodes? {reason}"
            ) from error


def _actor_class() -> Any:
    remote: Any = ray.remote
    # One task at a time, and beside it the word to stop.
    return remote(max_restarts=0, concurrency_groups={"words": 1})(_Actor)


def _stream_of(actor: Any, task: object) -> Any:
    streaming = actor.perform.options(
        num_returns="streaming", _generator_backpressure_num_objects=MAX_MESSAGES_AHEAD
    )
    return streaming.remote(task)


def _has_news(worker: _Worker[Task]) -> bool:
    ready, _ = ray.wait([worker.awaited], timeout=0, fetch_local=False)
    return bool(ready)


def _connect(address: str | None, cores: int) -> None:
    """Makes this process a driver of a cluster, a new one here if none is named."""
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    address = address or os.environ.get("RAY_ADDRESS")
    settings: dict[str, Any] = {"address": address}
    if address is None or address == "local":
        settings = {
            "address": "local",
            "num_cpus": cores,
            "object_store_memory": OBJECT_STORE_BYTES,
            "include_dashboard": False,
        }
    else:
        _check_answers(address)
    try:
        with _own_signals(), warnings.catch_warnings():
            # What is forked to start a cluster becomes another program at once.
            warnings.filterwarnings("ignore", message="lancedb fork support")
            ray.init(**settings, log_to_driver=False, logging_level=logging.ERROR)
    except (ConnectionError, RuntimeError, ValueError) as error:
        reason = " ".join(str(error).split())
        raise ConfigError(f"cannot use the Ray cluster {address or 'here'}: {reason}") from error


def _check_answers(address: str) -> None:
    if address == "auto":
        return
    if "://" in address:
        raise ConfigError(
            f"{address} is no address of a cluster; run this on one of its nodes, with --address "
            "auto or host:port, such as 10.0.0.1:6379"
        )
    host, _, port = address.rpartition(":")
    if not host or not port.isdecimal():
        raise ConfigError(f"{address} is no address of a Ray cluster; it is as 10.0.0.1:6379")
    try:
        socket.create_connection((host.strip("[]"), int(port)), CONNECT_SECONDS).close()
    except (OSError, OverflowError) as error:
        raise ConfigError(
            f"no Ray cluster answers at {address} ({error}); start one with `ray start --head`"
        ) from error


@contextmanager
def _own_signals() -> Iterator[None]:
    """Ray takes SIGTERM for itself, and would end us without an end."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    handler = signal.getsignal(signal.SIGTERM)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, handler)


def analysing_crew(
    config: ArchiveConfig, make_work: Callable[[ArchiveConfig, int], Work[Order]]
) -> RayCrew[Order]:
    """The crew that analyses the files of an archive on a cluster.

    Args:
        config: as of the run.
        make_work: called in each worker, with its number of threads.

    Raises:
        ConfigError: there is no cluster at the address.
    """
    device = choose_device(config.device)
    # One kind of device for all, whatever else a machine has.
    config = config.model_copy(update={"device": device})
    return RayCrew(
        partial(_named_work, config, make_work),
        workers=config.workers,
        patience_seconds=float(config.file_timeout),
        address=config.address,
        check=partial(_check_inputs, config, _inputs_of(config)),
        cards=int(device == "cuda"),
    )


def _inputs_of(config: ArchiveConfig) -> dict[str, str]:
    """What decides the vectors, and is read from files: SHA-256 of each."""
    inputs = {"weights": resolve_weights(config.model, config.weights).sha256}
    return inputs if config.head is None else {**inputs, "head": sha256_of(config.head)}


def _check_inputs(config: ArchiveConfig, wanted: Mapping[str, str]) -> None:
    """Refuses a machine whose results would be others."""
    for name, sha256 in _inputs_of(config).items():
        if sha256 != wanted[name]:
            raise ConfigError(
                f"its {name} have sha256 {sha256[:12]} instead of {wanted[name][:12]}; copy the "
                "same file to all nodes"
            )


def _named_work(
    config: ArchiveConfig, make_work: Callable[[ArchiveConfig, int], Work[Order]]
) -> Work[Order]:
    """Says which machine it was that could not see a file: others may."""
    work, machine = make_work(config, 1), socket.gethostname()

    def named(order: Order, send: Send, stop: threading.Event) -> None:
        work(order, lambda message: send(_with_machine(message, machine)), stop)

    return named


def _with_machine(message: object, machine: str) -> object:
    if not isinstance(message, Ended) or message.error_code not in NOT_SEEN:
        return message
    error = f"{message.summary.error} (as seen from {machine})"
    return replace(message, summary=replace(message.summary, error=error))
