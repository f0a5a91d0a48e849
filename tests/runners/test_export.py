"""What comes out of a store, read by the programs that it is for."""

import csv
import json
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from stores import RECIPE, clip, event, failed, make_store, padded, video, video_id

from ghoststream.archive.store import Store
from ghoststream.errors import ConfigError, OutputError
from ghoststream.runners import export
from ghoststream.runners.export import export_table

CATS = video(
    [[1, 0.1], [0, 1]],
    times=[1.5, 2.5],
    clips=[clip(1.5, 3.5, [0.1, 0.3], {"tabby": 0.9, 'a "cat", grey': 0.1})],
    events=[event("new", "tabby", 1.5), event("end", "tabby", 1.5, 3.5)],
)
GATE = video([[0, 0, 1]], contrast=0.25, clips=[clip(0, 2, [1]), clip(1, 3, [2], {"bus": 0.25})])


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return filled(tmp_path_factory.mktemp("stores") / "store")


def filled(address: Path) -> Store:
    make_store(address, {"Küche/cats.mp4": CATS})
    return make_store(address, {"gate/1.mp4": GATE, "gate/2.mp4": failed("torn")})


def test_frames_as_parquet(store: Store, tmp_path: Path) -> None:
    assert export_table(store, tmp_path / "out" / "frames.parquet") == 3

    table = pq.read_table(tmp_path / "out" / "frames.parquet")
    rows = table.to_pylist()
    assert table.schema.names == [
        "video",
        "path",
        "source",
        "frame",
        "pts",
        "time_base",
        "seconds",
        "end_seconds",
        "contrast",
        "vector",
    ]
    assert {key: value for key, value in rows[1].items() if key != "vector"} == {
        "video": video_id("Küche/cats.mp4"),
        "path": "/archive/Küche/cats.mp4",
        "source": "Küche/cats.mp4",
        "frame": 1,
        "pts": 2500,
        "time_base": "1/1000",
        "seconds": 2.5,
        "end_seconds": 3.5,
        "contrast": 50.0,
    }
    assert [row["source"] for row in rows] == ["Küche/cats.mp4"] * 2 + ["gate/1.mp4"]
    np.testing.assert_array_equal(rows[0]["vector"], padded([1, 0.1]))
    assert json.loads(table.schema.metadata[b"ghoststream"])["model"] == RECIPE.model


def test_frames_as_npz(store: Store, tmp_path: Path) -> None:
    assert export_table(store, tmp_path / "frames.npz") == 3

    with np.load(tmp_path / "frames.npz", allow_pickle=False) as data:
        assert data["vector"].dtype == np.float16
        np.testing.assert_array_equal(data["vector"][2], padded([0, 0, 1]))
        assert data["vector"].shape == (3, 8)
        assert data["path"].tolist() == ["/archive/Küche/cats.mp4"] * 2 + ["/archive/gate/1.mp4"]
        assert data["seconds"].tolist() == [1.5, 2.5, 0.0]
        assert data["pts"].dtype == np.int64
        assert json.loads(str(data["recipe"]))["weights_sha256"] == RECIPE.weights_sha256


def test_clips_as_npz_leave_out_lists(store: Store, tmp_path: Path) -> None:
    assert export_table(store, tmp_path / "clips.npz", table="clips") == 3

    with np.load(tmp_path / "clips.npz", allow_pickle=False) as data:
        assert sorted(data) == [
            "clip",
            "end_seconds",
            "path",
            "recipe",
            "sequence",
            "source",
            "start_seconds",
            "vector",
            "video",
        ]
        assert data["vector"][:, 0].tolist() == [np.float16(0.1), 1, 2]


def test_clips_as_json_lines(store: Store, tmp_path: Path) -> None:
    assert export_table(store, tmp_path / "clips.jsonl") == 3

    lines = (tmp_path / "clips.jsonl").read_text("utf-8").splitlines()
    assert lines[0].replace(video_id("Küche/cats.mp4"), "ID") == (
        '{"video":"ID","path":"/archive/Küche/cats.mp4","source":"Küche/cats.mp4","clip":0,'
        '"sequence":0,"start_seconds":1.5,"end_seconds":3.5,"labels":["tabby","a \\"cat\\", grey"],'
        '"label_ids":[0,1],"scores":[0.9,0.1]}'
    )
    assert [json.loads(line)["labels"] for line in lines[1:]] == [[], ["bus"]]


def test_vectors_as_text_give_the_same_numbers(store: Store, tmp_path: Path) -> None:
    export_table(store, tmp_path / "clips.jsonl", vectors=True)

    row = json.loads((tmp_path / "clips.jsonl").read_text("utf-8").splitlines()[0])
    assert row["vector"][:2] == [0.09997559, 0.30004883]
    np.testing.assert_array_equal(np.float16(row["vector"]), padded([0.1, 0.3]))


