"""Moments of videos as pictures."""

import asyncio
import errno
import io
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from archive_page import Here, archive_page, ids_by_source, small_archive
from clips import index_of
from fastapi.testclient import TestClient
from PIL import Image

from ghoststream.serve.media.cache import DiskCache
from ghoststream.serve.wanted import Wanted


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    folder = tmp_path_factory.mktemp("stills")
    with archive_page(folder / "data", archive=str(small_archive(folder))) as client:
        yield client


def worker(client: TestClient) -> Here:
    return client.app.state.site.worker  # type: ignore[attr-defined,no-any-return]


@pytest.mark.parametrize(
    ("name", "seconds", "index"), [("gate/a.mp4", 2.5, 12), ("yard/c.webm", 1, 5)]
)
def test_a_still_shows_the_moment(
    client: TestClient, name: str, seconds: float, index: int
) -> None:
    place = f"/api/videos/{ids_by_source(client)[name]}/still.jpg"
    answer = client.get(place, params={"seconds": seconds})
    assert answer.headers["content-type"] == "image/jpeg"
    assert answer.headers["cache-control"] == "private, max-age=86400"
    picture = Image.open(io.BytesIO(answer.content))
    assert (picture.size, index_of(np.asarray(picture))) == ((64, 48), index)


def test_a_still_is_made_once_and_then_not_even_sent(client: TestClient) -> None:
    place = f"/api/videos/{ids_by_source(client)['gate/a.mp4']}/still.jpg?seconds=1.2&side=160"
    first = client.get(place)
    made = len(worker(client).calls)
    assert client.get(place).content == first.content
    head = client.head(place)
    assert (head.status_code, head.content) == (200, b"")
    same = client.get(place, headers={"If-None-Match": first.headers["etag"]})
    assert (same.status_code, same.content) == (304, b"")
    assert len(worker(client).calls) == made


@pytest.mark.parametrize(
    ("query", "status"),
    [("seconds=1&side=333", 422), ("seconds=inf", 422), ("", 422), ("seconds=99", 400)],
)
def test_what_cannot_be_shown_is_refused(client: TestClient, query: str, status: int) -> None:
    place = f"/api/videos/{ids_by_source(client)['gate/a.mp4']}/still.jpg?{query}"
    assert client.get(place).status_code == status


def test_a_file_that_has_changed_or_gone_is_not_shown(tmp_path: Path) -> None:
    store = small_archive(tmp_path)
    with archive_page(tmp_path / "data", archive=str(store)) as client:
        ids = ids_by_source(client)
        os.utime(tmp_path / "videos/gate/a.mp4", (1, 1))
        (tmp_path / "videos/gate/b.ts").unlink()
        for name, sentence in (("gate/a.mp4", "has changed"), ("gate/b.ts", "is not there")):
            for what in ("still.jpg?seconds=1", "playback"):
                answer = client.get(f"/api/videos/{ids[name]}/{what}")
                assert (answer.status_code, answer.json()["error"]) == (410, "GONE")
                assert sentence in answer.json()["message"]
                assert str(tmp_path) not in answer.text


def test_a_cache_on_a_disk_that_is_read_only_has_what_it_had(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    async def make(path: Path, _: Wanted) -> None:
        raise AssertionError("it is there")

    monkeypatch.setattr(os, "utime", refuse)
    (tmp_path / "a.jpg").write_bytes(b"jpeg")
    cache = DiskCache(tmp_path, budget_bytes=1000)
    assert asyncio.run(cache.file("a.jpg", make)).read_bytes() == b"jpeg"


def test_a_cache_keeps_to_its_budget_and_lets_the_oldest_go(tmp_path: Path) -> None:
    async def fill() -> list[str]:
        cache = DiskCache(tmp_path / "cache", budget_bytes=1000)
        cache.open()

        async def make(path: Path, _: Wanted) -> None:
            path.write_bytes(b"x" * 300)

        for number in range(3):
            path = await cache.file(f"{number}", make)
            os.utime(path, ns=(number + 1, number + 1))
        await cache.file("0", make)
        await cache.file("3", make)
        return sorted(path.name for path in (tmp_path / "cache").iterdir())

    assert asyncio.run(fill()) == ["0", "3"]


def test_a_cache_makes_a_file_once_for_all_who_ask(tmp_path: Path) -> None:
    made: list[Path] = []

    async def ask() -> None:
        cache = DiskCache(tmp_path / "cache", budget_bytes=1000)
        cache.open()

        async def make(path: Path, _: Wanted) -> None:
            made.append(path)
            await asyncio.sleep(0.01)
            path.write_bytes(b"x")

        impatient = asyncio.create_task(cache.file("a", make))
        await asyncio.sleep(0)
        others = [asyncio.create_task(cache.file("a", make)) for _ in range(5)]
        await asyncio.sleep(0.005)
        impatient.cancel()
        assert {path.name for path in await asyncio.gather(*others)} == {"a"}

    asyncio.run(ask())
    assert len(made) == 1


@pytest.mark.parametrize(("others", "is_made"), [([False, False], False), ([False, True], True)])
def test_a_file_is_made_for_whoever_still_waits(
    tmp_path: Path, others: list[bool], is_made: bool
) -> None:
    async def ask() -> list[bool]:
        cache = DiskCache(tmp_path / "cache", budget_bytes=1000)
        cache.open()
        found = []

        async def make(path: Path, is_wanted: Wanted) -> None:
            await asyncio.sleep(0.01)
            found.append(await is_wanted())
            path.write_bytes(b"x")

        def waiting(answer: bool) -> Wanted:
            async def is_wanted() -> bool:
                return answer

            return is_wanted

        await asyncio.gather(*(cache.file("a", make, waiting(other)) for other in others))
        return found

    assert asyncio.run(ask()) == [is_made]


def test_what_fails_leaves_nothing_and_is_tried_again(tmp_path: Path) -> None:
    async def ask() -> None:
        cache = DiskCache(tmp_path / "cache", budget_bytes=1000)
        cache.open()

        async def fail(path: Path, _: Wanted) -> None:
            path.write_bytes(b"half")
            raise ValueError("no")

        for _ in range(2):
            with pytest.raises(ValueError, match="no"):
                await cache.file("a", fail)

    asyncio.run(ask())
    assert list((tmp_path / "cache").iterdir()) == []
