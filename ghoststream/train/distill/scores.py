"""Scores that mean what they say, by the teacher's names instead of labels.

calibration = calibrate(said, wanted)
calibration.temperature, calibration.error
"""

from dataclasses import dataclass

import numpy as np

from ghoststream.train.calibration import calibration_error, fit_temperature, probabilities
from ghoststream.train.dataset import Dataset
from ghoststream.train.distill.teacher import Answers


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """Fitted on the pictures with even numbers, told of the others."""

    temperature: float
    """What to divide logits by."""
    error: float
    """Expected calibration error, 0 to 1."""
    error_before: float


def calibrate(said: Answers, wanted: Answers) -> Calibration:
    """Fits a temperature, so that a score of 0.5 is the teacher's name half of the time."""
    logits = said.logits.double().numpy()
    names = wanted.logits.argmax(1).numpy()
    fitted, told = _pictures(names[::2]), _pictures(names[1::2])
    temperature = fit_temperature(logits[::2], fitted)
    before, after = (
        calibration_error(probabilities(logits[1::2] / t, told), told.labels)
        for t in (1.0, temperature)
    )
    return Calibration(temperature=temperature, error=after, error_before=before)


def _pictures(names: np.ndarray[tuple[int], np.dtype[np.int64]]) -> Dataset:
    """Pictures as clips of one window; of their vectors nothing is needed."""
    count = len(names)
    return Dataset(
        vectors=np.empty((count, 0), np.float32),
        owners=np.arange(count),
        seconds=np.ones(count),
        labels=names.astype(np.intp),
        groups=np.arange(count),
        classes=(),
    )
