"""How a training changes over its budget: what is forced first, and how fast is learnt last.

schedule = Schedule(learning_rate=1e-3, finish=0.3, forcing=0.5)
schedule.rate(step=1000, done=0.85)  # 0.0005
"""

from dataclasses import dataclass

WARM_UP_STEPS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """`done` is the share of the budget that is used up, 0 to 1; without a budget it stays 0."""

    learning_rate: float
    finish: float
    """Last share of the budget, over which the rate runs out."""
    forcing: float
    """First share of the budget, in which stages are fed the teacher's features."""

    def rate(self, *, step: int, done: float) -> float:
        """The learning rate of a step, counted from 0.

        Example:
            >>> Schedule(learning_rate=0.1, finish=0.5, forcing=0).rate(step=999, done=0.75)
            0.05
        """
        left = min(1.0, (1 - done) / self.finish) if self.finish else 1.0
        return self.learning_rate * min(1.0, (step + 1) / WARM_UP_STEPS) * max(0.0, left)

    def forced(self, done: float) -> float:
        """The probability that a picture's stages are fed the teacher's features."""
        return max(0.0, 1 - done / self.forcing) if self.forcing else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """How long to train in all, breaks not counted; neither means until somebody says stop."""

    samples: int | None = None
    seconds: float | None = None

    def done(self, *, samples: int, seconds: float) -> float:
        """The share that is used up, at most 1."""
        shares = [0.0]
        if self.samples is not None:
            shares.append(samples / self.samples)
        if self.seconds is not None:
            shares.append(seconds / self.seconds)
        return min(1.0, max(shares))
