"""What a reader sees of a store, and what it is told where there is none."""

import json
import shutil
from pathlib import Path

import pyarrow as pa
import pytest
from stores import RECIPE, clip, event, failed, make_store, video, video_id, video_rows

from ghoststream.archive.database import Connection, connect
from ghoststream.archive.facts import store_facts
from ghoststream.archive.paths import chosen
from ghoststream.archive.schema import METADATA_KEY, PENDING, SCHEMA, VIDEOS, schemas
from ghoststream.archive.store import Store, open_store, quoted
from ghoststream.archive.writer import open_writer
from ghoststream.errors import ConfigError, StoreBusy, StoreError

SMALL = video(
    [[1], [2]],
    clips=[clip(0, 2, [1], {"tabby": 0.5})],
    events=[event("new", "tabby", 0)],
)


def owners(store: Store) -> set[str]:
    """Ids of all videos of which any way of reading gives a row."""
    reads = (store.embeddings, store.clips, store.events)
    found = {i for read in reads for batch in read() for i in batch["video"].to_pylist()}
    return found | set(store.videos()["video"].to_pylist())


def add_unfinished(store: Store, name: str) -> None:
    """Leaves what a writer leaves that is killed before the last step."""
    rows = video_rows(name, SMALL)
    names = pa.table({"video": [video_id(name)]}, schema=store.table(PENDING).schema)
    store.table(PENDING).add(names, mode="overwrite")
    for table in ("frames", "clips", "events"):
        store.table(table).add(getattr(rows, table))


def test_rows_of_an_unfinished_video_are_never_seen(tmp_path: Path) -> None:
    add_unfinished(make_store(tmp_path, {"a.mp4": SMALL}), "b.mp4")
    store = open_store(tmp_path)

    assert store.unfinished() == [video_id("b.mp4")]
    assert owners(store) == {video_id("a.mp4")}
    found = store.embeddings(where="seconds >= 0 OR seconds < 0", columns=["video"])
    assert {v for batch in found for v in batch["video"].to_pylist()} == {video_id("a.mp4")}
    facts = store_facts(store)
    assert (facts.frames, facts.clips, facts.events) == (2, 1, 1)
    assert (facts.videos_done, facts.videos_unfinished) == (1, 1)


def test_the_next_writer_removes_them(tmp_path: Path) -> None:
    add_unfinished(make_store(tmp_path, {"a.mp4": SMALL}), "b.mp4")
    store = make_store(tmp_path, {})

    assert store.unfinished() == []
    assert store.table("frames").count_rows() == 2
    assert owners(store) == {video_id("a.mp4")}


def test_an_opened_store_stays_as_it_is(tmp_path: Path) -> None:
    store = make_store(tmp_path, {"a.mp4": SMALL})
    make_store(tmp_path, {"b.mp4": SMALL})
    with open_writer(tmp_path, RECIPE) as writer:
        writer.forget([video_id("a.mp4")])

    assert owners(store) == {video_id("a.mp4")}
    assert owners(open_store(tmp_path)) == {video_id("b.mp4")}


