"""Stored clips, named anew without a look at their videos."""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest
from painted_archive import head_for, painted_store, write_painted
from small_archive import store_of

from ghoststream.archive.store import Store, open_store
from ghoststream.errors import HeadError
from ghoststream.heads import load_head, save_head
from ghoststream.runners.local import run
from ghoststream.serve.teach import naming as module
from ghoststream.serve.teach.naming import name_videos, naming_of, stored_videos


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_painted(tmp_path_factory.mktemp("painted") / "archive")


@pytest.fixture(scope="module")
def store(archive: Path) -> Store:
    return open_store(painted_store(archive.parent / "painted.store", archive))


@pytest.fixture(scope="module")
def head(store: Store, archive: Path) -> Path:
    return head_for(store, archive.parent / "head.safetensors")


def named(store: Store, head: Path) -> dict[str, list[tuple[str, float, float]]]:
    found = name_videos(store, naming_of(store.recipe, head), stored_videos(store))
    return {
        video.source: [(e.label, float(e.start_time), float(e.end_time or -1)) for e in events]
        for video, events in found
    }


def test_events_are_what_the_head_sees(store: Store, head: Path) -> None:
    assert named(store, head) == {
        "flicker0.mp4": [("flicker", 0.0, 4.0)],
        "flicker1.mp4": [("flicker", 0.0, 4.0)],
        "still0.mp4": [("still", 0.0, 4.0)],
        "still1.mp4": [("still", 0.0, 4.0)],
    }


@pytest.mark.slow
def test_events_are_those_of_a_run_with_the_head(archive: Path, tmp_path: Path) -> None:
    store = open_store(store_of(tmp_path / "real.store", archive, fps=4))
    head = head_for(store, tmp_path / "head.safetensors")
    told = {
        path.name: [
            (e.after.label, float(e.after.start_time), float(e.after.end_time or -1))
            for e in run(path, head=head, weights="bundled")
            if e.type == "end"
        ]
        for path in sorted(archive.iterdir())
    }
    assert named(store, head) == told
    assert told["still0.mp4"] == [("still", 0.0, 4.0)]


@pytest.mark.parametrize("frames_at_once", [5, 20, 33])
def test_it_does_not_matter_how_many_frames_are_read_at_once(
    store: Store, head: Path, frames_at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = named(store, head)
    monkeypatch.setattr(module, "FRAMES_AT_ONCE", frames_at_once)
    assert named(store, head) == whole


def test_times_are_those_of_the_stream(store: Store, head: Path) -> None:
    (video, *_) = stored_videos(store)
    spans = [embedding.span for embedding in module.frames_of(store, video)]
    assert [span.start for span in spans[:3]] == [0, Fraction(1, 4), Fraction(1, 2)]
    assert spans[-1].end == 4


def test_a_head_of_another_network_is_refused(store: Store, head: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.safetensors"
    save_head(replace(load_head(head), backbone_sha256="cd" * 32), other)
    with pytest.raises(HeadError, match="the head belongs to backbone weights cdcdcdcdcdcd"):
        naming_of(store.recipe, other)


def test_a_head_of_another_framing_is_refused(store: Store, head: Path, tmp_path: Path) -> None:
    loaded, other = load_head(head), tmp_path / "other.safetensors"
    assert loaded.training is not None
    save_head(replace(loaded, training=replace(loaded.training, framing="pad")), other)
    with pytest.raises(HeadError, match=r"framing pad, and the archive was looked at with center"):
        naming_of(store.recipe, other)


def test_a_head_of_another_rate_names_with_a_warning(store: Store, tmp_path: Path) -> None:
    head = head_for(store, tmp_path / "head.safetensors", fps=Fraction(8))
    notice = naming_of(store.recipe, head).notice or ""
    assert "was trained at 8 frames a second, and the archive was looked at at 4 frames" in notice
