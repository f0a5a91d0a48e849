"""The newest picture of each camera, and all who look at it: one encoder, any number of viewers.

previews = Previews(ask=lambda camera, seconds: ...)
previews.add(picture)
async for picture in previews.pictures("door"): ...

Who looks asks again and again for pictures to be made, and none are made for nobody. A viewer that
is slow gets the newest picture when it is ready for one, and none of those before it.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import TypeAlias

from ghoststream.errors import Busy
from ghoststream.serve.live.messages import Picture

MAX_VIEWERS = 64
"""Of one camera."""
ASK_SECONDS = 2.0
"""From one asking to the next."""
SHOWN_SECONDS = 5.0
"""For which pictures come after it."""
AGAIN_SECONDS = 15.0
"""After which a viewer gets the last picture once more, so that one who has gone is noticed."""
STALE_SECONDS = 10.0
"""A picture that came so long ago does not show what there is."""

Ask: TypeAlias = Callable[[str, float], None]
"""Has a camera send pictures for some seconds; must not wait."""


@dataclass(slots=True)
class _Shown:
    """Of one camera."""

    newest: Picture | None = None
    came: float = 0.0
    number: int = 0
    """Of the newest picture, counted from 1."""
    viewers: int = 0
    asked: float = float("-inf")
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    """Set, and replaced, with each picture."""


class Previews:
    """For one event loop; nothing here waits but a viewer.

    Args:
        ask: called while somebody looks.
        max_viewers: of one camera.
    """

    def __init__(self, ask: Ask, *, max_viewers: int = MAX_VIEWERS) -> None:
        self._ask, self._max_viewers = ask, max_viewers
        self._shown: dict[str, _Shown] = {}
        self._is_closed = False

    def viewers(self, camera: str) -> int:
        """So many look at a camera now."""
        return self._shown[camera].viewers if camera in self._shown else 0

    def add(self, picture: Picture) -> None:
        """Takes a camera's newest picture."""
        shown = self._shown.setdefault(picture.camera, _Shown())
        shown.newest, shown.came = picture, time.monotonic()
        shown.number += 1
        self._wake(shown)

    def keep(self, cameras: set[str]) -> None:
        """Forgets pictures of all other cameras that nobody looks at."""
        gone = [
            name for name, shown in self._shown.items() if name not in cameras and not shown.viewers
        ]
        for name in gone:
            del self._shown[name]

    def close(self) -> None:
        """Sends all viewers away; those who come later leave at once."""
        self._is_closed = True
        for shown in self._shown.values():
            self._wake(shown)

    async def newest(self, camera: str, timeout_seconds: float) -> Picture | None:
        """A picture of now, after waiting for it; None where none came in time."""
        shown = self._shown.setdefault(camera, _Shown())
        self._ask_for(camera, shown)
        if not self._is_fresh(shown):
            await _waited(shown.changed, timeout_seconds)
        return shown.newest if self._is_fresh(shown) else None

    def check_room(self, camera: str) -> None:
        """Whether one more may look.

        Raises:
            Busy: too many do.
        """
        if self.viewers(camera) >= self._max_viewers:
            raise Busy(f"{self._max_viewers} look at this camera already; close another view of it")

    async def pictures(self, camera: str) -> AsyncIterator[Picture]:
        """The newest, and then each that is there when the one before is done with."""
        shown = self._shown.setdefault(camera, _Shown())
        shown.viewers += 1
        try:
            async for picture in self._following(camera, shown):
                yield picture
        finally:
            shown.viewers -= 1

    async def _following(self, camera: str, shown: _Shown) -> AsyncIterator[Picture]:
        number, sent = 0, time.monotonic()
        while not self._is_closed:
            self._ask_for(camera, shown)
            is_due = shown.number > number or time.monotonic() - sent > AGAIN_SECONDS
            if shown.newest is not None and is_due:
                number, sent = shown.number, time.monotonic()
                yield shown.newest
            else:
                await _waited(shown.changed, ASK_SECONDS)

    def _ask_for(self, camera: str, shown: _Shown) -> None:
        now = time.monotonic()
        if now - shown.asked >= ASK_SECONDS:
            shown.asked = now
            self._ask(camera, SHOWN_SECONDS)

    @staticmethod
    def _is_fresh(shown: _Shown) -> bool:
        return shown.newest is not None and time.monotonic() - shown.came < STALE_SECONDS

    @staticmethod
    def _wake(shown: _Shown) -> None:
        changed, shown.changed = shown.changed, asyncio.Event()
        changed.set()


async def _waited(event: asyncio.Event, timeout_seconds: float) -> bool:
    """Whether it came in time."""
    try:
        await asyncio.wait_for(event.wait(), timeout_seconds)
    except TimeoutError:
        return False
    return True
