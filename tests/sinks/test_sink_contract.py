"""What holds for every sink, whatever it writes."""

import csv
import json
import os
import resource
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pyarrow.parquet as pq
import pytest
from clips import noise
from results import HEADER, RECORDS, SUMMARY, embedding, other_source

from ghoststream.errors import OutputError
from ghoststream.sinks import EMBEDDING_SINKS, SINKS
from ghoststream.types import Frame, Header


@dataclass(frozen=True)
class NoisePicture:
    """Costs the encoder as many bytes as a picture can."""

    index: int
    width: int = 64
    height: int = 48
    nbytes: int = 64 * 48 * 3

    def rgb(self, size: tuple[int, int] | None = None) -> Any:
        return noise(self.index, size or (self.width, self.height))


def four_seconds(header: Header) -> Iterator[Frame]:
    base = Fraction(1, 25)
    for index in range(100):
        picture = NoisePicture(index)
        yield Frame(pts=250 + index, time_base=base, duration=1, picture=picture)


def texts_of_log(path: Path) -> list[str]:
    lines = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    return [f"{line['source']} {line['labels'][0]['label']}" for line in lines if "labels" in line]


def texts_of_table(path: Path) -> list[str]:
    with path.open(encoding="utf-8", newline="") as file:
        return [f"{row['source']} {row['label']}" for row in csv.DictReader(file)]


def texts_of_parquet(path: Path) -> list[str]:
    return pq.read_table(path).column("source").to_pylist()


def texts_of_npz(path: Path) -> list[str]:
    with np.load(path) as data:
        return data["source"].tolist()


@dataclass(frozen=True)
class Case:
    """A sink, what it takes, and how to read back what it wrote."""

    name: str
    file: str
    options: dict[str, Any]
    items: tuple[Any, ...]
    read: Callable[[Path], list[str]]
    one_file_a_source: bool = False
    is_log: bool = False

    def open(self, path: Path) -> Any:
        return {**SINKS, **EMBEDDING_SINKS}[self.name](path, **self.options)


EMBEDDINGS = tuple(embedding(index) for index in range(3))
CASES = (
    Case("jsonl", "out.jsonl", {}, RECORDS, texts_of_log, is_log=True),
    Case("csv", "out.csv", {}, RECORDS, texts_of_table),
    Case(
        "vtt",
        "out.vtt",
        {},
        RECORDS,
        lambda path: path.read_text("utf-8").splitlines(),
        one_file_a_source=True,
    ),
    Case(
        "annotate",
        "out.mp4",
        {"frames": four_seconds},  # all are drawn, whether or not anything was found
        RECORDS,
        lambda path: [str(count_frames(path))],
        one_file_a_source=True,
    ),
    Case("parquet", "out.parquet", {}, EMBEDDINGS, texts_of_parquet),
    Case("npz", "out.npz", {}, EMBEDDINGS, texts_of_npz),
)

every_sink = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)


def count_frames(path: Path) -> int:
    with av.open(str(path)) as container:
        return sum(1 for _ in container.decode(video=0))


def write_source(sink: Any, case: Case, header: Header = HEADER) -> None:
    sink.start(header)
    for item in case.items:
        sink.write(item)
    sink.finish(SUMMARY)


def write_sources(case: Case, path: Path, *, count: int) -> None:
    with case.open(path) as sink:
        for index in range(count):
            write_source(sink, case, other_source(f"{index}" * 40))


def break_off(case: Case, path: Path) -> None:
    with case.open(path) as sink:
        sink.start(HEADER)
        sink.write(case.items[0])
        sink.write(case.items[1])
        raise RuntimeError("from outside")


def test_every_sink_is_here() -> None:
    in_memory = {"memory"}
    assert {case.name for case in CASES} == ({*SINKS} - in_memory) | {*EMBEDDING_SINKS}


@every_sink
def test_writes_what_it_was_given(case: Case, tmp_path: Path) -> None:
    path = tmp_path / "new" / "directory" / case.file
    with case.open(path) as sink:
        write_source(sink, case)
    expected = {
        "jsonl": ["Küche/камера.mp4 кошка"] * 3,
        "csv": ["Küche/камера.mp4 кошка"],
        "vtt": [
            "WEBVTT",
            "",
            "NOTE Events in Küche/камера.mp4",
            "",
            "10.000000-abcdef",
            "00:00:00.000 --> 00:00:03.000",
            "кошка 75%",
        ],
        "annotate": ["100"],
        "parquet": ["Küche/камера.mp4"] * 3,
        "npz": ["Küche/камера.mp4"] * 3,
    }
    assert case.read(path) == expected[case.name]
    assert [file.name for file in path.parent.iterdir()] == [case.file]


