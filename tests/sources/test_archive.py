"""Which files of an archive are found, under which names, and when they have stopped growing."""

import os
import socket
from pathlib import Path

import pytest

from ghoststream.errors import ConfigError, SourceNotFound
from ghoststream.sources.archive import GrowingArchive, find_files, mirrored


def plant(folder: Path, *names: str) -> Path:
    """Makes small files."""
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"video")
    return folder


def names(
    *roots: Path, include: list[str] | None = None, exclude: list[str] | None = None
) -> list[str]:
    found = find_files(roots, include=include or [], exclude=exclude or [])
    assert found.problems == ()
    return [str(file.relative) for file in found.files]


def test_tree_in_natural_order_without_the_rest(tmp_path: Path) -> None:
    plant(tmp_path, "b 1/10.mp4", "b 1/2.MKV", "b/x.avi", "a.mp4", "notes.md", "b/cover.jpg")
    assert names(tmp_path) == ["a.mp4", "b/x.avi", "b 1/2.MKV", "b 1/10.mp4"]


def test_what_is_known_of_a_file(tmp_path: Path) -> None:
    plant(tmp_path, "gate/a.mp4")
    os.utime(tmp_path / "gate/a.mp4", ns=(1, 1_700_000_000_123_456_789))
    (file,) = find_files([tmp_path]).files
    assert file.path == tmp_path / "gate/a.mp4"
    assert file.relative == Path("gate/a.mp4")
    assert (file.size_bytes, file.mtime_ns) == (5, 1_700_000_000_123_456_789)


