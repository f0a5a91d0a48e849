"""Which offsets are voted for, and how frames find the nearest ones of other videos."""

import numpy as np
import pytest

from ghoststream.archive import candidates as module
from ghoststream.archive.candidates import (
    FEATURES,
    Frames,
    Proposal,
    candidates,
    elected,
    fit_projection,
    unit,
)


def test_votes_within_a_second_count_together() -> None:
    offsets = np.array([3.2, 50.0, 2.9, 3.4, -7.0, -7.5, -6.8, -7.2, 20.0])
    times = np.array([10.0, 0.0, 11.0, 12.0, 1.0, 2.0, 3.0, 90.0, 0.0])
    assert elected(offsets, times) == [
        Proposal(offset_seconds=pytest.approx(-7.125), near_seconds=2.0),
        Proposal(offset_seconds=pytest.approx(19 / 6), near_seconds=11.0),
    ]


def test_single_votes_elect_nothing() -> None:
    assert elected(np.array([1.0, 1.1, 9.0]), np.zeros(3)) == []
    assert elected(np.array([]), np.array([])) == []


def test_votes_far_from_each_other_elect_nothing() -> None:
    assert elected(np.full(5, 1.0), np.array([0.0, 2.0, 40.0, 80.0, 120.0])) == []


def test_a_projection_keeps_that_in_which_vectors_differ() -> None:
    rng = np.random.default_rng(1)
    vectors = (5 + rng.normal(0, 1, (400, 200)) * np.repeat([3.0, 0.01], 100)).astype(np.float32)
    projection = fit_projection(vectors)
    short = projection(vectors)
    assert short.shape == (400, FEATURES)
    assert np.linalg.norm(short, axis=1) == pytest.approx(1)
    centred = unit(vectors - vectors.mean(0))
    assert short[:9] @ short[:9].T == pytest.approx(centred[:9] @ centred[:9].T, abs=1e-3)


@pytest.mark.parametrize("numbers", [50, 1 << 25])
def test_the_size_of_blocks_changes_nothing(numbers: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BLOCK_NUMBERS", numbers)
    rng = np.random.default_rng(1)
    scene = unit(rng.normal(0, 1, (40, 32)).astype(np.float32))
    other = unit(rng.normal(0, 1, (25, 32)).astype(np.float32))
    frames = Frames(
        videos=np.repeat([0, 1, 2], [40, 25, 30]),
        seconds=np.concatenate([np.arange(40.0), np.arange(25.0), 100.3 + np.arange(30.0)]),
        vectors=np.concatenate([scene, other, scene[10:]]),
    )
    found = candidates(frames)
    assert found[0, 2][0].offset_seconds == pytest.approx(90.3)
    assert all(first < second for first, second in found)
