import sqlite3
import stat
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from ghoststream.errors import OutputError
from ghoststream.serve.review import Review


@pytest.fixture
def review(tmp_path: Path) -> Iterator[Review]:
    with Review(tmp_path / "review.db") as review:
        review.define("CREATE TABLE IF NOT EXISTS things (name TEXT PRIMARY KEY, number INTEGER)")
        yield review


def numbers(review: Review) -> dict[str, int]:
    return {row["name"]: row["number"] for row in review.rows("SELECT * FROM things")}


def test_what_is_written_is_read(review: Review) -> None:
    assert review.execute("INSERT INTO things VALUES (?, ?)", ("a", 1)) == 1
    assert review.execute("UPDATE things SET number = :n", {"n": 2}) == 1
    assert numbers(review) == {"a": 2}


def test_a_transaction_is_all_or_nothing(review: Review) -> None:
    def write_twice() -> None:
        with review.transaction() as connection:
            connection.execute("INSERT INTO things VALUES ('a', 1)")
            assert numbers(review) == {}  # readers beside it see what is committed
            raise RuntimeError

    with pytest.raises(RuntimeError):
        write_twice()
    assert numbers(review) == {}
    review.execute("INSERT INTO things VALUES ('a', 1)")
    assert numbers(review) == {"a": 1}


def test_many_threads_write_and_read(review: Review) -> None:
    review.execute("INSERT INTO things VALUES ('a', 0)")

    def count() -> None:
        for _ in range(20):
            with review.transaction() as connection:
                connection.execute("UPDATE things SET number = number + 1")
            assert numbers(review)["a"] > 0

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert numbers(review) == {"a": 80}


def test_it_is_there_after_a_restart(tmp_path: Path) -> None:
    for expected in ([], ["a"]):
        with Review(tmp_path / "review.db") as review:
            review.define("CREATE TABLE IF NOT EXISTS things (name TEXT)")
            assert [row["name"] for row in review.rows("SELECT name FROM things")] == expected
            review.execute("INSERT INTO things VALUES ('a')")


def test_a_full_disk_is_a_sentence_and_heals(review: Review) -> None:
    review.execute("PRAGMA max_page_count = 8")
    with pytest.raises(OutputError, match=r"review\.db: database or disk is full; make room"):
        review.execute("INSERT INTO things VALUES (?, 1)", ("long" * 20_000,))
    review.execute("PRAGMA max_page_count = 1000")
    review.execute("INSERT INTO things VALUES ('a', 1)")
    assert numbers(review) == {"a": 1}


def test_a_commit_that_fails_leaves_no_transaction_open(review: Review) -> None:
    review.define(
        "CREATE TABLE owners (name TEXT REFERENCES things (name) DEFERRABLE INITIALLY DEFERRED)"
    )
    with pytest.raises(sqlite3.IntegrityError):
        review.execute("INSERT INTO owners VALUES ('nobody')")
    review.execute("INSERT INTO things VALUES ('a', 1)")
    assert numbers(review) == {"a": 1}


def test_a_file_that_is_no_database_is_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "review.db"
    path.write_bytes(b"no database" * 100)
    with pytest.raises(OutputError, match=r"file is not a database; .* choose another directory"):
        Review(path)


def test_only_its_owner_reads_it(review: Review, tmp_path: Path) -> None:
    review.execute("INSERT INTO things VALUES ('a', 1)")
    files = [path.name for path in tmp_path.iterdir()]
    assert sorted(files) == ["review.db", "review.db-shm", "review.db-wal"]
    assert {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()} == {0o600}
