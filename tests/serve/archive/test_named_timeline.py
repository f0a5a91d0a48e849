"""The timeline of a video as the head names it that is switched on."""

from pathlib import Path

from archive_page import archive_page, ids_by_source
from painted_archive import head_for, painted_store, write_painted

from ghoststream.archive.store import open_store


def test_a_timeline_follows_the_head_whose_events_are_shown(tmp_path: Path) -> None:
    store = painted_store(tmp_path / "x.store", write_painted(tmp_path / "archive", videos=1))
    heads = tmp_path / "data" / "heads"
    heads.mkdir(parents=True)
    head_for(open_store(store), heads / "mine.safetensors")
    with archive_page(tmp_path / "data", archive=str(store)) as client:
        site = client.app.state.site  # type: ignore[attr-defined]
        place = f"/api/videos/{ids_by_source(client)['still0.mp4']}/timeline"
        assert client.get(place).json()["labels"] == []
        site.teaching.heads.choose("mine")
        site.book.show_head("mine")
        timeline = client.get(place).json()
        assert timeline["labels"][0] == "still"
        assert timeline["clips"][0]["labels"][0]["label"] == "still"
        assert timeline["end_seconds"] >= 4
        assert client.get(place.removeprefix("/api").removesuffix("/timeline")).status_code == 200
        site.book.show_head(None)
        assert client.get(place).json()["labels"] == []
