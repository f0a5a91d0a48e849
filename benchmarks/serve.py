"""Whether who looks at the page slows down the cameras: four of them, without and with clients.

    python benchmarks/serve.py --save

Streams, page and clients share this machine; what each of them takes is shown.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from inputs import CLIPS, ensure
from live import COPIES, FPS, GIVEN_UP, LAG, SAMPLED, by_label, quantile, serving
from measure import GHOSTSTREAM, python
from memory import looped
from processes import cpu_seconds
from prometheus_client.samples import Sample
from report import document, save, table
from watching import Watching, free_port

CAMERAS = 4
WARM_UP_SECONDS = 90
SETTLING_SECONDS = 5
CLIENTS: Mapping[str, Mapping[str, int]] = {
    "nobody": {},
    "20 clients": {
        "pictures": 6, "feeds": 3, "events": 3, "ranges": 3, "slow-pictures": 3, "slow-feeds": 2,
    },
    "50 at one camera": {"pictures": 50},
}  # fmt: skip
"""How many of each kind; see peers/look_on.py."""
ONE_CAMERA = "50 at one camera"


class Serving(Watching):
    """`ghoststream serve` over addresses of cameras, until it is left."""

    def __init__(self, addresses: Mapping[str, str], folder: Path) -> None:
        super().__init__(list(addresses.values()), folder)
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        pipeline = folder / "cameras.yaml"
        pipeline.write_text(json.dumps(self._settings(addresses)))  # JSON is YAML, too
        data = ["--data", str(folder / "data"), "--port", str(port)]
        self.command = [GHOSTSTREAM, "serve", "--pipeline", str(pipeline), *data]

    def _settings(self, addresses: Mapping[str, str]) -> dict[str, object]:
        return {
            "cameras": [{"name": name, "source": url} for name, url in addresses.items()],
            "weights": "bundled",
            "fps": FPS,
            "enter": 0.05,
            "leave": 0.04,
            "jsonl": str(self.events),
            "metrics_port": self.metrics_port,
        }

    @property
    def page_pid(self) -> int:
        """Of the process that answers."""
        return self._process.pid


@dataclass(frozen=True, kw_only=True)
class Trial:
    """Some clients for some time."""

    clients: str
    lowest_fps: float
    """Of the camera that fared worst."""
    given_up: int
    lag_p50_seconds: float
    lag_p95_seconds: float
    cameras_cores: float
    """That analysis and captures used."""
    page_cores: float
    client_cores: float
    pictures_fps: float
    """That all clients together got."""
    got: Mapping[str, float]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--input", default="camera1080")
    parser.add_argument("--seconds", type=float, default=60, help="to measure each of them for")
    parser.add_argument("--save", action="store_true", help="to benchmarks/results/")
    options = parser.parse_args()
    text = document("Page", [section(options.input, options.seconds)])
    print(text)
    if options.save:
        print(save("serve", text))


def section(name: str, seconds: float) -> str:
    with tempfile.TemporaryDirectory() as folder:
        clip = looped(ensure(name), COPIES, Path(folder), name=name)
        trials = tried(clip, Path(folder), seconds)
    header = ["clients", "lowest fps", "given up", "lag p50 s", "p95 s"]
    cores = ["cameras, cores", "page", "clients", "pictures/s"]
    about = f"{CLIPS[name].width} x {CLIPS[name].height}, 25 a second, {FPS} a second looked at"
    got = "\n".join(f"- {trial.clients}: {_told(trial.got)}" for trial in trials if trial.got)
    rows = table([*header, *cores], [_row(trial) for trial in trials])
    return f"## {CAMERAS} cameras: {about}\n\n{rows}\n\nWhat clients got:\n\n{got}"


def tried(clip: Path, folder: Path, seconds: float) -> list[Trial]:
    """One page, and one kind of clients after the other."""
    trials = []
    with serving(clip, CAMERAS) as server:
        addresses = {f"cam{index}": server.url(f"cam{index}") for index in range(CAMERAS)}
        with Serving(addresses, folder) as page:
            is_up = page.wait_until(lambda: len(_working(page)) == CAMERAS, seconds=WARM_UP_SECONDS)
            if not is_up:
                raise RuntimeError(f"the cameras do not work: {page.log.read_text()}")
            for clients in CLIENTS:
                trials.append(_measured(page, clients, seconds))
                print(trials[-1], file=sys.stderr, flush=True)
    return trials


def _working(page: Serving) -> list[Sample]:
    return [sample for sample in page.samples(SAMPLED) if sample.value > 0]


def _measured(page: Serving, clients: str, seconds: float) -> Trial:
    looking = _started(page, clients, seconds)
    time.sleep(SETTLING_SECONDS)
    before, start = page.all_samples(), time.monotonic()
    used = _cores(page, looking)
    time.sleep(seconds)
    used = [after - earlier for after, earlier in zip(_cores(page, looking), used, strict=True)]
    after, wall = page.all_samples(), time.monotonic() - start
    got = _got(looking)
    seen, lags = _grown(before, after, SAMPLED, "camera"), _grown(before, after, LAG, "le")
    up_to = {float(bound): count for bound, count in lags.items()}
    cameras, answering, looked = (cpu / wall for cpu in used)
    return Trial(
        clients=clients,
        lowest_fps=min(seen.values()) / wall if len(seen) == CAMERAS else 0.0,
        given_up=round(sum(_total(after, name) - _total(before, name) for name in GIVEN_UP)),
        lag_p50_seconds=quantile(up_to, 0.5),
        lag_p95_seconds=quantile(up_to, 0.95),
        cameras_cores=cameras,
        page_cores=answering,
        client_cores=looked,
        pictures_fps=got.get("pictures", 0) / got.get("seconds", 1),
        got=got,
    )


def _started(page: Serving, clients: str, seconds: float) -> "subprocess.Popen[str] | None":
    kinds = CLIENTS[clients]
    if not kinds:
        return None
    cameras = ["cam0"] if clients == ONE_CAMERA else [f"cam{index}" for index in range(CAMERAS)]
    counts = [part for kind, count in kinds.items() for part in (f"--{kind}", count)]
    lasts = seconds + 2 * SETTLING_SECONDS
    arguments = [page.url, "--cameras", *cameras, "--seconds", lasts, *counts]
    return subprocess.Popen(python("look_on.py", *arguments), stdout=subprocess.PIPE, text=True)


def _cores(page: Serving, looking: "subprocess.Popen[str] | None") -> list[float]:
    """CPU seconds of the cameras' processes, of the page, and of its clients."""
    cameras = [pid for pid in page.family if pid != page.page_pid]
    clients = [] if looking is None else [looking.pid]
    return [cpu_seconds(pids) for pids in (cameras, [page.page_pid], clients)]


def _got(looking: "subprocess.Popen[str] | None") -> dict[str, float]:
    if looking is None:
        return {}
    printed, _ = looking.communicate()
    got: dict[str, float] = json.loads(printed)
    return got


def _grown(before: list[Sample], after: list[Sample], name: str, label: str) -> dict[str, float]:
    grown = by_label(after, name, label)
    grown.subtract(by_label(before, name, label))
    return dict(grown)


def _total(samples: list[Sample], name: str) -> float:
    return sum(sample.value for sample in samples if sample.name == name)


def _told(got: Mapping[str, float]) -> str:
    return ", ".join(f"{name.replace('_', ' ')} {number:.0f}" for name, number in got.items())


def _row(trial: Trial) -> list[str]:
    return [
        trial.clients,
        f"{trial.lowest_fps:.2f}",
        str(trial.given_up),
        f"{trial.lag_p50_seconds:.2f}",
        f"{trial.lag_p95_seconds:.2f}",
        f"{trial.cameras_cores:.2f}",
        f"{trial.page_cores:.2f}",
        f"{trial.client_cores:.2f}",
        f"{trial.pictures_fps:.1f}",
    ]


if __name__ == "__main__":
    main()
