"""What Prometheus and health checks are told."""

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
from prometheus_client.parser import text_string_to_metric_families

from ghoststream.errors import ConfigError
from ghoststream.runners.live.monitoring.endpoint import Endpoint
from ghoststream.runners.live.monitoring.health import Health
from ghoststream.runners.live.monitoring.metrics import Metrics
from ghoststream.runners.live.monitoring.snapshot import (
    CameraSnapshot,
    EvidenceSnapshot,
    SpoolSnapshot,
)
from ghoststream.types import Counts
from ghoststream.version import __version__

GATE = CameraSnapshot(
    name="gate",
    state="running",
    watched_seconds=100,
    silent_seconds=0.25,
    capture_fps=25.0,
    process_fps=2.0,
    skipped_fps=23.0,
    counts=Counts(frames=1000, skipped=900, dropped=3, decode_errors=4, overrun=5),
    sampled=80,
    reconnects=2,
    stalls=1,
    queue_depth=6,
)
YARD = replace(GATE, name="yard", state="stalled", silent_seconds=None)


def told(metrics: Metrics) -> dict[str, float]:
    """Each sample by its name and labels, without the moments at which series were made."""
    families = text_string_to_metric_families(metrics.text().decode())
    samples = [sample for family in families for sample in family.samples]
    return {
        f"{s.name}{{{','.join(f'{k}={v}' for k, v in sorted(s.labels.items()))}}}": s.value
        for s in samples
        if not s.name.endswith("_created")
    }


def test_each_camera_with_its_speeds_and_totals() -> None:
    samples = told(Metrics(lambda: [GATE, YARD]))
    expected = {
        "ghoststream_capture_fps{camera=gate}": 25,
        "ghoststream_process_fps{camera=gate}": 2,
        "ghoststream_skipped_fps{camera=gate}": 23,
        "ghoststream_queue_depth{camera=gate}": 6,
        "ghoststream_frames_total{camera=gate}": 1000,
        "ghoststream_sampled_total{camera=gate}": 80,
        "ghoststream_overrun_total{camera=gate}": 5,
        "ghoststream_dropped_total{camera=gate}": 3,
        "ghoststream_decode_errors_total{camera=gate}": 4,
        "ghoststream_reconnects_total{camera=gate}": 2,
        "ghoststream_stalls_total{camera=gate}": 1,
        "ghoststream_camera_state{camera=gate,state=running}": 1,
        "ghoststream_camera_state{camera=gate,state=stalled}": 0,
        "ghoststream_camera_state{camera=yard,state=running}": 0,
        "ghoststream_camera_state{camera=yard,state=stalled}": 1,
        f"ghoststream_build_info{{version={__version__}}}": 1,
    }
    assert {key: samples.get(key) for key in expected} == expected


def test_inference_lag_and_events_are_counted() -> None:
    metrics = Metrics(lambda: [GATE])
    metrics.observe_inference(0.015, 16)
    metrics.observe_inference(0.15, 4)
    metrics.observe_lag("gate", 0.4)
    metrics.event("gate", "espresso")
    metrics.event("gate", "espresso")
    samples = told(metrics)
    assert samples["ghoststream_inference_seconds_count{}"] == 2
    assert samples["ghoststream_inference_seconds_bucket{le=0.02}"] == 1
    assert samples["ghoststream_inference_pictures_total{}"] == 20
    assert samples["ghoststream_lag_seconds_bucket{camera=gate,le=0.3}"] == 0
    assert samples["ghoststream_lag_seconds_bucket{camera=gate,le=0.5}"] == 1
    assert samples["ghoststream_events_total{camera=gate,label=espresso}"] == 2


def test_receivers_and_evidence() -> None:
    spool = SpoolSnapshot(
        destination="mqtt://broker", depth=7, dropped=8, rejected=9, is_connected=True
    )
    evidence = EvidenceSnapshot(nbytes=123, deleted_files=4, deleted_bytes=56, lost=2)
    metrics = Metrics(list, spools=lambda: [spool], evidence=lambda: evidence)
    samples = told(metrics)
    assert samples["ghoststream_spool_depth{destination=mqtt://broker}"] == 7
    assert samples["ghoststream_spool_dropped_total{destination=mqtt://broker}"] == 8
    assert samples["ghoststream_spool_rejected_total{destination=mqtt://broker}"] == 9
    assert samples["ghoststream_receiver_connected{destination=mqtt://broker}"] == 1
    assert samples["ghoststream_evidence_bytes{}"] == 123
    assert samples["ghoststream_evidence_deleted_files_total{}"] == 4
    assert samples["ghoststream_evidence_deleted_bytes_total{}"] == 56
    assert samples["ghoststream_evidence_lost_total{}"] == 2
    assert not any("evidence" in name for name in told(Metrics(list)))


