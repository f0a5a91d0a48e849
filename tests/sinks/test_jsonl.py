import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from results import HEADER, RECORDS, SUMMARY, prediction

from ghoststream.errors import OutputError
from ghoststream.sinks.jsonl import JsonLines

HERE = Path(__file__).parent


def write_run(log: JsonLines) -> None:
    log.start(HEADER)
    for record in RECORDS:
        log.write(record)
    log.finish(SUMMARY)


def kinds(text: str) -> list[str]:
    return [json.loads(line)["record"] for line in text.splitlines()]


WHOLE_RUN = ["header", "clip", "event", "clip", "clip", "event", "end"]


def test_order_of_lines(tmp_path: Path) -> None:
    with JsonLines(tmp_path / "log.jsonl") as log:
        write_run(log)
    assert kinds((tmp_path / "log.jsonl").read_text("utf-8")) == WHOLE_RUN


def test_dash_is_standard_output(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    with JsonLines("-") as log:
        write_run(log)
    text = capfdbinary.readouterr().out.decode("utf-8")
    assert kinds(text) == WHOLE_RUN
    assert "кошка" in text


def test_every_line_is_out_before_the_next_one(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    with JsonLines(path) as log:
        log.start(HEADER)
        assert kinds(path.read_text("utf-8")) == ["header"]
        log.write(prediction(0))
        assert kinds(path.read_text("utf-8")) == ["header", "clip"]


def test_run_begins_a_log_anew(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    path.write_text("of an earlier run, and longer\n" * 200)
    with JsonLines(path) as log:
        write_run(log)
    assert kinds(path.read_text("utf-8")) == WHOLE_RUN


@pytest.mark.parametrize(
    ("before", "kept"),
    [
        (b"", b""),
        (b'{"record":"header"}\n', b'{"record":"header"}\n'),
        (b'{"record":"header"}\n{"record":"cl', b'{"record":"header"}\n'),
        (b'{"rec', b""),
        (b'{"record":"header"}\n' + b"x" * 200_000, b'{"record":"header"}\n'),
    ],
    ids=["empty", "whole", "torn", "only a torn line", "long torn line"],
)
def test_appending_cuts_a_torn_line_off(before: bytes, kept: bytes, tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    path.write_bytes(before)
    with JsonLines(path, append=True) as log:
        log.start(HEADER)
    data = path.read_bytes()
    assert data.startswith(kept)
    assert kinds(data.decode()) == ["header"] * (kept.count(b"\n") + 1)


def test_full_device() -> None:
    with pytest.raises(OutputError, match="cannot write /dev/full: the disk is full"):
        write_header("/dev/full")


def write_header(target: str) -> None:
    with JsonLines(target) as log:
        log.start(HEADER)


def test_reader_that_has_gone_is_not_an_output_error() -> None:
    script = """
import os, sys
from results import HEADER, prediction
from ghoststream.sinks.jsonl import JsonLines
try:
    with JsonLines("-") as log:
        log.start(HEADER)
        while True:
            log.write(prediction(0))
except BrokenPipeError:
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    sys.exit(7)
"""
    process = subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, env=environment()
    )
    assert process.stdout is not None
    assert b'"header"' in process.stdout.readline()
    process.stdout.close()
    assert process.wait(timeout=30) == 7


def test_lines_survive_a_kill(tmp_path: Path) -> None:
    script = """
import os, signal
from results import HEADER, prediction
from ghoststream.sinks.jsonl import JsonLines
with JsonLines("log.jsonl") as log:
    log.start(HEADER)
    for start in range(5):
        log.write(prediction(start))
    os.kill(os.getpid(), signal.SIGKILL)
"""
    killed = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, env=environment(), check=False
    )
    assert killed.returncode == -signal.SIGKILL
    assert kinds((tmp_path / "log.jsonl").read_text("utf-8")) == ["header", *["clip"] * 5]


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": os.pathsep.join([str(HERE), str(HERE.parent.parent)])}
