"""Which moments to look at: every frame, a rate, every n-th frame, or keyframes.

sampling = AtFps(rate=Fraction(4))
for frame in sampling(video.frames()): ...
"""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Protocol

from ghoststream.errors import ConfigError
from ghoststream.types import Frame

MAX_FPS = 1000


class Sampling(Protocol):
    """A stage that lets some frames pass, and says which in a few words."""

    def __call__(self, frames: Iterable[Frame]) -> Iterator[Frame]: ...

    def describe(self) -> str: ...


@dataclass(frozen=True, slots=True)
class EveryFrame:
    """All of them."""

    def __call__(self, frames: Iterable[Frame]) -> Iterator[Frame]:
        yield from frames

    def describe(self) -> str:
        return "every frame"


@dataclass(frozen=True, slots=True, kw_only=True)
class AtFps:
    """The first frame at or past each moment `start + k / rate`, each frame once.

    The grid starts at the first frame and never drifts. A frame that spans several moments (a low
    or variable rate, a gap) passes once, and the next one is judged by the next moment after it.
    """

    rate: Fraction
    """Moments a second."""

    def __post_init__(self) -> None:
        if not 0 < self.rate <= MAX_FPS:
            raise ConfigError(
                f"fps is {self.rate}; it must be above 0 and at most {MAX_FPS}, such as 4 or 1/2."
            )

    def __call__(self, frames: Iterable[Frame]) -> Iterator[Frame]:
        start: Fraction | None = None
        next_moment = 0
        for frame in frames:
            start = frame.time if start is None else start
            elapsed_moments = (frame.time - start) * self.rate
            if elapsed_moments >= next_moment:
                next_moment = math.floor(elapsed_moments) + 1
                yield frame

    def describe(self) -> str:
        return f"fps {self.rate}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stride:
    """Every n-th frame, beginning with the first."""

    step: int

    def __post_init__(self) -> None:
        if self.step < 1:
            raise ConfigError(f"stride is {self.step}; it must be 1 (every frame) or more.")

    def __call__(self, frames: Iterable[Frame]) -> Iterator[Frame]:
        for index, frame in enumerate(frames):
            if index % self.step == 0:
                yield frame

    def describe(self) -> str:
        return f"stride {self.step}"


@dataclass(frozen=True, slots=True)
class Keyframes:
    """Frames that stand alone in the coded stream; cheap, and often where a scene begins."""

    def __call__(self, frames: Iterable[Frame]) -> Iterator[Frame]:
        return (frame for frame in frames if frame.is_keyframe)

    def describe(self) -> str:
        return "keyframes"
