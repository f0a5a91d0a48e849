"""What other systems are told, letter by letter, as the docs show it."""

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from live_results import DOOR, clip, end, header, new, status

from ghoststream.sinks.home_assistant import discovery
from ghoststream.sinks.payloads import (
    Files,
    availability,
    event_payload,
    evidence_payload,
    state_payload,
    status_payload,
)
from ghoststream.sinks.topics import identifier, topic_name
from ghoststream.types import LiveState
from ghoststream.version import __version__

PAGE = Path(__file__).parents[2] / "docs" / "delivery.md"
ID = "5b0f6a0e-3d6c-4a34-9a51-3a8a4f6f7f10"
THUMBNAIL = Files(thumbnail="evidence/door/1790000000.5-abc123.jpg")


def examples() -> list[object]:
    texts = re.findall(r"^```json\n(.*?)^```", PAGE.read_text("utf-8"), re.M | re.S)
    return [json.loads(text.replace("VERSION", __version__)) for text in texts]


def test_the_page_shows_what_is_sent() -> None:
    made = [
        event_payload(end(), DOOR, THUMBNAIL, ID),
        evidence_payload(clip("door"), ID),
        status_payload(status("door", "stalled", "no data for 20 s"), ID),
        state_payload(status("door", "stalled", "no data for 20 s")),
    ]
    assert [json.loads(body) for body in made] == examples()


def test_a_new_event_has_no_before_and_no_end() -> None:
    payload = json.loads(event_payload(new(), header("yard"), Files(), ID))
    assert (payload["type"], payload["before"]) == ("new", None)
    after = payload["after"]
    assert (after["camera"], after["region"], after["zones"]) == ("yard", None, [])
    assert (after["end_time"], after["has_clip"], after["has_snapshot"]) == (None, False, False)


def test_letters_stay_and_what_utf8_cannot_hold_is_replaced() -> None:
    odd = replace(DOOR, source="Tür\udcff")
    body = event_payload(new(), odd, Files(), ID)
    assert '"camera":"Tür?"' in body.decode()


@pytest.mark.parametrize(
    ("state", "word"),
    [
        ("running", "online"),
        ("stalled", "stalled"),
        ("connecting", "offline"),
        ("reconnecting", "offline"),
        ("auth_failed", "offline"),
        ("not_found", "offline"),
        ("ended", "offline"),
    ],
)
def test_three_words_for_a_camera(state: LiveState, word: str) -> None:
    assert availability(state) == word


def test_names_in_topics() -> None:
    assert topic_name("Haustür 1") == "Haustür 1"
    changed = [topic_name(name) for name in ("a/b", "a+b", "a#b", "a_b", "a\nb", "")]
    assert [name[:4] for name in changed] == ["a_b-", "a_b-", "a_b-", "a_b", "a_b-", "-e3b"]
    assert len(set(changed)) == 6
    assert len(topic_name("x" * 70_000)) == 107
    assert re.fullmatch(r"Haust_r_1-[0-9a-f]{6}", identifier("Haustür 1"))


def test_home_assistant_finds_a_camera() -> None:
    found = {
        topic: json.loads(payload) for topic, payload in discovery("ghoststream", "door").items()
    }
    key = "ghoststream_ghoststream_door"
    assert sorted(found) == [
        f"homeassistant/binary_sensor/{key}/connection/config",
        f"homeassistant/sensor/{key}/label/config",
        f"homeassistant/sensor/{key}/state/config",
    ]
    assert found[f"homeassistant/sensor/{key}/label/config"] == {
        "availability_topic": "ghoststream/available",
        "device": {
            "identifiers": [key],
            "name": "door",
            "manufacturer": "GhostStream",
            "sw_version": __version__,
        },
        "origin": {"name": "GhostStream", "sw_version": __version__},
        "unique_id": f"{key}_label",
        "name": "Label",
        "state_topic": "ghoststream/door/label",
    }
    connection = found[f"homeassistant/binary_sensor/{key}/connection/config"]
    assert connection["state_topic"] == "ghoststream/door/status"
    assert len({entity["unique_id"] for entity in found.values()}) == 3
