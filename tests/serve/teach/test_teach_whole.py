"""From marked moments to an archive that is named by the head which was trained from them."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from clips import quadrants, write_clip
from fastapi.testclient import TestClient
from pages import page
from painted_archive import flicker, write_painted
from small_archive import store_of

from ghoststream.heads import load_head

SECONDS = 240.0
VIDEOS = 4
"""A kind."""

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("painted")
    archive = write_painted(folder / "archive", videos=VIDEOS)
    return store_of(folder / "painted.store", archive, fps=4)


@pytest.fixture
def client(store: Path, tmp_path: Path) -> Iterator[TestClient]:
    with page(tmp_path / "data", archive=str(store), weights="bundled") as opened:
        end = time.monotonic() + SECONDS
        while len(videos(opened)) < 2 * VIDEOS:
            assert time.monotonic() < end
            time.sleep(0.1)
        yield opened


def videos(client: TestClient) -> dict[str, Any]:
    return {item["source"]: item for item in client.get("/api/videos").json()["items"]}


def collect(client: TestClient) -> None:
    for kind in ("flicker", "still"):
        items = [
            {"video": item["id"], "start_seconds": 0, "end_seconds": 4}
            for source, item in videos(client).items()
            if source.startswith(kind)
        ]
        client.post("/api/examples", json={"class": f"my {kind}", "items": items})


def trained(client: TestClient, name: str) -> dict[str, Any]:
    training: dict[str, Any] = client.post("/api/trainings", json={"name": name}).json()
    end = time.monotonic() + SECONDS
    while training["state"] in ("waiting", "running"):
        assert time.monotonic() < end
        time.sleep(0.2)
        training = client.get(f"/api/trainings/{training['id']}").json()
    return training


def labels(client: TestClient, source: str) -> set[str]:
    items = client.get("/api/events", params={"source": source}).json()["items"]
    return {item["label"] for item in items}


def switch_on(client: TestClient, name: str) -> None:
    answer = client.put("/api/heads/active", json={"name": name})
    assert answer.json() == {"active": name, "notice": None}
    end = time.monotonic() + SECONDS
    while client.get("/api/archive").json()["head"] != name:
        assert time.monotonic() < end
        time.sleep(0.2)


def test_marked_moments_become_the_names_of_the_archive(client: TestClient, store: Path) -> None:
    collect(client)
    training = trained(client, "mine")
    assert (training["state"], training["accuracy"]) == ("done", 1.0), training["message"]
    report = training["report"]
    assert (report["basis"], report["clips"]) == ("cross-validation", 2 * VIDEOS)
    assert report["groups"] == 2 * VIDEOS
    assert report["confusion"] == [[VIDEOS, 0], [0, VIDEOS]]
    picture = client.get(report["pictures"]["confusion"])
    assert picture.headers["content-type"] == "image/png"
    assert picture.content.startswith(b"\x89PNG")
    (head,) = client.get("/api/heads").json()
    assert head["classes"] == ["my flicker", "my still"]
    assert head["accuracy"] == 1.0
    switch_on(client, "mine")
    assert labels(client, "still0.mp4") == {"my still"}
    assert labels(client, "flicker1.mp4") == {"my flicker"}


def show_events(client: TestClient, folder: Path, camera: str) -> None:
    """A camera has kept a clip of each kind, which become examples."""
    site: Any = client.app.state.site  # type: ignore[attr-defined]
    for number, (kind, picture) in enumerate((("flicker", flicker), ("still", quadrants))):
        path = folder / f"{camera}-{kind}.mp4"
        # Of a size of their own: what is equal to the last byte is a copy.
        write_clip(
            path,
            frames=16,
            rate=4,
            size=(80 + 2 * (ord(camera[0]) - ord("a")), 48),
            picture=picture,
        )
        own_id, began = f"{camera}-{kind}", 1.8e9 + 3600 * number
        event = {
            "id": own_id,
            "source": camera,
            "label": "thing",
            "score": 0.9,
            "top_score": 0.9,
            "start_time": began,
            "end_time": began + 3,
        }
        site.book.add_line({"record": "event", "after": event})
        clip = {"source": camera, "event": own_id, "kind": "clip", "path": str(path)}
        site.book.add_line(
            {"record": "evidence", **clip, "start": began, "end": began + 4, "is_whole": True}
        )
        (seen,) = client.get(
            "/api/events", params={"source": camera, "from": began, "to": began + 1}
        ).json()["items"]
        body = {"class": f"my {kind}", "items": [{"event": seen["id"]}]}
        (example,) = client.post("/api/examples", json=body).json()
        assert (example["kind"], example["start_seconds"], example["end_seconds"]) == (
            "camera",
            0.0,
            3.0,
        )


def test_clips_of_cameras_are_learnt_from_beside_the_archive(
    client: TestClient, store: Path, tmp_path: Path
) -> None:
    collect(client)
    show_events(client, tmp_path, "gate")
    before = sorted(path.name for path in store.iterdir())
    training = trained(client, "both")
    assert training["state"] == "done", training["message"]
    assert training["report"]["clips"] == 2 * VIDEOS + 2
    assert training["report"]["groups"] == 2 * VIDEOS + 1
    assert sorted(path.name for path in store.iterdir()) == before
    assert len(videos(client)) == 2 * VIDEOS
    switch_on(client, "both")
    assert labels(client, "still0.mp4") == {"my still"}


def test_clips_of_cameras_are_enough(tmp_path: Path) -> None:
    with page(tmp_path / "data", weights="bundled", fps=2) as client:
        for camera in ("gate", "yard", "hall"):
            show_events(client, tmp_path, camera)
        training = trained(client, "cameras")
        assert training["state"] == "done", training["message"]
        assert training["report"]["groups"] == 3
        head = load_head(tmp_path / "data" / "heads" / "cameras.safetensors")
        assert head.training is not None
        assert head.training.fps == 2
