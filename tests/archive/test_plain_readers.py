"""Programs that know nothing of GhostStream read its store, as the page about it says."""

import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner
from stores import RECIPE, clip, event, failed, make_store, video, video_rows

from ghoststream.archive.schema import schemas
from ghoststream.cli import main

PAGE = Path(__file__).parents[2] / "docs" / "store.md"
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.M | re.S)


@pytest.fixture
def archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A store as the page has it, with a video that is being written."""
    store = make_store(
        tmp_path / "archive.store",
        {
            "coffee.mp4": video(
                [[1, 0], [0, 1], [0.5, 1]],
                times=[0, 0.5, 1],
                clips=[clip(0, 2, [1], {"espresso": 0.75, "cup": 0.25})],
                events=[event("new", "espresso", 0)],
            ),
            "dark.mp4": video([[3]], contrast=0.5),
            "torn.mp4": failed("torn.mp4 is no video"),
        },
    )
    new = video_rows("new.mp4", video([[1]], clips=[clip(0, 2, [1], {"tabby": 0.99})]))
    store.table("pending").add([{"video": new.row["video"]}], mode="overwrite")
    store.table("frames").add(new.frames)
    store.table("clips").add(new.clips)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def typed(text: str) -> list[str]:
    """Commands of a block; the network is not what is tested here."""
    lines = [line[2:] for line in text.splitlines() if line.startswith("$ ghoststream")]
    return [line for line in lines if not line.startswith("ghoststream embed")]


def run_page() -> list[dict[str, object]]:
    """Does all that the page says, and gives what its pieces of Python leave behind."""
    left: list[dict[str, object]] = []
    for language, text in BLOCK.findall(PAGE.read_text("utf-8")):
        for command in typed(text) if language == "console" else []:
            done = CliRunner().invoke(main, shlex.split(command)[1:])
            assert done.exit_code == 0, f"{command}: {done.output}"
        if language == "python":
            names: dict[str, object] = {}
            exec(compile(text, PAGE, "exec"), names)
            left.append(names)
    return left


def test_what_the_page_says_works(archive: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run_page()

    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "ghostnet_100 (3, 8) /archive/coffee.mp4 0.0"
    assert lines[1].count(", 0.0, 1.0)") == 3
    assert lines[2].split() == ["path", "start_seconds", "label"]
    assert lines[3].split() == ["0", "/archive/coffee.mp4", "0.0", "espresso"]
    assert lines[4:6] == [
        "[('/archive/coffee.mp4', 0.0, 'espresso', 0.75)]",
        "[('/archive/coffee.mp4', 3), ('/archive/dark.mp4', 1)]",
    ]
    assert lines[6:] == ["3"]
    assert (archive / "clips.csv").read_text("utf-8").count("\n") == 2
    assert '"source":"torn.mp4"' in (archive / "failed.jsonl").read_text("utf-8")


def test_the_page_names_every_column_of_every_table() -> None:
    text = PAGE.read_text("utf-8")
    for table, schema in schemas(RECIPE).items():
        section = text.split(f"\n**`{table}`**")[1].split("\n**`")[0]
        named = set(re.findall(r"`(\w+)`", section))
        assert set(schema.names) <= named, table
