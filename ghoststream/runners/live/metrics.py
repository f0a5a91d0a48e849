"""What Prometheus is told of a live run.

metrics = Metrics(lambda: [camera.snapshot() for camera in cameras])
metrics.observe_inference(0.012, 16)
metrics.text()
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from typing import TypeAlias, get_args

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily
from prometheus_client.registry import Collector

from ghoststream.runners.live.snapshot import CameraSnapshot, SpoolSnapshot
from ghoststream.types import LiveState
from ghoststream.version import __version__

Family: TypeAlias = CounterMetricFamily | GaugeMetricFamily | InfoMetricFamily
Value: TypeAlias = Callable[[CameraSnapshot], float]

INFERENCE_SECONDS = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5)
LAG_SECONDS = (0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1, 1.5, 2, 3, 5, 10, 30)

GAUGES: dict[str, tuple[str, Value]] = {
    "capture_fps": ("Frames that came, a second, over the last ten", lambda c: c.capture_fps),
    "process_fps": ("Frames that the network looked at, a second", lambda c: c.process_fps),
    "skipped_fps": ("Frames that sampling did not ask for, a second", lambda c: c.skipped_fps),
    "queue_depth": ("Samples that wait for the network", lambda c: c.queue_depth),
}
COUNTERS: dict[str, tuple[str, Value]] = {
    "frames": ("Frames that came", lambda c: c.counts.frames),
    "sampled": ("Frames that the network looked at", lambda c: c.sampled),
    "overrun": ("Frames given up because this machine did not keep up", lambda c: c.counts.overrun),
    "dropped": ("Frames whose time does not come after the one before", lambda c: c.counts.dropped),
    "decode_errors": ("Packets or pictures that are damaged", lambda c: c.counts.decode_errors),
    "reconnects": ("Connections after the first one", lambda c: c.reconnects),
    "stalls": ("Times that a camera was silent for too long", lambda c: c.stalls),
}


class Metrics:
    """Counts what passes, and asks for the rest when somebody looks.

    All methods may be called in any thread. Labels of a camera that is no longer in the snapshot go
    when somebody looks next.

    Args:
        snapshot: the cameras as they are now; called in any thread, as the others are.
        spools: the receivers as they are now.
        evidence_bytes: size of all evidence; None where none is kept.
    """

    def __init__(
        self,
        snapshot: Callable[[], Sequence[CameraSnapshot]],
        *,
        spools: Callable[[], Sequence[SpoolSnapshot]] = tuple,
        evidence_bytes: Callable[[], int | None] = lambda: None,
    ) -> None:
        # Of its own: the global one would mix several runs in one process.
        self._registry = CollectorRegistry()
        self._snapshot, self._lock = snapshot, threading.Lock()
        # Before the others, so that what it forgets is not told any more.
        self._registry.register(_Asked(self._cameras, spools, evidence_bytes))
        self._inference = Histogram(
            "ghoststream_inference_seconds",
            "Time that the network takes for a batch",
            buckets=INFERENCE_SECONDS,
            registry=self._registry,
        )
        self._inferred = Counter(
            "ghoststream_inference_pictures",
            "Pictures that went through the network",
            registry=self._registry,
        )
        self._lag = Histogram(
            "ghoststream_lag_seconds",
            "From the arrival of a frame to what it shows",
            ["camera"],
            buckets=LAG_SECONDS,
            registry=self._registry,
        )
        self._events = Counter(
            "ghoststream_events",
            "Events that have begun",
            ["camera", "label"],
            registry=self._registry,
        )
        self._labels: dict[str, set[str]] = {}
        """Of the events of each camera; a camera with lag alone has none."""

    def observe_inference(self, seconds: float, batch: int) -> None:
        """A batch of so many pictures went through the network."""
        self._inference.observe(seconds)
        self._inferred.inc(batch)

    def observe_lag(self, camera: str, seconds: float) -> None:
        """It took so long from the arrival of a frame to what it shows."""
        with self._lock:
            self._labels.setdefault(camera, set())
            self._lag.labels(camera).observe(max(0.0, seconds))

    def event(self, camera: str, label: str) -> None:
        """An event has begun."""
        with self._lock:
            self._labels.setdefault(camera, set()).add(label)
            self._events.labels(camera, label).inc()

    def text(self) -> bytes:
        """All of it, as Prometheus reads it."""
        return generate_latest(self._registry)

    def _cameras(self) -> Sequence[CameraSnapshot]:
        cameras = self._snapshot()
        with self._lock:
            for name in self._labels.keys() - {camera.name for camera in cameras}:
                self._forget(name)
        return cameras

    def _forget(self, camera: str) -> None:
        # A camera may have had events before its first lag, or the other way round.
        for label in self._labels.pop(camera):
            self._events.remove(camera, label)
        self._lag.labels(camera)
        self._lag.remove(camera)


class _Asked(Collector):
    """What is known elsewhere, as it is at the moment of the question."""

    def __init__(
        self,
        cameras: Callable[[], Sequence[CameraSnapshot]],
        spools: Callable[[], Sequence[SpoolSnapshot]],
        evidence_bytes: Callable[[], int | None],
    ) -> None:
        self._cameras, self._spools, self._evidence_bytes = cameras, spools, evidence_bytes

    def describe(self) -> Iterator[Family]:
        """Nothing: the registry would ask for cameras before there are any."""
        yield from ()

    def collect(self) -> Iterator[Family]:
        cameras = self._cameras()
        yield InfoMetricFamily("ghoststream_build", "What runs", value={"version": __version__})
        yield from _of_cameras(cameras)
        yield _states(cameras)
        yield from _of_spools(self._spools())
        if (nbytes := self._evidence_bytes()) is not None:
            yield GaugeMetricFamily("ghoststream_evidence_bytes", "Size of evidence", value=nbytes)


def _of_cameras(cameras: Sequence[CameraSnapshot]) -> Iterator[Family]:
    for kind, table in ((GaugeMetricFamily, GAUGES), (CounterMetricFamily, COUNTERS)):
        for name, (text, value) in table.items():
            family = kind(f"ghoststream_{name}", text, labels=["camera"])
            for camera in cameras:
                family.add_metric([camera.name], value(camera))
            yield family


def _states(cameras: Sequence[CameraSnapshot]) -> Family:
    family = GaugeMetricFamily(
        "ghoststream_camera_state",
        "1 for the state that a camera is in",
        labels=["camera", "state"],
    )
    for camera in cameras:
        for state in get_args(LiveState):
            family.add_metric([camera.name, state], float(camera.state == state))
    return family


def _of_spools(spools: Sequence[SpoolSnapshot]) -> Iterator[Family]:
    depth = GaugeMetricFamily(
        "ghoststream_spool_depth", "Messages not delivered yet", labels=["destination"]
    )
    dropped = CounterMetricFamily(
        "ghoststream_spool_dropped", "Messages given up", labels=["destination"]
    )
    for spool in spools:
        depth.add_metric([spool.destination], spool.depth)
        dropped.add_metric([spool.destination], spool.dropped)
    yield from (depth, dropped)
