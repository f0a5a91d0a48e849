"""`ghoststream run` in a process of its own, as a user has it; all that it starts can be found.

with LiveCommand(clip, "--realtime", folder=tmp_path) as command:
    command.until(lambda: command.lines("event"))
    command.stop()
    assert command.wait() == 130
assert command.processes() == []
"""

import json
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any, Self

Line = dict[str, Any]

MARK = "GHOSTSTREAM_TEST_RUN"
"""A variable that processes inherit, whoever their parent is by now."""
EAGER = (
    *("--weights", "bundled", "--fps", "10", "--window", "0.4", "--hop", "0.2"),
    *("--enter", "0.08", "--leave", "0.05", "--gap", "60"),
)
"""The pictures of tests make one or two events at once, which last until their stream ends."""


class LiveCommand:
    """Started at once; ended with all its processes where the block ends.

    Args:
        arguments: behind `ghoststream run`.
        folder: to run in; the log lies there as `log.jsonl`, what is printed as `out` and `err`.
        flags: of each run.
    """

    def __init__(self, *arguments: object, folder: Path, flags: tuple[str, ...] = EAGER) -> None:
        self.folder, self.log = folder, folder / "log.jsonl"
        self._mark = uuid.uuid4().hex
        given = [*map(str, arguments), *flags, "--jsonl", str(self.log)]
        with (folder / "out").open("wb") as out, (folder / "err").open("wb") as err:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "ghoststream", "run", *given],
                cwd=folder,
                stdout=out,
                stderr=err,
                env={**os.environ, MARK: self._mark},
            )

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def said(self) -> str:
        """What a person was told about the run."""
        return (self.folder / "err").read_text("utf-8")

    @property
    def shown(self) -> str:
        """What went to standard output."""
        return (self.folder / "out").read_text("utf-8")

    def lines(self, record: str | None = None, **wanted: object) -> list[Line]:
        """Whole lines of the log, of one kind and with these values where they are named."""
        lines = whole_lines(self.log)
        return [line for line in lines if record in (None, line["record"]) and _has(line, wanted)]

    def until(self, is_so: Callable[[], object], seconds: float = 60) -> None:
        """Waits for it; fails where it takes longer, or the command ends before."""
        deadline = time.monotonic() + seconds
        while not is_so():
            assert self._process.poll() is None or is_so(), f"it has ended: {self.said}"
            assert time.monotonic() < deadline, f"it did not come: {self.said}"
            time.sleep(0.02)

    def signal(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    def wait(self, seconds: float = 20) -> int:
        """The exit code."""
        return self._process.wait(seconds)

    def processes(self) -> list[int]:
        """All that live, itself included while it does."""
        pids = (int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdecimal())
        return sorted(pid for pid in pids if self._is_ours(pid))

    def captures(self) -> list[int]:
        """Processes that are connections of cameras, in the order in which they began."""
        ours = self.processes()
        forked = [pid for pid in ours if b"forkserver" in _read(pid, "cmdline")]
        return [pid for pid in forked if _parent(pid) in forked]

    def is_alone(self, seconds: float = 2) -> bool:
        """Whether all processes come to their end in time."""
        deadline = time.monotonic() + seconds
        while self.processes() and time.monotonic() < deadline:
            time.sleep(0.02)
        return not self.processes()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        for pid in self.processes():
            os.kill(pid, signal.SIGKILL)
        self._process.wait(10)

    def _is_ours(self, pid: int) -> bool:
        has_ended = b") Z " in _read(pid, "stat")
        return not has_ended and f"{MARK}={self._mark}".encode() in _read(pid, "environ")


def whole_lines(path: Path) -> list[Line]:
    """Of a log that may be written to meanwhile."""
    data = path.read_bytes() if path.exists() else b""
    return [json.loads(line) for line in data.split(b"\n")[:-1]]


def _has(line: Line, wanted: dict[str, object]) -> bool:
    return all(line.get(name) == value for name, value in wanted.items())


def _read(pid: int, name: str) -> bytes:
    """Nothing of a process that is not there any more."""
    try:
        return Path("/proc", str(pid), name).read_bytes()
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return b""


def _parent(pid: int) -> int:
    behind_name = _read(pid, "stat").rpartition(b") ")[2].split()
    return int(behind_name[1]) if behind_name else 0


def gaps(command: LiveCommand, camera: str) -> list[float]:
    """Seconds from the beginning of a camera's clip to that of the next one."""
    starts = [line["start"] for line in command.lines("clip", source=camera)]
    return [later - earlier for earlier, later in pairwise(starts)]


def states(command: LiveCommand, camera: str) -> list[str]:
    return [line["state"] for line in command.lines("status", source=camera)]
