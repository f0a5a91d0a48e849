from dataclasses import replace

import numpy as np
import pytest
from labelled import dataset, two_clouds

from ghoststream.errors import DataError
from ghoststream.train.folds import grouped_folds


def test_groups_stay_whole_and_each_clip_is_tested_once() -> None:
    data = two_clouds(40, apart=1)
    folds = grouped_folds(data, folds=5, seed=0)
    assert sorted(clip for fold in folds for clip in fold.tested) == list(range(40))
    for fold in folds:
        assert not set(data.groups[fold.learnt]) & set(data.groups[fold.tested])
        assert set(data.labels[fold.learnt]) == {0, 1}


def test_the_rarest_class_decides_how_many_parts_there_are() -> None:
    data = dataset([[0.0]] * 12, [0] * 10 + [1] * 2)
    assert len(grouped_folds(data, folds=5, seed=0)) == 2


def test_the_same_seed_gives_the_same_parts() -> None:
    data = two_clouds(20, apart=1)
    first, second = (grouped_folds(data, folds=4, seed=3) for _ in range(2))
    assert all(np.array_equal(a.tested, b.tested) for a, b in zip(first, second, strict=True))


def test_a_group_of_both_classes_can_be_a_part_of_its_own() -> None:
    data = replace(dataset([[0.0]] * 4, [0, 1, 0, 1]), groups=np.array([0, 0, 1, 2]))
    folds = grouped_folds(data, folds=5, seed=0)
    assert sorted(sorted(fold.tested.tolist()) for fold in folds) == [[0, 1], [2, 3]]


@pytest.mark.parametrize("labels", [[0, 0, 0, 1], [0, 0, 0, 0]])
def test_what_cannot_be_split_is_refused(labels: list[int]) -> None:
    with pytest.raises(DataError, match="cannot be split"):
        grouped_folds(dataset([[0.0]] * 4, labels), folds=5, seed=0)
