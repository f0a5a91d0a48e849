"""The way to a broker: last will, retained state, acknowledged messages, trust."""

import gc
import json
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from mqtt_broker import Gate, Listener, MosquittoBroker, free_port, self_signed

from ghoststream.backoff import Backoff
from ghoststream.errors import ConfigError
from ghoststream.sinks.deliverer import NotDelivered
from ghoststream.sinks.mqtt import Broker, MqttLink
from ghoststream.sinks.spool import Message

PASSWORD = "p@ss/w?r:d#%ä"


@contextmanager
def linked(broker: Broker) -> Iterator[tuple[MqttLink, list[str]]]:
    notices: list[str] = []
    link = MqttLink(
        broker, notices=notices.append, backoff=Backoff(initial_seconds=0.05, max_seconds=0.2)
    )
    link.open()
    try:
        yield link, notices
    finally:
        link.close()


def eventually(happens: Callable[[], object]) -> None:
    deadline = time.monotonic() + 10
    while not happens():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def at(broker: MosquittoBroker, **options: object) -> Broker:
    return Broker(address=f"mqtt://127.0.0.1:{broker.port}", **options)  # type: ignore[arg-type]


def message(body: str) -> Message:
    return Message(camera="door", kind="events", body=body.encode())


def test_a_message_is_there_when_send_returns(tmp_path: Path) -> None:
    with (
        MosquittoBroker(tmp_path) as broker,
        Listener(broker) as listener,
        linked(at(broker, prefix="site/video")) as (link, _),
    ):
        assert link.ready.wait(10)
        link.send(message("one"))
        link.send(message("two"))
        assert listener.until("site/video/events", "two") == [
            ("site/video/available", "online", False),
            ("site/video/events", "one", False),
            ("site/video/events", "two", False),
        ]
        link.close()
        assert listener.next() == ("site/video/available", "offline", False)


def test_state_is_told_anew_to_a_broker_that_forgot_it(tmp_path: Path) -> None:
    with MosquittoBroker(tmp_path) as broker, linked(at(broker)) as (link, _):
        link.retain("ghoststream/door/status", b"online")
        assert link.ready.wait(10)
        link.retain("ghoststream/door/status", b"stalled")
        broker.kill()
        eventually(lambda: not link.ready.is_set())
        link.retain("ghoststream/door/label", b"cat")
        broker.start()
        assert link.ready.wait(10)
        link.send(message("behind all that"))
        with Listener(broker) as listener:
            seen = sorted(listener.next() for _ in range(3))
        assert seen == [
            ("ghoststream/available", "online", True),
            ("ghoststream/door/label", "cat", True),
            ("ghoststream/door/status", "stalled", True),
        ]


WATCHER = """
import sys, threading
from ghoststream.sinks.mqtt import Broker, MqttLink
MqttLink(Broker(address=sys.argv[1]), notices=print).open()
threading.Event().wait()
"""


def test_the_broker_says_it_when_the_program_is_killed(tmp_path: Path) -> None:
    with MosquittoBroker(tmp_path) as broker, Listener(broker) as listener:
        address = f"mqtt://127.0.0.1:{broker.port}"
        with subprocess.Popen([sys.executable, "-c", WATCHER, address]) as program:
            assert listener.next(30) == ("ghoststream/available", "online", False)
            program.send_signal(signal.SIGKILL)
        assert listener.next() == ("ghoststream/available", "offline", False)


def test_a_password_with_all_signs_opens_the_door(tmp_path: Path) -> None:
    with MosquittoBroker(tmp_path, user="mé", password=PASSWORD) as broker:
        # As people type it; only a % that begins an escape is written as one.
        address = f"mqtt://mé:{PASSWORD}@127.0.0.1:{broker.port}"
        with linked(Broker(address=address)) as (link, notices):
            assert link.ready.wait(10)
        assert link.name == f"mqtt://127.0.0.1:{broker.port}"
        assert notices == []


def test_a_wrong_password_is_said_without_it(tmp_path: Path) -> None:
    with MosquittoBroker(tmp_path, user="me", password="right") as broker:
        address = f"mqtt://me:s3cret@127.0.0.1:{broker.port}"
        with linked(Broker(address=address)) as (link, notices):
            eventually(lambda: len(notices) >= 2)
            assert not link.ready.is_set()
            with pytest.raises(NotDelivered, match="user name"):
                link.send(message("one"))
        assert "does not let us in" in notices[0]
        assert "s3cret" not in " ".join(notices)
        assert "s3cret" not in repr(Broker(address=address))


def test_nobody_there_is_said_and_tried_again(tmp_path: Path) -> None:
    address = f"mqtt://127.0.0.1:{free_port()}"
    with linked(Broker(address=address)) as (link, notices):
        eventually(lambda: len(notices) >= 2)
        assert notices[0] == f"{address}: cannot connect: Connection refused; trying again"
        assert link.trouble == "cannot connect: Connection refused"