def test_an_empty_file_is_found(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").touch()
    assert [file.size_bytes for file in find_files([tmp_path]).files] == [0]


def test_hidden_ones_count_only_where_named(tmp_path: Path) -> None:
    plant(tmp_path, "a.mp4", ".b.mp4", ".trash/c.mp4")
    assert names(tmp_path) == ["a.mp4"]
    assert names(tmp_path, tmp_path / ".trash") == [".trash/c.mp4", "a.mp4"]
    assert names(tmp_path / ".b.mp4") == [".b.mp4"]


def test_a_named_file_may_have_any_ending(tmp_path: Path) -> None:
    plant(tmp_path, "a.dav", "b.mp4")
    assert names(tmp_path / "a.dav") == ["a.dav"]
    assert names(tmp_path, tmp_path / "a.dav") == ["a.dav", "b.mp4"]


def test_names_of_several_roots_count_from_what_they_have_in_common(tmp_path: Path) -> None:
    plant(tmp_path, "x/gate/1.mp4", "x/yard/1.mp4", "x/yard/deep/1.mp4", "y/1.mp4")
    gate, yard = tmp_path / "x/gate", tmp_path / "x/yard"
    assert names(gate, yard) == ["gate/1.mp4", "yard/1.mp4", "yard/deep/1.mp4"]
    assert names(gate / "1.mp4", tmp_path / "y") == ["x/gate/1.mp4", "y/1.mp4"]
    assert names(yard / "1.mp4") == ["1.mp4"]


def test_what_two_roots_reach_is_found_once(tmp_path: Path) -> None:
    plant(tmp_path, "x/1.mp4", "x/deep/2.mp4")
    (tmp_path / "link").symlink_to("x")
    everything = ["1.mp4", "deep/2.mp4"]
    x = tmp_path / "x"
    assert names(x, x) == everything
    assert names(x, x / "deep", x / "1.mp4") == everything
    assert names(x / "deep/2.mp4", x) == everything
    assert names(x, tmp_path / "link") == ["x/1.mp4", "x/deep/2.mp4"]
    assert names(tmp_path / "link/1.mp4", x) == ["link/1.mp4", "x/deep/2.mp4"]


def test_relative_roots_and_dots(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plant(tmp_path, "x/deep/1.mp4", "real/inner/2.mp4", "real/3.mp4")
    monkeypatch.chdir(tmp_path / "x/deep")
    assert names(Path("..")) == ["deep/1.mp4"]
    assert names(Path()) == ["1.mp4"]
    assert [file.path for file in find_files([Path("../deep")]).files] == [
        tmp_path / "x/deep/1.mp4"
    ]
    # Behind a link, `..` is not the directory that the link lies in.
    (tmp_path / "link").symlink_to("real/inner")
    assert names(tmp_path / "link/..") == ["3.mp4", "inner/2.mp4"]


def test_links_are_followed_but_not_for_ever(tmp_path: Path) -> None:
    plant(tmp_path, "archive/real/1.mp4", "elsewhere/2.mp4", "elsewhere/deep/3.mp4")
    archive = tmp_path / "archive"
    (archive / "real/up").symlink_to("..")
    (archive / "real/self").symlink_to(".")
    (archive / "disk").symlink_to(tmp_path / "elsewhere")
    (archive / "same.mp4").symlink_to("real/1.mp4")
    assert names(archive) == ["disk/2.mp4", "disk/deep/3.mp4", "real/1.mp4", "same.mp4"]


def test_a_directory_behind_links_is_read_once_under_its_own_name(tmp_path: Path) -> None:
    plant(tmp_path, "archive/z/1.mp4", "elsewhere/2.mp4")
    archive = tmp_path / "archive"
    (archive / "a").symlink_to("z")
    (archive / "first").symlink_to(tmp_path / "elsewhere")
    (archive / "second").symlink_to(tmp_path / "elsewhere")
    assert names(archive) == ["first/2.mp4", "z/1.mp4"]


@pytest.mark.parametrize(
    ("include", "exclude", "expected"),
    [
        ([], ["*.mp4"], ["gate/b.mkv", "gate/old/c.mkv"]),
        (["*.mkv"], [], ["gate/b.mkv", "gate/old/c.mkv"]),
        (["gate/*"], [], ["gate/a.MP4", "gate/b.mkv"]),
        (["gate/**"], [], ["gate/a.MP4", "gate/b.mkv", "gate/old/c.mkv"]),
        (["**/old/*.mkv"], [], ["gate/old/c.mkv"]),
        (["**/gate/*.mkv"], [], ["gate/b.mkv"]),
        (["[ab].*"], ["*.Mp4"], ["gate/b.mkv"]),
        (["[A.B]*"], [], ["Bold.mp4"]),
        (["b*"], [], ["gate/b.mkv"]),
        ([], ["old"], ["Bold.mp4", "gate/a.MP4", "gate/b.mkv"]),
        ([], ["./gate/"], ["Bold.mp4"]),
        ([], ["gate/**"], ["Bold.mp4"]),
        (["*.dat"], [], ["gate/e.dat"]),
        (["*.dat", "b.*"], [], ["gate/b.mkv", "gate/e.dat"]),
        (["c.mkv", "[[]*"], [], ["gate/old/c.mkv"]),
    ],
)
def test_globs(tmp_path: Path, include: list[str], exclude: list[str], expected: list[str]) -> None:
    plant(tmp_path, "gate/a.MP4", "gate/b.mkv", "gate/old/c.mkv", "Bold.mp4", "gate/e.dat")
    assert names(tmp_path, include=include, exclude=exclude) == expected


def test_globs_hold_for_named_files_too(tmp_path: Path) -> None:
    plant(tmp_path, "a.mp4", "b.mp4")
    assert names(tmp_path / "a.mp4", tmp_path / "b.mp4", exclude=["a*"]) == ["b.mp4"]


@pytest.mark.parametrize("glob", ["", "/gate/*", "../x"])
def test_globs_that_match_nothing(tmp_path: Path, glob: str) -> None:
    with pytest.raises(ConfigError, match="matches nothing: globs hold for names"):
        find_files([tmp_path], exclude=[glob])


ODD = [b"a\nb.mp4", b"%s%04d.mp4", b"-rf.mp4", b"\xff\xfe.mp4", b"[x].mp4", "größe.mp4".encode()]


@pytest.mark.parametrize("name", ODD)
def test_odd_names(tmp_path: Path, name: bytes) -> None:
    plant(tmp_path, os.fsdecode(name.removesuffix(b".mp4") + b"/" + name))
    (file,) = find_files([tmp_path], exclude=["*.mkv"]).files
    assert os.fsencode(file.relative) == name.removesuffix(b".mp4") + b"/" + name
    assert file.path.read_bytes() == b"video"
    assert os.fsencode(mirrored(Path("out"), file.relative)).endswith(name + b".jsonl")


def test_what_is_no_file_is_passed_by(tmp_path: Path) -> None:
    plant(tmp_path, "a.mp4")
    os.mkfifo(tmp_path / "pipe.mp4")
    (tmp_path / "null.mp4").symlink_to("/dev/null")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "socket.mp4"))
        assert names(tmp_path) == ["a.mp4"]
    found = find_files([tmp_path, tmp_path / "pipe.mp4"])
    assert found.problems == (f"{tmp_path}/pipe.mp4: it is neither a file nor a directory",)


