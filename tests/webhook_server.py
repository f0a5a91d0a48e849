"""An HTTP server on 127.0.0.1 that collects what webhooks are told, and misbehaves on demand.

with WebhookServer() as server:
    server.answers = [500, 429]  # then 204 again
    server.url, server.requests
"""

import threading
import time
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One POST, as it came."""

    path: str
    headers: dict[str, str]
    """By their names in small letters."""
    body: bytes
    status: int
    """With which it was answered."""


class WebhookServer:
    """Answers 204, or what stands next in `answers`.

    Args:
        port: 0 for a free one.
    """

    def __init__(self, port: int = 0) -> None:
        self.port = port
        self.requests: list[Request] = []
        self.answers: list[int] = []
        """Status of the next answers; 0 never answers."""
        self.headers: dict[str, str] = {}
        """Of every answer."""
        self._is_over = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"

    def start(self) -> None:
        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), _handler_for(self))
        self._server.daemon_threads = True
        self._server.block_on_close = False
        self.port = self._server.server_port
        self._is_over.clear()
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()

    def stop(self) -> None:
        """Nobody answers at its port any more."""
        self._is_over.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def wait_for(self, count: int, timeout: float = 10) -> list[Request]:
        """The requests, once there are so many."""
        deadline = time.monotonic() + timeout
        while len(self.requests) < count:
            assert time.monotonic() < deadline, f"{len(self.requests)} of {count} requests came"
            time.sleep(0.01)
        return self.requests

    def take(self, request: BaseHTTPRequestHandler, body: bytes) -> int:
        status = self.answers.pop(0) if self.answers else 204
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.requests.append(Request(path=request.path, headers=headers, body=body, status=status))
        return status

    def hang(self) -> None:
        self._is_over.wait(30)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()


def _handler_for(server: WebhookServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            status = server.take(self, body)
            if status == 0:
                server.hang()
                return
            self.send_response(status)
            for name, value in server.headers.items():
                self.send_header(name, value)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Quiet."""

    return Handler
