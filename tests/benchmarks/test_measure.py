"""What the benchmarks measure with is measured here, on processes whose cost is known."""

import sys
from pathlib import Path

import numpy as np
import pytest
from agreement import file_agreement
from measure import Competitor, RunFailed, interleaved, measured
from report import Target, targets_table

MEGABYTE = 1 << 20


def python(program: str) -> tuple[str, ...]:
    return (sys.executable, "-c", program)


def test_wall_time_is_not_cpu_time() -> None:
    usage = measured(python("import time; time.sleep(0.5); print('done')"))
    assert usage.wall_seconds >= 0.5
    assert usage.cpu_seconds < 0.4
    assert usage.output == "done\n"


@pytest.mark.slow
def test_memory_is_that_of_all_that_run_at_the_same_time() -> None:
    hold = "x = b'x' * (150 << 20); import time; time.sleep(0.5)"
    child = f"import subprocess, sys; child = subprocess.Popen([sys.executable, '-c', {hold!r}])"
    alone = measured(python(hold)).peak_bytes
    in_turn = measured(python(f"{child}; child.wait(); {hold}")).peak_bytes
    together = measured(python(f"{child}; {hold}; child.wait()")).peak_bytes
    assert 150 * MEGABYTE < alone < 250 * MEGABYTE
    assert 150 * MEGABYTE < in_turn < 250 * MEGABYTE
    assert together > 300 * MEGABYTE


def test_memory_is_not_that_of_the_one_who_measures() -> None:
    held = bytearray(b"x" * (300 * MEGABYTE))
    assert measured(python("import time; time.sleep(0.2)")).peak_bytes < 100 * MEGABYTE
    del held


def test_a_failure_tells_its_last_line() -> None:
    with pytest.raises(RunFailed, match="no such thing"):
        measured(python("raise SystemExit('first\\nno such thing')"))


def test_all_take_turns_and_nobody_is_left_out_in_silence(tmp_path: Path) -> None:
    log = tmp_path / "log"

    def writes(letter: str) -> Competitor:
        return Competitor(name=letter, command=python(f"open({str(log)!r}, 'a').write('{letter}')"))

    runs = interleaved(
        [
            writes("a"),
            Competitor(name="gone", command=("true",), needs=("no_such_package",)),
            Competitor(name="broken", command=python("raise SystemExit('it broke')")),
            writes("b"),
        ],
        repetitions=2,
    )
    assert log.read_text() == "ababab"
    assert [len(each.usages) for each in runs.values()] == [2, 0, 0, 2]
    assert runs["gone"].problem == "not installed: no_such_package"
    assert runs["broken"].problem == "failed: it broke"


def test_a_clock_of_its_own_counts_what_it_prints() -> None:
    printed = 'print(\'{"seconds": 0.25, "cpu_seconds": 0.5}\')'
    inside = Competitor(name="inside", command=python(printed), clock="inside")
    runs = interleaved([inside], repetitions=1)
    assert (runs["inside"].wall.median, runs["inside"].cpu.median) == (0.25, 0.5)


@pytest.mark.parametrize(
    ("measured_ratio", "at_least", "shown", "verdict"),
    [
        (0.74991, False, "0.750", "met"),
        (0.75001, False, "0.751", "missed"),
        (0.75, False, "0.750", "met"),
        (0.74999, True, "0.749", "missed"),
        (0.7508, True, "0.750", "met"),
        (None, False, "-", "not measured"),
    ],
)
def test_targets_are_never_rounded_in_our_favour(
    measured_ratio: float | None, at_least: bool, shown: str, verdict: str
) -> None:
    target = Target(about="x", limit=0.75, measured=measured_ratio, at_least=at_least)
    assert target.verdict == verdict
    assert targets_table([target]).splitlines()[-1].endswith(f"| {shown} | {verdict} |")


def test_agreement_goes_by_time(tmp_path: Path) -> None:
    def save(name: str, seconds: list[float], vectors: list[list[float]]) -> Path:
        path = tmp_path / name
        np.savez(path, seconds=np.array(seconds), vectors=np.array(vectors, np.float32))
        return path

    truth = save("truth.npz", [0, 0.5, 1], [[1, 0], [0, 1], [1, 1]])
    other = save("other.npz", [0.0001, 1, 7], [[2, 0], [1, 0], [9, 9]])
    frames, agreed = file_agreement(other, truth)
    assert (frames, agreed.strangers, agreed.missed) == (3, 1, 1)
    assert agreed.mean_cosine == pytest.approx((1 + 0.5**0.5) / 2)
    assert agreed.lowest_cosine == pytest.approx(0.5**0.5)
