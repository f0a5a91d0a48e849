"""Videos for browsers: files in ranges, stretches of others, clips of evidence."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from archive_page import archive_page, ids_by_source, small_archive
from clips import index_of, write_clip
from fastapi.testclient import TestClient

from ghoststream.serve.media.playable import plays_in_browsers
from ghoststream.video.decode import open_file


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("playback")


@pytest.fixture(scope="module")
def client(folder: Path) -> Iterator[TestClient]:
    with archive_page(folder / "data", archive=str(small_archive(folder))) as client:
        yield client


@pytest.fixture
def place(client: TestClient) -> str:
    return f"/api/videos/{ids_by_source(client)['gate/a.mp4']}/playback"


def test_a_file_is_served_whole_and_in_ranges(client: TestClient, folder: Path, place: str) -> None:
    content = (folder / "videos/gate/a.mp4").read_bytes()
    whole = client.get(place)
    assert (whole.content, whole.headers["content-type"]) == (content, "video/mp4")
    assert whole.headers["accept-ranges"] == "bytes"
    for asked, part in (("0-99", content[:100]), ("100-", content[100:]), ("-7", content[-7:])):
        answer = client.get(place, headers={"Range": f"bytes={asked}"})
        assert (answer.status_code, answer.content) == (206, part)
    assert answer.headers["content-range"].endswith(f"/{len(content)}")


def test_only_the_head_of_a_file(client: TestClient, folder: Path, place: str) -> None:
    size = (folder / "videos/gate/a.mp4").stat().st_size
    answer = client.head(place)
    assert (answer.content, answer.headers["content-length"]) == (b"", str(size))


def test_a_part_that_is_not_there(client: TestClient, folder: Path, place: str) -> None:
    size = (folder / "videos/gate/a.mp4").stat().st_size
    answer = client.get(place, headers={"Range": f"bytes={size}-"})
    assert (answer.status_code, answer.headers["content-range"]) == (416, f"bytes */{size}")


def test_a_part_of_another_state_of_the_file_is_not_put_to_it(
    client: TestClient, place: str
) -> None:
    tag = client.head(place).headers["etag"]
    same = client.get(place, headers={"Range": "bytes=0-9", "If-Range": tag})
    other = client.get(place, headers={"Range": "bytes=0-9", "If-Range": '"other"'})
    assert (same.status_code, other.status_code) == (206, 200)


def test_several_parts_at_once(client: TestClient, place: str) -> None:
    answer = client.get(place, headers={"Range": "bytes=0-9,20-29"})
    assert answer.status_code == 206
    assert answer.headers["content-type"].startswith("multipart/byteranges")
    many = ",".join(f"{i * 20}-{i * 20 + 1}" for i in range(1000))
    assert client.get(place, headers={"Range": f"bytes={many}"}).status_code == 200


def test_other_files_give_a_stretch_that_browsers_play(
    client: TestClient, folder: Path, tmp_path: Path
) -> None:
    place = f"/api/videos/{ids_by_source(client)['gate/b.ts']}/playback"
    start = open_file(folder / "videos/gate/b.ts").info.start_time or 0
    answer = client.get(place, params={"start": float(start) + 1, "end": float(start) + 2})
    assert (answer.status_code, answer.headers["content-type"]) == (200, "video/mp4")
    path = tmp_path / "stretch.mp4"
    path.write_bytes(answer.content)
    with open_file(path) as video:
        frames = list(video.frames())
    assert [index_of(frame.rgb()) for frame in frames] == [5, 6, 7, 8, 9]
    assert [float(frame.time) for frame in frames] == pytest.approx([0, 0.2, 0.4, 0.6, 0.8])


@pytest.mark.parametrize("query", ["", "start=1", "start=2&end=1", "start=0&end=61"])
def test_a_stretch_has_to_be_one(client: TestClient, query: str) -> None:
    place = f"/api/videos/{ids_by_source(client)['gate/b.ts']}/playback?{query}"
    assert client.get(place).status_code == 422


@pytest.mark.parametrize(("codec", "name"), [("libx264", "a.mp4"), ("mpeg4", "b.mp4")])
def test_clips_of_evidence_play_whatever_they_hold(
    client: TestClient, tmp_path: Path, codec: str, name: str
) -> None:
    site = client.app.state.site  # type: ignore[attr-defined]
    clip = write_clip(tmp_path / name, frames=5, codec=codec)
    state = {
        "id": name,
        "source": "door",
        "label": "tabby",
        "score": 0.5,
        "top_score": 0.5,
        "start_time": 1000.0,
        "end_time": None,
        "frame_time": 1001.0,
    }
    event = site.book.add_line({"record": "event", "after": state})
    site.book.add_line(
        {
            "record": "evidence",
            "source": "door",
            "event": name,
            "kind": "clip",
            "path": str(clip),
            "start": 999.0,
            "end": 1003.0,
            "is_whole": True,
        }
    )
    answer = client.get(f"/api/events/{event.id}/playback")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "video/mp4")
    assert (answer.content == clip.read_bytes()) == (codec == "libx264")
    assert client.get(f"/api/events/{event.id}/still.jpg").status_code == 404
    clip.unlink()
    assert client.get(f"/api/events/{event.id}/playback").status_code == 410


@pytest.mark.parametrize(
    ("suffix", "container", "codec", "pixels", "plays"),
    [
        (".mp4", "mov,mp4,m4a,3gp,3g2,mj2", "h264", "yuv420p", True),
        (".MOV", "mov,mp4,m4a,3gp,3g2,mj2", "h264", "yuvj420p", True),
        (".mp4", "mov,mp4,m4a,3gp,3g2,mj2", "hevc", "yuv420p", False),
        (".mp4", "mov,mp4,m4a,3gp,3g2,mj2", "h264", "yuv422p10le", False),
        (".mp4", "mpegts", "h264", "yuv420p", False),
        (".webm", "matroska,webm", "vp9", "yuv420p", True),
        (".mkv", "matroska,webm", "h264", "yuv420p", False),
    ],
)
def test_what_browsers_play(
    suffix: str, container: str, codec: str, pixels: str, plays: bool
) -> None:
    facts = {"container": container, "codec": codec, "pixel_format": pixels}
    assert plays_in_browsers(suffix, **facts) is plays
