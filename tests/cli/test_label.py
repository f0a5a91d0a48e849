"""`ghoststream label`, and `embed` over archives, as typed."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from clips import quadrants, write_clip

from ghoststream.archive.store import open_store
from ghoststream.cli import main


def ghoststream(*arguments: object) -> Result:
    return CliRunner().invoke(main, [*map(str, arguments), "--weights", "bundled"])


@pytest.fixture
def archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "videos" / "gate").mkdir(parents=True)
    write_clip(tmp_path / "videos" / "a.mp4", frames=30, picture=quadrants)
    write_clip(tmp_path / "videos" / "gate" / "a.mp4", frames=50, picture=quadrants)
    return tmp_path / "videos"


def test_label_names_an_archive_and_embed_goes_on_from_there(archive: Path) -> None:
    done = ghoststream("label", archive)
    assert done.exit_code == 0, done.output
    assert sorted(str(p) for p in Path("labels").rglob("*.json*")) == [
        "labels/a.mp4.jsonl", "labels/gate/a.mp4.jsonl", "labels/summary.json",
    ]  # fmt: skip
    assert open_store("ghoststream-store").videos().num_rows == 2
    summary = json.loads(Path("labels/summary.json").read_text())
    assert (summary["directory"], summary["archive"]["frames"]) == (str(archive), 80)

    again = ghoststream("embed", archive, "--json")
    assert again.exit_code == 0, again.output
    assert json.loads(again.stdout)["run"]["already_done"] == 2


def test_a_dry_run_tells_and_does_nothing(archive: Path, tmp_path: Path) -> None:
    done = ghoststream("label", archive, "--dry-run", "--include", "gate/**")
    assert done.stdout == "new      gate/a.mp4\n"
    assert "1 new, 0 changed, 0 retried, 0 done, 0 failed; nothing was done" in done.stderr
    as_json = json.loads(ghoststream("embed", archive, "--dry-run", "--json").stdout)
    assert as_json["new"] == ["a.mp4", "gate/a.mp4"]
    assert [path.name for path in tmp_path.iterdir()] == ["videos"]


@pytest.mark.slow
def test_a_bad_file_makes_the_exit_code_3_until_it_is_mended(archive: Path) -> None:
    bad = archive / "bad.mp4"
    bad.write_bytes(b"this is no video" * 100)
    first = ghoststream("embed", archive, "--workers", 1)
    assert first.exit_code == 3
    assert "Failed: bad.mp4: no video can be found in it" in first.stderr
    assert ghoststream("embed", archive, "--workers", 1).exit_code == 3
    write_clip(bad, frames=30, picture=quadrants)
    assert ghoststream("embed", archive, "--workers", 1).exit_code == 0


def test_a_store_of_other_settings_is_refused(archive: Path) -> None:
    ghoststream("embed", archive)
    other = ghoststream("embed", archive, "--fps", 1)
    assert other.exit_code == 2
    assert "was made with fps 4 instead of 1" in other.stderr


def test_a_pipeline_holds_the_settings_of_an_archive(archive: Path) -> None:
    Path("night.yaml").write_text("fps: 1\nstore: night.store\nexclude: a.mp4\n")
    done = ghoststream("embed", "night.yaml", archive, "--store", "other.store", "--out", "logs")
    assert done.exit_code == 4, done.output
    Path("night.yaml").write_text("fps: 1\nstore: night.store\nexclude: gate\nout: logs\n")
    done = ghoststream("label", "night.yaml", archive)
    assert done.exit_code == 0, done.output
    assert open_store("night.store").recipe.configuration["fps"] == "1"
    assert sorted(str(p) for p in Path("logs").glob("*.jsonl")) == ["logs/a.mp4.jsonl"]
