from pathlib import Path

import numpy as np
import pytest
from stores import FEATURES, make_store, video

from ghoststream.archive import index
from ghoststream.archive.index import IndexStatus, build_index, index_status, needs_index
from ghoststream.archive.search import Moment, nearest
from ghoststream.archive.store import Store

ROWS = 400


def add_videos(address: Path, *, first: int, count: int) -> Store:
    """Each one shows a direction of its own, 20 frames long."""
    directions = np.random.default_rng(first).normal(size=(count, FEATURES))
    return make_store(
        address,
        {f"{first + k}.mp4": video([each] * 20) for k, each in enumerate(directions)},
    )


def own_videos(store: Store, first: int, count: int) -> list[list[Moment]]:
    directions = np.random.default_rng(first).normal(size=(count, FEATURES)).astype(np.float32)
    return [nearest(store, each, table="frames", limit=1) for each in directions]


@pytest.fixture
def small_thresholds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index, "INDEX_ROWS", ROWS)


def test_small_store_needs_none(tmp_path: Path) -> None:
    store = make_store(tmp_path / "s", {"a.mp4": video([[1]] * 20)})

    assert not needs_index(store)
    build_index(store)
    assert index_status(store)["frames"] == IndexStatus(rows=20, indexed_rows=0, trained_rows=0)
    assert store.table("frames").list_indices() == []


@pytest.mark.usefixtures("small_thresholds")
def test_indexed_store_finds_the_same(tmp_path: Path) -> None:
    store = add_videos(tmp_path / "s", first=0, count=30)
    before = own_videos(store, 0, 30)

    assert needs_index(store)
    build_index(store)

    assert index_status(store)["frames"] == IndexStatus(
        rows=600, indexed_rows=600, trained_rows=600
    )
    assert index_status(store)["clips"] == IndexStatus(rows=0, indexed_rows=0, trained_rows=0)
    assert not needs_index(store)
    assert [found[0].source for found in before] == [f"{k}.mp4" for k in range(30)]
    after = own_videos(store, 0, 30)
    assert [found[0].source for found in after] == [found[0].source for found in before]


@pytest.mark.usefixtures("small_thresholds")
def test_rows_after_the_index_are_found_and_folded_in(tmp_path: Path) -> None:
    build_index(add_videos(tmp_path / "s", first=0, count=30))

    store = add_videos(tmp_path / "s", first=30, count=20)

    assert index_status(store)["frames"].unindexed_rows == 400
    assert [found[0].source for found in own_videos(store, 30, 20)] == [
        f"{k}.mp4" for k in range(30, 50)
    ]
    assert needs_index(store)
    build_index(store)
    assert index_status(store)["frames"] == IndexStatus(
        rows=1000, indexed_rows=1000, trained_rows=600
    )
    assert [found[0].source for found in own_videos(store, 30, 20)] == [
        f"{k}.mp4" for k in range(30, 50)
    ]


@pytest.mark.usefixtures("small_thresholds")
def test_outgrown_index_is_made_anew(tmp_path: Path) -> None:
    build_index(add_videos(tmp_path / "s", first=0, count=30))
    store = add_videos(tmp_path / "s", first=30, count=90)

    assert index_status(store)["frames"].is_outgrown
    build_index(store)

    assert [each.name for each in store.table("frames").list_indices()] == ["vector_of_2400"]
    assert not needs_index(store)


@pytest.mark.usefixtures("small_thresholds")
def test_exact_search_looks_past_the_index(tmp_path: Path) -> None:
    store = add_videos(tmp_path / "s", first=0, count=30)
    build_index(store)
    queries = np.random.default_rng(0).normal(size=(30, FEATURES)).astype(np.float32)

    exact = [nearest(store, each, table="frames", is_exact=True) for each in queries]

    assert [found[0].source for found in exact] == [f"{k}.mp4" for k in range(30)]
    assert [found[0].score for found in exact] == pytest.approx([1.0] * 30, abs=1e-3)
