import logging
import os
from pathlib import Path

import pytest

from ghoststream.models.cache import Cache, cache_folder, cache_key


def test_what_was_written_is_read(tmp_path: Path) -> None:
    Cache(tmp_path / "made" / "for it").write("a.blob", b"payload")
    assert Cache(tmp_path / "made" / "for it").read("a.blob") == b"payload"


def test_nothing_is_read_where_nothing_was_written(tmp_path: Path) -> None:
    assert Cache(tmp_path).read("a.blob") is None
    assert Cache(tmp_path / "no folder").read("a.blob") is None


def test_the_newest_is_read_and_nothing_else_is_left(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    cache.write("a.blob", b"old")
    cache.write("a.blob", b"new and longer")
    assert cache.read("a.blob") == b"new and longer"
    assert [path.name for path in tmp_path.iterdir()] == ["a.blob"]


@pytest.mark.parametrize("position", [0, 31, 32, -1])
def test_a_flipped_bit_is_noticed(
    tmp_path: Path, position: int, caplog: pytest.LogCaptureFixture
) -> None:
    cache = Cache(tmp_path)
    cache.write("a.blob", b"payload")
    content = bytearray((tmp_path / "a.blob").read_bytes())
    content[position] ^= 1
    (tmp_path / "a.blob").write_bytes(content)
    assert cache.read("a.blob") is None
    assert "a.blob is damaged" in caplog.text
    cache.write("a.blob", b"payload")
    assert cache.read("a.blob") == b"payload"


@pytest.mark.parametrize("size", [0, 10, 32, 38])
def test_a_cut_file_is_noticed(tmp_path: Path, size: int) -> None:
    cache = Cache(tmp_path)
    cache.write("a.blob", b"payload")
    os.truncate(tmp_path / "a.blob", size)
    assert cache.read("a.blob") is None


def test_a_folder_that_cannot_be_made_costs_one_line_of_the_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("not a folder")
    cache = Cache(tmp_path / "file" / "cache")
    cache.write("a.blob", b"payload")
    cache.write("b.blob", b"payload")
    assert cache.read("a.blob") is None
    assert [record.levelno for record in caplog.records] == [logging.WARNING]
    assert "GHOSTSTREAM_CACHE" in caplog.text


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_is_read_only_is_read(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    cache = Cache(tmp_path)
    cache.write("a.blob", b"payload")
    tmp_path.chmod(0o500)
    cache.write("b.blob", b"payload")
    assert cache.read("a.blob") == b"payload"
    assert cache.read("b.blob") is None
    assert len(caplog.records) == 1


def test_a_write_that_fails_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "a.blob").mkdir()  # in the way of the rename
    Cache(tmp_path).write("a.blob", b"payload")
    assert [path.name for path in tmp_path.iterdir()] == ["a.blob"]


def test_the_environment_names_the_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GHOSTSTREAM_CACHE", "/somewhere/else")
    assert cache_folder() == Path("/somewhere/else")
    monkeypatch.delenv("GHOSTSTREAM_CACHE")
    assert cache_folder().name == "ghoststream" or cache_folder().parent.name == "ghoststream"


def test_a_key_depends_on_every_part_and_not_on_their_order() -> None:
    assert cache_key({"a": 1, "b": (0.5, 2)}) == cache_key({"b": (0.5, 2), "a": 1})
    assert cache_key({"a": 1}) != cache_key({"a": 2}) != cache_key({"b": 2})
    assert cache_key({"model": "ghostnet_100"}) == "e33587230af7b45844c23b12a17a5796"
