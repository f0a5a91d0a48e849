from dataclasses import replace

import numpy as np
import pytest
from labelled import dataset, two_clouds

from ghoststream.train.calibration import (
    Bin,
    calibration_bins,
    calibration_error,
    fit_temperature,
    log_loss,
    probabilities,
)
from ghoststream.train.folds import grouped_folds
from ghoststream.train.learning_curve import Point, learning_curve, verdict
from ghoststream.train.plots import figures
from ghoststream.train.scores import score, share

MEANS = np.array([[0.9, 0.1], [0.6, 0.4], [0.3, 0.7], [0.8, 0.2]])
LABELS = np.array([0, 1, 1, 0])


def test_intervals_are_wilsons() -> None:
    # Newcombe 1998, table I: 81 of 263 and 0 of 20.
    known = share(81, 263)
    assert (known.low, known.high) == (
        pytest.approx(0.2553, abs=1e-4),
        pytest.approx(0.3662, abs=1e-4),
    )
    assert (share(0, 20).low, share(0, 20).high) == (0.0, pytest.approx(0.1611, abs=1e-4))
    assert share(0, 0).value is None


def test_scores_count() -> None:
    scores = score(MEANS, LABELS, classes=("a", "b"))
    assert scores.confusion == ((2, 0), (1, 1))
    assert scores.accuracy.value == 0.75
    assert scores.mean_recall == 0.75
    a, b = scores.classes
    assert (a.precision.value, a.recall.value) == (pytest.approx(2 / 3), 1.0)
    assert (b.precision.value, b.recall.value) == (1.0, 0.5)
    assert (a.average_precision, b.average_precision) == (1.0, 1.0)


def test_a_class_without_clips_has_no_score() -> None:
    scores = score(MEANS[:1], LABELS[:1], classes=("a", "b"))
    assert scores.classes[1].recall.value is None
    assert scores.classes[1].average_precision is None
    assert scores.mean_recall == 1.0


def test_a_clip_is_the_mean_of_its_windows() -> None:
    data = dataset([[0.0]] * 3, [0, 1], owners=[0, 0, 1])
    logits = np.log(np.array([[0.8, 0.2], [0.4, 0.6], [0.5, 0.5]]))
    np.testing.assert_allclose(probabilities(logits, data), [[0.6, 0.4], [0.5, 0.5]])


def test_calibration_is_measured_by_tenths() -> None:
    assert calibration_bins(MEANS, LABELS) == (
        Bin(clips=1, confidence=0.6, accuracy=0.0),
        Bin(clips=1, confidence=0.7, accuracy=1.0),
        Bin(clips=1, confidence=0.8, accuracy=1.0),
        Bin(clips=1, confidence=0.9, accuracy=1.0),
    )
    assert calibration_error(MEANS, LABELS) == pytest.approx((0.6 + 0.3 + 0.2 + 0.1) / 4)


def test_temperature_undoes_what_was_overstated() -> None:
    random = np.random.default_rng(0)
    truth = random.normal(size=2000)
    labels = (random.random(2000) < 1 / (1 + np.exp(-truth))).astype(int)
    logits = 4 * np.stack([-truth, truth], axis=1) / 2
    data = dataset([[0.0]] * 2000, labels.tolist())
    temperature = fit_temperature(logits, data)
    assert 3.4 < temperature < 4.7
    loud, calm = probabilities(logits, data), probabilities(logits / temperature, data)
    assert log_loss(calm, data.labels) < log_loss(loud, data.labels)
    assert calibration_error(calm, data.labels) < 0.05 < calibration_error(loud, data.labels)


def test_a_learning_curve_rises_and_says_so() -> None:
    data = two_clouds(80, apart=0.8, features=30)
    folds = grouped_folds(data, folds=2, seed=0)
    curve = learning_curve(data, folds=folds, seed=0)
    assert [point.clips for point in curve] == [4, 8, 16, 24, 32, 40]
    assert (curve[-1].accuracy.value or 0) > (curve[0].accuracy.value or 0)


def test_parts_that_are_the_same_clips_are_one_point() -> None:
    data = replace(two_clouds(8, apart=3), groups=np.repeat([0, 1, 2, 3], 2))
    folds = grouped_folds(data, folds=2, seed=0)
    assert [point.clips for point in learning_curve(data, folds=folds, seed=0)] == [2, 4]


@pytest.mark.parametrize(
    ("last", "words"), [(85, "more labelled clips will likely help"), (71, "will hardly help")]
)
def test_the_verdict_compares_all_clips_with_half_of_them(last: int, words: str) -> None:
    curve = [Point(clips=n, accuracy=share(k, 100)) for n, k in [(10, 50), (50, 70), (100, last)]]
    assert words in verdict(curve)
    assert verdict(curve).startswith(f"from 50 to 100 clips the accuracy changed by +{last - 70}.0")
    assert "label more" in verdict(curve[:1])


@pytest.mark.slow
def test_every_figure_can_be_drawn() -> None:
    scores = score(MEANS, LABELS, classes=("a", "b"))
    curve = [Point(clips=n, accuracy=share(n, 20)) for n in (5, 10)]
    drawn = figures(scores, MEANS, LABELS, curve)
    assert list(drawn) == ["confusion", "precision_recall", "calibration", "learning_curve"]
    texts = {text.get_text() for text in drawn["confusion"].axes[0].texts}
    assert texts == {"2", "0", "1"}
    assert "learning_curve" not in figures(scores, MEANS, LABELS, [])
