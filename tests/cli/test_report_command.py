import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from clips import quadrants, write_clip

from ghoststream.cli import main
from ghoststream.sinks.records import HeaderRecord


def ghoststream(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of a run over a small video that lies beside it."""
    folder = tmp_path_factory.mktemp("run")
    video = write_clip(folder / "clip.mp4", frames=75, rate=25, picture=quadrants)
    done = ghoststream("run", video, "--enter", 0, "--leave", 0, "--report", folder / "clip.html")
    assert done.exit_code == 0, done.output
    return folder / "clip.jsonl"


def test_a_run_leaves_a_page_and_the_log_that_it_was_made_of(log: Path) -> None:
    assert HeaderRecord.model_validate_json(log.read_text("utf-8").splitlines()[0])
    assert '"images":["/9j/' in log.with_suffix(".html").read_text("utf-8")
    assert '"video":"clip.mp4"' in log.with_suffix(".html").read_text("utf-8")


def test_a_report_of_a_log_goes_beside_it(log: Path, tmp_path: Path) -> None:
    copy = tmp_path / "events.jsonl"
    copy.write_bytes(log.read_bytes())
    done = ghoststream("report", copy, "--thumbnails", 0)
    assert done.exit_code == 0, done.output
    assert f"{tmp_path / 'events.html'}: " in done.output
    assert "Moments without a thumbnail" in done.output
    assert '"images":[]' in (tmp_path / "events.html").read_text("utf-8")


def test_for_machines_it_is_one_object(log: Path, tmp_path: Path) -> None:
    out = tmp_path / "page.html"
    done = ghoststream("report", log, "--out", out, "--json", "--thumbnails", 1)
    told = json.loads(done.stdout)
    assert (told["report"], told["sources"], told["thumbnails"]) == (str(out), 1, 1)
    assert told["bytes"] == out.stat().st_size


def test_a_video_that_was_moved_can_be_named(log: Path, tmp_path: Path) -> None:
    moved = tmp_path / "moved.mp4"
    moved.write_bytes(log.with_name("clip.mp4").read_bytes())
    out = tmp_path / "page.html"
    done = ghoststream("report", log, "--out", out, "--video", moved, "--thumbnails", 0)
    assert done.exit_code == 0, done.output
    assert '"video":"moved.mp4"' in out.read_text("utf-8")


def test_what_cannot_be_used_changes_the_exit_code(log: Path, tmp_path: Path) -> None:
    torn = tmp_path / "torn.jsonl"
    torn.write_bytes(log.read_bytes()[:-30])
    assert ghoststream("report", torn, "--thumbnails", 0).exit_code == 3
    (tmp_path / "empty.jsonl").touch()
    done = ghoststream("report", tmp_path / "empty.jsonl")
    assert (done.exit_code, "holds no results; it is empty" in done.output) == (4, True)
    done = ghoststream("report", log, "--out", log, "--json")
    assert (done.exit_code, json.loads(done.stdout)["error"]["code"]) == (2, "CONFIG_INVALID")


def test_a_report_needs_a_log_and_the_name_of_a_page(tmp_path: Path) -> None:
    done = ghoststream("run", "clip.mp4", "--jsonl", "-", "--report", tmp_path / "page.html")
    assert (done.exit_code, "jsonl must be a file, not -" in done.output) == (2, True)
    done = ghoststream("run", "clip.mp4", "--report", tmp_path / "page.txt")
    assert done.exit_code == 2
    assert f"must end in .html, got '{tmp_path / 'page.txt'}'" in done.output
    done = ghoststream("run", "clip.mp4", "--report", "a.html", "--csv", "a.html")
    assert (done.exit_code, "a.html is report and another output" in done.output) == (2, True)
    (tmp_path / "file").touch()
    done = ghoststream("run", "clip.mp4", "--report", tmp_path / "file" / "page.html")
    assert (done.exit_code, "cannot write" in done.output) == (5, True)


@pytest.mark.slow
def test_an_archive_has_one_page(tmp_path: Path) -> None:
    for name in ("a.mp4", "b.mp4"):
        (tmp_path / "videos" / "day").mkdir(parents=True, exist_ok=True)
        write_clip(tmp_path / "videos" / "day" / name, frames=75, rate=25, picture=quadrants)
    (tmp_path / "videos" / "bad.mp4").write_bytes(b"no video")
    out = tmp_path / "page.html"
    labels, store = tmp_path / "labels", tmp_path / "store"
    places = ("--out", labels, "--store", store, "--report", out)
    done = ghoststream("label", tmp_path / "videos", *places, "--enter", 0, "--leave", 0)
    assert done.exit_code == 3, done.output
    text = out.read_text("utf-8")
    assert "<h1><bdi>3 videos</bdi></h1>" in text
    assert '"video":"videos/day/a.mp4"' in text
    assert "What was lost of 1 of 3 sources" in text
    assert '"images":["/9j/' in text
