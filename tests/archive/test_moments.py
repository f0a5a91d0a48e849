import numpy as np
import pytest

from ghoststream.archive.moments import Hit, Stretch, folded, merged


def hit(number: int, score: float, video: str = "v") -> Hit:
    return Hit(
        row=number,
        video=video,
        number=number,
        span=(number * 0.5, number * 0.5 + 0.25),
        best_seconds=number * 0.5,
        score=score,
    )


def told(stretches: list[Stretch]) -> list[tuple[int, tuple[float, float]]]:
    return [(stretch.best.number, stretch.span) for stretch in stretches]


def test_neighbours_are_one_stretch_around_the_best() -> None:
    found = merged([hit(4, 0.90), hit(5, 0.93), hit(6, 0.91)])

    assert told(found) == [(5, (2.0, 3.25))]


def test_one_sample_between_two_hits_may_be_none() -> None:
    assert told(merged([hit(4, 0.9), hit(6, 0.9)])) == [(4, (2.0, 3.25))]
    assert told(merged([hit(4, 0.9), hit(7, 0.9)])) == [(4, (2.0, 2.25)), (7, (3.5, 3.75))]


def test_much_worse_neighbour_is_another_stretch() -> None:
    found = merged([hit(1, 0.99), hit(2, 0.97), hit(3, 0.90), hit(4, 0.89)])

    assert told(found) == [(1, (0.5, 1.25)), (3, (1.5, 2.25))]


def test_a_worse_hit_amid_a_stretch_is_no_stretch_of_its_own() -> None:
    found = merged([hit(1, 0.99), hit(2, 0.90), hit(3, 0.98), hit(4, 0.90)])

    assert told(found) == [(1, (0.5, 1.75)), (4, (2.0, 2.25))]


def test_videos_stay_apart() -> None:
    found = merged([hit(1, 0.8, "a"), hit(2, 0.9, "b")])

    assert [stretch.best.video for stretch in found] == ["b", "a"]


def test_order_does_not_matter() -> None:
    hits = [hit(number, 0.9 - number % 3 / 20) for number in range(20)]

    assert told(merged(hits)) == told(merged(hits[::-1]))


def test_nothing_is_no_stretch() -> None:
    assert merged([]) == []
    assert folded([], []) == []


@pytest.mark.parametrize(("angle", "places"), [(0.2, [1]), (0.5, [1, 9])])
def test_same_looks_are_folded(angle: float, places: list[int]) -> None:
    """Their cosines are 0.98 and 0.88."""
    stretches = merged([hit(1, 0.9), hit(9, 0.8)])

    found = folded(stretches, [np.array([3, 0]), np.array([np.cos(angle), np.sin(angle)])])

    assert [stretch.best.number for stretch in found] == places
    assert found[0].also == (((4.5, 4.75),) if places == [1] else ())


def test_same_looks_of_two_videos_are_two() -> None:
    stretches = merged([hit(1, 0.9, "a"), hit(1, 0.9, "b")])

    assert len(folded(stretches, [np.array([1, 0]), np.array([1, 0])])) == 2
