"""Where to cut a picture so that a part of it can be scaled alone, and lies where it should.

Cut.around(0.0625, 0.9375, side=480, size=224, step=2)  # pixels 30 to 450
"""

from collections.abc import Iterable
from dataclasses import dataclass
from math import ceil, floor
from typing import Self

MAX_ERROR = 1 / 8
"""Output pixels by which an edge may be missed."""
MIN_PIXELS = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """A stretch of one side of a picture: the wanted part, with a margin at either end."""

    start: int
    """In coded pixels."""
    stop: int
    scaled: int
    """Output pixels of the stretch."""
    offset: int
    """Output pixels before the wanted part."""

    @classmethod
    def around(cls, low: float, high: float, *, side: int, size: int, step: int) -> Self:
        """The shortest cut that hits the wanted edges.

        Pictures are cut at multiples of `step` and scaled to whole pixels, so the cut reaches out
        to where both fall together within `MAX_ERROR`, or as nearly as can be.

        Args:
            low: start of the wanted part, as a fraction of the side.
            high: its end.
            side: in coded pixels.
            size: output pixels of the wanted part.
            step: coded pixels from one place where the picture can be cut to the next.

        Raises:
            ValueError: less than half a coded pixel is wanted; enlarged, it could fill the memory.

        Example:
            >>> Cut.around(0.0625, 0.9375, side=480, size=224, step=2)
            Cut(start=30, stop=450, scaled=224, offset=0)
        """
        low, high = round(low * side, 6), round(high * side, 6)
        if high - low < MIN_PIXELS:
            raise ValueError(
                f"at least {MIN_PIXELS} of {side} pixels must be wanted, not {low} to {high}"
            )
        scale = size / (high - low)
        starts = range(floor(low / step) * step, -1, -step)
        stops = range(ceil(high / step) * step, side + step, step)
        start, before = _nearest(starts, low, scale, limit=size)
        stop, after = _nearest((min(stop, side) for stop in stops), high, scale, limit=size)
        return cls(start=start, stop=stop, scaled=before + size + after, offset=before)


def _nearest(places: Iterable[int], edge: float, scale: float, limit: int) -> tuple[int, int]:
    """The first place, going outwards, that lies a whole number of output pixels from the edge."""
    best, least = (0, 0), float("inf")
    for place in places:
        exact = abs(edge - place) * scale
        if exact > limit and least < float("inf"):
            break
        margin = round(exact)
        if abs(margin - exact) < least:
            best, least = (place, margin), abs(margin - exact)
        if least <= MAX_ERROR:
            break
    return best