def test_links_that_lead_nowhere_are_told(tmp_path: Path) -> None:
    plant(tmp_path, "a.mp4")
    (tmp_path / "disk\n2").symlink_to("/mnt/away")
    (tmp_path / "loop.mp4").symlink_to("loop.mp4")
    found = find_files([tmp_path])
    assert [str(file.relative) for file in found.files] == ["a.mp4"]
    assert found.problems == (
        f"{tmp_path}/disk\\n2: this link leads nowhere",
        f"{tmp_path}/loop.mp4: cannot be looked at: Too many levels of symbolic links",
    )


@pytest.fixture
def closed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory that cannot be read, by root neither."""
    folder = plant(tmp_path, "archive/closed/a.mp4") / "archive/closed"
    really = os.scandir

    def scandir(path: str) -> "os.ScandirIterator[str]":
        if path == str(folder):
            raise PermissionError(13, "Permission denied", path)
        return really(path)

    monkeypatch.setattr(os, "scandir", scandir)
    return folder


def test_unreadable_directories_are_told(closed: Path) -> None:
    plant(closed.parent, "b.mp4")
    found = find_files([closed.parent])
    assert [str(file.relative) for file in found.files] == ["b.mp4"]
    sentence = "permission denied; make it readable, or leave it out with --exclude"
    assert found.problems == (f"{closed}: {sentence}",)
    assert find_files([closed.parent], exclude=["closed"]).problems == ()


def test_missing_roots_are_told(tmp_path: Path) -> None:
    plant(tmp_path, "gate/a.mp4")
    found = find_files([tmp_path / "gate", tmp_path / "gaet"])
    assert [str(file.relative) for file in found.files] == ["gate/a.mp4"]
    assert found.problems == (f"{tmp_path}/gaet: no such file or directory",)


def test_nothing_found(tmp_path: Path) -> None:
    plant(tmp_path, "notes.md", "deep/a.mp4")
    with pytest.raises(SourceNotFound, match=r"gaet: no such file or directory"):
        find_files([tmp_path / "gaet"])
    with pytest.raises(SourceNotFound, match=r"no video is left by --include and --exclude"):
        find_files([tmp_path], exclude=["deep"])
    (tmp_path / "deep/a.mp4").unlink()
    with pytest.raises(SourceNotFound, match=r"no video is found; looked for are endings such as"):
        find_files([tmp_path])


def test_mirrored_names_never_meet() -> None:
    relatives = [
        *("a.mp4", "a.mkv", "x/a.mp4", "a.mp4.jsonl/a.mp4", "a.mp4.jsonl_/a.mp4"),
        *("a.mp4.jsonl__/a.mp4", "summary.json/a.mp4", "a.jsonl.mp4"),
    ]
    mirrors = [mirrored(Path("out"), Path(relative)) for relative in relatives]
    assert list(map(str, mirrors)) == [
        *("out/a.mp4.jsonl", "out/a.mkv.jsonl", "out/x/a.mp4.jsonl"),
        *("out/a.mp4.jsonl_/a.mp4.jsonl", "out/a.mp4.jsonl__/a.mp4.jsonl"),
        *("out/a.mp4.jsonl___/a.mp4.jsonl", "out/summary.json_/a.mp4.jsonl"),
        "out/a.jsonl.mp4.jsonl",
    ]
    directories = {str(parent) for mirror in mirrors for parent in mirror.parents}
    assert directories.isdisjoint([*map(str, mirrors), "out/summary.json"])


def test_mirrored_names_fit_into_a_file_system(tmp_path: Path) -> None:
    long = [Path("ö" * 120 + f"{number}.mp4") for number in range(2)]
    first, second = (mirrored(tmp_path, path).name for path in long)
    assert first != second
    assert first == "ö" * 106 + "-a3feaa2836305db3.jsonl"
    assert mirrored(tmp_path, Path("o" * 226 + ".mp4")).name == "o" * 226 + ".mp4.jsonl"


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Growing:
    """An archive, and the time that passes between looks at it."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.clock = folder, Clock()
        self.archive = GrowingArchive([folder], settle_seconds=20, clock=self.clock)

    def look(self, *, after_seconds: float = 0) -> list[str]:
        self.clock.now += after_seconds
        return [str(file.relative) for file in self.archive.look().files]

    def append(self, name: str) -> None:
        with (self.folder / name).open("ab") as file:
            file.write(b"more")


