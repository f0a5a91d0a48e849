"""Tells other systems what happens: an MQTT broker, webhooks, or both.

sink = DeliverySink(
    Path("ghoststream-spool"),
    max_bytes=64_000_000,
    broker=Broker(address="mqtt://broker"),
    webhooks=["https://host/hook"],
    notices=print,
)

Each event is written to disk before anything else, and leaves it when the destination has taken it:
it arrives at least once, in order, also when the broker or this program was down in the meantime.
"""

import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from ghoststream.backoff import Backoff
from ghoststream.errors import OutputError
from ghoststream.sinks.deliverer import Deliverer, Transport
from ghoststream.sinks.home_assistant import discovery
from ghoststream.sinks.live import LiveSink
from ghoststream.sinks.mqtt import GOODBYE_SECONDS, Broker, MqttLink
from ghoststream.sinks.payloads import (
    NO_LABEL,
    Files,
    availability,
    event_payload,
    evidence_payload,
    state_payload,
    status_payload,
)
from ghoststream.sinks.records import readable
from ghoststream.sinks.sparing import Sparing
from ghoststream.sinks.spool import Kind, Message, Notices, Spool
from ghoststream.sinks.topics import topic_name
from ghoststream.sinks.webhook import Webhook, webhook_name
from ghoststream.types import Event, Evidence, Header, Record, Status, Summary

CLOSE_SECONDS = 3.0


