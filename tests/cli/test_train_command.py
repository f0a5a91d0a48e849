"""`ghoststream train` and `evaluate` as their users meet them."""

import json
from pathlib import Path
from typing import get_args

import pytest
from click.testing import CliRunner, Result
from clips import noise, quadrants, write_clip

from ghoststream.cli import main
from ghoststream.cli.options import POOLINGS as OFFERED
from ghoststream.config import PoolingName
from ghoststream.pooling import POOLINGS


def test_every_pooling_is_offered_and_taken() -> None:
    assert list(POOLINGS) == OFFERED == list(get_args(PoolingName))


def ghoststream(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(a) for a in arguments])


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    for label, picture in (("Straße", quadrants), ("snow", noise)):
        (folder / label).mkdir()
        for number in range(2):
            write_clip(
                folder / label / f"{number}.mp4",
                frames=4, rate=4, size=(64 + 2 * number, 48), picture=picture,
            )  # fmt: skip
    return folder


def test_from_clips_to_a_head_to_names(data: Path, tmp_path: Path) -> None:
    head, store = tmp_path / "head.safetensors", tmp_path / "train.store"
    common = ("--weights", "bundled", "--store", store)
    done = ghoststream("train", data, "--out", head, "--fps", 4, *common)
    assert done.exit_code == 0, done.output
    lines = done.stdout.splitlines()
    assert [line[2:].split()[0] for line in lines[:5]] == [
        "mean", "max", "mean_std", "mean_change", "attention",
    ]  # fmt: skip
    assert lines[-2:] == ["events begin at a score of 0.5", f"head: {head}"]
    assert sum(line.startswith("* ") for line in lines) == 1

    done = ghoststream("evaluate", data, "--head", head, "--out", tmp_path / "report", *common)
    assert done.exit_code == 0, done.output
    assert done.stdout.startswith("named right  ")
    assert "trained on all of these clips" in done.stderr
    assert f"report: {tmp_path / 'report' / 'report.json'}" in done.stderr

    done = ghoststream("evaluate", data, "--head", head, "--json", *common)
    assert json.loads(done.stdout)["basis"] == "cross-validation"
    assert json.loads(done.stdout)["labels"] == ["Straße", "snow"]

    log = tmp_path / "e.jsonl"
    video = data / "snow" / "0.mp4"
    done = ghoststream("run", video, "--head", head, "--weights", "bundled", "--jsonl", log)
    assert done.exit_code == 0, done.output
    records = [json.loads(line) for line in log.read_text("utf-8").splitlines()]
    assert records[0]["configuration"]["fps"] == "4"
    assert [r["labels"][0]["label"] for r in records if r["record"] == "clip"] == ["snow"]


@pytest.mark.slow
def test_label_takes_the_head_too(data: Path, tmp_path: Path) -> None:
    head = tmp_path / "head.safetensors"
    common = ("--weights", "bundled", "--store", tmp_path / "train.store", "--pool", "max")
    assert ghoststream("train", data, "--out", head, "--fps", 4, *common).exit_code == 0
    out = tmp_path / "labels"
    flags = ("--weights", "bundled", "--store", tmp_path / "x.store", "--out", out)
    done = ghoststream("label", data / "snow", "--head", head, "--workers", 1, *flags)
    assert done.exit_code == 0, done.output
    assert '"label":"snow"' in (out / "0.mp4.jsonl").read_text("utf-8")


def test_a_lost_clip_changes_the_exit_code(data: Path, tmp_path: Path) -> None:
    table = tmp_path / "clips.csv"
    (tmp_path / "broken.mp4").write_bytes(b"no video")
    rows = [f"{path},{path.parent.name}" for path in sorted(data.rglob("*.mp4"))]
    table.write_text("\n".join(["path,label", *rows, "broken.mp4,snow"]), "utf-8")
    done = ghoststream(
        "train", table, "--out", tmp_path / "head.safetensors", "--weights", "bundled",
        "--fps", 4, "--pool", "mean", "--store", tmp_path / "train.store", "--json",
    )  # fmt: skip
    assert done.exit_code == 3, done.output
    record = json.loads(done.stdout)
    assert len(record["lost"]) == 1
    assert "broken.mp4" in record["lost"][0]
    assert record["figures"]["clips"] == 4


def test_errors_are_one_sentence(data: Path, tmp_path: Path) -> None:
    done = ghoststream("train", data / "snow", "--out", tmp_path / "head.safetensors")
    assert done.exit_code == 2
    assert done.stderr == (
        "Error: there are no clips; it takes two classes to tell apart, with clips in each\n"
    )
    done = ghoststream("evaluate", data, "--head", tmp_path / "none.safetensors", "--json")
    assert done.exit_code == 2
    assert json.loads(done.stdout)["error"]["code"] == "HEAD_UNUSABLE"
