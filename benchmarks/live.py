"""How many cameras this machine holds at 2 frames a second each, and how late events are.

    python benchmarks/live.py --save             # camera1080 and camera480; half an hour
    python benchmarks/live.py camera480 --only 8 # one number of cameras

GStreamer's RTSP server sends the streams from this machine, too. Its cost is shown: while it serves
us, and while it serves a reader that decodes nothing (load alone).
"""

import argparse
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from inputs import CLIPS, ensure
from measure import python
from memory import looped
from processes import cpu_seconds
from prometheus_client.samples import Sample
from report import document, save, table
from watching import Watching

sys.path.append(str(Path(__file__).parent.parent / "tests"))
from rtsp_server import Mount, RtspServer

COPIES = 10
"""Of a clip in a stream: longer than one measurement."""
FPS = 2
LOWEST_FPS = 1.95
WARM_UP_SECONDS = 90
SETTLING_SECONDS = 5
EVENTS = ("--enter", "0.05", "--leave", "0.04")
"""Rendered scenes look like little; so there are events whose lateness counts."""
SAMPLED = "ghoststream_sampled_total"
LAG = "ghoststream_lag_seconds_bucket"
GIVEN_UP = ("ghoststream_overrun_total", "ghoststream_reconnects_total", "ghoststream_stalls_total")


@dataclass(frozen=True, kw_only=True)
class Trial:
    """Some cameras for some time."""

    cameras: int
    lowest_fps: float
    """Of the camera that fared worst."""
    given_up: int
    """Frames, connections and stalls of all of them."""
    cores: float
    """That GhostStream used."""
    load_cores: float
    """That the server used beside it."""
    load_alone_cores: float
    """That the server uses for a reader that decodes nothing."""
    lags: int
    """How many were measured."""
    lag_p50_seconds: float
    lag_p95_seconds: float

    @property
    def is_held(self) -> bool:
        return self.lowest_fps >= LOWEST_FPS and self.given_up == 0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", default=["camera1080", "camera480"], metavar="INPUT")
    parser.add_argument("--seconds", type=float, default=30, help="to measure each number for")
    parser.add_argument("--start", type=int, default=2, help="cameras to begin with")
    parser.add_argument("--only", type=int, help="measure this number, and search no further")
    parser.add_argument("--save", action="store_true", help="to benchmarks/results/")
    options = parser.parse_args()
    sections = [
        section(name, options.seconds, start=options.start, only=options.only)
        for name in options.names
    ]
    text = document("Live cameras", sections)
    print(text)
    if options.save:
        print(save("live", text))


def section(name: str, seconds: float, *, start: int, only: int | None) -> str:
    """All trials with one kind of camera, and the most that it held."""
    trials: dict[int, Trial] = {}
    with tempfile.TemporaryDirectory() as folder:
        clip = looped(ensure(name), COPIES, Path(folder), name=name)

        def holds(cameras: int) -> bool:
            trials[cameras] = tried(clip, cameras, seconds)
            print(trials[cameras], file=sys.stderr, flush=True)
            return trials[cameras].is_held

        most = largest(holds, start) if only is None else None if holds(only) else 0
    rows = [_row(trials[cameras]) for cameras in sorted(trials)]
    header = ["cameras", "lowest fps", "given up", "cores", "load, cores", "load alone"]
    about = f"{CLIPS[name].width} x {CLIPS[name].height}, 25 a second, {FPS} a second looked at"
    answer = f"\n\nHeld: **{most}**." if most is not None else ""
    text = table([*header, "lag p50 s", "p95 s", "lags", ""], rows)
    return f"## {name}: {about}\n\n{text}{answer}"


def largest(holds: Callable[[int], bool], start: int) -> int:
    """The largest number that holds, as far as smaller ones hold wherever larger ones do.

    Args:
        holds: tries a number.
        start: to begin with; it is doubled until it is too many.
    """
    good, bad = 0, start
    while holds(bad):
        good, bad = bad, bad * 2
    while bad - good > 1:
        middle = (good + bad) // 2
        good, bad = (middle, bad) if holds(middle) else (good, middle)
    return good


