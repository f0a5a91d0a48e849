import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

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
