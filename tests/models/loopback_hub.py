"""A Hugging Face hub on this machine: the part of its protocol that a download needs.

    with LoopbackHub({"timm/ghostnet_100.in1k/config.json": b"{}"}) as hub:
        hub.endpoint, hub.requests

HEAD and GET of /OWNER/NAME/resolve/main/FILE; weights are redirected to a store, as the hub does it
with large files; ranges are answered, so that a broken download goes on where it stopped.
"""

import hashlib
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self

COMMIT = "0123456789abcdef0123456789abcdef01234567"


class LoopbackHub:
    """Serves `files`, by OWNER/NAME/FILE.

    `cuts` makes the next downloads from the store end too early, after so many bytes; `failure` is
    a status with which everything is answered.
    """

    def __init__(
        self, files: dict[str, bytes], *, cuts: list[int] | None = None, failure: int | None = None
    ) -> None:
        self.files, self.cuts, self.failure = files, cuts or [], failure
        self.requests: list[str] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler_for(self))
        self.endpoint = f"http://127.0.0.1:{self._server.server_port}"
        # Another host, as the hub's store is: clients treat the two differently.
        self.store = f"http://localhost:{self._server.server_port}"

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _handler_for(hub: LoopbackHub) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_HEAD(self) -> None:
            self._answer()

        def do_GET(self) -> None:
            self._answer()

        def log_message(self, *_: object) -> None:
            pass

        def _answer(self) -> None:
            hub.requests.append(f"{self.command} {self.path}")
            if hub.failure:
                self._send(hub.failure, {})
            elif self.path.startswith("/store/"):
                self._send_stored(self.path.removeprefix("/store/"))
            else:
                repository, _, name = self.path.removeprefix("/").partition("/resolve/main/")
                self._resolve(repository, name)

        def _resolve(self, repository: str, name: str) -> None:
            content = hub.files.get(f"{repository}/{name}")
            if content is None:
                is_known = any(path.startswith(f"{repository}/") for path in hub.files)
                code = "EntryNotFound" if is_known else "RepoNotFound"
                self._send(404, {"X-Error-Code": code, "X-Repo-Commit": COMMIT})
            elif name.endswith(".safetensors"):
                digest = hashlib.sha256(content).hexdigest()
                headers = {
                    "Location": f"{hub.store}/store/{repository}/{name}",
                    "X-Linked-ETag": f'"{digest}"',
                    "X-Linked-Size": str(len(content)),
                    "X-Repo-Commit": COMMIT,
                }
                self._send(302, headers)
            else:
                digest = hashlib.sha1(content).hexdigest()
                self._send(200, {"ETag": f'"{digest}"', "X-Repo-Commit": COMMIT}, content)

        def _send_stored(self, path: str) -> None:
            content = hub.files[path]
            start = int(self.headers.get("Range", "bytes=0-").split("=")[1].split("-")[0])
            headers = {"Content-Range": f"bytes {start}-{len(content) - 1}/{len(content)}"}
            end = hub.cuts.pop(0) if hub.cuts and self.command == "GET" else None
            self._send(206 if start else 200, headers if start else {}, content[start:], end)

        def _send(
            self, status: int, headers: dict[str, str], body: bytes = b"", end: int | None = None
        ) -> None:
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(body if end is None else body[:end])
            self.close_connection = end is not None

    return Handler
