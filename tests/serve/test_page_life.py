"""The page on a real socket, from its start to its end."""

import os
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
from contextlib import closing, suppress
from pathlib import Path

import httpx
import pytest
from served_page import PATIENCE_SECONDS, served

from ghoststream.config import ServeConfig
from ghoststream.errors import ConfigError, OutputError
from ghoststream.serve.connections import PatientConnection
from ghoststream.serve.server import address_of, listening_socket, opened_site, serve

GET = b"GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"


def connected(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_SECONDS)


def send_slowly(client: socket.socket, data: bytes) -> None:
    for byte in data:
        client.sendall(bytes([byte]))
        time.sleep(0.05)


def heard_to_the_end(client: socket.socket) -> bytes:
    parts = []
    try:
        while part := client.recv(65536):
            parts.append(part)
    except ConnectionResetError:
        pass
    return b"".join(parts)


def status(port: int, path: bytes = b"/healthz") -> bytes:
    with closing(connected(port)) as client:
        client.sendall(GET % path)
        return client.recv(12)


def asked_late(port: int) -> bytes:
    """What one is told who waits a moment before asking."""
    with closing(connected(port)) as client:
        time.sleep(0.1)
        with suppress(ConnectionError):
            client.sendall(GET % b"/healthz")
        return client.recv(12)


def test_listeners_do_not_hold_the_end(tmp_path: Path) -> None:
    with served(tmp_path) as (port, stop), closing(connected(port)) as client:
        client.sendall(GET % b"/api/feed")
        assert client.recv(12) == b"HTTP/1.1 200"
        began = time.monotonic()
        stop.set()
        assert heard_to_the_end(client).endswith(b"0\r\n\r\n")  # whole, and not broken off
    assert time.monotonic() - began < 5


def test_headers_that_do_not_come_are_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(PatientConnection, "header_seconds", 0.3)
    with served(tmp_path) as (port, _):
        silent, slow, second = connected(port), connected(port), connected(port)
        with closing(silent), closing(slow), closing(second):
            second.sendall(GET % b"/healthz")
            assert second.recv(12) == b"HTTP/1.1 200"
            second.sendall(b"GET / HT")
            with suppress(ConnectionError):
                send_slowly(slow, b"GET /healthz HTTP/1.1\r\nX-Long: ")
            assert heard_to_the_end(slow) == b""
            assert heard_to_the_end(silent) == b""
            assert heard_to_the_end(second).endswith(b'{"status":"ok"}')
        assert status(port) == b"HTTP/1.1 200"


def test_a_body_that_nobody_wants_does_not_hold_a_connection(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(PatientConnection, "header_seconds", 0.3)
    forged = b"POST /api/classes HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100000\r\n\r\n"
    with served(tmp_path) as (port, _), closing(connected(port)) as client:
        client.sendall(forged)
        assert client.recv(12) == b"HTTP/1.1 403"
        with pytest.raises(ConnectionError):
            send_slowly(client, b"x" * 100)


@pytest.mark.parametrize(
    ("proxy", "answer"), [(None, b"HTTP/1.1 503"), ("127.0.0.1", b"HTTP/1.1 200")]
)
def test_one_address_does_not_take_the_whole_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, proxy: str | None, answer: bytes
) -> None:
    monkeypatch.setenv("GHOSTSTREAM_PASSWORD", "correct horse")
    monkeypatch.setattr(PatientConnection, "connections_of_one", 2)
    with served(tmp_path, trusted_proxy=proxy) as (port, _):
        with closing(connected(port)) as first, closing(connected(port)) as second:
            for client in (first, second):
                client.sendall(GET % b"/healthz")
                assert client.recv(12) == b"HTTP/1.1 200"
            assert asked_late(port) == answer
        assert status(port) == b"HTTP/1.1 200"


