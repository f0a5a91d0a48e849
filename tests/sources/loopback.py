"""Small servers on 127.0.0.1 that tests talk to: HTTP with files, RTSP that says no or nothing."""

import base64
import socket
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


class FileHandler(SimpleHTTPRequestHandler):
    """Files of a directory; with `credentials`, only to whom knows them."""

    credentials: str | None = None

    def do_GET(self) -> None:
        if self.credentials is not None:
            expected = base64.b64encode(self.credentials.encode()).decode()
            if self.headers.get("Authorization") != f"Basic {expected}":
                self.send_response(401)
                self.send_header("WWW-Authenticate", 'Basic realm="camera"')
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
        super().do_GET()

    def log_message(self, format: str, *values: object) -> None:
        """Quiet."""


class QuietServer(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """A reader that hangs up early is no news."""


@contextmanager
def http_server(folder: Path, *, credentials: str | None = None) -> Iterator[str]:
    """Yields its host and port."""
    handler = type("Handler", (FileHandler,), {"credentials": credentials})
    server = QuietServer(("127.0.0.1", 0), partial(handler, directory=str(folder)))
    with _served(server):
        yield f"127.0.0.1:{server.server_address[1]}"


class RtspHandler(socketserver.StreamRequestHandler):
    """Answers each request with one status line."""

    status = "401 Unauthorized"
    challenge = 'WWW-Authenticate: Basic realm="camera"\r\n'

    def handle(self) -> None:
        lines: list[str] = []
        for raw in self.rfile:
            line = raw.decode().strip()
            if line:
                lines.append(line)
                continue
            self.server.requests.append(lines)  # type: ignore[attr-defined]
            sequence = next(line for line in lines if line.startswith("CSeq"))
            answer = f"RTSP/1.0 {self.status}\r\n{sequence}\r\n{self.challenge}\r\n"
            self.wfile.write(answer.encode())
            lines = []


class RtspServer(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True


@contextmanager
def rtsp_server(
    status: str = "401 Unauthorized", challenge: str = 'WWW-Authenticate: Basic realm="camera"\r\n'
) -> Iterator[tuple[str, list[list[str]]]]:
    """Yields its host and port, and the requests it gets."""
    handler = type("Handler", (RtspHandler,), {"status": status, "challenge": challenge})
    server = RtspServer(("127.0.0.1", 0), handler)
    server.requests = []  # type: ignore[attr-defined]
    with _served(server):
        yield f"127.0.0.1:{server.server_address[1]}", server.requests  # type: ignore[attr-defined]


@contextmanager
def silent_server() -> Iterator[str]:
    """Accepts, and then says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"127.0.0.1:{server.getsockname()[1]}"


class StallingHandler(socketserver.StreamRequestHandler):
    """HTTP: sends what it has, and then keeps the connection open in silence."""

    data = b""
    ended = threading.Event()

    def handle(self) -> None:
        for raw in self.rfile:
            if not raw.strip():
                break
        self.wfile.write(b"HTTP/1.0 200 OK\r\nContent-Type: video/mp2t\r\n\r\n" + self.data)
        self.wfile.flush()
        self.ended.wait(20)


@contextmanager
def stalling_server(data: bytes) -> Iterator[str]:
    """Yields its host and port."""
    ended = threading.Event()
    handler = type("Handler", (StallingHandler,), {"data": data, "ended": ended})
    server = RtspServer(("127.0.0.1", 0), handler)
    with _served(server):
        yield f"127.0.0.1:{server.server_address[1]}"
        ended.set()


@contextmanager
def _served(server: socketserver.BaseServer) -> Iterator[None]:
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