def tried(clip: Path, cameras: int, seconds: float) -> Trial:
    """Starts everything, waits until all cameras give frames, and looks on."""
    alone = load_alone(clip, cameras)
    with serving(clip, cameras) as server, tempfile.TemporaryDirectory() as folder:
        addresses = [server.url(f"cam{index}") for index in range(cameras)]
        with Watching(addresses, Path(folder), ("--fps", str(FPS), *EVENTS)) as run:
            run.wait_until(lambda: len(_working(run)) == cameras, seconds=WARM_UP_SECONDS)
            time.sleep(SETTLING_SECONDS)
            return _measured(run, server, cameras, seconds, alone)


def _working(run: Watching) -> list[Sample]:
    return [sample for sample in run.samples(SAMPLED) if sample.value > 0]


def _measured(
    run: Watching, server: RtspServer, cameras: int, seconds: float, alone: float
) -> Trial:
    before, start = run.all_samples(), time.monotonic()
    ours, load = cpu_seconds(run.family), cpu_seconds([server.pid])
    time.sleep(seconds)
    ours, load = cpu_seconds(run.family) - ours, cpu_seconds([server.pid]) - load
    after, wall = run.all_samples(), time.monotonic() - start
    seen = by_label(after, SAMPLED, "camera")
    seen.subtract(by_label(before, SAMPLED, "camera"))
    lags = by_label(after, LAG, "le")
    lags.subtract(by_label(before, LAG, "le"))
    up_to = {float(bound): count for bound, count in lags.items()}
    return Trial(
        cameras=cameras,
        lowest_fps=min(seen.values()) / wall if len(seen) == cameras else 0.0,
        given_up=round(_total(after, GIVEN_UP) - _total(before, GIVEN_UP)),
        cores=ours / wall,
        load_cores=load / wall,
        load_alone_cores=alone,
        lags=round(max(up_to.values(), default=0)),
        lag_p50_seconds=quantile(up_to, 0.5),
        lag_p95_seconds=quantile(up_to, 0.95),
    )


def by_label(samples: list[Sample], name: str, label: str) -> Counter[str]:
    """Sums of a metric by one of its labels."""
    sums: Counter[str] = Counter()
    for sample in samples:
        if sample.name == name:
            sums[sample.labels[label]] += sample.value
    return sums


def _total(samples: list[Sample], names: tuple[str, ...]) -> float:
    return sum(sample.value for sample in samples if sample.name in names)


def quantile(up_to: dict[float, float], portion: float) -> float:
    """From a histogram: the bound that so many are up to, between two bounds by a straight line.

    Args:
        up_to: how many there are up to each bound, infinity included.
        portion: of all of them, 0 to 1.

    Returns:
        nan where there are none.
    """
    wanted = portion * max(up_to.values(), default=0.0)
    low, below = 0.0, 0.0
    for bound, count in sorted(up_to.items()):
        if count >= wanted > 0:
            return low + (bound - low) * (wanted - below) / (count - below)
        low, below = bound, count
    return float("nan")


def load_alone(clip: Path, cameras: int, seconds: float = 15) -> float:
    """Cores that the server takes to serve a reader that decodes nothing."""
    with serving(clip, cameras) as server:
        addresses = [server.url(f"cam{index}") for index in range(cameras)]
        command = python("read_streams.py", *addresses, "--seconds", seconds + 8)
        with subprocess.Popen(command) as reader:
            time.sleep(4)  # until all are connected
            before, start = cpu_seconds([server.pid]), time.monotonic()
            time.sleep(seconds)
            used = cpu_seconds([server.pid]) - before
            wall = time.monotonic() - start
            reader.wait()
    return used / wall


@contextmanager
def serving(clip: Path, cameras: int) -> Iterator[RtspServer]:
    """So many streams of a clip."""
    mounts = {f"cam{index}": Mount(clip=clip) for index in range(cameras)}
    with RtspServer(**mounts) as server:
        yield server


def _row(trial: Trial) -> list[str]:
    return [
        str(trial.cameras),
        f"{trial.lowest_fps:.2f}",
        str(trial.given_up),
        f"{trial.cores:.2f}",
        f"{trial.load_cores:.2f}",
        f"{trial.load_alone_cores:.2f}",
        f"{trial.lag_p50_seconds:.2f}",
        f"{trial.lag_p95_seconds:.2f}",
        str(trial.lags),
        "held" if trial.is_held else "not held",
    ]


if __name__ == "__main__":
    main()
