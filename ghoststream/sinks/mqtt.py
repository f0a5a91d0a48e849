"""The way to an MQTT broker: events that wait until they are acknowledged, and retained state.

link = MqttLink(Broker(address="mqtts://user:password@broker", ca=Path("ca.pem")), notices=print)
link.retain("door/status", b"online")
link.send(message)  # returns when the broker has it
link.close()

While the program is there, PREFIX/available says `online`; the broker itself says `offline` when
the program dies. Retained state is told anew on every connection, so that a broker may forget it.
"""

import ssl
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import SplitResult, unquote, urlsplit

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from ghoststream.address import Address, parse_address
from ghoststream.backoff import Backoff
from ghoststream.errors import ConfigError
from ghoststream.sinks.deliverer import NotDelivered
from ghoststream.sinks.spool import Message, Notices

SCHEMES = {"mqtt": 1883, "mqtts": 8883}
"""With the ports that go with them."""
AVAILABLE = "available"
CONNECT_SECONDS = 5.0
KEEPALIVE_SECONDS = 15
ACKNOWLEDGE_SECONDS = 20.0
STABLE_SECONDS = 30.0
"""A connection that lasted so long was a good one: the next failure starts with short waits."""
GOODBYE_SECONDS = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Broker:
    """Where a broker is, and how to trust it.

    Raises:
        ConfigError: the settings do not go together.
    """

    address: str = field(repr=False)
    """mqtt://user:password@host:1883 or mqtts://...:8883, as people type it."""
    prefix: str = "ghoststream"
    """Of all topics."""
    ca: Path | None = None
    """Certificates of a private authority, in PEM; unset, those of the system."""
    is_insecure: bool = False
    """Anybody may pass for the broker."""

    def __post_init__(self) -> None:
        parsed, _ = self.parsed(), self.port
        if self._split().path not in ("", "/") or self._split().query:
            raise ConfigError(f"{parsed.name}: the address of a broker ends after host and port")
        if (self.ca is not None or self.is_insecure) and not self.has_tls:
            raise ConfigError(
                f"{parsed.name} is not encrypted, so that --mqtt-ca and --mqtt-insecure mean "
                "nothing; write mqtts://"
            )
        if not self.prefix.strip("/") or any(c in "+#" or ord(c) < 32 for c in self.prefix):
            raise ConfigError(
                f"{self.prefix!r} is no prefix of topics; give one such as site/video"
            )

    def parsed(self) -> Address:
        return parse_address(self.address, schemes=tuple(SCHEMES))

    @property
    def has_tls(self) -> bool:
        return self._split().scheme == "mqtts"

    @property
    def host(self) -> str:
        return self._split().hostname or ""

    @property
    def port(self) -> int:
        try:
            return self._split().port or SCHEMES[self._split().scheme]
        except ValueError:
            raise ConfigError(f"{self.parsed().name}: ports go from 1 to 65535") from None

    @property
    def credentials(self) -> tuple[str, str | None] | None:
        """User name and password."""
        split = self._split()
        if split.username is None:
            return None
        return unquote(split.username), None if split.password is None else unquote(split.password)

    def topic(self, rest: str) -> str:
        return f"{self.prefix}/{rest}"

    def _split(self) -> SplitResult:
        return urlsplit(self.parsed().url)


class MqttLink:
    """A connection to a broker that comes back by itself; a `Transport`.

    Each connection has a client of its own, which takes what is on its way with it into the grave:
    a message that was not acknowledged is sent again by who sent it, never behind a newer one.

    Args:
        broker: to connect to.
        notices: takes lines for the user, in any thread.
        backoff: between connections.

    Raises:
        ConfigError: the certificates cannot be read.
    """

    def __init__(self, broker: Broker, *, notices: Notices, backoff: Backoff | None = None) -> None:
        self.name, self.ready = broker.parsed().name, threading.Event()
        self._broker, self._notices = broker, notices
        self._backoff = backoff or Backoff()
        self._trust = _trust(broker) if broker.has_tls else None
        self._client_id = f"ghoststream-{uuid.uuid4().hex[:8]}"
        self._trouble: str | None = None
        self._lock = threading.Lock()
        """Keeps an older value from overtaking a newer one while all are told anew."""
        self._retained: dict[str, bytes] = {broker.topic(AVAILABLE): b"online"}
        self._connection: _Connection | None = None
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._stay_connected, name="mqtt", daemon=True)

    def open(self) -> None:
        """Begins to connect, and returns at once."""
        if self._broker.is_insecure:
            self._notices(f"{self.name}: its certificate is not checked, as --mqtt-insecure asks")
        self._thread.start()

    @property
    def trouble(self) -> str | None:
        return self._trouble

    def retain(self, topic: str, payload: bytes) -> None:
        """Tells the newest value of a topic, now and on every connection to come.

        Args:
            topic: the whole of it.
            payload: empty to remove the topic.
        """
        with self._lock:
            self._retained[topic] = payload
            if self._connection is not None:
                self._connection.retain(topic, payload)

    def send(self, message: Message) -> None:
        connection = self._connection
        if connection is None:
            raise NotDelivered(self._trouble or "not connected")
        connection.send(self._broker.topic(message.kind), message.body)

    def close(self) -> None:
        """Says that the program is gone, and disconnects."""
        self._closing.set()
        with self._lock:
            connection, self._connection = self._connection, None
        if connection is not None:
            connection.say_goodbye(self._broker.topic(AVAILABLE))

    def _stay_connected(self) -> None:
        while not self._closing.is_set():
            start = time.monotonic()
            self._connect_once()
            if time.monotonic() - start > STABLE_SECONDS:
                self._backoff.reset()
            self._closing.wait(self._backoff.next_seconds())

    def _connect_once(self) -> None:
        """Returns when the connection is over."""
        connection = _Connection(self._client(), accepted=self._accepted, refused=self._failed)
        try:
            connection.open(self._broker.host, self._broker.port)
            connection.lost.wait()
            self._lost(connection)
        except (OSError, ValueError) as error:
            self._failed(_cause(error))
        finally:
            connection.end()

    def _accepted(self, connection: "_Connection") -> None:
        with self._lock:
            if self._closing.is_set():
                connection.disconnect()
                return
            for topic, payload in self._retained.items():
                connection.retain(topic, payload)
            self._connection, had_trouble, self._trouble = connection, self._trouble, None
        self.ready.set()
        if had_trouble:
            self._notices(f"{self.name}: connected")

    def _lost(self, connection: "_Connection") -> None:
        self.ready.clear()
        with self._lock:
            was_accepted, self._connection = self._connection is connection, None
        if was_accepted and not self._closing.is_set():
            self._failed("the connection broke")

    def _failed(self, cause: str) -> None:
        self._trouble = cause
        self._notices(f"{self.name}: {cause}; trying again")

    def _client(self) -> paho.Client:
        client = paho.Client(
            CallbackAPIVersion.VERSION2,
            client_id=self._client_id,
            protocol=paho.MQTTv311,
            reconnect_on_failure=False,
        )
        client.connect_timeout = CONNECT_SECONDS
        client.will_set(self._broker.topic(AVAILABLE), b"offline", qos=1, retain=True)
        if self._broker.credentials is not None:
            client.username_pw_set(*self._broker.credentials)
        if self._trust is not None:
            client.tls_set_context(self._trust)
        return client


