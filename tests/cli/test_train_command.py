"""`ghoststream train` and `evaluate` as their users meet them."""

import json
from fractions import Fraction
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
from click.testing import CliRunner, Result
from clips import noise, quadrants, write_clip

from ghoststream.cli import main
from ghoststream.cli.options import POOLINGS as OFFERED
from ghoststream.config import PoolingName
from ghoststream.heads import LinearHead, Training, save_head
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


@pytest.mark.slow
def test_from_clips_to_a_head_to_names(data: Path, tmp_path: Path) -> None:
    head, store = tmp_path / "head.safetensors", tmp_path / "archive.store"
    common = ("--weights", "bundled", "--store", store)
    done = ghoststream("embed", data, "--fps", 4, "--workers", 1, *common)
    assert done.exit_code == 0, done.output
    # What is there already decides how it is looked at, and is not decoded again.
    before = sorted(store.rglob("*"))
    done = ghoststream("train", data, "--out", head, *common)
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
    assert sorted(store.rglob("*")) == before

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


def table_of(path: Path, *rows: str) -> Path:
    path.write_text("\n".join(["path,label,group,split", *rows]), "utf-8")
    return path


@pytest.mark.slow
def test_a_lost_clip_changes_the_exit_code(data: Path, tmp_path: Path) -> None:
    (tmp_path / "broken.mp4").write_bytes(b"no video")
    rows = [f"{path},{path.parent.name},," for path in sorted(data.rglob("*.mp4"))]
    table = table_of(tmp_path / "clips.csv", *rows, "broken.mp4,snow,,")
    head = tmp_path / "head.safetensors"
    common = ("--weights", "bundled", "--store", tmp_path / "train.store", "--workers", 1)
    done = ghoststream(
        "train", table, "--out", head, "--fps", 4, "--pool", "mean", "--json", *common
    )
    assert done.exit_code == 3, done.output
    record = json.loads(done.stdout)
    assert len(record["lost"]) == 1
    assert record["lost"][0].startswith(f"{tmp_path}/broken.mp4: ")
    assert record["figures"]["clips"] == 4

    done = ghoststream("evaluate", table, "--head", head, *common)
    assert done.exit_code == 3, done.output
    assert f"Warning: left out: {tmp_path}/broken.mp4: " in done.stderr


def refused(*arguments: object) -> str:
    done = ghoststream(*arguments)
    assert done.exit_code == 2, done.output
    assert done.stdout == ""
    return done.stderr


def test_errors_are_one_sentence(data: Path, tmp_path: Path) -> None:
    head = tmp_path / "head.safetensors"
    assert refused("train", data / "snow", "--out", head) == (
        "Error: there are no clips; it takes two classes to tell apart, with clips in each\n"
    )
    done = ghoststream("evaluate", data, "--head", tmp_path / "none.safetensors", "--json")
    assert done.exit_code == 2
    assert json.loads(done.stdout)["error"]["code"] == "HEAD_UNUSABLE"


def test_what_nothing_can_be_learnt_from_is_refused(data: Path, tmp_path: Path) -> None:
    (tmp_path / "copy.mp4").write_bytes((data / "snow" / "0.mp4").read_bytes())
    street = [f"{data}/Straße/{number}.mp4,Straße,,train" for number in range(2)]
    snow = [f"{data}/snow/{number}.mp4,snow,,train" for number in range(2)]

    def message(*rows: str) -> str:
        table = table_of(tmp_path / "clips.csv", *rows)
        return refused("train", table, "--out", tmp_path / "head.safetensors")

    assert message(*street) == (
        "Error: there is only the class 'Straße'; it takes two classes to tell apart, with clips "
        "in each\n"
    )
    assert message(*street, snow[0]) == (
        "Error: class 'snow' has one clip; it takes two, one to learn and one to check\n"
    )
    assert message(*street, *snow, "copy.mp4,Straße,,train") == (
        f"Error: {tmp_path}/copy.mp4 is the same clip as {data}/snow/0.mp4, with another label; "
        "remove one of them, or give both the same group, split and label\n"
    )
    grouped = [row.replace("/1.mp4,snow,,", "/1.mp4,snow,camera,") for row in snow]
    assert "all clips of class 'snow' are of one group" in message(
        *street, *(row.replace("snow,,", "snow,camera,") for row in grouped)
    )
    copied = [snow[0].replace("snow,,", "snow,c,"), "copy.mp4,snow,c,test"]
    assert "group 'c' is in split test and in another one" in message(*street, *copied, snow[1])
    copied[1] = "copy.mp4,snow,d,test"
    assert f"copy.mp4 is the same clip as {data}/snow/0.mp4, with another group" in message(
        *street, *copied, snow[1]
    )


def test_a_head_of_another_network_is_refused(data: Path, tmp_path: Path) -> None:
    head = tmp_path / "head.safetensors"
    training = Training(fps=Fraction(4), window=Fraction(2), framing="center", enter=0.5, leave=0.3)
    other = LinearHead(
        weight=np.zeros((2, 1280), np.float32),
        bias=np.zeros(2, np.float32),
        labels=("Straße", "snow"),
        pooling="mean",
        backbone_sha256="ab" * 32,
        training=training,
    )
    save_head(other, head)
    common = ("--head", head, "--weights", "bundled")
    store = ("--store", tmp_path / "x.store")
    said = {
        refused("run", data / "snow" / "0.mp4", *common, "--jsonl", tmp_path / "e.jsonl"),
        refused("label", data, *common, *store),
        refused("evaluate", data, *common, *store),
    }
    (sentence,) = said
    assert sentence.startswith("Error: the head belongs to backbone weights abababababab, but ")
    assert sentence.endswith("are loaded; choose the right weights, or train it again\n")
    assert list(tmp_path.iterdir()) == [head]
