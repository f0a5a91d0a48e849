"""Every event arrives, in order, once or more, whatever is down in between."""

import itertools
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from live_results import DOOR, clip, end, header, new, status
from mqtt_broker import Gate, Listener, MosquittoBroker, free_port
from results import RECORDS, SUMMARY
from webhook_server import Request, WebhookServer

from ghoststream.errors import ConfigError
from ghoststream.sinks.delivery import DeliverySink
from ghoststream.sinks.mqtt import Broker
from ghoststream.sinks.sparing import Sparing
from ghoststream.types import Event

QUICK = (0.05, 0.2)


@contextmanager
def delivering(directory: Path, **options: Any) -> Iterator[tuple[DeliverySink, list[str]]]:
    notices: list[str] = []
    options = {"max_bytes": 10**6, "retry_seconds": QUICK, **options}
    sink = DeliverySink(directory, notices=notices.append, **options)
    try:
        yield sink, notices
    finally:
        sink.close(5)


def eventually(happens: Callable[[], object]) -> None:
    deadline = time.monotonic() + 10
    while not happens():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def at(broker: MosquittoBroker) -> Broker:
    return Broker(address=f"mqtt://127.0.0.1:{broker.port}")


def tell(sink: DeliverySink, *ids: object) -> None:
    for id in ids:
        sink.write(new(str(id)), DOOR)


def told(messages: list[dict[str, Any]]) -> list[str]:
    """Ids of events in order; repeats are adjacent, and have the same message id."""
    groups = itertools.groupby(messages, key=lambda m: (m["message_id"], m["after"]["id"]))
    keys = [key for key, _ in groups]
    assert len({message_id for message_id, _ in keys}) == len(keys)
    return [id for _, id in keys]


def loaded(requests: list[Request], status: int = 204) -> list[dict[str, Any]]:
    return [json.loads(request.body) for request in requests if request.status == status]


