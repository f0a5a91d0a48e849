"""Measures whole processes, side by side: wall time, CPU time and memory, start-up included.

    runs = interleaved([ours, theirs], repetitions=5)
    runs["ours"].wall.median / runs["theirs"].wall.median

Competitors take turns (A B C A B C ...), so that a machine that slows down slows all of them.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from typing import Literal

from processes import memory_bytes, with_descendants

MEMORY_POLL_SECONDS = 0.05
PEERS = Path(__file__).parent / "peers"
GHOSTSTREAM = str(Path(sys.executable).with_name("ghoststream"))


@dataclass(frozen=True, kw_only=True)
class Competitor:
    """A command to measure."""

    name: str
    command: tuple[str, ...]
    needs: tuple[str, ...] = ()
    """Python packages or programs without which it cannot run."""
    clock: Literal["process", "inside"] = "process"
    """Whose seconds count: those of the whole process, or those that it prints itself as JSON."""
    result: Path | None = None
    """File of vectors that it writes."""

    @property
    def missing(self) -> list[str]:
        return [name for name in self.needs if not (shutil.which(name) or find_spec(name))]


@dataclass(frozen=True, kw_only=True)
class Usage:
    """What one run took."""

    wall_seconds: float
    cpu_seconds: float
    """Of the process and its children."""
    peak_bytes: int
    """Resident; of a process with children, their sum, which counts shared pages repeatedly."""
    output: str
    """What it printed."""


class RunFailed(Exception):
    """A competitor ended with an error; the message is the last line that it printed."""


@dataclass(frozen=True)
class Spread:
    """Repeated measurements of one quantity."""

    values: tuple[float, ...]

    @property
    def median(self) -> float:
        return median(self.values)

    @property
    def lowest(self) -> float:
        return min(self.values)

    @property
    def highest(self) -> float:
        return max(self.values)


@dataclass(kw_only=True)
class Runs:
    """All runs of one competitor."""

    competitor: Competitor
    usages: list[Usage] = field(default_factory=list)
    problem: str | None = None
    """Why there are none: not installed, or failed."""

    @property
    def wall(self) -> Spread:
        return Spread(tuple(usage.wall_seconds for usage in self.usages))

    @property
    def cpu(self) -> Spread:
        return Spread(tuple(usage.cpu_seconds for usage in self.usages))

    @property
    def peak_megabytes(self) -> float:
        return median(usage.peak_bytes for usage in self.usages) / 1e6


def python(script: str, *arguments: object) -> tuple[str, ...]:
    """The command that runs one of `benchmarks/peers/`."""
    return (sys.executable, str(PEERS / script), *map(str, arguments))


def interleaved(competitors: Sequence[Competitor], *, repetitions: int) -> dict[str, Runs]:
    """Runs each once to warm up, then all of them in turn, `repetitions` times.

    Returns:
        By the competitor's name; one that is not installed or fails is listed with its problem.
    """
    runs = {each.name: Runs(competitor=each) for each in competitors}
    if len(runs) < len(competitors):
        raise ValueError("two competitors have one name")
    for each in runs.values():
        if each.competitor.missing:
            each.problem = f"not installed: {', '.join(each.competitor.missing)}"
    for repetition in range(repetitions + 1):
        for each in runs.values():
            _run_once(each, is_warm_up=repetition == 0)
    return runs


def measured(command: Sequence[str]) -> Usage:
    """Runs a command to its end.

    Raises:
        RunFailed: its exit code is not 0.
    """
    with tempfile.TemporaryFile("w+") as output, tempfile.TemporaryFile("w+") as errors:
        start = time.perf_counter()
        process = subprocess.Popen(command, stdout=output, stderr=errors)
        memory = _MemoryWatch(process.pid)
        _, status, usage = os.wait4(process.pid, 0)
        wall_seconds = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        peak_bytes = memory.stop()
        if process.returncode:
            raise RunFailed(_last_line(errors) or f"exit code {process.returncode}")
        output.seek(0)
        return Usage(
            wall_seconds=wall_seconds,
            cpu_seconds=usage.ru_utime + usage.ru_stime,
            peak_bytes=peak_bytes,
            output=output.read(),
        )


def _run_once(runs: Runs, *, is_warm_up: bool) -> None:
    if runs.problem is not None:
        return
    name = runs.competitor.name
    try:
        usage = _on_its_clock(runs.competitor, measured(runs.competitor.command))
    except RunFailed as error:
        runs.problem, runs.usages = f"failed: {error}", []
        print(f"{name}: {runs.problem}", file=sys.stderr)
        return
    about = "warm-up" if is_warm_up else f"run {len(runs.usages) + 1}"
    print(f"{name}: {about}, {usage.wall_seconds:.2f} s", file=sys.stderr, flush=True)
    if not is_warm_up:
        runs.usages.append(usage)


def _on_its_clock(competitor: Competitor, usage: Usage) -> Usage:
    if competitor.clock == "process":
        return usage
    return Usage(
        wall_seconds=json.loads(usage.output)["seconds"],
        cpu_seconds=json.loads(usage.output)["cpu_seconds"],
        peak_bytes=usage.peak_bytes,
        output=usage.output,
    )


def _last_line(errors: "tempfile._TemporaryFileWrapper[str]") -> str:
    errors.seek(0)
    return "".join(errors.read().strip().splitlines()[-1:])


class _MemoryWatch:
    """Looks at a process and its descendants from a thread, until it is stopped.

    The kernel's own record (`ru_maxrss`) begins with the memory of the process that forked, so that
    a small program would be given the size of this one.
    """

    def __init__(self, pid: int) -> None:
        self._pid, self._peak_bytes = pid, 0
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def stop(self) -> int:
        self._stopped.set()
        self._thread.join()
        return self._peak_bytes

    def _watch(self) -> None:
        start = time.monotonic()
        while not self._stopped.is_set():
            total = sum(memory_bytes(pid, "VmHWM:") for pid in with_descendants(self._pid))
            self._peak_bytes = max(self._peak_bytes, total)
            # A short process is looked at often enough, too.
            tenth = max(0.002, (time.monotonic() - start) / 10)
            self._stopped.wait(min(MEMORY_POLL_SECONDS, tenth))
