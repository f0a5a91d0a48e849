"""Files that can be made again, as many as a budget holds.

cache = DiskCache(data / "stills", budget_bytes=1 << 30)
path = await cache.file("abc.jpg", make, wanted_by(request))
"""

import asyncio
import os
import secrets
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import TypeAlias

import anyio.to_thread

from ghoststream.serve.wanted import Wanted, always
from ghoststream.sinks.atomic import output_errors

Make: TypeAlias = Callable[[Path, Wanted], Awaitable[None]]

PARTIAL = ".partial"
LOW_WATER = 0.8
"""Of the budget, to which the oldest make room, so that this need not be done for each file."""


class DiskCache:
    """A directory of files; those that nobody has asked for the longest go first.

    Args:
        folder: of its own; made where it is not there.
        budget_bytes: that the files may fill.
    """

    def __init__(self, folder: Path, *, budget_bytes: int) -> None:
        self._folder, self._budget_bytes = folder, budget_bytes
        self._making: dict[str, asyncio.Task[Path]] = {}
        self._waiting: dict[str, list[Wanted]] = {}
        self._filled_bytes = 0

    def open(self) -> None:
        """Makes the directory, and counts what is in it; called in a thread before anything else.

        Raises:
            OutputError: it cannot be written.
        """
        with output_errors(self._folder):
            self._folder.mkdir(parents=True, exist_ok=True)
            for path in self._folder.glob(f"*{PARTIAL}"):
                path.unlink(missing_ok=True)
            self._filled_bytes = sum(size for _, size, _ in self._files())

    async def file(self, name: str, make: Make, is_wanted: Wanted = always) -> Path:
        """The file of a name, made if need be; once, however many ask for it at a time.

        Args:
            name: which says all of what is in it.
            make: writes it to the path that it is given; may ask whether anybody still wants it.
            is_wanted: tells it of the one who asks here.

        Raises:
            GhostStreamError: what `make` raises.
        """
        path = self._folder / name
        if await anyio.to_thread.run_sync(_has_touched, path):
            return path
        self._waiting.setdefault(name, []).append(is_wanted)
        if name not in self._making:
            task = asyncio.create_task(self._made(path, make))
            self._making[name] = task
            task.add_done_callback(lambda done: self._forget(name, done))
        # Who goes away does not take it from the others.
        return await asyncio.shield(self._making[name])

    def _forget(self, name: str, task: asyncio.Task[Path]) -> None:
        del self._making[name], self._waiting[name]
        if not task.cancelled():
            task.exception()  # for those who wait; there may be nobody any more

    async def _made(self, path: Path, make: Make) -> Path:
        partial = path.with_name(f"{secrets.token_hex(8)}{PARTIAL}")
        try:
            await make(partial, lambda: self._is_wanted(path.name))
            await anyio.to_thread.run_sync(self._keep, partial, path)
        finally:
            partial.unlink(missing_ok=True)
        return path

    async def _is_wanted(self, name: str) -> bool:
        for is_wanted in self._waiting[name]:
            if await is_wanted():
                return True
        return False

    def _keep(self, partial: Path, path: Path) -> None:
        with output_errors(path):
            self._filled_bytes += partial.stat().st_size
            partial.replace(path)
        if self._filled_bytes > self._budget_bytes:
            self._make_room(path)

    def _make_room(self, newest: Path) -> None:
        files = sorted(self._files())
        filled = sum(size for _, size, _ in files)
        for _, size, path in files:
            if filled <= self._budget_bytes * LOW_WATER:
                break
            if path != newest:
                path.unlink(missing_ok=True)
                filled -= size
        self._filled_bytes = filled

    def _files(self) -> list[tuple[int, int, Path]]:
        """When it was last asked for, its size and its path."""
        found = []
        for path in self._folder.iterdir():
            with suppress(FileNotFoundError):
                status = path.stat()
                found.append((status.st_mtime_ns, status.st_size, path))
        return found


def _has_touched(path: Path) -> bool:
    with suppress(OSError):  # a disk that is read-only has it all the same
        os.utime(path)
    return path.is_file()
