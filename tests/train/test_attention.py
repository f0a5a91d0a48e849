import numpy as np
from labelled import dataset
from scipy.optimize import approx_fprime

from ghoststream.pooling import attention
from ghoststream.train.attention import _Problem, fit_query


def needles(windows: int = 60, frames: int = 12) -> tuple[list[np.ndarray], list[int]]:
    """Frames lean to a class by chance; the marked one (first number) leans to the right one."""
    random = np.random.default_rng(0)
    made, labels = [], []
    for number in range(windows):
        window = random.normal(0, 0.3, (frames, 4)).astype(np.float32)
        window[:, 1] += random.choice([-3, 3], frames)
        marked, label = random.integers(frames), number % 2
        window[marked, :2] = (5, 3 if label else -3)
        made.append(window)
        labels.append(label)
    return made, labels


def test_it_learns_which_moment_counts() -> None:
    windows, labels = needles()
    even = dataset([window.mean(axis=0).tolist() for window in windows], labels)
    query = fit_query(windows, even)
    shares = [np.exp(window @ query) for window in windows]
    on_marked = [
        s[window[:, 0].argmax()] / s.sum() for s, window in zip(shares, windows, strict=True)
    ]
    assert np.mean(on_marked) > 3 / 12  # evenly, it were 1 / 12


def test_the_gradient_is_that_of_the_loss() -> None:
    random = np.random.default_rng(0)
    problem = _Problem(
        frames=random.normal(size=(9, 3)),
        starts=np.array([0, 4, 5]),
        lengths=np.array([4, 1, 4]),
        labels=np.array([0, 1, 2]),
        weights=np.array([1.0, 0.5, 2.0]),
        classes=3,
        strength=0.5,
        gain=0.7,
    )
    place = random.normal(size=3 + 3 * 3 + 3)
    numeric = approx_fprime(place, lambda flat: problem.loss(flat)[0], 1e-6)
    np.testing.assert_allclose(problem.loss(place)[1], numeric, rtol=1e-4, atol=1e-4)


def test_windows_that_are_all_alike_give_no_direction() -> None:
    windows = [np.ones((3, 2), np.float32)] * 4
    query = fit_query(windows, dataset([[1.0, 1.0]] * 4, [0, 1, 0, 1]))
    assert np.isfinite(query).all()
    assert np.isfinite(attention(np.zeros(4, np.float32))(windows[0])).all()
