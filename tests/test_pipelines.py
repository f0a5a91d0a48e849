"""Every pipeline of the menu runs."""

import re
from pathlib import Path

import pytest
from click.testing import CliRunner
from clips import quadrants, write_clip

from ghoststream.cli import main

MENU = sorted((Path(__file__).parent.parent / "pipelines").glob("*.yaml"))


def test_there_is_a_menu() -> None:
    assert len(MENU) >= 5


@pytest.mark.parametrize("pipeline", MENU, ids=lambda path: path.stem)
def test_each_pipeline_is_short_and_says_how_to_run_it(pipeline: Path) -> None:
    first, *rest = pipeline.read_text("utf-8").splitlines()
    assert re.match(rf"# .+: .*ghoststream (run|embed|label) pipelines/{pipeline.name}", first)
    assert len(rest) < 29


IN_TIME = [
    pytest.param(path, marks=pytest.mark.slow if path.stem == "cameras" else ()) for path in MENU
]


@pytest.mark.parametrize("pipeline", IN_TIME, ids=lambda path: path.stem)
def test_each_pipeline_runs(
    pipeline: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    clip = write_clip(tmp_path / "clip.mp4", frames=100, gop=25, picture=quadrants)
    text = pipeline.read_text("utf-8")
    for name in re.findall(r"\{(GHOSTSTREAM_\w+)\}", text):
        monkeypatch.setenv(name, str(clip))
    command = re.findall(r"ghoststream (\w+)", text)[0]
    # What cameras alone have, such as evidence, wants a file to be played like one.
    as_camera = ["--realtime"] if "cameras:" in text else []
    done = CliRunner().invoke(main, [command, str(pipeline), "--source", str(clip), *as_camera])
    assert done.exit_code == 0, done.output
    assert len(list(tmp_path.rglob("*.*"))) > 1
