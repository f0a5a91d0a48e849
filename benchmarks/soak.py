"""Days of a camera in minutes: frames as fast as they go, and connections that keep breaking.

    python benchmarks/soak.py --save     # 200,000 frames and 400 connections

Memory, files and threads of all processes are looked at each second. What grows, leaks: the last
quarter is compared with the first one.
"""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean

from processes import cpu_seconds, open_files, resident_bytes, threads
from report import Target, document, save, table, targets_table
from watching import Watching

sys.path.append(str(Path(__file__).parent.parent / "tests"))
from http_camera import Connection, HttpCamera, Part

FRAMES_A_CONNECTION = 500
MOST_GROWTH = 1.05
WARM_UP_SECONDS = 30
"""In which the network meets all sizes of batches, and keeps memory for each."""
FLAGS = ("--fps", "2", "--retry-initial", "0.01", "--retry-max", "0.05", "--read-timeout", "10")
EVENTS = ("--enter", "0.05", "--leave", "0.04")


@dataclass(frozen=True, kw_only=True)
class Look:
    """What the processes hold at one moment."""

    seconds: float
    """Since the end of the warm-up."""
    processes: int
    resident_megabytes: float
    files: int
    threads: int
    largest_megabytes: float
    """Of the process that holds most, which lives as long as the run."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--frames", type=int, default=200_000)
    parser.add_argument("--connections", type=int, default=400)
    parser.add_argument("--save", action="store_true", help="to benchmarks/results/")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        text = soaked(options.frames, options.connections, Path(folder))
    print(text)
    if options.save:
        print(save("soak", text))


def soaked(frames: int, connections: int, folder: Path) -> str:
    """Runs until both numbers are reached, and tells all about it."""
    part = Part(frames=FRAMES_A_CONNECTION, gop=25)
    evidence = ("--evidence", str(folder / "evidence"))
    with HttpCamera(Connection(parts=(part,))) as camera:
        with Watching([camera.url], folder, (*FLAGS, *EVENTS, *evidence)) as run:
            looks = _watched(run, lambda: _is_enough(run, frames, connections))
            cpu = cpu_seconds(run.family)
            run.stop()
        sent = camera.frames_sent
    summary = json.loads(run.events.read_text().splitlines()[-1])
    facts = [
        ["frames sent", f"{sent:,}"],
        *[[name, f"{summary[name]:,}"] for name in COUNTED],
        ["seconds", f"{WARM_UP_SECONDS} + {looks[-1].seconds:.0f}"],
        ["CPU seconds", f"{cpu:.0f}"],
        ["reason", summary["reason"]],
    ]
    sections = [table(["", ""], facts), quarters(looks), targets_table(targets(looks))]
    return document("A soak at high speed", sections)


COUNTED = (
    "frames",
    "skipped",
    "sampled",
    "overrun",
    "dropped",
    "decode_errors",
    "clips",
    "events",
    "reconnects",
    "stalls",
)
QUANTITIES: dict[str, Callable[[Look], float]] = {
    "processes": lambda look: look.processes,
    "resident MB, all": lambda look: look.resident_megabytes,
    "resident MB, largest": lambda look: look.largest_megabytes,
    "open files": lambda look: look.files,
    "threads": lambda look: look.threads,
}


def _is_enough(run: Watching, frames: int, connections: int) -> bool:
    return (
        run.value("ghoststream_frames_total") >= frames
        and run.value("ghoststream_reconnects_total") >= connections
    )


def _watched(run: Watching, is_enough: Callable[[], bool]) -> list[Look]:
    run.wait_until(lambda: run.value("ghoststream_sampled_total") > 0, seconds=60)
    time.sleep(WARM_UP_SECONDS)
    start, looks = time.monotonic(), []
    while not is_enough():
        looks.append(look_at(run.family, time.monotonic() - start))
        if len(looks) % 20 == 0:
            print(looks[-1], file=sys.stderr, flush=True)
        time.sleep(1)
    return looks


def look_at(family: list[int], seconds: float) -> Look:
    """All processes, as they are now."""
    return Look(
        seconds=seconds,
        processes=len(family),
        resident_megabytes=resident_bytes(family) / 1e6,
        largest_megabytes=max(resident_bytes([pid]) for pid in family) / 1e6,
        files=open_files(family),
        threads=threads(family),
    )


def quarters(looks: Sequence[Look]) -> str:
    """Means of the first and last quarter of the run, and the most there was."""
    rows = [
        [name, *(f"{value:.1f}" for value in (*_ends(looks, of), max(map(of, looks))))]
        for name, of in QUANTITIES.items()
    ]
    return table(["", "first quarter", "last quarter", "most"], rows)


def targets(looks: Sequence[Look]) -> list[Target]:
    """Nothing grows."""
    ends = {name: _ends(looks, of) for name, of in QUANTITIES.items()}
    return [
        Target(about=f"{name}, last / first quarter", limit=MOST_GROWTH, measured=last / first)
        for name, (first, last) in ends.items()
    ]


def _ends(looks: Sequence[Look], of: Callable[[Look], float]) -> tuple[float, float]:
    quarter = max(1, len(looks) // 4)
    values = [of(look) for look in looks]
    return mean(values[:quarter]), mean(values[-quarter:])


if __name__ == "__main__":
    main()
