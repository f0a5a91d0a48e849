"""Work that goes on when the one who waits for it leaves.

moments = await shielded(worker.call(search_word, ...))
"""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")

_running: set[asyncio.Task[Any]] = set()
"""The event loop alone would let them go."""


async def shielded(work: Coroutine[Any, Any, T]) -> T:
    """Waits for work, which is not cancelled with the one who waits.

    A worker whose call is cancelled has to be ended, and takes the network with it that the next
    one needs.
    """
    task = asyncio.create_task(work)
    _running.add(task)
    task.add_done_callback(_forget)
    return await asyncio.shield(task)


def _forget(task: asyncio.Task[Any]) -> None:
    _running.discard(task)
    if not task.cancelled():
        task.exception()  # for the one who waits, and may have left
