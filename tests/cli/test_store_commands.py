"""`ghoststream export` and `ghoststream store`, as their users meet them."""

import json
import shutil
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result
from stores import RECIPE, clip, failed, make_store, video

from ghoststream.archive.store import open_store
from ghoststream.archive.writer import open_writer
from ghoststream.cli import main

CAT = video([[1], [2]], clips=[clip(0, 2, [1], {"tabby": 0.5})])


def ghoststream(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(a) for a in arguments])


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    address = tmp_path_factory.mktemp("stores") / "s"
    make_store(address, {"gate/a.mp4": CAT})
    make_store(address, {"yard/Ü.mp4": CAT, "yard/torn.mp4": failed("torn")})
    return address


@pytest.fixture
def store(filled: Path, tmp_path: Path) -> Path:
    shutil.copytree(filled, tmp_path / "s")
    return tmp_path / "s"


def names(store: Path) -> list[str]:
    return sorted(open_store(store).videos()["source"].to_pylist())


def test_info(store: Path) -> None:
    done = ghoststream("store", "info", store)

    assert done.exit_code == 0
    lines = dict(line.split(maxsplit=1) for line in done.output.splitlines())
    assert lines["videos"] == "2 done, 1 failed"
    assert lines["frames"] == "4 of 8 numbers"
    assert lines["clips"] == "2 of 8 numbers"
    assert lines["model"] == "ghostnet_100 abababababab"
    assert lines["configuration"] == "hop 1, pooling mean, sampling 1 fps, window 2"


def test_info_for_machines(store: Path) -> None:
    facts = json.loads(ghoststream("store", "info", store, "--json").output)

    assert facts["address"] == str(store)
    assert (facts["videos_done"], facts["videos_failed"], facts["frames"]) == (2, 1, 4)
    assert facts["recipe"]["weights_sha256"] == RECIPE.weights_sha256


def test_compact(store: Path) -> None:
    assert ghoststream("store", "compact", store).output == "pieces: 6 before, 3 now\n"
    done = ghoststream("store", "compact", store, "--json")
    assert json.loads(done.output) == {"pieces_before": 3, "pieces": 3}
    assert len(names(store)) == 3


def test_a_small_store_gets_no_index(store: Path) -> None:
    text = "frames none (exact search), clips none (exact search)"
    assert ghoststream("store", "index", store).output == f"{text}\n"
    assert text in ghoststream("store", "info", store).output


def test_a_large_store_gets_an_index(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ghoststream.archive.index.INDEX_ROWS", 256)
    make_store(store, {"long.mp4": video(np.random.default_rng(0).random((300, 8)))})

    done = ghoststream("store", "index", store)
    assert done.output == "frames 304 of 304, clips none (exact search)\n"
    status = json.loads(ghoststream("store", "index", store, "--json").output)["frames"]
    assert status == {"rows": 304, "indexed_rows": 304, "trained_rows": 304}
    facts = json.loads(ghoststream("store", "info", store, "--json").output)
    assert facts["index"]["frames"] == status


def test_forget(store: Path) -> None:
    dry = ghoststream("store", "forget", store, "yard/*", "--dry-run")
    assert dry.output == (
        "/archive/yard/Ü.mp4\n/archive/yard/torn.mp4\n2 videos would be forgotten\n"
    )
    assert len(names(store)) == 3

    assert ghoststream("store", "forget", store, "Ü.mp4", "b.mp4").output == "forgot 1 video\n"
    assert names(store) == ["gate/a.mp4", "yard/torn.mp4"]
    assert ghoststream("store", "forget", store, "b.mp4").output == "forgot 0 videos\n"
    done = ghoststream("store", "forget", store, "*", "--json")
    assert json.loads(done.output) == {
        "forgotten": ["/archive/gate/a.mp4", "/archive/yard/torn.mp4"]
    }
    assert names(store) == []


def test_forget_wants_a_pattern(store: Path) -> None:
    assert ghoststream("store", "forget", store).exit_code == 2
    assert len(names(store)) == 3


def test_export(store: Path, tmp_path: Path) -> None:
    out = tmp_path / "frames.parquet"
    done = ghoststream("export", store, out, "--path", "*/yard/*", "--where", "frame = 1")

    assert done.output == f"1 row: {out}\n"
    assert pq.read_table(out)["source"].to_pylist() == ["yard/Ü.mp4"]


def test_export_for_machines(store: Path, tmp_path: Path) -> None:
    out = tmp_path / "videos.jsonl"
    done = ghoststream("export", store, out, "--table", "videos", "--json")

    assert json.loads(done.output) == {"path": str(out), "rows": 3}
    assert out.read_text("utf-8").count("\n") == 3


@pytest.mark.parametrize(("flag", "has_vectors"), [("--vectors", True), ("--no-vectors", False)])
def test_vectors_are_a_choice(flag: str, has_vectors: bool, store: Path, tmp_path: Path) -> None:
    for ending in ("jsonl", "parquet"):
        ghoststream("export", store, tmp_path / f"clips.{ending}", "--table", "clips", flag)
    line = (tmp_path / "clips.jsonl").read_text("utf-8").splitlines()[0]
    assert ("vector" in json.loads(line)) is has_vectors
    assert ("vector" in pq.read_table(tmp_path / "clips.parquet").schema.names) is has_vectors


@pytest.mark.parametrize(
    ("options", "code", "message"),
    [
        (["out.xlsx"], 2, "cannot export to a file that ends in '.xlsx'"),
        (["out.csv", "--where", "nope = 1"], 2, "No field named nope"),
        (["out.csv/a.csv"], 5, "a part of the path is a file"),
    ],
)
def test_what_cannot_be_exported(
    options: list[str], code: int, message: str, store: Path, tmp_path: Path
) -> None:
    (tmp_path / "out.csv").write_text("as it was")
    done = ghoststream("export", store, tmp_path / options[0], *options[1:])

    assert done.exit_code == code
    assert message in done.output
    assert done.output.count("\n") == 1
    assert (tmp_path / "out.csv").read_text() == "as it was"


COMMANDS = {
    "info": ["store", "info", "STORE"],
    "compact": ["store", "compact", "STORE"],
    "index": ["store", "index", "STORE"],
    "forget": ["store", "forget", "STORE", "*"],
    "export": ["export", "STORE", "out.csv"],
}


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS.keys())
def test_where_there_is_no_store(
    command: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "other").mkdir()
    for address, message in {
        "none": "Error: there is no store at none; make one with",
        "other": "Error: other holds no store of GhostStream; give the directory of one",
    }.items():
        done = ghoststream(*[address if word == "STORE" else word for word in command])
        assert done.exit_code == 2
        assert done.output.startswith(message)
    assert [path.name for path in tmp_path.iterdir()] == ["other"]
    assert list((tmp_path / "other").iterdir()) == []


def test_while_somebody_writes_a_store_can_be_read_only(store: Path, tmp_path: Path) -> None:
    with open_writer(store, RECIPE):
        for words in (["compact", store], ["index", store], ["forget", store, "*"]):
            done = ghoststream("store", *words)
            assert done.exit_code == 2
            assert "another process writes to" in done.output
        assert ghoststream("store", "info", store).exit_code == 0
        assert ghoststream("store", "forget", store, "*", "--dry-run").exit_code == 0
        assert ghoststream("export", store, tmp_path / "clips.csv").exit_code == 0