def test_a_camera_that_is_gone_leaves_no_labels() -> None:
    cameras = [GATE, YARD]
    metrics = Metrics(lambda: cameras)
    metrics.observe_lag("gate", 1)
    metrics.event("gate", "espresso")
    metrics.event("yard", "teapot")
    assert any("gate" in name for name in told(metrics))
    cameras.remove(GATE)
    samples = told(metrics)
    assert not any("gate" in name for name in samples)
    assert samples["ghoststream_events_total{camera=yard,label=teapot}"] == 1
    cameras.clear()
    assert not any("camera=" in name for name in told(metrics))


def test_several_runs_in_one_process_do_not_mix() -> None:
    first, second = Metrics(list), Metrics(list)
    first.observe_inference(1, 1)
    assert told(second)["ghoststream_inference_seconds_count{}"] == 0


@pytest.mark.parametrize(
    ("cameras", "status", "is_serving"),
    [
        ([GATE], "ok", True),
        ([GATE, YARD], "degraded", True),
        ([YARD], "degraded", False),
        ([replace(YARD, state="connecting", watched_seconds=59)], "ok", True),
        ([GATE, replace(YARD, watched_seconds=59)], "ok", True),
        ([YARD, replace(YARD, name="new", watched_seconds=59)], "degraded", False),
        ([replace(YARD, state="auth_failed")], "degraded", False),
        ([], "degraded", False),
    ],
)
def test_health(cameras: list[CameraSnapshot], status: str, is_serving: bool) -> None:
    health = Health.of(cameras)
    assert (health.status, health.is_serving) == (status, is_serving)


@contextmanager
def served(*cameras: CameraSnapshot) -> Iterator[tuple[Endpoint, str]]:
    def snapshot() -> tuple[CameraSnapshot, ...]:
        return cameras

    with Endpoint(0, metrics=Metrics(snapshot), snapshot=snapshot) as endpoint:
        yield endpoint, f"http://127.0.0.1:{endpoint.port}"


def test_metrics_over_http(capfd: pytest.CaptureFixture[str]) -> None:
    with served(GATE) as (_, address), urlopen(f"{address}/metrics", timeout=10) as answer:
        assert answer.headers["Content-Type"].startswith("text/plain")
        assert b'ghoststream_capture_fps{camera="gate"} 25.0\n' in answer.read()
    assert capfd.readouterr() == ("", "")


def test_health_over_http() -> None:
    with served(GATE, YARD) as (_, address), urlopen(f"{address}/healthz", timeout=10) as answer:
        assert json.load(answer) == {
            "status": "degraded",
            "cameras": {
                "gate": {"state": "running", "seconds_since_frame": 0.25},
                "yard": {"state": "stalled", "seconds_since_frame": None},
            },
        }


@pytest.mark.parametrize(("path", "status"), [("/healthz", 503), ("/", 404), ("/metrics/x", 404)])
def test_what_does_not_go_well_has_a_status(path: str, status: int) -> None:
    with (
        served(YARD) as (_, address),
        pytest.raises(HTTPError) as caught,
    ):
        urlopen(f"{address}{path}", timeout=10)
    with caught.value as answer:
        assert answer.code == status


def test_a_client_that_goes_away_leaves_no_trace(capfd: pytest.CaptureFixture[str]) -> None:
    with served(GATE) as (endpoint, address):
        for _ in range(3):
            with socket.create_connection(("127.0.0.1", endpoint.port), timeout=10) as client:
                linger = b"\x01\x00\x00\x00\x00\x00\x00\x00"  # goes with a reset
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                client.sendall(b"GET /metrics HTTP/1.0\r\n\r\n")
        urlopen(f"{address}/metrics", timeout=10).close()
    assert capfd.readouterr() == ("", "")


def test_only_this_machine_is_answered_and_only_while_it_is_open() -> None:
    before = threading.active_count()
    with served(GATE) as (endpoint, _):
        assert endpoint._server.server_address[0] == "127.0.0.1"
        port = endpoint.port
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=10)
    assert threading.active_count() == before


def test_a_port_that_is_taken() -> None:
    with (
        served(GATE) as (endpoint, _),
        pytest.raises(ConfigError, match=f"metrics_port {endpoint.port} cannot be had: Address"),
    ):
        Endpoint(endpoint.port, metrics=Metrics(list), snapshot=list)