def test_signing_out_breaks_off_what_is_still_being_sent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ghoststream.serve.security.passwords.COST", 2**10)
    monkeypatch.setenv("GHOSTSTREAM_PASSWORD", "correct horse")
    with (
        served(tmp_path) as (port, _),
        httpx.Client(base_url=f"http://127.0.0.1:{port}") as browser,
        closing(connected(port)) as client,
    ):
        token = {"X-CSRF-Token": browser.get("/api/session").json()["csrf_token"]}
        given = {"password": "correct horse"}
        state = browser.post("/api/session", json=given, headers=token).json()
        ((name, value),) = browser.cookies.items()
        cookie = f"Cookie: {name}={value}\r\n\r\n".encode()
        client.sendall((GET % b"/api/feed").removesuffix(b"\r\n") + cookie)
        assert client.recv(12) == b"HTTP/1.1 200"
        browser.delete("/api/session", headers={"X-CSRF-Token": state["csrf_token"]})
        assert not heard_to_the_end(client).endswith(b"0\r\n\r\n")


@pytest.mark.parametrize(("proxy", "address"), [("127.0.0.1", "10.0.0.9"), (None, "127.0.0.1")])
def test_a_proxy_is_believed_only_where_it_is_trusted(
    tmp_path: Path, proxy: str | None, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GHOSTSTREAM_PASSWORD", "correct horse")
    with served(tmp_path, trusted_proxy=proxy) as (port, _), closing(connected(port)) as client:
        forwarded = b"X-Forwarded-For: 10.0.0.9\r\nX-Forwarded-Proto: https\r\n\r\n"
        client.sendall((GET % b"/healthz").removesuffix(b"\r\n") + forwarded)
        assert client.recv(12) == b"HTTP/1.1 200"
    line = (tmp_path / "access.log").read_text()
    assert line.split()[1:5] == [address, "GET", "/healthz", "200"]


def test_nonsense_is_refused(tmp_path: Path) -> None:
    with served(tmp_path) as (port, _):
        for nonsense in (b"\x16\x03\x01\r\n\r\n", b"GET /" + b"a" * 70_000):
            with closing(connected(port)) as client:
                client.sendall(nonsense)
                assert heard_to_the_end(client)[:12] in (b"HTTP/1.1 400", b"")
        assert status(port) == b"HTTP/1.1 200"
        assert status(port, b"/static/../../secret") in (b"HTTP/1.1 404", b"HTTP/1.1 401")


def test_a_port_that_is_taken_is_a_sentence(tmp_path: Path) -> None:
    with closing(listening_socket(ServeConfig(port=0))) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ConfigError, match=f"port {port}: Address already in use; choose"):
            serve(ServeConfig(port=port, data=tmp_path), stop=threading.Event())


def test_a_directory_that_cannot_be_written_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="choose another with --data"):
        serve(ServeConfig(data=tmp_path / "file" / "data"), stop=threading.Event())


def test_a_directory_is_for_one_page_at_a_time_and_for_its_owner(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir(mode=0o755)
    config = ServeConfig(data=data)
    with opened_site(config):
        with pytest.raises(ConfigError, match="another page keeps its things in "):
            serve(config, stop=threading.Event())
        assert stat.S_IMODE(data.stat().st_mode) == 0o700
    with opened_site(config):
        assert len((data / "secret").read_bytes()) == 32


def test_an_address_is_what_one_types() -> None:
    config = ServeConfig(host="::1", port=0)
    with closing(listening_socket(config)) as listener:
        port = listener.getsockname()[1]
        assert address_of(config, listener) == f"http://[::1]:{port}/"


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_in_order(tmp_path: Path, number: int) -> None:
    command = [sys.executable, "-m", "ghoststream", "serve", "--port", "0", "--data", "data"]
    process = subprocess.Popen(
        command, cwd=tmp_path, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    assert process.stderr is not None
    line = process.stderr.readline()
    port = int(line.split(":")[2].split("/")[0])
    with closing(connected(port)) as client:
        client.sendall(GET % b"/api/feed")
        assert client.recv(12) == b"HTTP/1.1 200"
        began = time.monotonic()
        os.killpg(process.pid, number)
        assert process.wait(PATIENCE_SECONDS) == 130
        assert time.monotonic() - began < 5
    assert process.stderr.read() == ""
    process.stderr.close()
