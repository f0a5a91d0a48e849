import numpy as np
import pytest
from labelled import dataset, two_clouds
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from ghoststream.train.calibration import probabilities
from ghoststream.train.folds import grouped_folds
from ghoststream.train.linear import DEFAULT_STRENGTH, choose_strength, fit_linear
from ghoststream.train.validation import cross_validate


@pytest.mark.parametrize("features", [4, 60])  # fewer, and more, than there are clips
def test_it_is_logistic_regression_on_scaled_features(features: int) -> None:
    data = two_clouds(30, apart=1, features=features)
    ours = probabilities(fit_linear(data, strength=0.1).logits(data.vectors), data)
    scaled = StandardScaler().fit_transform(data.vectors.astype(np.float64))
    reference = LogisticRegression(C=0.1, max_iter=5000).fit(scaled, data.labels)
    np.testing.assert_allclose(ours, reference.predict_proba(scaled), atol=2e-3)


def test_three_classes_are_told_apart() -> None:
    corners = [[0.0, 0.0], [4.0, 0.0], [0.0, 4.0]]
    random = np.random.default_rng(0)
    vectors = [list(random.normal(corner, 0.3)) for corner in corners for _ in range(8)]
    data = dataset(vectors, [c for c in range(3) for _ in range(8)], classes=("a", "b", "c"))
    logits = fit_linear(data, strength=1.0).logits(data.vectors)
    assert logits.argmax(axis=1).tolist() == data.labels.tolist()


def test_a_rare_class_counts_as_much_as_a_frequent_one() -> None:
    random = np.random.default_rng(0)
    vectors = np.concatenate([random.normal(-1, 1, (90, 1)), random.normal(1, 1, (10, 1))])
    model = fit_linear(dataset(vectors.tolist(), [0] * 90 + [1] * 10), strength=1.0)
    logits = model.logits(np.zeros((1, 1), np.float32))
    assert abs(float(logits[0, 1] - logits[0, 0])) < 0.7  # unbalanced, it is below -2


def test_a_clip_of_many_windows_counts_once() -> None:
    once = dataset([[-1.0], [1.0]], [0, 1])
    often = dataset([[-1.0], [1.0], [1.0], [1.0]], [0, 1], owners=[0, 1, 1, 1])
    boundary = [
        float(np.diff(fit_linear(data, strength=1.0).logits(np.zeros((1, 1), np.float32)))[0, 0])
        for data in (once, often)
    ]
    assert boundary[0] == pytest.approx(0, abs=1e-6)
    assert abs(boundary[1]) < 0.25  # scaling sees the windows, the fit the clips


def test_a_class_without_clips_is_never_named() -> None:
    data = dataset([[-1.0], [1.0]], [0, 2], classes=("a", "b", "c"))
    logits = fit_linear(data, strength=1.0).logits(data.vectors)
    assert logits[:, 1].max() < -50


def test_a_flat_feature_does_not_shout() -> None:
    data = two_clouds(20, apart=1, features=3)
    data.vectors[:, 2] = 5.0
    weight = fit_linear(data, strength=1.0).weight
    assert np.abs(weight[:, 2]).max() < 1e-3


def test_too_few_clips_to_choose_by_give_the_default() -> None:
    assert choose_strength(dataset([[0.0], [1.0]], [0, 1]), seed=0) == DEFAULT_STRENGTH


def test_cross_validation_tells_clouds_apart_and_noise_not() -> None:
    for apart, low, high in [(3.0, 0.95, 1.0), (0.0, 0.2, 0.8)]:
        data = two_clouds(60, apart=apart)
        checked = cross_validate(data, folds=grouped_folds(data, folds=5, seed=0), seed=0)
        accuracy = (checked.probabilities.argmax(axis=1) == data.labels).mean()
        assert low <= accuracy <= high
        np.testing.assert_allclose(checked.probabilities.sum(axis=1), 1)


def test_no_clip_is_asked_about_by_a_model_that_knows_its_group() -> None:
    # Twins with a signature of their own: who has learnt from one names the other.
    random = np.random.default_rng(0)
    vectors = np.repeat(random.normal(size=(30, 40)), 2, axis=0)
    labels = np.repeat(random.permutation([0, 1] * 15), 2)
    data = dataset(vectors.tolist(), labels.tolist(), groups=[n // 2 for n in range(60)])
    checked = cross_validate(data, folds=grouped_folds(data, folds=5, seed=0), seed=0)
    assert (checked.raw.argmax(axis=1) == data.labels).mean() < 0.75
