"""The score at which an event begins, so that false alarms stay rare.

limit = parse_limit("1/h")
enter = choose_threshold(scores, allowed=limit.allowed(windows=len(scores), seconds=7200.0))
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from ghoststream.errors import ConfigError
from ghoststream.train.dataset import Numbers

DEFAULT_ENTER = 0.5
"""More likely than not."""
STEPS = 1000
"""Thresholds are rounded up to a thousandth."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmLimit:
    """How many false alarms are bearable."""

    rate: float
    unit: Literal["hour", "share"]
    """An hour of background, or a share of its windows."""

    def allowed(self, *, windows: int, seconds: float) -> int:
        """Whole alarms within so much background."""
        return math.floor(self.rate * (seconds / 3600 if self.unit == "hour" else windows) + 1e-9)


def parse_limit(text: str) -> AlarmLimit:
    """Reads `2/h` or `5%`.

    Raises:
        ConfigError: neither.

    Example:
        >>> parse_limit("5%").rate
        0.05
    """
    number, unit, factor = text.removesuffix("/h"), "hour", 1.0
    if text.endswith("%"):
        number, unit, factor = text.removesuffix("%"), "share", 0.01
    try:
        rate = float(number) * factor
    except ValueError:
        rate = math.nan
    is_bare = number == text
    if is_bare or not 0 <= rate < math.inf or (unit == "share" and rate >= 1):
        raise ConfigError(
            f"false_alarms is {text!r}; give a number an hour of background, such as 2/h, or a "
            "share of its windows, such as 1%"
        )
    return AlarmLimit(rate=rate, unit="hour" if unit == "hour" else "share")


def choose_threshold(scores: Numbers | Sequence[float], *, allowed: int) -> float:
    """The lowest threshold, in thousandths, that at most so many scores reach.

    Args:
        scores: of background windows: the best score of any other class.
        allowed: how many may be alarms.

    Example:
        >>> choose_threshold([0.9, 0.6, 0.2], allowed=1)
        0.601
    """
    ordered = np.sort(np.asarray(scores, dtype=np.float64))[::-1]
    if allowed >= len(ordered):
        return 0.0
    return min(1.0, (math.floor(float(ordered[allowed]) * STEPS) + 1) / STEPS)