def test_a_file_is_taken_when_it_has_stopped_growing(tmp_path: Path) -> None:
    growing = Growing(tmp_path)
    assert growing.look() == []
    growing.append("a.mp4")
    assert growing.look(after_seconds=100) == []
    assert growing.look(after_seconds=10) == []
    growing.append("a.mp4")
    assert growing.look(after_seconds=10) == []
    assert growing.look(after_seconds=19) == []
    assert growing.look(after_seconds=1) == ["a.mp4"]
    assert growing.look(after_seconds=1000) == []


def test_a_file_written_in_place_has_not_stopped_growing(tmp_path: Path) -> None:
    growing = Growing(tmp_path)
    growing.append("a.mp4")
    os.utime(tmp_path / "a.mp4", ns=(1, 1))
    growing.look()
    os.utime(tmp_path / "a.mp4", ns=(1, 2))
    assert growing.look(after_seconds=30) == []
    assert growing.look(after_seconds=30) == ["a.mp4"]


def test_a_file_that_grows_later_comes_again(tmp_path: Path) -> None:
    growing = Growing(tmp_path)
    plant(tmp_path, "a.mp4", "b.mp4")
    growing.look()
    assert growing.look(after_seconds=20) == ["a.mp4", "b.mp4"]
    growing.append("a.mp4")
    assert growing.look(after_seconds=20) == []
    assert growing.look(after_seconds=20) == ["a.mp4"]


def test_a_file_that_vanishes_is_forgotten(tmp_path: Path) -> None:
    growing = Growing(tmp_path)
    plant(tmp_path, "a.mp4")
    growing.look()
    kept = (tmp_path / "a.mp4").rename(tmp_path / "kept")
    assert growing.look(after_seconds=20) == []
    kept.rename(tmp_path / "a.mp4")
    assert growing.look(after_seconds=20) == []
    assert growing.look(after_seconds=20) == ["a.mp4"]


def test_two_looks_are_needed_however_late_they_are(tmp_path: Path) -> None:
    archive = GrowingArchive([plant(tmp_path, "a.mp4")], settle_seconds=0)
    assert [len(archive.look().files) for _ in range(3)] == [0, 1, 0]


def test_a_problem_is_told_once_and_again_when_it_comes_back(tmp_path: Path) -> None:
    folder = tmp_path / "archive"
    archive = GrowingArchive([folder], settle_seconds=0)
    missing = (f"{folder}: no such file or directory",)
    assert [archive.look().problems for _ in range(2)] == [missing, ()]
    folder.mkdir()
    assert archive.look().problems == ()
    folder.rmdir()
    assert archive.look().problems == missing


def test_following_a_growing_archive(tmp_path: Path) -> None:
    growing = Growing(tmp_path)
    meanwhile = iter([["a.mp4"], ["b.mp4"], ["b.mp4"], *[[]] * 6])
    told = []
    for appended in meanwhile:
        if names := [str(file.relative) for file in growing.archive.look().files]:
            told.append((growing.clock.now - 1000, names))
        growing.clock.now += 10
        for name in appended:
            growing.append(name)
    assert told == [(30, ["a.mp4"]), (50, ["b.mp4"])]