def test_tls_is_checked(tmp_path: Path) -> None:
    certificate = self_signed(tmp_path)
    with MosquittoBroker(tmp_path, certificate=certificate) as broker:
        address = f"mqtts://localhost:{broker.port}"
        with linked(Broker(address=address)) as (link, notices):
            eventually(lambda: notices)
            assert "its certificate is not trusted (self-signed certificate)" in notices[0]
            assert not link.ready.is_set()
        with linked(Broker(address=address, ca=certificate.certificate)) as (link, notices):
            assert link.ready.wait(10)
            link.send(message("one"))
            assert notices == []
        with linked(Broker(address=address, is_insecure=True)) as (link, notices):
            assert link.ready.wait(10)
            assert "its certificate is not checked" in notices[0]


def test_a_certificate_of_another_host_is_refused(tmp_path: Path) -> None:
    certificate = self_signed(tmp_path, host="elsewhere.example")
    with MosquittoBroker(tmp_path, certificate=certificate) as broker:
        settings = Broker(address=f"mqtts://localhost:{broker.port}", ca=certificate.certificate)
        with linked(settings) as (link, notices):
            eventually(lambda: notices)
            assert "certificate is not valid for 'localhost'" in notices[0]
            assert not link.ready.is_set()


def test_a_removed_topic_is_gone(tmp_path: Path) -> None:
    with MosquittoBroker(tmp_path) as broker, linked(at(broker)) as (link, _):
        assert link.ready.wait(10)
        link.retain("ghoststream/door/label", b"cat")
        link.retain("ghoststream/door/label", b"")
        link.send(message("behind it"))
        with Listener(broker) as listener:
            link.send(message("last"))
            topics = [topic for topic, _, _ in listener.until("ghoststream/events", "last")]
        assert topics == ["ghoststream/available", "ghoststream/events"]


def test_closing_ends_the_threads(tmp_path: Path) -> None:
    with MosquittoBroker(tmp_path) as broker:
        before = threading.active_count()
        with linked(at(broker)) as (link, _):
            assert link.ready.wait(10)
        eventually(lambda: threading.active_count() == before)


def test_many_connections_leave_nothing_open(tmp_path: Path) -> None:
    """Though nothing collects what holds itself in a circle."""
    failures = 0

    def count(line: str) -> None:
        nonlocal failures
        failures += "cannot connect" in line

    def resources() -> tuple[int, int]:
        return len(list(Path("/proc/self/fd").iterdir())), threading.active_count()

    gc.disable()
    try:
        with MosquittoBroker(tmp_path) as broker:
            gate = Gate(broker.port)
            address = Broker(address=f"mqtt://127.0.0.1:{gate.port}")
            link = MqttLink(
                address, notices=count, backoff=Backoff(initial_seconds=0.005, max_seconds=0.005)
            )
            link.open()
            seen = []
            for _ in range(20):
                gate.open()
                assert link.ready.wait(10)
                seen.append(resources())
                gate.cut()
                eventually(lambda: not link.ready.is_set())
                failed = failures
                eventually(lambda failed=failed: failures > failed + 2)
            link.close()
    finally:
        gc.enable()
    files, threads = zip(*seen, strict=True)
    # Some ways of the gate may not be gone yet.
    assert max(files[5:]) <= files[4] + 6
    assert max(threads[5:]) <= threads[4] + 6


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"address": "http://u:s3cret@host"}, "mqtt://, mqtts://; got http://"),
        ({"address": "mqtt://u:s3cret@host/path"}, "ends after host and port"),
        ({"address": "mqtt://u:12/s3cret@host"}, "ends after host and port"),
        ({"address": "mqtt://host:99999"}, "from 1 to 65535"),
        ({"address": "mqtt://host", "ca": Path("ca.pem")}, "write mqtts://"),
        ({"address": "mqtt://host", "prefix": "a/+"}, "no prefix of topics"),
        ({"address": "mqtt://host", "prefix": ""}, "no prefix of topics"),
    ],
)
def test_settings_that_mean_nothing_are_refused(settings: dict[str, object], words: str) -> None:
    with pytest.raises(ConfigError, match=words) as caught:
        Broker(**settings)  # type: ignore[arg-type]
    assert "s3cret" not in str(caught.value)


def test_certificates_that_cannot_be_read_are_said(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("no certificate")
    for name in ("ca.pem", "absent.pem"):
        broker = Broker(address="mqtts://host", ca=tmp_path / name)
        with pytest.raises(ConfigError, match=name):
            MqttLink(broker, notices=pytest.fail)


def test_ports_that_go_without_saying() -> None:
    assert Broker(address="mqtt://host").port == 1883
    assert Broker(address="mqtts://host").port == 8883


def test_payloads_are_bytes_as_they_are(tmp_path: Path) -> None:
    body = json.dumps({"label": "Tür"}, ensure_ascii=False)
    with (
        MosquittoBroker(tmp_path) as broker,
        Listener(broker) as listener,
        linked(at(broker)) as (link, _),
    ):
        assert link.ready.wait(10)
        link.send(message(body))
        listener.until("ghoststream/events", '{"label": "Tür"}')
