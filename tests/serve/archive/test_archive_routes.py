"""The API of archives: listing, timelines and searches, on a small store."""

import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from archive_page import archive_page, ids_by_source, small_archive
from fastapi.testclient import TestClient
from PIL import Image

from ghoststream.serve.archive import upload


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    folder = tmp_path_factory.mktemp("archive")
    with archive_page(folder / "data", archive=str(small_archive(folder))) as client:
        yield client


def sources(client: TestClient, **query: object) -> list[str]:
    answer = client.get("/api/search", params=query)
    assert answer.status_code == 200, answer.text
    return [f"{one['source']}@{one['start_seconds']:g}" for one in answer.json()["items"]]


def picture(size: tuple[int, int] = (64, 48), kind: str = "PNG") -> bytes:
    file = io.BytesIO()
    Image.new("RGB", size, (200, 30, 30)).save(file, kind)
    return file.getvalue()


def test_a_store_is_ready_at_once(client: TestClient) -> None:
    status = client.get("/api/archive").json()
    assert (status["state"], status["videos"], status["model"]) == ("ready", 4, "ghostnet_100")
    assert status["error"] is None


def test_videos_are_listed_by_name_with_what_they_hold(client: TestClient) -> None:
    page = client.get("/api/videos").json()
    assert [(v["source"], v["status"], v["clips"], v["events"]) for v in page["items"]] == [
        ("broken.mp4", "failed", 0, 0),
        ("gate/a.mp4", "done", 2, 2),
        ("gate/b.ts", "done", 1, 1),
        ("yard/c.webm", "done", 0, 0),
    ]
    assert page["items"][0]["error"] == "broken.mp4: it is not a video."
    assert page["items"][0]["still"] is None
    id = page["items"][1]["id"]
    assert page["items"][1]["still"] == f"/api/videos/{id}/still.jpg?seconds=2.000&side=320"


def test_videos_come_in_pages_and_by_a_part_of_their_name(client: TestClient) -> None:
    first = client.get("/api/videos", params={"limit": 3}).json()
    rest = client.get("/api/videos", params={"cursor": first["next_cursor"]}).json()
    assert [v["source"] for v in rest["items"]] == ["yard/c.webm"]
    assert rest["next_cursor"] is None
    found = client.get("/api/videos", params={"text": "GATE/"}).json()
    assert [v["source"] for v in found["items"]] == ["gate/a.mp4", "gate/b.ts"]
    assert client.get("/api/videos", params={"text": "%"}).json()["items"] == []
    assert client.get("/api/videos", params={"cursor": "WzEsMl0"}).status_code == 422


def test_a_video_tells_what_its_file_is(client: TestClient) -> None:
    ids = ids_by_source(client)
    one = client.get(f"/api/videos/{ids['gate/a.mp4']}").json()
    assert (one["width"], one["height"], one["codec"], one["is_playable"]) == (64, 48, "h264", True)
    assert one["playback"] == f"/api/videos/{ids['gate/a.mp4']}/playback"
    other = client.get(f"/api/videos/{ids['gate/b.ts']}").json()
    assert (other["is_playable"], other["average_rate"]) == (False, "5/1")
    assert "?start=" in other["playback"]
    broken = client.get(f"/api/videos/{ids['broken.mp4']}").json()
    assert (broken["playback"], broken["header"]) == (None, None)
    assert client.get(f"/api/videos/{ids['yard/c.webm']}").json()["is_playable"]


def test_a_timeline_has_clips_and_events(client: TestClient) -> None:
    id = ids_by_source(client)["gate/a.mp4"]
    timeline = client.get(f"/api/videos/{id}/timeline").json()
    assert (timeline["start_seconds"], timeline["end_seconds"]) == (0, 4)
    assert timeline["labels"] == ["tabby, tabby cat", "tiger cat", "lynx"]
    assert [(c["start"], c["end"], c["labels"][0]["label"]) for c in timeline["clips"]] == [
        (0, 2, "tabby, tabby cat"),
        (2, 4, "tiger cat"),
    ]
    assert [event["label"] for event in timeline["events"]] == ["tabby, tabby cat", "tiger cat"]


