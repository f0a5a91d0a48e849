"""The pages as the server draws them."""

import threading
from pathlib import Path

import pytest
from pages import page

from ghoststream.serve.live.camera import Camera
from ghoststream.serve.pages.drawing import ENVIRONMENT
from ghoststream.serve.teach.heads import Heads


def test_what_arrives_goes_on_top_only_where_all_of_it_belongs(tmp_path: Path) -> None:
    event = {
        "id": "1000-abc",
        "source": "door",
        "label": "tabby",
        "score": 0.5,
        "top_score": 0.5,
        "start_time": 1000.0,
        "end_time": None,
        "frame_time": 1000.0,
    }
    with page(tmp_path) as client:
        client.app.state.site.book.add_line({"record": "event", "after": event})  # type: ignore[attr-defined]
        found = {
            query: "data-follow" in client.get(f"/events?{query}").text
            for query in ("", "kind=camera", "label=tabby", "source=door", "from=0", "verdict=none")
        }
    assert [query for query, is_followed in found.items() if is_followed] == ["", "kind=camera"]


def test_a_page_is_drawn_beside_the_loop_which_must_not_wait_for_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads: list[threading.Thread] = []

    def active(_: Heads) -> None:
        threads.append(threading.current_thread())

    with page(tmp_path) as client:
        loop = client.portal.call(threading.current_thread)  # type: ignore[union-attr]
        monkeypatch.setattr(Heads, "active", active)
        statuses = [
            client.get(path, headers={"Accept": "text/html"}).status_code
            for path in ("/", "/search", "/videos/none", "/nothing")
        ]
    assert statuses == [200, 200, 404, 404]
    assert len(threads) >= 4
    assert loop not in threads


def test_names_of_cameras_lead_nowhere_else() -> None:
    frame = {"csrf_token": "", "is_signed_in": False, "events": [], "labels": []}
    cameras = [Camera(name="a/../<b>'\"")]
    drawn = ENVIRONMENT.get_template("live.html").render(cameras=cameras, **frame)
    assert 'data-preview="/api/cameras/a%2F..%2F%3Cb%3E%27%22/preview"' in drawn
    assert 'data-camera="a/../&lt;b&gt;&#39;&#34;"' in drawn
