"""Teaching, asked for as a browser does."""

import json
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from pages import page
from painted_archive import head_for, painted_store, write_painted

from ghoststream.archive.store import open_store

SECONDS = 30.0
"""For what takes a moment, on a machine that has much else to do."""


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("painted")
    return painted_store(folder / "painted.store", write_painted(folder / "archive"))


@pytest.fixture(scope="module")
def untouched(store: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """A page on which nothing is changed."""
    with page(tmp_path_factory.mktemp("page") / "data", archive=str(store)) as opened:
        yield opened


@pytest.fixture
def client(store: Path, tmp_path: Path) -> Iterator[TestClient]:
    with page(tmp_path / "data", archive=str(store)) as opened:
        until(lambda: len(opened.get("/api/events").json()["items"]) == 4)
        yield opened


def until(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + SECONDS
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.05)


def videos(client: TestClient) -> dict[str, Any]:
    return {item["source"]: item for item in client.get("/api/videos").json()["items"]}


def events(client: TestClient) -> dict[str, Any]:
    items = client.get("/api/events").json()["items"]
    return {item["source"]: item for item in items}


def test_classes_are_made_and_removed(client: TestClient) -> None:
    assert client.post("/api/classes", json={"name": "cat/dog"}).json() == {
        "name": "cat/dog",
        "examples": 0,
    }
    assert client.get("/api/classes").json() == [{"name": "cat/dog", "examples": 0}]
    assert client.delete("/api/classes/cat%2Fdog").status_code == 204
    answer = client.delete("/api/classes/cat%2Fdog")
    assert (answer.status_code, answer.json()["error"]) == (404, "NOT_FOUND")
    for dots in (".", ".."):
        refused = client.post("/api/classes", json={"name": dots})
        assert (refused.status_code, refused.json()["error"]) == (422, "UNSUITABLE")


def test_events_and_stretches_become_examples(client: TestClient) -> None:
    video, event = videos(client)["still0.mp4"], events(client)["flicker0.mp4"]
    stretch = {"video": video["id"], "start_seconds": 0.5, "end_seconds": 2.5}
    body = {"class": "cat", "items": [stretch, {"event": event["id"]}, stretch]}
    made = client.post("/api/examples", json=body)
    assert made.status_code == 200
    first, second, again = made.json()
    assert first == again
    assert (first["class"], first["kind"], first["video"]) == ("cat", "archive", video["id"])
    assert (first["start_seconds"], first["end_seconds"]) == (0.5, 2.5)
    assert first["still"].startswith(f"/api/videos/{video['id']}/still.jpg?seconds=1.500")
    assert (second["source"], second["event"]) == ("flicker0.mp4", event["id"])
    assert (second["start_seconds"], second["end_seconds"]) == (0.0, 4.0)
    listed = client.get("/api/examples", params={"class": "cat"}).json()
    assert {each["id"] for each in listed} == {first["id"], second["id"]}
    assert client.delete(f"/api/examples/{first['id']}").status_code == 204
    assert client.get("/api/classes").json() == [{"name": "cat", "examples": 1}]


@pytest.mark.parametrize(
    ("item", "status", "says"),
    [
        ({"event": "nobody"}, 404, "no such event"),
        ({"video": "nobody", "start_seconds": 0, "end_seconds": 1}, 404, "no such video"),
        ({"video": "v", "start_seconds": 2, "end_seconds": 1}, 422, "ends after it starts"),
        ({"video": "v", "start_seconds": 7, "end_seconds": 9}, 422, "goes from 0 to 4 seconds"),
        ({"path": "/etc/passwd"}, 422, "event"),
        ({"event": "\ud800"}, 422, "event"),
        ({"event": "x" * 201}, 422, "at most 200"),
    ],
)
def test_examples_that_are_none_are_refused(
    untouched: TestClient, item: dict[str, Any], status: int, says: str
) -> None:
    if item.get("video") == "v":
        until(lambda: len(videos(untouched)) == 4)
        item = {**item, "video": videos(untouched)["still0.mp4"]["id"]}
    body = json.dumps({"class": "cat", "items": [item]})
    headers = {"Content-Type": "application/json"}
    answer = untouched.post("/api/examples", content=body, headers=headers)
    assert answer.status_code == status
    assert says in answer.json()["message"]
    assert untouched.get("/api/examples").json() == []


def test_a_training_that_cannot_be_is_refused_in_a_sentence(untouched: TestClient) -> None:
    answer = untouched.post("/api/trainings", json={"name": "door"})
    assert (answer.status_code, answer.json()["error"]) == (400, "DATA_UNUSABLE")
    assert "it takes two classes to tell apart" in answer.json()["message"]
    answer = untouched.post("/api/trainings", json={"name": "../door"})
    assert (answer.status_code, answer.json()["error"]) == (422, "UNSUITABLE")
    assert untouched.get("/api/trainings").json() == []
    for address in ("/api/trainings/x", "/api/trainings/x/pictures/confusion"):
        assert untouched.get(address).status_code == 404
    assert untouched.post("/api/trainings/x/cancel").status_code == 404


@pytest.mark.slow
def test_a_head_that_is_switched_on_names_the_archive(
    client: TestClient, store: Path, tmp_path: Path
) -> None:
    assert client.get("/api/heads").json() == []
    head_for(open_store(store), tmp_path / "data" / "heads" / "painted.safetensors")
    (head,) = client.get("/api/heads").json()
    assert (head["name"], head["classes"]) == ("painted", ["flicker", "still"])
    assert (head["accuracy"], head["is_active"]) == (1.0, False)
    own = events(client)
    client.put(f"/api/events/{own['still0.mp4']['id']}/verdict", json={"verdict": "confirmed"})

    answer = client.put("/api/heads/active", json={"name": "painted"})
    assert answer.json() == {"active": "painted", "notice": None}
    until(lambda: client.get("/api/archive").json()["head"] == "painted")
    named = events(client)
    assert {source: item["label"] for source, item in named.items()} == {
        "flicker0.mp4": "flicker",
        "flicker1.mp4": "flicker",
        "still0.mp4": "still",
        "still1.mp4": "still",
    }
    assert client.get("/api/heads").json()[0]["is_active"] is True

    client.put("/api/heads/active", json={"name": None})
    until(lambda: client.get("/api/archive").json()["head"] is None)
    assert events(client)["still0.mp4"] == {**own["still0.mp4"], "verdict": "confirmed"}


def name_with_a_head(client: TestClient, store: Path, data: Path) -> None:
    until(lambda: len(events(client)) == 2)
    head_for(open_store(store), data / "heads" / "painted.safetensors")
    client.put("/api/heads/active", json={"name": "painted"})
    until(lambda: client.get("/api/archive").json()["head"] == "painted")


@pytest.mark.slow
def test_a_head_stays_on_and_names_what_comes_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ghoststream.serve.archive.archive.LOOK_SECONDS", 0.1)
    archive = write_painted(tmp_path / "archive", videos=1)
    store = painted_store(tmp_path / "painted.store", archive)
    with page(tmp_path / "data", archive=str(store)) as client:
        name_with_a_head(client, store, tmp_path / "data")
    write_painted(archive, videos=2)
    painted_store(store, archive)
    with page(tmp_path / "data", archive=str(store)) as client:
        assert client.get("/api/heads").json()[0]["is_active"] is True
        until(lambda: len(events(client)) == 4)
        assert events(client)["still1.mp4"]["label"] == "still"


@pytest.mark.slow
def test_an_archive_that_is_made_anew_is_named_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ghoststream.serve.archive.archive.LOOK_SECONDS", 0.1)
    archive = write_painted(tmp_path / "archive", videos=1)
    store = painted_store(tmp_path / "painted.store", archive)
    with page(tmp_path / "data", archive=str(store)) as client:
        name_with_a_head(client, store, tmp_path / "data")
        before = events(client)["flicker0.mp4"]["end_time"]
    shutil.rmtree(store)
    painted_store(store, archive, seconds=2, fps=2)
    with page(tmp_path / "data", archive=str(store)) as client:
        until(lambda: events(client)["flicker0.mp4"]["end_time"] != before)


class RestartedCameras:
    """Stands for the cameras of a page."""

    def __init__(self) -> None:
        self.heads: list[Path | None] = []

    async def restart(self, *, head: Path | None) -> None:
        self.heads.append(head)


def test_cameras_are_watched_with_the_head_that_is_on(
    client: TestClient, store: Path, tmp_path: Path
) -> None:
    site: Any = client.app.state.site  # type: ignore[attr-defined]
    site.live = cameras = RestartedCameras()
    head = head_for(open_store(store), tmp_path / "data" / "heads" / "painted.safetensors")
    assert client.put("/api/heads/active", json={"name": "painted"}).status_code == 200
    assert client.put("/api/heads/active", json={"name": "nobody"}).status_code == 404
    assert client.put("/api/heads/active", json={"name": None}).status_code == 200
    assert cameras.heads == [head, None]


def test_heads_that_do_not_fit_are_refused(client: TestClient, tmp_path: Path) -> None:
    (tmp_path / "data" / "heads" / "broken.safetensors").write_bytes(b"no head")
    (head,) = client.get("/api/heads").json()
    assert "cannot read the head" in head["problem"]
    answer = client.put("/api/heads/active", json={"name": "broken"})
    assert (answer.status_code, answer.json()["error"]) == (400, "HEAD_UNUSABLE")
    for name in ("nobody", "../broken"):
        assert client.put("/api/heads/active", json={"name": name}).status_code == 404
    assert client.get("/api/heads").json()[0]["is_active"] is False
