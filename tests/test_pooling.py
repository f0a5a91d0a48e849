from fractions import Fraction

import numpy as np
import pytest

from ghoststream.pooling import POOLINGS, attention, pool
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


def test_attention_without_a_query_is_mean_and_change() -> None:
    vectors = np.array([[0, 1], [2, 3], [6, 3]], dtype=np.float32)
    pooled = attention(np.zeros(4, dtype=np.float32))(vectors)
    assert pooled.dtype == np.float32
    # The first frame has the change of the second, since nothing comes before it.
    np.testing.assert_allclose(pooled, [8 / 3, 7 / 3, 8 / 3, 4 / 3], rtol=1e-6)


def test_attention_looks_where_the_query_points() -> None:
    query = np.array([0, 50, 0, 0], dtype=np.float32)
    np.testing.assert_allclose(attention(query)(VECTORS), [2, 3, 2, 2], rtol=1e-6)
    np.testing.assert_allclose(attention(query)(VECTORS[:1]), [0, 1, 0, 0], rtol=1e-6)
