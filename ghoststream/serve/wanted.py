"""Whether anybody still waits for an answer, asked before work on it begins.

moments = await worker.call(search_word, ..., is_wanted=wanted_by(request))
"""

from collections.abc import Awaitable, Callable
from typing import TypeAlias

from fastapi import Request

Wanted: TypeAlias = Callable[[], Awaitable[bool]]


async def always() -> bool:
    """For what is wanted by the page itself."""
    return True


def wanted_by(request: Request) -> Wanted:
    """False once the client of a request has gone."""

    async def is_wanted() -> bool:
        return not await request.is_disconnected()

    return is_wanted