def events(listener: Listener, last: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    while not found or found[-1]["after"]["id"] != last:
        topic, payload, _ = listener.next()
        if topic == "ghoststream/events":
            found.append(json.loads(payload))
    return found


def test_a_broker_that_is_down_killed_and_restarted_misses_nothing(tmp_path: Path) -> None:
    (tmp_path / "broker").mkdir()
    broker = MosquittoBroker(tmp_path / "broker")
    # Nothing goes through before the listener is there, who would miss it.
    gate = Gate(broker.port)
    name = f"mqtt://127.0.0.1:{gate.port}"
    options = {"broker": Broker(address=name)}
    arrived: list[dict[str, Any]] = []

    def listen(last: str) -> None:
        broker.start()
        with Listener(broker) as listener:
            gate.open()
            arrived.extend(events(listener, last))
            gate.cut()
        broker.kill()

    with delivering(tmp_path / "spool", **options) as (sink, notices):
        tell(sink, *range(20))  # nobody is there
        eventually(lambda: notices)
        assert sink.depth(name) == 20
    with delivering(tmp_path / "spool", **options) as (sink, _):
        tell(sink, *range(20, 40))
        listen("39")
        tell(sink, *range(40, 60))
        listen("59")
        tell(sink, *range(60, 80))
    with delivering(tmp_path / "spool", **options) as (sink, _):
        tell(sink, 80)
        listen("80")
    assert told(arrived) == [str(number) for number in range(81)]


def test_a_connection_that_breaks_again_and_again_misses_nothing(tmp_path: Path) -> None:
    count = 800
    with MosquittoBroker(tmp_path) as broker, Listener(broker) as listener:
        gate = Gate(broker.port)
        address = Broker(address=f"mqtt://127.0.0.1:{gate.port}")
        with delivering(tmp_path / "spool", broker=address, retry_seconds=(0.01, 0.05)) as (
            sink,
            _,
        ):
            writer = threading.Thread(target=tell, args=(sink, *range(count)))
            writer.start()
            for _ in range(8):
                gate.open()
                time.sleep(0.05)
                gate.cut()
            writer.join()
            gate.open()
            tell(sink, "last")
            arrived = events(listener, "last")
            eventually(lambda: sink.depth(sink.destinations[0]) == 0)
            gate.cut()
    assert told(arrived) == [*map(str, range(count)), "last"]


def test_a_webhook_that_fails_and_comes_back_misses_nothing(tmp_path: Path) -> None:
    server = WebhookServer(free_port())
    with delivering(tmp_path, webhooks=[server.url]) as (sink, notices):
        tell(sink, 0, 1)
        eventually(lambda: notices)
        assert not sink.is_connected(server.url)
        with server:
            server.answers = [500, 401, 204, 429, 204, 404, 204]
            tell(sink, 2)
            server.wait_for(7)
            eventually(lambda: sink.depth(server.url) == 0)
            assert sink.is_connected(server.url)
    with server:
        with delivering(tmp_path, webhooks=[server.url]) as (sink, _):
            tell(sink, 3)
        server.wait_for(8)
    assert told(loaded(server.requests)) == ["0", "1", "2", "3"]
    ids = [request.headers["webhook-id"] for request in server.requests]
    assert [len(list(group)) for _, group in itertools.groupby(ids)] == [3, 2, 2, 1]


def test_a_rejected_message_makes_way_for_the_next(tmp_path: Path) -> None:
    with WebhookServer() as server:
        server.answers = [422, 400]
        with delivering(tmp_path, webhooks=[server.url]) as (sink, notices):
            tell(sink, 0, 1, 2)
            server.wait_for(3)
            eventually(lambda: sink.depth(server.url) == 0)
            assert sink.rejected(server.url) == 2
            assert sink.dropped(server.url) == 0
    assert told(loaded(server.requests)) == ["2"]
    assert [notice.rpartition(": ")[2] for notice in notices] == [
        "it answers 422",
        "it answers 400",
    ]


def test_one_dead_destination_does_not_stop_the_other(tmp_path: Path) -> None:
    dead = f"http://127.0.0.1:{free_port()}/hook"
    with WebhookServer() as server, delivering(tmp_path, webhooks=[dead, server.url]) as (sink, _):
        tell(sink, 0, 1)
        server.wait_for(2)
        assert sink.depth(dead) == 2


def test_both_are_told_the_same_and_what_they_need(tmp_path: Path) -> None:
    with (
        MosquittoBroker(tmp_path) as broker,
        Listener(broker) as listener,
        WebhookServer() as server,
    ):
        thumbnail = replace(clip("door"), kind="thumbnail", path="door.jpg")
        with delivering(tmp_path / "s", broker=at(broker), webhooks=[server.url]) as (sink, _):
            listener.until("ghoststream/available", "online")
            sink.start(DOOR)
            sink.status(status("door", "running"))
            for record in RECORDS:
                if not isinstance(record, Event):
                    sink.write(record, DOOR)
            sink.write(new(), DOOR)
            sink.evidence(thumbnail)
            sink.write(end(), DOOR)
            sink.evidence(clip("door"))
            server.wait_for(5)
            seen = []
            while sum(topic == "ghoststream/evidence" for topic, _, _ in seen) < 2:
                seen.append(listener.next())
    said = [json.loads(request.body) for request in server.requests]
    assert [message["type"] for message in said] == ["status", "new", "evidence", "end", "evidence"]
    assert said[3]["after"]["thumbnail"] == "door.jpg"
    assert said[1]["after"]["thumbnail"] is None
    spooled = [
        json.loads(p) for t, p, _ in seen if t in ("ghoststream/events", "ghoststream/evidence")
    ]
    assert spooled == said[1:]
    retained = [(t, p) for t, p, _ in seen if t.startswith("ghoststream/door/")]
    assert retained == [
        ("ghoststream/door/label", "none"),
        ("ghoststream/door/status", "online"),
        (
            "ghoststream/door/state",
            '{"state":"running","cause":null,"since":1790000000.0,"segment":1}',
        ),
        ("ghoststream/door/label", "cat"),
        ("ghoststream/door/label", "none"),
    ]


def test_the_label_is_that_of_the_newest_open_event(tmp_path: Path) -> None:
    def labelled(event: Event, label: str) -> Event:
        return replace(event, after=replace(event.after, label=label))

    with (
        MosquittoBroker(tmp_path) as broker,
        Listener(broker, "ghoststream/door/label") as listener,
        delivering(tmp_path / "spool", broker=at(broker)) as (sink, _),
    ):
        eventually(lambda: sink.is_connected(sink.destinations[0]))
        sink.write(labelled(new("1"), "cat"), DOOR)
        sink.write(labelled(new("2"), "dog"), DOOR)
        sink.write(labelled(end("2"), "dog"), DOOR)
        sink.finish("door", SUMMARY)
        labels = [listener.next()[1] for _ in range(4)]
    assert labels == ["cat", "dog", "cat", "none"]


def test_home_assistant_sees_cameras_come_and_go(tmp_path: Path) -> None:
    with MosquittoBroker(tmp_path) as broker:
        options = {"broker": at(broker), "is_discoverable": True}
        with delivering(tmp_path / "spool", **options) as (sink, _):
            sink.start(header("door"))
            sink.start(header("yard"))
            sink.status(status("yard", "running"))
            sink.remove("yard")
            tell(sink, "last")
            eventually(lambda: sink.depth(sink.destinations[0]) == 0)
            with Listener(broker) as listener:
                tell(sink, "very last")
                topics = [topic for topic, _, _ in listener.until("ghoststream/events")]
    assert sum(topic.startswith("homeassistant/") for topic in topics) == 3
    assert not any("yard" in topic for topic in topics)
    assert "ghoststream/door/label" in topics


def test_what_does_not_fit_is_dropped_counted_and_said(tmp_path: Path) -> None:
    dead = f"http://127.0.0.1:{free_port()}/hook"
    with delivering(tmp_path, webhooks=[dead], max_bytes=5000) as (sink, notices):
        tell(sink, *range(20))
        depth, dropped = sink.depth(dead), sink.dropped(dead)
        assert depth + dropped == 20
        assert 0 < depth < 10
    assert sum("spool is full" in notice for notice in notices) == 1


def test_messages_of_a_destination_that_is_gone_are_kept_and_said(tmp_path: Path) -> None:
    dead = f"http://u:s3cret@127.0.0.1:{free_port()}/hook"
    with delivering(tmp_path, webhooks=[dead]) as (sink, _):
        tell(sink, 0, 1)
    with WebhookServer() as server:
        with delivering(tmp_path, webhooks=[server.url]) as (sink, notices):
            (notice,) = notices
        assert notice.startswith("2 messages of earlier runs wait for http://127.0.0.1:")
        assert "s3cret" not in notice
        assert server.requests == []


def test_webhooks_that_differ_in_a_secret_only_are_told_apart(tmp_path: Path) -> None:
    with WebhookServer() as server:
        addresses = [f"{server.url}?token=one", f"{server.url}?token=two"]
        with delivering(tmp_path, webhooks=addresses) as (sink, _):
            assert sink.destinations == [server.url, f"{server.url} (2)"]
            tell(sink, 0)
            server.wait_for(2)
    assert sorted(request.path for request in server.requests) == [
        "/hook?token=one",
        "/hook?token=two",
    ]


def test_closing_keeps_its_deadline(tmp_path: Path) -> None:
    with WebhookServer() as server:
        server.answers = [0]
        notices: list[str] = []
        sink = DeliverySink(
            tmp_path, max_bytes=10**6, webhooks=[server.url], notices=notices.append
        )
        tell(sink, 0)
        server.wait_for(1)
        start = time.monotonic()
        sink.close(0.8)
        assert time.monotonic() - start < 5
        assert notices == [f"{server.url}: messages that wait on disk for the next run: 1"]
    with WebhookServer(server.port) as again, delivering(tmp_path, webhooks=[again.url]):
        again.wait_for(1)


@pytest.mark.slow
def test_closing_keeps_its_deadline_though_the_broker_is_frozen(tmp_path: Path) -> None:
    (tmp_path / "broker").mkdir()
    with MosquittoBroker(tmp_path / "broker") as broker:
        options = {"max_bytes": 10**6, "broker": at(broker), "notices": lambda _: None}
        sink = DeliverySink(tmp_path / "spool", **options)
        eventually(lambda: sink.is_connected(sink.destinations[0]))
        broker.freeze()
        tell(sink, 0)
        start = time.monotonic()
        sink.close(2)
        assert time.monotonic() - start < 8
        broker.thaw()
        with Listener(broker) as listener, delivering(tmp_path / "spool", broker=at(broker)):
            assert told(events(listener, "0")) == ["0"]


def test_a_disk_that_does_not_take_it_is_said(tmp_path: Path) -> None:
    with delivering(tmp_path, webhooks=[f"http://127.0.0.1:{free_port()}/"]) as (sink, notices):
        sink._spool._database.execute("DROP TABLE messages")
        tell(sink, 0, 1)
        assert sink.unwritten == 2
    assert any("a message to other systems is lost" in notice for notice in notices)


def test_a_bad_setting_leaves_nothing_behind(tmp_path: Path) -> None:
    with pytest.raises(ConfigError):
        DeliverySink(tmp_path / "spool", max_bytes=1, webhooks=["ftp://x"], notices=pytest.fail)
    assert not (tmp_path / "spool").exists()


def test_the_same_line_comes_once_a_minute() -> None:
    now, lines = [0.0], list[str]()
    say = Sparing(lines.append, clock=lambda: now[0])
    for time_, line in [(0, "a"), (1, "a"), (2, "b"), (59, "a"), (61, "a"), (63, "b")]:
        now[0] = time_
        say(line)
    assert lines == ["a", "b", "a", "b"]
