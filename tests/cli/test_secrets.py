"""No password reaches anything that is written or printed."""

import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import quote

import pytest
from click.testing import CliRunner
from clips import quadrants, write_clip

from ghoststream.cli import main

PASSWORDS = ["hunter2", "p@ss/w?rd#1:%", "größe+geheim", "a b&c=d"]


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Says nothing."""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    """Serves /cam.ts; passwords are accepted unread."""
    folder = tmp_path / "served"
    folder.mkdir()
    write_clip(folder / "cam.ts", frames=50, picture=quadrants)
    handler = partial(Quiet, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as http:
        thread = threading.Thread(target=http.serve_forever)
        thread.start()
        yield f"127.0.0.1:{http.server_address[1]}"
        http.shutdown()
        thread.join()


def everything_written(folder: Path) -> bytes:
    files = [path for path in folder.rglob("*") if path.is_file()]
    return b"\n".join([str(path).encode() + path.read_bytes() for path in files])


def assert_absent(password: str, haystack: bytes) -> None:
    for form in (password, quote(password, safe=""), quote(password)):
        assert form.encode() not in haystack


@pytest.mark.parametrize(
    "password",
    [
        PASSWORDS[1],
        *(pytest.param(p, marks=pytest.mark.slow) for p in PASSWORDS if p != PASSWORDS[1]),
    ],
)
def test_outputs_of_a_run_hold_no_password(tmp_path: Path, server: str, password: str) -> None:
    out = tmp_path / "out"
    camera = tmp_path / "camera.stream"
    camera.write_text(f"http://admin:{quote(password, safe='')}@{server}/cam.ts\n", "utf-8")
    run = ["run", str(camera), "--weights", "bundled", "--enter", "0", "--leave", "0"]
    flags = ["--jsonl", "e.jsonl", "--csv", "e.csv", "--vtt", "e.vtt", "--annotate", "e.mp4"]
    flags = [str(out / flag) if "." in flag else flag for flag in flags]
    done = CliRunner().invoke(main, run + flags)
    assert done.exit_code == 0, done.output
    vectors = ["--weights", "bundled", "--out", str(out / "v.parquet")]
    assert CliRunner().invoke(main, ["embed", str(camera), *vectors]).exit_code == 0
    written = everything_written(out)
    assert server.encode() in written
    assert_absent(password, written)
    assert_absent(password, done.output.encode())


@pytest.mark.parametrize("password", PASSWORDS)
@pytest.mark.parametrize("command", ["run", "probe", "validate"])
@pytest.mark.parametrize("flag", ["--json", "--open-timeout=1"])
def test_failures_tell_no_password(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, password: str, command: str, flag: str
) -> None:
    monkeypatch.chdir(tmp_path)
    address = f"rtsp://admin:{password}@127.0.0.1:9/cam"
    once = ["--max-retries", "0"] if command == "run" else []
    done = CliRunner().invoke(main, [command, address, flag, *once])
    assert done.exit_code in (2, 4)
    assert "Error" in done.output
    assert_absent(password, done.output.encode())
    assert_absent(password, everything_written(tmp_path))