@pytest.mark.parametrize("table", [VIDEOS, PENDING, "frames", "clips", "events"])
def test_all_tables_are_of_one_moment(
    table: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_store(tmp_path, {"a.mp4": SMALL})
    connection = type(connect(tmp_path))
    open_table, writes = connection.open_table, iter(["b.mp4"])

    def opened(self: Connection, name: str) -> object:
        found = open_table(self, name)
        if name == table:
            for other in writes:
                with monkeypatch.context() as patch:
                    patch.setattr(connection, "open_table", open_table)
                    make_store(tmp_path, {other: SMALL})
        return found

    monkeypatch.setattr(connection, "open_table", opened)
    store = open_store(tmp_path)
    both = {video_id("a.mp4"), video_id("b.mp4")}
    for read in (store.embeddings, store.clips, store.events):
        assert {v for batch in read() for v in batch["video"].to_pylist()} == both
    assert set(store.videos()["video"].to_pylist()) == both


def test_a_store_that_changes_all_the_time_is_said_to_be_busy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = make_store(tmp_path, {"a.mp4": SMALL})
    connection = type(connect(tmp_path))
    open_table = connection.open_table

    def changing(self: Connection, name: str) -> object:
        if name == "frames":
            rows = store.table(PENDING).schema.empty_table()
            open_table(self, PENDING).add(rows, mode="overwrite")
        return open_table(self, name)

    monkeypatch.setattr(connection, "open_table", changing)
    monkeypatch.setattr("ghoststream.archive.store.ATTEMPTS", 3)
    with pytest.raises(StoreBusy, match="changes faster than it can be opened; try again"):
        open_store(tmp_path)


def test_conditions_columns_and_batches(tmp_path: Path) -> None:
    store = make_store(tmp_path, {"a.mp4": video([[n] for n in range(5)])})

    batches = list(store.embeddings(where="seconds >= 1", columns=["frame"], batch_rows=3))
    assert [batch["frame"].to_pylist() for batch in batches] == [[1, 2], [3, 4]]
    assert [batch.schema.names for batch in batches] == [["frame"]] * 2


@pytest.mark.parametrize(
    "condition",
    ["sceonds > 1", "seconds >", "seconds", "seconds = 'a'", "seconds < 1) OR (seconds > 0"],
)
def test_a_condition_that_is_none_is_said_so(condition: str, tmp_path: Path) -> None:
    store = make_store(tmp_path, {"a.mp4": SMALL})
    with pytest.raises(ConfigError, match="cannot use the condition"):
        next(store.embeddings(where=condition))
    with pytest.raises(ConfigError, match="cannot use the condition"):
        store.videos(condition)


def test_texts_in_sql_keep_their_quotes(tmp_path: Path) -> None:
    store = make_store(tmp_path, {"it's.mp4": SMALL, "b.mp4": SMALL})
    names = quoted(["'", "it's.mp4"])
    assert names == "'''', 'it''s.mp4'"
    assert store.videos(f"source IN ({names})").num_rows == 1


def test_ids_by_path(tmp_path: Path) -> None:
    store = make_store(tmp_path, {"a.mp4": SMALL, "b.mp4": failed("torn")})
    assert store.ids_by_path() == {
        b"/archive/a.mp4": video_id("a.mp4"),
        b"/archive/b.mp4": video_id("b.mp4"),
    }


def test_facts(tmp_path: Path) -> None:
    store = make_store(tmp_path, {"a.mp4": SMALL, "b.mp4": failed("torn")})
    facts = store_facts(store)

    assert (facts.videos_done, facts.videos_failed, facts.videos_unfinished) == (1, 1, 0)
    assert facts.hours == 2 / 3600
    assert (facts.frames, facts.clips, facts.events) == (2, 1, 1)
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert facts.size_bytes == sum(path.stat().st_size for path in files)


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("/archive/gate/*", ["gate/1.mp4", "gate/deep/2.mp4"]),
        ("gate/*", ["gate/1.mp4", "gate/deep/2.mp4"]),
        ("1.mp4", ["gate/1.mp4", "1.mp4"]),
        ("[12].MP4", []),
        ("*", ["gate/1.mp4", "gate/deep/2.mp4", "1.mp4"]),
    ],
)
def test_videos_are_chosen_by_globs(pattern: str, names: list[str]) -> None:
    sources = ["gate/1.mp4", "gate/deep/2.mp4", "1.mp4"]
    videos = pa.table({"path": [f"/archive/{name}" for name in sources], "source": sources})

    assert chosen(videos, [pattern])["source"].to_pylist() == names
    assert chosen(videos.slice(0, 0), [pattern]).num_rows == 0


def test_no_store(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"there is no store at .*none; make one with `ghoststr"):
        open_store(tmp_path / "none")
    assert not (tmp_path / "none").exists()


def test_a_directory_of_something_else(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("Dear all")
    with pytest.raises(StoreError, match="holds no store of GhostStream; give the directory"):
        open_store(tmp_path)


def test_a_file(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("Dear all")
    with pytest.raises(StoreError, match="there is no store at"):
        open_store(tmp_path / "letter.txt")


def test_a_database_of_something_else(tmp_path: Path) -> None:
    connect(tmp_path).create_table("cars", [{"wheels": 4}])
    with pytest.raises(StoreError, match="holds no store of GhostStream"):
        open_store(tmp_path)


def test_a_store_of_another_version(tmp_path: Path) -> None:
    for name, schema in schemas(RECIPE).items():
        values = {**json.loads(schema.metadata[METADATA_KEY]), "schema": "ghoststream.store/9"}
        newer = schema.with_metadata({METADATA_KEY: json.dumps(values)})
        connect(tmp_path).create_table(name, schema=newer)

    message = f"version 'ghoststream.store/9', and this GhostStream reads '{SCHEMA}'"
    with pytest.raises(StoreError, match=message):
        open_store(tmp_path)
    with pytest.raises(StoreError, match=message):
        make_store(tmp_path, {"a.mp4": SMALL})


def test_a_store_without_one_of_its_tables(tmp_path: Path) -> None:
    make_store(tmp_path, {"a.mp4": SMALL})
    shutil.rmtree(tmp_path / "clips.lance")
    with pytest.raises(StoreError, match="is damaged, it has no clips; make the store again"):
        open_store(tmp_path)


def test_a_store_without_its_data(tmp_path: Path) -> None:
    store = make_store(tmp_path, {"a.mp4": SMALL})
    shutil.rmtree(tmp_path / "frames.lance" / "data")
    with pytest.raises(StoreError, match=r"cannot read the store .*; is the disk all right"):
        list(store.embeddings())
