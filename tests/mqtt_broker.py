"""A real mosquitto on a free port of 127.0.0.1, which tests kill and start again.

with MosquittoBroker(tmp_path, user="me", password="p@ss") as broker:
    with Listener(broker) as listener:
        ...
"""

import os
import queue
import shutil
import signal
import socket
import subprocess
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion
from services import program, require


class MosquittoBroker:
    """Keeps nothing on disk: what it knew is gone once it is killed.

    Args:
        folder: for its files.
        user, password: without them, everybody may come.
        certificate: of the server with its key; with them, it speaks TLS.
    """

    def __init__(
        self,
        folder: Path,
        *,
        user: str | None = None,
        password: str = "",
        certificate: "Certificate | None" = None,
    ) -> None:
        path = program("mosquitto")
        require(path, "mosquitto")
        self._program, self._folder = str(path), folder
        self.user, self.password, self.certificate = user, password, certificate
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self._configuration = folder / "mosquitto.conf"
        self._configuration.write_text("\n".join(self._settings()))

    def start(self) -> None:
        arguments = [self._program, "-c", str(self._configuration)]
        self._process = subprocess.Popen(
            arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        deadline = time.monotonic() + 10
        while not is_open(self.port):
            assert self._process.poll() is None, "mosquitto did not start"
            assert time.monotonic() < deadline, "mosquitto does not listen"
            time.sleep(0.02)

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def freeze(self) -> None:
        """Its connections stay, and nothing comes back."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(number)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.kill()

    def _settings(self) -> list[str]:
        settings = [f"listener {self.port} 127.0.0.1", "persistence false", "log_type none"]
        if os.geteuid() == 0:
            # Another user could not read the folder.
            settings.append("user root")
        if self.certificate is not None:
            settings += [
                f"certfile {self.certificate.certificate}",
                f"keyfile {self.certificate.key}",
            ]
        if self.user is None:
            return [*settings, "allow_anonymous true"]
        return [*settings, "allow_anonymous false", f"password_file {self._passwords()}"]

    def _passwords(self) -> Path:
        path, maker = self._folder / "passwords", program("mosquitto_passwd")
        require(maker, "mosquitto_passwd")
        arguments = [str(maker), "-c", "-b", str(path), str(self.user), self.password]
        subprocess.run(arguments, check=True, capture_output=True)
        return path


class Listener:
    """Takes all that the broker tells, in order: topic, payload, whether it was retained."""

    def __init__(self, broker: MosquittoBroker, topic: str = "#") -> None:
        self._broker, self._topic = broker, topic
        self._messages: queue.Queue[tuple[str, str, bool]] = queue.Queue()
        self._subscribed: queue.Queue[None] = queue.Queue()
        self._client = paho.Client(CallbackAPIVersion.VERSION2)
        if broker.user is not None:
            self._client.username_pw_set(broker.user, broker.password)
        self._client.reconnect_delay_set(1, 1)
        self._client.on_connect = lambda client, *_: client.subscribe(topic, qos=1)
        self._client.on_subscribe = lambda *_: self._subscribed.put(None)
        self._client.on_message = lambda _c, _u, m: self._messages.put(
            (m.topic, m.payload.decode(), m.retain)
        )

    def next(self, timeout: float = 10) -> tuple[str, str, bool]:
        return self._messages.get(timeout=timeout)

    def subscribed(self, timeout: float = 10) -> None:
        """Waits until it hears a broker again that was killed and started anew."""
        self._subscribed.get(timeout=timeout)

    def until(self, topic: str, payload: str | None = None) -> list[tuple[str, str, bool]]:
        """All up to the first with this topic, and payload where one is given."""
        seen = [self.next()]
        while seen[-1][0] != topic or payload not in (None, seen[-1][1]):
            seen.append(self.next())
        return seen

    def __enter__(self) -> Self:
        self._client.connect("127.0.0.1", self._broker.port)
        self._client.loop_start()
        self._subscribed.get(timeout=10)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._client.disconnect()
        self._client.loop_stop()


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """Files in PEM."""

    certificate: Path
    key: Path


def self_signed(folder: Path, host: str = "localhost") -> Certificate:
    """A certificate that nobody vouches for but itself."""
    openssl = shutil.which("openssl")
    require(openssl, "openssl")
    files = Certificate(certificate=folder / "server.pem", key=folder / "server.key")
    arguments = [
        *(str(openssl), "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"),
        *("-nodes", "-days", "2", "-subj", f"/CN={host}", "-addext", f"subjectAltName=DNS:{host}"),
        *("-keyout", str(files.key), "-out", str(files.certificate)),
    ]
    subprocess.run(arguments, check=True, capture_output=True)
    return files


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def is_open(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


class Gate:
    """A way to a port that can be cut in the middle of whatever goes through it.

    Args:
        target: the port that it leads to.
    """

    def __init__(self, target: int) -> None:
        self._target, self.port = target, free_port()
        self._lock = threading.Lock()
        self._sockets: list[socket.socket] = []

    def open(self) -> None:
        listening = socket.create_server(("127.0.0.1", self.port), reuse_port=False)
        self._sockets = [listening]
        threading.Thread(target=self._let_in, args=(listening,), daemon=True).start()

    def cut(self) -> None:
        with self._lock:
            for each in self._sockets:
                with suppress(OSError):
                    each.shutdown(socket.SHUT_RDWR)
                each.close()
            self._sockets = []

    def _let_in(self, listening: socket.socket) -> None:
        with suppress(OSError):
            while True:
                outside, _ = listening.accept()
                inside = socket.create_connection(("127.0.0.1", self._target))
                with self._lock:
                    self._sockets += [outside, inside]
                for pair in ((outside, inside), (inside, outside)):
                    threading.Thread(target=_pump, args=pair, daemon=True).start()


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(4096):
            sink.sendall(data)
    for each in (source, sink):
        with suppress(OSError):
            each.shutdown(socket.SHUT_RDWR)
