"""Metrics and health over HTTP, for programs of this machine alone.

with Endpoint(9090, metrics=metrics, snapshot=snapshot) as endpoint:
    endpoint.port
"""

import json
import sys
import threading
from collections.abc import Callable, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self, TypeAlias

from prometheus_client import CONTENT_TYPE_LATEST

from ghoststream.errors import ConfigError
from ghoststream.runners.live.monitoring.health import Health
from ghoststream.runners.live.monitoring.metrics import Metrics
from ghoststream.runners.live.monitoring.snapshot import CameraSnapshot

LOOPBACK = "127.0.0.1"
SILENCE_SECONDS = 10
"""After which a client that asks for nothing is let go."""
POLL_SECONDS = 0.1
"""At which it notices that it is to close."""

Answer: TypeAlias = tuple[int, str, bytes]
"""Status, type and body."""


class Endpoint:
    """Answers GET /metrics and GET /healthz, in threads of its own, until it is closed.

    Args:
        port: 0 takes a free one.
        metrics: what /metrics tells.
        snapshot: cameras as they are now, for /healthz; called in any thread.

    Raises:
        ConfigError: the port cannot be had.
    """

    def __init__(
        self,
        port: int,
        *,
        metrics: Metrics,
        snapshot: Callable[[], Sequence[CameraSnapshot]],
    ) -> None:
        pages = {"/metrics": lambda: _metrics(metrics), "/healthz": lambda: _health(snapshot())}
        self._server = _listening(port, pages)
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(POLL_SECONDS,), name="metrics", daemon=True
        )
        self._thread.start()

    @property
    def port(self) -> int:
        """The one that it listens on."""
        return self._server.server_port

    def close(self) -> None:
        """Answers nothing more."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


def _metrics(metrics: Metrics) -> Answer:
    return 200, CONTENT_TYPE_LATEST, metrics.text()


def _health(cameras: Sequence[CameraSnapshot]) -> Answer:
    health = Health.of(cameras)
    body = {"status": health.status, "cameras": health.cameras}
    status = 200 if health.is_serving else 503
    return status, "application/json", json.dumps(body, ensure_ascii=False).encode()


class _Server(ThreadingHTTPServer):
    def __init__(self, port: int, pages: dict[str, Callable[[], Answer]]) -> None:
        super().__init__((LOOPBACK, port), _Handler)
        self.pages = pages

    def handle_error(self, request: Any, client_address: Any) -> None:
        # Who asks may go away at any time; all else is a defect, and told as one.
        if not isinstance(sys.exception(), ConnectionError | TimeoutError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    server_version = "ghoststream"
    sys_version = ""
    timeout = SILENCE_SECONDS

    def do_GET(self) -> None:
        page = self.server.pages.get(self.path.partition("?")[0])
        status, kind, body = page() if page else (404, "text/plain", b"/metrics or /healthz\n")
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing: standard error belongs to the run."""


def _listening(port: int, pages: dict[str, Callable[[], Answer]]) -> _Server:
    try:
        return _Server(port, pages)
    except OSError as error:
        raise ConfigError(
            f"metrics_port {port} cannot be had: {error.strerror}; choose another above 1023, or 0 "
            "for one that is free"
        ) from error
