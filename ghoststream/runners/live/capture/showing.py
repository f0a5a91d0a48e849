"""Sampled frames for people, as long as somebody looks on.

showing = Showing()
showing.begin(5.0)
if (preview := showing.preview(frame)) is not None: send(preview)
"""

import time
from collections.abc import Callable

from ghoststream.runners.live.messages import Preview
from ghoststream.types import Frame
from ghoststream.video.jpeg import jpeg_of

MAX_FPS = 10
"""More is not seen as smoother in a tile, and costs each viewer's network."""
MAX_SIDE = 640
QUALITY = 75


class Showing:
    """Makes JPEGs of frames that are decoded anyway; one thread asks for them, another one begins.

    Args:
        clock: seconds that never run backwards.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._until = self._next = 0.0

    def begin(self, seconds: float) -> None:
        """Somebody looks on, for so long at least."""
        self._until = self._clock() + seconds

    def preview(self, frame: Frame) -> Preview | None:
        """A small picture of the frame; None where nobody looks, or another one was just made."""
        now = self._clock()
        if not self._next <= now < self._until:
            return None
        # Frames of ten a second are not all a tenth apart: one may make up for the one before.
        self._next = max(self._next, now - 1 / MAX_FPS) + 1 / MAX_FPS
        jpeg = jpeg_of(frame, max_side=MAX_SIDE, quality=QUALITY)
        return Preview(time=frame.time, jpeg=jpeg)
