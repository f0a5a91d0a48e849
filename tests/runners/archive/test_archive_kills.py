"""A run that is killed at any moment goes on where it stopped, and ends as if nothing had been."""

import os
import random
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest
from archives import logs_of, rows_of, write_archive

FILES = 40
MOST_SECONDS = 6.0
"""About what a run takes; later shots miss, and do not count."""
PARTLY_FAILED = 3


class Job:
    """`ghoststream label` of one archive, into a place of its own."""

    def __init__(self, archive: Path, place: Path) -> None:
        self.store, self.out = place / "store", place / "labels"
        self._command = [
            sys.executable, "-m", "ghoststream", "label", str(archive), "--weights", "bundled",
            "--store", str(self.store), "--out", str(self.out),
        ]  # fmt: skip

    def start(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(self._command, stderr=subprocess.PIPE, start_new_session=True)

    def complete(self) -> float:
        """Runs to the end; seconds that it took."""
        began = time.monotonic()
        done = subprocess.run(self._command, capture_output=True, check=False)
        assert done.returncode == PARTLY_FAILED, done.stderr.decode()
        return time.monotonic() - began

    def logs(self) -> int:
        return sum(1 for _ in self.out.rglob("*.jsonl")) if self.out.exists() else 0


def kill_at_random(job: Job, chance: random.Random) -> bool:
    """False where the run was over before the shot.

    Half of the shots come at any time, half soon after a random one of the logs has appeared, which
    is when most is being written.
    """
    process = job.start()
    if chance.random() < 0.5:
        _wait(process, chance.uniform(0, MOST_SECONDS))
    else:
        wanted = chance.randint(job.logs(), FILES)
        while process.poll() is None and job.logs() < wanted:
            time.sleep(0.002)
        _wait(process, chance.uniform(0, 0.3))
    is_hit = process.poll() is None
    if is_hit and chance.random() < 0.5:
        os.killpg(process.pid, signal.SIGKILL)  # its workers, too
    process.kill()
    process.communicate()
    return is_hit


def _wait(process: subprocess.Popen[bytes], seconds: float) -> None:
    with suppress(subprocess.TimeoutExpired):
        process.wait(seconds)


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_archive(tmp_path_factory.mktemp("archive"), files=FILES)


@pytest.fixture(scope="module")
def uninterrupted(archive: Path, tmp_path_factory: pytest.TempPathFactory) -> Job:
    job = Job(archive, tmp_path_factory.mktemp("uninterrupted"))
    job.complete()
    return job


def survive(archive: Path, place: Path, uninterrupted: Job, *, kills: int, seed: int) -> None:
    """So many kills, over as many archives as that takes; each archive is compared at its end."""
    chance = random.Random(seed)
    expected_rows, expected_logs = rows_of(uninterrupted.store), logs_of(uninterrupted.out)
    assert len(expected_rows["videos"]) == FILES
    left, round_number = kills, 0
    while left > 0:
        job = Job(archive, place / str(round_number))
        round_number += 1
        while left > 0 and kill_at_random(job, chance):
            left -= 1
            whole = {n: log for n, log in logs_of(job.out).items() if not n.endswith(".partial")}
            assert whole == {name: expected_logs[name] for name in whole}
        job.complete()
        assert rows_of(job.store) == expected_rows
        assert logs_of(job.out) == expected_logs


@pytest.mark.slow
def test_a_few_kills_leave_no_trace(archive: Path, tmp_path: Path, uninterrupted: Job) -> None:
    survive(archive, tmp_path, uninterrupted, kills=3, seed=5)


@pytest.mark.slow
def test_fifty_kills_leave_no_trace(archive: Path, tmp_path: Path, uninterrupted: Job) -> None:
    survive(archive, tmp_path, uninterrupted, kills=50, seed=6)
