from fractions import Fraction

import numpy as np
import pytest

from ghoststream.pooling import POOLINGS, pool
from ghoststream.types import Clip, TimeSpan

VECTORS = np.array([[0.0, 1.0], [2.0, 3.0]], dtype=np.float32)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("mean", [1.0, 2.0]),
        ("max", [2.0, 3.0]),
        ("gem", [4 ** (1 / 3), 14 ** (1 / 3)]),
        ("mean_std", [1.0, 2.0, 1.0, 1.0]),
        ("mean_change", [1.0, 2.0, 2.0, 2.0]),
    ],
)
def test_poolings(name: str, expected: list[float]) -> None:
    pooled = POOLINGS[name](VECTORS)
    assert pooled.dtype == np.float32
    np.testing.assert_allclose(pooled, expected, rtol=1e-6)


@pytest.mark.parametrize("name", POOLINGS)
def test_one_frame_pools_to_itself(name: str) -> None:
    np.testing.assert_allclose(POOLINGS[name](VECTORS[1:])[:2], [2.0, 3.0], rtol=1e-6)


def test_one_frame_does_not_change() -> None:
    assert POOLINGS["mean_change"](VECTORS[1:]).tolist() == [2.0, 3.0, 0.0, 0.0]


def test_gem_takes_negative_features_for_zero() -> None:
    assert POOLINGS["gem"](np.full((3, 2), -1, dtype=np.float32)).tolist() == [0.0, 0.0]


def test_pool_keeps_the_span() -> None:
    span = TimeSpan(start=Fraction(1), end=Fraction(3))
    clip = Clip(span=span, times=(Fraction(1), Fraction(2)), vectors=VECTORS)
    (pooled,) = pool([clip], pooling=POOLINGS["mean"])
    assert pooled.span == span