class _Connection:
    """One life of a client.

    Args:
        client: not connected yet.
        accepted: called in the client's thread when the broker lets us in.
        refused: called there, with the reason, when it does not.
    """

    def __init__(
        self,
        client: paho.Client,
        *,
        accepted: Callable[["_Connection"], None],
        refused: Callable[[str], None],
    ) -> None:
        self._client, self._accepted, self._refused = client, accepted, refused
        self.lost = threading.Event()
        client.on_connect = self._connected
        client.on_disconnect = self._disconnected

    def open(self, host: str, port: int) -> None:
        """Raises OSError or ValueError where nobody can be reached, or trusted."""
        self._client.connect(host, port, keepalive=KEEPALIVE_SECONDS)
        self._client.loop_start()

    def retain(self, topic: str, payload: bytes) -> None:
        self._client.publish(topic, payload, qos=0, retain=True)

    def send(self, topic: str, body: bytes) -> None:
        """Returns when the broker has acknowledged it, raises NotDelivered otherwise."""
        info = self._client.publish(topic, body, qos=1)
        try:
            self._wait_for(info, time.monotonic() + ACKNOWLEDGE_SECONDS)
        except (RuntimeError, ValueError) as error:
            self.disconnect()
            raise NotDelivered("the connection broke") from error

    def say_goodbye(self, topic: str) -> None:
        info = self._client.publish(topic, b"offline", qos=1, retain=True)
        try:
            info.wait_for_publish(GOODBYE_SECONDS)
        except (RuntimeError, ValueError):
            return  # the connection is gone, and the broker says it in our place
        self.disconnect()
        self.lost.wait(GOODBYE_SECONDS)

    def disconnect(self) -> None:
        self._client.disconnect()

    def end(self) -> None:
        """When nothing more will come: ends its thread."""
        self._client.loop_stop()
        # Without this circle, the client closes its own files now, and not when memory runs short.
        self._client.on_connect = self._client.on_disconnect = None

    def _wait_for(self, info: paho.MQTTMessageInfo, deadline: float) -> None:
        while not info.is_published():
            if self.lost.is_set():
                raise NotDelivered("the connection broke")
            if time.monotonic() > deadline:
                self.disconnect()
                raise NotDelivered(f"no acknowledgement within {ACKNOWLEDGE_SECONDS:.0f} s")
            info.wait_for_publish(0.5)

    def _connected(
        self, client: paho.Client, userdata: object, flags: object, reason: object, *_: object
    ) -> None:
        if getattr(reason, "is_failure", True):
            self._refused(_refusal(str(reason)))
        else:
            self._accepted(self)

    def _disconnected(self, *_: object) -> None:
        self.lost.set()


def _trust(broker: Broker) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=broker.ca)
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"{broker.ca} holds no certificates that can be read: {error}; give a PEM file"
        ) from error
    context.sslsocket_class = _TidySocket
    if broker.is_insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


class _TidySocket(ssl.SSLSocket):
    """The client leaves a socket open whose partner cannot be trusted."""

    def do_handshake(self, block: bool = False) -> None:
        try:
            super().do_handshake(block)
        except OSError:
            self.close()
            raise


_REFUSALS: Mapping[str, str] = {
    "Not authorized": "the broker does not let us in; check user name and password",
    "Bad user name or password": "the broker refuses user name or password",
}


def _refusal(reason: str) -> str:
    return _REFUSALS.get(reason, f"the broker does not let us in: {reason}")


def _cause(error: Exception) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return (
            f"its certificate is not trusted ({error.verify_message}); name the authority's "
            "with --mqtt-ca"
        )
    text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return f"cannot connect: {text or type(error).__name__}"
