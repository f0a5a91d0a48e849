"""Scores over time, in at most so many steps, however long the log.

series = ScoreSeries()
series.add(2.0, {"tabby": 0.4})
series.line("tabby")  # [0.4]
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

MAX_STEPS = 1500
"""More than a screen is wide."""
MAX_LABELS = 24
"""That a step remembers: the best ones."""
FIRST_STEP_SECONDS = 1 / 64
"""Shorter than from one clip to the next, so that no two of them fall into one step."""


@dataclass(slots=True)
class _Step:
    """What was best within one step."""

    seconds: float
    scores: dict[str, float]


class ScoreSeries:
    """The best score of each label in each step of time; steps double where there are too many."""

    def __init__(self, *, max_steps: int = MAX_STEPS) -> None:
        self.step_seconds = FIRST_STEP_SECONDS
        self._most = max_steps
        self._steps: dict[int, _Step] = {}

    def __len__(self) -> int:
        return len(self._steps)

    @property
    def is_reduced(self) -> bool:
        """Whether what is shown is the best of several clips."""
        return self.step_seconds > FIRST_STEP_SECONDS

    def add(self, seconds: float, scores: Mapping[str, float]) -> None:
        """One clip.

        Args:
            seconds: of its middle, on the clock of its source.
            scores: by label.
        """
        self._take(_Step(seconds, dict(scores)))
        self.reduce(self._most)

    def keep(self, labels: Iterable[str]) -> None:
        """Lets go of all other labels."""
        kept = set(labels)
        for step in self._steps.values():
            step.scores = {k: score for k, score in step.scores.items() if k in kept}

    def reduce(self, max_steps: int) -> None:
        """Doubles the steps until there are not more than so many."""
        while len(self._steps) > max_steps:
            self.step_seconds *= 2
            steps, self._steps = self._steps.values(), {}
            for step in steps:
                self._take(step)

    def sums(self) -> dict[str, float]:
        """The sum of each label's scores: how much of the time it fills, and how clearly."""
        sums: dict[str, float] = {}
        for step in self._steps.values():
            for label, score in step.scores.items():
                sums[label] = sums.get(label, 0) + score
        return sums

    def times(self) -> list[float]:
        """Seconds of each step, in order."""
        return [step.seconds for step in self._in_order()]

    def line(self, label: str) -> list[float | None]:
        """Scores of one label, a step each; None where it was not among the best of any clip."""
        return [step.scores.get(label) for step in self._in_order()]

    def _in_order(self) -> list[_Step]:
        return sorted(self._steps.values(), key=lambda step: step.seconds)

    def _take(self, step: _Step) -> None:
        there = self._steps.setdefault(int(step.seconds // self.step_seconds), step)
        if there is not step:
            there.scores = _strongest(there.scores, step.scores)


def _strongest(one: Mapping[str, float], other: Mapping[str, float]) -> dict[str, float]:
    best = {label: max(one.get(label, 0), other.get(label, 0)) for label in {**one, **other}}
    kept = sorted(best, key=lambda label: (-best[label], label))[:MAX_LABELS]
    return {label: best[label] for label in kept}


def top_labels(sums: Mapping[str, float], first: Iterable[str], *, limit: int) -> list[str]:
    """Those with events, as they come, and then those that fill most of the time.

    Example:
        >>> top_labels({"cat": 3.0, "dog": 4.0, "cup": 1.0}, ["cat"], limit=2)
        ['cat', 'dog']
    """
    others = sorted(sums, key=lambda label: (-sums[label], label))
    return list(dict.fromkeys([*(label for label in first if label in sums), *others]))[:limit]