def test_a_word_finds_labels_with_it_and_exact_ones_first(client: TestClient) -> None:
    assert sources(client, label="lynx") == ["gate/b.ts@0", "gate/a.mp4@0"]
    # Neighbours are one moment.
    assert sources(client, label="CAT") == ["gate/a.mp4@0"]
    assert sources(client, label="Tiger") == ["gate/a.mp4@2"]
    assert sources(client, label="lynx", limit=1) == ["gate/b.ts@0"]
    assert sources(client, label="zebra") == []


def test_a_word_finds_what_people_have_named(client: TestClient) -> None:
    (event,) = client.get("/api/events", params={"label": "tiger cat"}).json()["items"]
    place = f"/api/events/{event['id']}/verdict"
    client.put(place, json={"verdict": "corrected", "label": "lynx"})
    assert sources(client, label="lynx") == ["gate/a.mp4@2", "gate/b.ts@0", "gate/a.mp4@0"]
    client.delete(place)


@pytest.mark.parametrize(
    "said", [{"verdict": "dismissed"}, {"verdict": "corrected", "label": "zebra"}]
)
def test_a_word_does_not_find_what_people_deny(client: TestClient, said: dict[str, str]) -> None:
    (event,) = client.get("/api/events", params={"label": "tiger cat"}).json()["items"]
    place = f"/api/events/{event['id']}/verdict"
    client.put(place, json=said)
    assert sources(client, label="tiger") == []
    assert sources(client, label="lynx", limit=1) == ["gate/b.ts@0"]
    client.delete(place)
    assert sources(client, label="tiger") == ["gate/a.mp4@2"]


def test_more_like_a_moment_comes_from_its_stored_vector(client: TestClient) -> None:
    id = ids_by_source(client)["gate/a.mp4"]
    found = client.get("/api/search", params={"like": f"{id}@3.2"}).json()["items"]
    assert [one["source"] for one in found][:2] == ["gate/b.ts", "gate/a.mp4"]
    assert found[0]["score"] == pytest.approx(0.8, abs=0.01)
    assert found[0]["best_seconds"] == 0
    assert found[0]["playback"].startswith(f"/api/videos/{found[0]['video']}/playback?start=0.000")


@pytest.mark.parametrize(
    "query",
    [{}, {"label": "a", "like": "b@1"}, {"like": "x"}, {"like": "x@nan"}, {"label": ""}],
)
def test_a_search_for_nothing_or_two_things_is_refused(
    client: TestClient, query: dict[str, str]
) -> None:
    assert client.get("/api/search", params=query).status_code == 422


def test_strangers_ids_are_just_not_there(client: TestClient) -> None:
    for id in ("x", "..%2f..%2fetc%2fpasswd", "%00", "a" * 5000):
        for what in ("", "/timeline", "/still.jpg?seconds=1", "/playback"):
            assert client.get(f"/api/videos/{id}{what}").status_code == 404
    assert client.get("/api/search", params={"like": "../../etc/passwd@1"}).status_code == 404


def test_uploads_that_are_no_pictures_are_refused(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def sent(content: bytes) -> int:
        return client.post("/api/search", files={"picture": ("a.png", content)}).status_code

    assert sent(b"") == 422
    assert sent(b"<svg/>") == 422
    assert sent(b"RIFF and then nothing") == 422
    assert sent(picture()[:40]) == 422
    assert sent(picture((300, 300), "BMP")[:-5000]) == 422
    assert client.post("/api/search", data={"picture": "text"}).status_code == 422
    monkeypatch.setattr(upload, "MAX_BYTES", 100)
    assert sent(picture((500, 500), "BMP")) == 413
    uploads = client.app.state.site.media.uploads  # type: ignore[attr-defined]
    assert list(uploads.iterdir()) == []


def test_a_picture_that_would_fill_the_memory_is_refused_by_its_header(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ghoststream.serve.archive.query.MAX_PICTURE_PIXELS", 1000)
    answer = client.post("/api/search", files={"picture": ("a.png", picture())})
    assert answer.status_code == 413
    assert "pixels" in answer.json()["message"]


def test_a_page_without_an_archive_says_so(tmp_path: Path) -> None:
    with archive_page(tmp_path) as client:
        assert client.get("/api/archive").json()["state"] == "none"
        assert client.get("/api/videos").json() == {"items": [], "next_cursor": None}
        assert client.get("/api/search", params={"label": "cat"}).status_code == 404
