"""What the system says of a process and all that descend from it.

family = with_descendants(process.pid)
cpu_seconds(family), resident_bytes(family), open_files(family), threads(family)
"""

import os
from collections.abc import Iterable
from pathlib import Path

TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")


def with_descendants(pid: int) -> list[int]:
    """A process, its children, theirs, and so on."""
    found, open_ends = [], [pid]
    while open_ends:
        found.append(open_ends.pop())
        for task in entries(found[-1], "task"):
            open_ends += map(int, read(task / "children").split())
    return found


def cpu_seconds(pids: Iterable[int]) -> float:
    """Used by them, and by children of theirs that have ended."""
    return sum(map(_ticks, pids)) / TICKS_A_SECOND


def resident_bytes(pids: Iterable[int]) -> int:
    """Memory that they hold; pages that they share count repeatedly."""
    return sum(memory_bytes(pid, "VmRSS:") for pid in pids)


def open_files(pids: Iterable[int]) -> int:
    """File descriptors that they hold."""
    return sum(len(entries(pid, "fd")) for pid in pids)


def threads(pids: Iterable[int]) -> int:
    """That they run, their first ones included."""
    return sum(len(entries(pid, "task")) for pid in pids)


def memory_bytes(pid: int, field: str) -> int:
    """One line of a process's status, such as `VmHWM:`; 0 if it has just ended."""
    for line in read(Path(f"/proc/{pid}/status")).splitlines():
        if line.startswith(field):
            return int(line.split()[1]) * 1024
    return 0


def _ticks(pid: int) -> int:
    # The name, in brackets, may hold spaces: fields are counted from behind it.
    fields = read(Path(f"/proc/{pid}/stat")).rpartition(")")[2].split()
    return sum(map(int, fields[11:15]))


def entries(pid: int, folder: str) -> list[Path]:
    """Of a folder of a process, such as `task`; none if it has just ended."""
    try:
        return list(Path(f"/proc/{pid}/{folder}").iterdir())
    except (FileNotFoundError, ProcessLookupError):
        return []


def read(path: Path) -> str:
    """Empty if the process has just ended."""
    try:
        return path.read_text()
    except (FileNotFoundError, ProcessLookupError):
        return ""
