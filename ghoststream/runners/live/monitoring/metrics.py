"""What Prometheus is told of a live run.

metrics = Metrics(lambda: [camera.snapshot() for camera in cameras])
metrics.observe_inference(0.012, 16)
metrics.text()
"""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TypeAlias, TypeVar, get_args

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily
from prometheus_client.registry import Collector

from ghoststream.runners.live.monitoring.snapshot import (
    CameraSnapshot,
    EvidenceSnapshot,
    SpoolSnapshot,
)
from ghoststream.types import LiveState
from ghoststream.version import __version__

T = TypeVar("T")
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
SPOOL_GAUGES: dict[str, tuple[str, Callable[[SpoolSnapshot], float]]] = {
    "spool_depth": ("Messages not delivered yet", lambda s: s.depth),
    "receiver_connected": (
        "1 where the last that is known of it is good",
        lambda s: s.is_connected,
    ),
}
SPOOL_COUNTERS: dict[str, tuple[str, Callable[[SpoolSnapshot], float]]] = {
    "spool_dropped": ("Messages given up, because too many waited", lambda s: s.dropped),
    "spool_rejected": ("Messages that the receiver called bad", lambda s: s.rejected),
}


class Metrics:
    """Counts what passes, and asks for the rest when somebody looks.

    All methods may be called in any thread. Labels of a camera that is no longer in the snapshot go
    when somebody looks next.

    Args:
        snapshot: the cameras as they are now; called in any thread, as the others are.
        spools: the receivers as they are now.
        evidence: as it is now; None where none is kept.
    """

    def __init__(
        self,
        snapshot: Callable[[], Sequence[CameraSnapshot]],
        *,
        spools: Callable[[], Sequence[SpoolSnapshot]] = tuple,
        evidence: Callable[[], EvidenceSnapshot | None] = lambda: None,
    ) -> None:
        # Of its own: the global one would mix several runs in one process.
        self._registry = CollectorRegistry()
        self._snapshot, self._lock = snapshot, threading.Lock()
        # Before the others, so that what it forgets is not told any more.
        self._registry.register(_Asked(self._cameras, spools, evidence))
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
        evidence: Callable[[], EvidenceSnapshot | None],
    ) -> None:
        self._cameras, self._spools, self._evidence = cameras, spools, evidence

    def describe(self) -> Iterator[Family]:
        """Nothing: the registry would ask for cameras before there are any."""
        yield from ()

    def collect(self) -> Iterator[Family]:
        cameras = self._cameras()
        yield InfoMetricFamily("ghoststream_build", "What runs", value={"version": __version__})
        by_name = {camera.name: camera for camera in cameras}
        yield from _families(GAUGES, COUNTERS, label="camera", things=by_name)
        yield _states(cameras)
        receivers = {spool.destination: spool for spool in self._spools()}
        yield from _families(SPOOL_GAUGES, SPOOL_COUNTERS, label="destination", things=receivers)
        if (evidence := self._evidence()) is not None:
            yield from _of_evidence(evidence)


def _families(
    gauges: Mapping[str, tuple[str, Callable[[T], float]]],
    counters: Mapping[str, tuple[str, Callable[[T], float]]],
    *,
    label: str,
    things: Mapping[str, T],
) -> Iterator[Family]:
    """Each value of several things, told apart by a label."""
    for kind, table in ((GaugeMetricFamily, gauges), (CounterMetricFamily, counters)):
        for name, (text, value) in table.items():
            family = kind(f"ghoststream_{name}", text, labels=[label])
            for key, thing in things.items():
                family.add_metric([key], value(thing))
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


def _of_evidence(evidence: EvidenceSnapshot) -> Iterator[Family]:
    yield GaugeMetricFamily(
        "ghoststream_evidence_bytes", "Size of all evidence", value=evidence.nbytes
    )
    for name, text, value in (
        ("deleted_files", "Files deleted for age or for lack of room", evidence.deleted_files),
        ("deleted_bytes", "Their size", evidence.deleted_bytes),
        ("lost", "Clips and thumbnails that could not be kept", evidence.lost),
    ):
        yield CounterMetricFamily(f"ghoststream_evidence_{name}", text, value=value)
