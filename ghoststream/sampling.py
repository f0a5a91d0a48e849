"""Which moments to look at: every frame, a rate, every n-th frame, or keyframes.

sampling = AtFps(rate=Fraction(4))
for frame in sampling(video.frames()): ...
"""

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import count

from ghoststream.errors import ConfigError
from ghoststream.types import Moment, Sampler, Sampling, Timed

MAX_FPS = 1000


class _Stage:
    """Lets pass what its sampler wants."""

    def sampler(self) -> Sampler:
        raise NotImplementedError

    def __call__(self, moments: Iterable[Timed]) -> Iterator[Timed]:
        return filter(self.sampler().wants, moments)


@dataclass(frozen=True, slots=True)
class EveryFrame(_Stage):
    """All of them."""

    def sampler(self) -> Sampler:
        return _Wants(lambda moment: True)

    def describe(self) -> str:
        return "every frame"


@dataclass(frozen=True, slots=True, kw_only=True)
class AtFps(_Stage):
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

    def sampler(self) -> Sampler:
        return _OnGrid(self.rate)

    def describe(self) -> str:
        return f"fps {self.rate}"


class _OnGrid:
    is_counting = False

    def __init__(self, rate: Fraction) -> None:
        self._rate = rate
        self._start: Fraction | None = None
        self._next_moment = 0

    def wants(self, moment: Moment) -> bool:
        if self._start is None:
            self._start = moment.time
        elapsed_moments = (moment.time - self._start) * self._rate
        if elapsed_moments < self._next_moment:
            return False
        self._next_moment = math.floor(elapsed_moments) + 1
        return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Stride(_Stage):
    """Every n-th frame, beginning with the first."""

    step: int

    def __post_init__(self) -> None:
        if self.step < 1:
            raise ConfigError(f"stride is {self.step}; it must be 1 (every frame) or more.")

    def sampler(self) -> Sampler:
        numbers = count()
        return _Wants(lambda moment: next(numbers) % self.step == 0, is_counting=True)

    def describe(self) -> str:
        return f"stride {self.step}"


@dataclass(frozen=True, slots=True)
class Keyframes(_Stage):
    """Frames that stand alone in the coded stream; cheap, and often where a scene begins."""

    def sampler(self) -> Sampler:
        return _Wants(lambda moment: moment.is_keyframe)

    def describe(self) -> str:
        return "keyframes"


@dataclass(frozen=True, slots=True, kw_only=True)
class PartOf(_Stage):
    """Some of the moments that another sampling wants, by their number."""

    sampling: Sampling
    first: int
    """Of them, counted from 0."""
    stop: int
    """The first one behind."""

    def sampler(self) -> Sampler:
        whole, numbers = self.sampling.sampler(), count()
        return _Wants(
            lambda moment: whole.wants(moment) and self.first <= next(numbers) < self.stop,
            is_counting=whole.is_counting,
        )

    def describe(self) -> str:
        return f"{self.sampling.describe()}, {self.first} to {self.stop}"


@dataclass(frozen=True, slots=True)
class _Wants:
    """A sampler that is no more than a question."""

    wants: Callable[[Moment], bool]
    is_counting: bool = False
