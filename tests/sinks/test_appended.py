import errno
from io import FileIO
from pathlib import Path

import pytest

from ghoststream.errors import OutputError
from ghoststream.sinks import appended
from ghoststream.sinks.appended import AppendedFile


def test_goes_on_behind_the_last_whole_line(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(b"one\ntwo\nto")
    file = AppendedFile(path)
    file.write(b"three\n")
    file.close()
    assert path.read_bytes() == b"one\ntwo\nthree\n"


def test_a_line_longer_than_a_chunk_is_cut_off_whole(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(b"one\n" + b"x" * 200_000)
    AppendedFile(path).close()
    assert path.read_bytes() == b"one\n"


def test_a_moved_log_is_left_and_a_new_one_begun(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "log"
    file = AppendedFile(path, first=b"names\n")
    file.write(b"one\n")
    path.rename(tmp_path / "log.1")
    file.write(b"two\n")
    path.unlink()
    file.write(b"three\n")
    file.close()
    assert (tmp_path / "log.1").read_bytes() == b"names\none\n"
    assert path.read_bytes() == b"names\nthree\n"


def test_a_full_disk_leaves_no_half_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "log"
    file = AppendedFile(path)
    file.write(b"one\n")

    def half(file: FileIO, data: bytes) -> None:
        file.write(data[:3])
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as full:
        full.setattr(appended, "write_all", half)
        with pytest.raises(OutputError, match="the disk is full"):
            file.write(b"two\n")
    file.write(b"three\n")
    file.close()
    assert path.read_bytes() == b"one\nthree\n"


def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match=r"cannot write .*log: a part of the path is a file"):
        AppendedFile(tmp_path / "file" / "log")
