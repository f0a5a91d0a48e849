"""A directory of videos is labelled while the page is up, and searched by a picture then."""

from fractions import Fraction
from pathlib import Path

import pytest
from archive_page import Here, wait_for
from archives import moving
from clips import write_clip
from fastapi.testclient import TestClient

from ghoststream.config import ServeConfig
from ghoststream.errors import SourceNotFound
from ghoststream.serve.app import create_app
from ghoststream.serve.archive.archive import _labelling_config
from ghoststream.serve.archive.labelling import Labelling, Progress
from ghoststream.serve.server import opened_site
from ghoststream.sources.archive import find_files


def write_videos(folder: Path, count: int = 2) -> Path:
    folder.mkdir()
    for index in range(count):
        write_clip(folder / f"{index}.mp4", frames=50, rate=Fraction(25), picture=moving(index))
    (folder / "broken.mp4").write_bytes(b"this is no video" * 10)
    return folder


@pytest.mark.slow
def test_a_directory_becomes_an_archive_that_can_be_searched(tmp_path: Path) -> None:
    videos = write_videos(tmp_path / "videos")
    config = ServeConfig(data=tmp_path / "data", archive=str(videos), weights="bundled", workers=1)
    with (
        opened_site(config) as site,
        TestClient(create_app(site), base_url="http://127.0.0.1:8008") as client,
    ):
        client.headers["X-CSRF-Token"] = site.sessions.csrf_token(None)
        assert client.get("/api/archive").json()["state"] == "labelling"
        wait_for(lambda: client.get("/api/archive").json()["state"] == "ready")
        status = client.get("/api/archive").json()
        assert (status["done"], status["of"], status["failed"], status["videos"]) == (3, 3, 1, 3)
        item = client.get("/api/videos", params={"text": "1.mp4"}).json()["items"][0]
        still = client.get(item["still"]).content
        found = client.post("/api/search", files={"picture": ("x.jpg", still)}).json()["items"]
        assert (found[0]["video"], found[0]["score"] > 0.9) == (item["id"], True)
        like = client.get("/api/search", params={"like": f"{item['id']}@1"})
        assert like.status_code == 200
        write_clip(videos / "late.mp4", frames=50, rate=Fraction(25), picture=moving(2))
        wait_for(lambda: client.get("/api/archive").json()["videos"] == 4)
        wait_for(lambda: client.get("/api/archive").json()["state"] == "ready")
    assert site.worker.restarts == 0


def test_what_the_page_keeps_among_the_videos_is_none_of_them(tmp_path: Path) -> None:
    data = tmp_path / "videos" / "kept [by the page]"
    (data / "evidence").mkdir(parents=True)
    for path in (tmp_path / "videos" / "a.mp4", data / "evidence" / "b.mp4"):
        path.write_bytes(b"a video")
    videos = tmp_path / "videos"
    config = _labelling_config(ServeConfig(data=data), videos, str(data / "store"))
    found = find_files([videos], exclude=config.exclude)
    assert [str(file.relative) for file in found.files] == ["a.mp4"]
    elsewhere = _labelling_config(ServeConfig(), videos, str(tmp_path / "data" / "store"))
    assert elsewhere.exclude == ()


@pytest.mark.slow
def test_a_labelling_ends_with_the_page(tmp_path: Path) -> None:
    videos = write_videos(tmp_path / "videos", 8)
    config = ServeConfig(data=tmp_path / "data", weights="bundled")
    heard: list[Progress] = []
    settings = _labelling_config(config, videos, str(tmp_path / "x.store"))
    labelling = Labelling(settings, heard.append)
    wait_for(lambda: len(heard) > 0)
    labelling.close()
    count = len(heard)
    wait_for(lambda: not labelling._child._process.is_alive())
    assert len(heard) == count


@pytest.mark.slow
def test_a_labelling_that_cannot_be_tells_why(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    config = ServeConfig(data=tmp_path / "data", weights="bundled")
    heard: list[Progress] = []
    settings = _labelling_config(config, tmp_path / "empty", str(tmp_path / "x.store"))
    labelling = Labelling(settings, heard.append)
    wait_for(lambda: len(heard) > 0 and heard[-1].is_over)
    labelling.close()
    assert "empty" in (heard[-1].error or "")


def test_an_archive_that_is_not_there_is_refused(tmp_path: Path) -> None:
    config = ServeConfig(data=tmp_path / "data", archive=str(tmp_path / "nothing"))
    with opened_site(config) as site:
        site.worker = site.converter = Here()  # type: ignore[assignment]
        with pytest.raises(SourceNotFound, match="nothing"), TestClient(create_app(site)):
            pass