def test_clips_as_csv(store: Store, tmp_path: Path) -> None:
    assert export_table(store, tmp_path / "clips.csv") == 3

    with (tmp_path / "clips.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert rows[0]["labels"] == '["tabby","a \\"cat\\", grey"]'
    assert rows[2] == {
        "video": video_id("gate/1.mp4"),
        "path": "/archive/gate/1.mp4",
        "source": "gate/1.mp4",
        "clip": "1",
        "sequence": "1",
        "start_seconds": "1.0",
        "end_seconds": "3.0",
        "labels": '["bus"]',
        "label_ids": "[0]",
        "scores": "[0.25]",
    }


def test_events_as_csv(store: Store, tmp_path: Path) -> None:
    assert export_table(store, tmp_path / "events.csv", table="events") == 2

    lines = (tmp_path / "events.csv").read_text("utf-8").splitlines()
    assert [line.split(",")[4] for line in lines] == ["type", "new", "end"]
    assert [line.split(",")[-2] for line in lines] == ["end_seconds", "", "3.5"]


def test_videos_as_json_lines_and_parquet(store: Store, tmp_path: Path) -> None:
    assert export_table(store, tmp_path / "videos.jsonl", table="videos") == 3
    assert export_table(store, tmp_path / "videos.parquet", table="videos") == 3

    lines = (tmp_path / "videos.jsonl").read_text("utf-8").splitlines()
    assert [json.loads(line)["error"] for line in lines] == [None, None, "torn"]
    assert "path_bytes" not in json.loads(lines[0])
    exact = pq.read_table(tmp_path / "videos.parquet")["path_bytes"].to_pylist()
    assert exact[1] == b"/archive/gate/1.mp4"


@pytest.mark.parametrize("most_listed", [10_000, 0])
@pytest.mark.parametrize(
    ("paths", "where", "sources"),
    [
        (["*/gate/*"], None, ["gate/1.mp4"]),
        (["cats.mp4"], None, ["Küche/cats.mp4"] * 2),
        (["Küche/*"], "seconds > 2", ["Küche/cats.mp4"]),
        (["cats.mp4", "gate/*"], "contrast < 1 OR pts = 1500", ["Küche/cats.mp4", "gate/1.mp4"]),
        (["nothing"], None, []),
    ],
)
def test_only_what_is_asked_for(
    paths: list[str],
    where: str | None,
    sources: list[str],
    most_listed: int,
    store: Store,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(export, "MAX_LISTED", most_listed)
    for ending in ("parquet", "npz"):
        file = tmp_path / f"frames.{ending}"
        assert export_table(store, file, where=where, paths=paths) == len(sources)
    assert pq.read_table(tmp_path / "frames.parquet")["source"].to_pylist() == sources
    with np.load(tmp_path / "frames.npz") as data:
        assert data["source"].tolist() == sources
        assert data["vector"].shape == (len(sources), 8)


def test_many_appends_give_few_row_groups(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    filled(tmp_path / "store")
    for number in range(5):
        make_store(tmp_path / "store", {f"{number}.mp4": video([[number], [number]])})
    grown = make_store(tmp_path / "store", {})
    monkeypatch.setattr(export, "ROWS_AT_ONCE", 4)

    assert export_table(grown, tmp_path / "frames.parquet") == 13

    metadata = pq.read_metadata(tmp_path / "frames.parquet")
    assert [metadata.row_group(n).num_rows for n in range(metadata.num_row_groups)] == [5, 4, 4]


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("out.xlsx", {}, r"ends in '\.xlsx'; choose one of \.parquet, \.npz, \.jsonl, \.csv"),
        ("out", {}, r"ends in 'nothing'"),
        ("out.csv", {"table": "pending"}, "no table 'pending'; choose one of frames, clips"),
        ("out.npz", {"table": "events"}, r"vectors, which events have not; choose \.parquet"),
        ("out.csv", {"where": "score > 1"}, r"'score > 1': Schema error: No field named score"),
        ("out.csv", {"where": "clip >"}, "cannot use the condition 'clip >'"),
        ("out.csv", {"where": "clip > 0 -- all"}, "cannot use the condition 'clip > 0 -- all'"),
    ],
)
def test_what_cannot_be_asked_for(
    name: str, options: dict[str, str], message: str, store: Store, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError, match=message):
        export_table(store, tmp_path / name, table=options.get("table"), where=options.get("where"))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("ending", ["parquet", "npz", "jsonl", "csv"])
def test_a_file_is_whole_or_absent(
    ending: str, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pieces = export._in_pieces

    def broken(*arguments: object) -> object:
        yield from pieces(*arguments)  # type: ignore[arg-type]
        raise OSError(28, "No space left on device")

    (tmp_path / f"out.{ending}").write_text("as it was")
    monkeypatch.setattr(export, "_in_pieces", broken)
    with pytest.raises(OutputError, match="the disk is full"):
        export_table(store, tmp_path / f"out.{ending}", table="clips")
    assert sorted(path.name for path in tmp_path.iterdir()) == [f"out.{ending}"]
    assert (tmp_path / f"out.{ending}").read_text() == "as it was"
