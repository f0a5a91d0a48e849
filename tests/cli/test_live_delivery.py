"""What a run of cameras tells other systems, which go and come back."""

import json
import queue
import signal
import time
from collections.abc import Iterable
from contextlib import suppress
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest
from clips import quadrants, write_clip
from live_command import LiveCommand
from mqtt_broker import Gate, Listener, MosquittoBroker
from webhook_server import WebhookServer


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    return write_clip(tmp_path / "clip.mp4", frames=25, rate=25, picture=quadrants)


Told = tuple[str, str, float]
"""Type, id and time of an event."""


def told(messages: Iterable[dict[str, Any]], camera: str) -> list[Told]:
    """What is told of a camera's events, once each, where repeats come one after the other."""
    events = [m for m in messages if m["type"] != "evidence" and "after" in m]
    once = [next(same) for _, same in groupby(events, key=lambda m: m["message_id"])]
    assert len({message["message_id"] for message in once}) == len(once)
    return [_told(message) for message in once if message["after"]["camera"] == camera]


def _told(event: dict[str, Any]) -> Told:
    return event["type"], event["after"]["id"], event["after"]["frame_time"]


def heard(listener: Listener) -> list[dict[str, Any]]:
    """All events that have come by now and in the next second."""
    messages = []
    with suppress(queue.Empty):
        while True:
            topic, payload, _ = listener.next(timeout=1)
            if topic == "ghoststream/events":
                messages.append(json.loads(payload))
    return messages


@pytest.mark.slow
def test_every_event_reaches_broker_and_webhook_whatever_happens_to_them(
    clip: Path, tmp_path: Path
) -> None:
    clips = [clip, write_clip(tmp_path / "other.mp4", frames=30, rate=25, picture=quadrants)]
    messages: list[dict[str, Any]] = []
    with MosquittoBroker(tmp_path) as broker, WebhookServer() as hook, Listener(broker) as listener:
        gate = Gate(broker.port)
        gate.open()
        addresses = ("--mqtt", f"mqtt://127.0.0.1:{gate.port}", "--webhook", hook.url)
        arguments = (*clips, "--realtime", "--loop", *addresses, "--log-clips")

        def more(command: LiveCommand, count: int = 8) -> None:
            seen = len(command.lines("event"))
            command.until(lambda: len(command.lines("event")) >= seen + count)

        with LiveCommand(*arguments, folder=tmp_path) as command:
            more(command)
            gate.cut()
            messages += heard(listener)
            broker.kill()
            hook.stop()
            more(command)
            broker.start()
            hook.start()
            hook.answers = [500, 503]
            listener.subscribed(10)
            gate.open()
            more(command)
            gate.cut()
            hook.stop()
            more(command)
            began = time.monotonic()
            command.signal(signal.SIGINT)
            assert command.wait() == 130
            assert time.monotonic() - began < 5
        gate.open()
        hook.start()
        with LiveCommand(*arguments, folder=tmp_path) as command:
            more(command)
            command.signal(signal.SIGINT)
            assert command.wait() == 130
        messages += heard(listener)
        bodies = [json.loads(r.body) for r in hook.requests]
    for name in map(str, clips):
        events = [line for line in command.lines("event") if line["after"]["source"] == name]
        wanted = [_told(event) for event in events]
        assert len(wanted) > 10
        assert told(messages, name) == wanted
        assert told(bodies, name) == wanted