class DeliverySink(LiveSink):
    """Spools events, evidence and status, and keeps the threads that deliver them.

    Args:
        directory: of the spool; one process at a time uses it.
        max_bytes: of all messages that wait.
        broker: of MQTT, where there is one.
        webhooks: addresses, as people type them.
        webhook_secret: with which all messages to webhooks are signed.
        is_discoverable: whether cameras appear in Home Assistant by themselves.
        notices: takes lines for the user, from any thread.
        retry_seconds: first and longest wait between two tries.

    Raises:
        ConfigError: an address, a secret or certificates are of no use, or another process uses the
            directory.
        OutputError: the directory cannot be written.
    """

    def __init__(
        self,
        directory: Path | str,
        *,
        max_bytes: int,
        broker: Broker | None = None,
        webhooks: Sequence[str] = (),
        webhook_secret: str | None = None,
        is_discoverable: bool = False,
        notices: Notices,
        retry_seconds: tuple[float, float] = (1.0, 30.0),
    ) -> None:
        self._say, self._is_discoverable = Sparing(notices), is_discoverable
        self._broker, self._retry_seconds = broker, retry_seconds
        self._hooks = _webhooks(webhooks, webhook_secret)
        self._link = None if broker is None else self._new_link(broker)
        self._spool = Spool(directory, max_bytes=max_bytes, notices=notices)
        self._open_events: dict[str, dict[str, str]] = {}
        """Of each camera: labels of its open events by their ids, oldest first."""
        self._files: dict[str, Files] = {}
        """Of open events, by their ids."""
        self.unwritten = 0
        """Messages that the disk did not take."""
        self._tell_of_leftovers(notices)
        self._deliverers = self._begun()

    @property
    def destinations(self) -> list[str]:
        """Redacted names, the broker first."""
        return list(self._deliverers)

    def depth(self, destination: str) -> int:
        """How many messages wait for it."""
        return self._spool.depth(destination)

    def dropped(self, destination: str) -> int:
        """How many messages for it had to be dropped since the spool began."""
        return self._spool.dropped(destination)

    def rejected(self, destination: str) -> int:
        """How many messages of this run it called bad."""
        return self._deliverers[destination].rejected

    def is_connected(self, destination: str) -> bool:
        """Whether the last that we know of it is good."""
        transport = self._transports()[destination]
        return transport.ready.is_set() and transport.trouble is None

    def start(self, header: Header) -> None:
        self._introduce(header.source)

    def write(self, record: Record, header: Header) -> None:
        if not isinstance(record, Event):
            return
        files = self._files.get(record.after.id, Files())
        self._spool_message(
            "events", header.source, lambda id: event_payload(record, header, files, id)
        )
        self._note(record, header.source)

    def status(self, status: Status) -> None:
        self._introduce(status.source)
        self._retain(status.source, "status", availability(status.state).encode())
        self._retain(status.source, "state", state_payload(status))
        # The broker has it retained.
        self._spool_message(
            "status", status.source, lambda id: status_payload(status, id), hooks_only=True
        )

    def evidence(self, evidence: Evidence) -> None:
        if evidence.event_id in self._open_events.get(evidence.source, {}):
            files = self._files.get(evidence.event_id, Files())
            self._files[evidence.event_id] = replace(files, **{evidence.kind: evidence.path})
        self._spool_message("evidence", evidence.source, lambda id: evidence_payload(evidence, id))

    def finish(self, source: str, summary: Summary) -> None:
        for id in self._open_events.pop(source, {}):
            self._files.pop(id, None)
        self._retain(source, "label", NO_LABEL.encode())

    def remove(self, camera: str) -> None:
        """Takes all that is retained of a camera away: it is watched no more."""
        self._open_events.pop(camera, None)
        if self._link is not None and self._broker is not None:
            topics = [self._topic(camera, name) for name in ("status", "state", "label")]
            if self._is_discoverable:
                topics += discovery(self._broker.prefix, camera)
            for topic in topics:
                self._link.retain(topic, b"")

    def close(self, deadline_seconds: float = CLOSE_SECONDS) -> None:
        """Tries to deliver what waits; what is left goes out in the next run.

        Args:
            deadline_seconds: after which it ends at the latest.
        """
        # The broker hears a goodbye after the last message.
        deadline = time.monotonic() + max(0.0, deadline_seconds - GOODBYE_SECONDS)
        for deliverer in self._deliverers.values():
            deliverer.close_until(deadline)
        for deliverer in self._deliverers.values():
            deliverer.join()
        for transport in self._transports().values():
            transport.close()
        self._tell_of_rest()
        self._spool.close()

    def _new_link(self, broker: Broker) -> MqttLink:
        return MqttLink(broker, notices=self._say, backoff=self._new_backoff())

    def _new_backoff(self) -> Backoff:
        initial_seconds, max_seconds = self._retry_seconds
        return Backoff(initial_seconds=initial_seconds, max_seconds=max_seconds)

    def _transports(self) -> dict[str, Transport]:
        links: list[Transport] = [] if self._link is None else [self._link]
        return {transport.name: transport for transport in [*links, *self._hooks]}

    def _begun(self) -> dict[str, Deliverer]:
        if self._link is not None:
            self._link.open()
        return {
            name: Deliverer(self._spool, transport, backoff=self._new_backoff(), notices=self._say)
            for name, transport in self._transports().items()
        }

    def _tell_of_leftovers(self, notices: Notices) -> None:
        for destination, depth in self._spool.waiting().items():
            if destination not in self._transports():
                notices(
                    f"{depth} messages of earlier runs wait for {destination}, which is not among "
                    "the destinations of this run; they are kept"
                )

    def _tell_of_rest(self) -> None:
        try:
            for destination in self.destinations:
                if depth := self.depth(destination):
                    self._say(
                        f"{destination}: messages that wait on disk for the next run: {depth}"
                    )
        except OutputError as error:
            self._say(str(error))

    def _spool_message(
        self,
        kind: Kind,
        camera: str,
        payload: Callable[[str], bytes],
        *,
        hooks_only: bool = False,
    ) -> None:
        names = [hook.name for hook in self._hooks] if hooks_only else self.destinations
        message_id = str(uuid.uuid4())
        message = Message(camera=camera, kind=kind, message_id=message_id, body=payload(message_id))
        try:
            dropped = self._spool.put(names, message)
        except OutputError as error:
            self.unwritten += 1
            self._say(f"a message to other systems is lost: {error}")
            return
        if dropped:
            self._say("the spool is full, and its oldest messages are dropped; see --spool-budget")
        for name in names:
            self._deliverers[name].wake()

    def _note(self, event: Event, camera: str) -> None:
        labels = self._open_events.setdefault(camera, {})
        if event.type == "end":
            labels.pop(event.after.id, None)
            self._files.pop(event.after.id, None)
        else:
            labels[event.after.id] = event.after.label
        newest = next(reversed(labels.values()), NO_LABEL)
        self._retain(camera, "label", readable(newest).encode())

    def _introduce(self, camera: str) -> None:
        if camera in self._open_events:
            return
        self._open_events[camera] = {}
        self._retain(camera, "label", NO_LABEL.encode())
        if self._link is not None and self._broker is not None and self._is_discoverable:
            for topic, payload in discovery(self._broker.prefix, camera).items():
                self._link.retain(topic, payload)

    def _retain(self, camera: str, name: str, payload: bytes) -> None:
        if self._link is not None:
            self._link.retain(self._topic(camera, name), payload)

    def _topic(self, camera: str, name: str) -> str:
        prefix = "" if self._broker is None else self._broker.prefix
        return f"{prefix}/{topic_name(camera)}/{name}"


def check_receivers(
    broker: Broker | None, webhooks: Sequence[str], webhook_secret: str | None
) -> list[str]:
    """Redacted names of the destinations, the broker first; nobody is called.

    Args:
        broker: of MQTT, where there is one.
        webhooks: addresses, as people type them.
        webhook_secret: that signs.

    Raises:
        ConfigError: an address, a secret or certificates are of no use.
    """
    names = [] if broker is None else [MqttLink(broker, notices=lambda _: None).name]
    for hook in _webhooks(webhooks, webhook_secret):
        names.append(hook.name)
        hook.close()
    return names


def _webhooks(addresses: Sequence[str], secret: str | None) -> list[Webhook]:
    """Two that differ in a secret part only get a number, since their names would be the same."""
    names: list[str] = []
    for address in addresses:
        name = webhook_name(address)
        twins = sum(other.partition(" ")[0] == name for other in names)
        names.append(name if twins == 0 else f"{name} ({twins + 1})")
    return [
        Webhook(address, secret=secret, name=name)
        for address, name in zip(addresses, names, strict=True)
    ]
