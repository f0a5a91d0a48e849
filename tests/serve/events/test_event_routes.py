"""The API of events."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from archive_page import archive_page, small_archive
from fastapi.testclient import TestClient


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    folder = tmp_path_factory.mktemp("events")
    with archive_page(folder / "data", archive=str(small_archive(folder))) as client:
        yield client


def test_events_of_a_store_are_listed_with_where_they_can_be_seen(client: TestClient) -> None:
    page = client.get("/api/events", params={"source": "gate/a.mp4"}).json()
    first = page["items"][0]
    assert page["next_cursor"] is None
    assert (first["label"], first["start_time"], first["end_time"]) == ("tabby, tabby cat", 0, 2)
    assert first["score"] == pytest.approx(0.9)
    assert first["still"] == f"/api/videos/{first['video']}/still.jpg?seconds=1.000&side=320"
    assert first["playback"] == f"/api/videos/{first['video']}/playback#t=0.000,2.000"
    assert client.get(f"/api/events/{first['id']}").json() == first


def test_events_of_files_that_browsers_do_not_play_have_a_stretch(client: TestClient) -> None:
    (event,) = client.get("/api/events", params={"label": "lynx"}).json()["items"]
    assert event["playback"] == f"/api/videos/{event['video']}/playback?start=1.000&end=3.000"


def test_saying_what_an_event_is_and_taking_it_back(client: TestClient) -> None:
    (event,) = client.get("/api/events", params={"label": "lynx"}).json()["items"]
    place = f"/api/events/{event['id']}/verdict"
    said = client.put(place, json={"verdict": "corrected", "label": "puma"}).json()
    assert (said["verdict"], said["corrected_label"], said["label"]) == (
        "corrected",
        "puma",
        "lynx",
    )
    assert {"label": "puma", "count": 1} in client.get("/api/labels").json()
    assert client.delete(place).json()["verdict"] == "none"


@pytest.mark.parametrize(
    "query",
    [
        {"cursor": "nonsense"},
        {"limit": 0},
        {"limit": 10_000},
        {"kind": "other"},
        {"from": "nan"},
        {"verdict": "maybe"},
    ],
)
def test_what_does_not_hold_is_refused(client: TestClient, query: dict[str, str]) -> None:
    answer = client.get("/api/events", params=query)
    assert answer.status_code == 422
    assert answer.json()["error"] == "UNSUITABLE"


def test_strangers_ids_are_just_not_there(client: TestClient) -> None:
    for id in ("x", "..%2f..%2fetc%2fpasswd", "%00", "a" * 5000):
        answer = client.put(f"/api/events/{id}/verdict", json={"verdict": "confirmed"})
        assert answer.status_code == 404


def test_verdicts_survive_a_restart(tmp_path: Path) -> None:
    store = str(small_archive(tmp_path))
    with archive_page(tmp_path / "data", archive=store) as client:
        (event,) = client.get("/api/events", params={"label": "lynx"}).json()["items"]
        client.put(f"/api/events/{event['id']}/verdict", json={"verdict": "dismissed"})
    with archive_page(tmp_path / "data", archive=store) as client:
        (again,) = client.get("/api/events", params={"verdict": "dismissed"}).json()["items"]
    assert again["id"] == event["id"]
