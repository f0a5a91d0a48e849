"""A run that watches cameras, seen from outside while it goes on.

with Watching(["rtsp://..."], folder, flags=("--fps", "2")) as run:
    run.wait_until(lambda: run.value("ghoststream_process_fps") > 0, seconds=60)
    run.family, run.samples("ghoststream_lag_seconds_bucket")
"""

import signal
import socket
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Self
from urllib.error import URLError
from urllib.request import urlopen

from measure import GHOSTSTREAM
from processes import with_descendants
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

POLL_SECONDS = 0.5
SHUTDOWN_SECONDS = 20


class Watching:
    """`ghoststream run` over addresses, until it is left.

    Args:
        addresses: of the cameras.
        folder: for everything that it writes; `log` is what it printed.
        flags: further ones.
    """

    def __init__(self, addresses: Sequence[str], folder: Path, flags: Sequence[str] = ()) -> None:
        self.log, self.events = folder / "log", folder / "events.jsonl"
        port = self.metrics_port = free_port()
        self._metrics = f"http://127.0.0.1:{port}/metrics"
        own = ["--jsonl", str(self.events), "--metrics-port", str(port), "--weights", "bundled"]
        self.command = [GHOSTSTREAM, "run", *addresses, *own, *flags]

    @property
    def family(self) -> list[int]:
        """All its processes."""
        return with_descendants(self._process.pid)

    def samples(self, name: str) -> list[Sample]:
        """Of one metric, as of now; none before it answers."""
        return [sample for sample in self.all_samples() if sample.name == name]

    def all_samples(self) -> list[Sample]:
        """Of all metrics."""
        try:
            with urlopen(self._metrics, timeout=10) as answer:
                text = answer.read().decode()
        except (URLError, ConnectionError):
            return []
        return [one for family in text_string_to_metric_families(text) for one in family.samples]

    def value(self, name: str) -> float:
        """The sum of a metric over all cameras."""
        return sum(sample.value for sample in self.samples(name))

    def wait_until(self, is_so: Callable[[], bool], *, seconds: float) -> bool:
        """Whether it came to be in time."""
        end = time.monotonic() + seconds
        while not is_so():
            if time.monotonic() > end or self._process.poll() is not None:
                return False
            time.sleep(POLL_SECONDS)
        return True

    def stop(self) -> None:
        """As a user stops it.

        Raises:
            RuntimeError: it had ended by itself.
        """
        if self._process.poll() is not None:
            raise RuntimeError(f"ended with {self._process.returncode}: {self.log.read_text()}")
        self._process.send_signal(signal.SIGINT)
        self._process.wait(SHUTDOWN_SECONDS)

    def __enter__(self) -> Self:
        with self.log.open("w") as log:
            self._process = subprocess.Popen(self.command, stdout=log, stderr=log)
        return self

    def __exit__(self, *error: object) -> None:
        try:
            if self._process.poll() is None:
                self.stop()
        finally:
            self._process.kill()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
