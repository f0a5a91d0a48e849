"""Batches are decided by the seed and their number alone."""

import threading
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from unlabelled import blobs

from ghoststream.train.distill.crops import Batch, Drawing, batches, draw_batch, square
from ghoststream.train.distill.pool import Decoded, PicturePool, open_pool, write_pool

DRAWING = Drawing(seed=5, pictures=3, batch=6, size=32, teacher_size=48)


def kept(folder: Path, *pictures: Decoded) -> PicturePool:
    write_pool(pictures, folder, key="k", stop=threading.Event())
    pool = open_pool(folder, key="k")
    assert pool is not None
    return pool


@pytest.fixture
def pool(tmp_path: Path) -> PicturePool:
    return kept(
        tmp_path,
        *(Decoded(name=f"{n}.png", pixels=blobs(n, (40 + n, 32))) for n in range(3)),
        Decoded(name="held out", pixels=np.full((32, 32, 3), 255, np.uint8)),
    )


def same(first: Batch, second: Batch) -> bool:
    names = "student", "teacher", "luck"
    return all(np.array_equal(getattr(first, name), getattr(second, name)) for name in names)


def test_a_number_is_a_batch_however_it_is_come_by(pool: PicturePool) -> None:
    through = list(islice(batches(pool, DRAWING), 5))
    after = list(islice(batches(pool, DRAWING, start=3, threads=3), 2))
    assert same(through[3], after[0])
    assert same(through[4], after[1])
    assert same(through[4], draw_batch(pool, DRAWING, 4))
    assert not same(through[3], through[4])


def test_both_see_the_same_crops_at_their_sizes(pool: PicturePool) -> None:
    batch = draw_batch(pool, DRAWING, 0)
    assert batch.student.shape == (6, 32, 32, 3)
    assert batch.teacher.shape == (6, 48, 48, 3)
    means = (each.reshape(6, -1).mean(axis=1) for each in (batch.student, batch.teacher))
    assert np.allclose(*means, atol=3)
    assert 0 <= batch.luck.min() < batch.luck.max() < 1


def test_the_last_pictures_are_never_drawn(tmp_path: Path) -> None:
    black = [Decoded(name=str(n), pixels=np.zeros((8, 8, 3), np.uint8)) for n in range(3)]
    white = Decoded(name="held out", pixels=np.full((8, 8, 3), 255, np.uint8))
    pool = kept(tmp_path, *black, white)
    assert max(int(draw_batch(pool, DRAWING, n).student.max()) for n in range(20)) <= 20


def test_a_square_is_the_middle() -> None:
    wide = np.zeros((32, 96, 3), np.uint8)
    wide[:, 32:64] = (10, 20, 30)
    assert (square(wide, 64) == (10, 20, 30)).all()
    assert (square(wide.transpose(1, 0, 2), 16) == (10, 20, 30)).all()


def test_a_pool_is_what_was_written(tmp_path: Path) -> None:
    pictures = [blobs(0, (40, 32)), blobs(1, (9, 33))]
    lost = Decoded(name="x", error="x cannot be read")
    pool = kept(tmp_path, *(Decoded(name=str(p.shape), pixels=p) for p in pictures), lost)
    assert len(pool) == 2
    assert np.array_equal(pool[0], pictures[0])
    assert np.array_equal(pool[1], pictures[1])
    assert pool.names == ("(32, 40, 3)", "(33, 9, 3)")
    assert pool.lost == ("x cannot be read",)
    assert open_pool(tmp_path, key="other") is None
    assert open_pool(tmp_path / "nothing", key="k") is None


def test_a_pool_that_was_broken_off_is_none(tmp_path: Path) -> None:
    kept(tmp_path, Decoded(name="a", pixels=blobs(0)))

    def broken():
        yield Decoded(name="a", pixels=blobs(1))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_pool(broken(), tmp_path, key="k", stop=threading.Event())
    assert open_pool(tmp_path, key="k") is None


def test_a_pool_may_be_empty(tmp_path: Path) -> None:
    assert len(kept(tmp_path)) == 0