@every_sink
def test_takes_several_sources(case: Case, tmp_path: Path) -> None:
    path = tmp_path / case.file
    with case.open(path) as sink:
        write_source(sink, case, other_source("one"))
        write_source(sink, case, other_source("two"))
    texts = case.read(path)
    if case.one_file_a_source:
        second = case.read(tmp_path / f"out-2{path.suffix}")
        assert len(second) == len(texts)
    else:
        half = len(texts) // 2
        assert [text.split()[0] for text in texts] == ["one"] * half + ["two"] * half


@every_sink
def test_run_without_results_is_whole(case: Case, tmp_path: Path) -> None:
    path = tmp_path / case.file
    with case.open(path) as sink:
        sink.start(HEADER)
        sink.finish(SUMMARY)
    expected: dict[str, list[str]] = {
        "vtt": ["WEBVTT", "", "NOTE Events in Küche/камера.mp4"],
        "annotate": ["100"],
    }
    assert case.read(path) == expected.get(case.name, [])


@every_sink
def test_equal_input_gives_equal_bytes(case: Case, tmp_path: Path) -> None:
    first, second = tmp_path / "a" / case.file, tmp_path / "b" / case.file
    for path in (first, second):
        with case.open(path) as sink:
            write_source(sink, case)
    assert first.read_bytes() == second.read_bytes()


@every_sink
def test_exception_leaves_no_half_file(case: Case, tmp_path: Path) -> None:
    path = tmp_path / case.file
    with pytest.raises(RuntimeError, match="from outside"):
        break_off(case, path)
    if case.is_log:
        assert len(path.read_text("utf-8").splitlines()) == 3
    else:
        assert list(tmp_path.iterdir()) == []


@every_sink
def test_exception_keeps_what_stood_there_before(case: Case, tmp_path: Path) -> None:
    if case.is_log:
        pytest.skip("a log is begun anew")
    path = tmp_path / case.file
    path.write_text("of an earlier run")
    with pytest.raises(RuntimeError, match="from outside"):
        break_off(case, path)
    assert path.read_text() == "of an earlier run"


@every_sink
@pytest.mark.parametrize(
    ("make_bad", "reason"),
    [
        (lambda path: path.mkdir(), "it is a directory; give the name of a file in it"),
        (lambda path: path.parent.write_bytes(b""), "a part of the path is a file"),
    ],
    ids=["directory", "parent is a file"],
)
def test_unwritable_path_is_one_sentence(
    case: Case, make_bad: Callable[[Path], Any], reason: str, tmp_path: Path
) -> None:
    path = tmp_path / "parent" / case.file
    if reason.startswith("it is"):
        path.parent.mkdir()
    make_bad(path)
    with pytest.raises(OutputError, match=reason) as caught, case.open(path) as sink:
        write_source(sink, case)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


@every_sink
def test_device_is_not_replaced(case: Case, tmp_path: Path) -> None:
    if case.is_log:
        pytest.skip("a log is written in place, so a pipe or a device is as good as a file")
    pipe = tmp_path / case.file
    os.mkfifo(pipe)
    with pytest.raises(OutputError, match="not a regular file"), case.open(pipe) as sink:
        write_source(sink, case)
    assert pipe.is_fifo()


@contextmanager
def file_size_limit(size_bytes: int) -> Iterator[None]:
    """No fixture: pytest reports before it tears down, and its own report may go to a file."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@every_sink
def test_system_that_takes_no_more_bytes(case: Case, tmp_path: Path) -> None:
    path = tmp_path / case.file
    too_large = pytest.raises(OutputError, match="does not hold files as large")
    with too_large, file_size_limit(100):
        write_sources(case, path, count=10)
    assert_nothing_half(case, tmp_path)


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    path = tmp_path / "disk"
    path.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=16k", "tmpfs", str(path)]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("mounting a small disk takes a privilege that this user lacks")
    yield path
    subprocess.run(["umount", str(path)], check=True)


@every_sink
def test_full_disk(case: Case, tiny_disk: Path) -> None:
    path = tiny_disk / case.file
    with pytest.raises(OutputError, match="the disk is full; free some space") as caught:
        fill(case, path)
    assert str(caught.value).startswith(f"cannot write {tiny_disk}/out")
    assert_nothing_half(case, tiny_disk)


def fill(case: Case, path: Path) -> None:
    ballast = path.with_name("ballast")
    ballast.write_bytes(bytes(12 << 10))
    try:
        write_sources(case, path, count=60)
    finally:
        ballast.unlink()


def assert_nothing_half(case: Case, folder: Path) -> None:
    names = sorted(file.name for file in folder.iterdir())
    if case.is_log:
        assert names == [case.file]
    elif case.one_file_a_source:
        assert not [name for name in names if "partial" in name]
        assert all(case.read(folder / name) for name in names)
    else:
        assert names == []
