"""What makes cameras appear in Home Assistant by themselves.

https://www.home-assistant.io/integrations/mqtt/#mqtt-discovery
"""

import json
from collections.abc import Mapping

from pydantic import JsonValue

from ghoststream.sinks.records import readable
from ghoststream.sinks.topics import identifier, topic_name
from ghoststream.version import __version__

DISCOVERY_PREFIX = "homeassistant"


def discovery(prefix: str, camera: str) -> dict[str, bytes]:
    """Topics and payloads, to be retained; an empty payload in their place removes the camera.

    Args:
        prefix: of all topics of this program.
        camera: its name.
    """
    key = f"ghoststream_{identifier(prefix)}_{identifier(camera)}"
    return {
        f"{DISCOVERY_PREFIX}/{component}/{key}/{name}/config": _json(
            {**_common(prefix, camera, key), "unique_id": f"{key}_{name}", **entity}
        )
        for name, (component, entity) in _entities(f"{prefix}/{topic_name(camera)}").items()
    }


def _entities(topic: str) -> dict[str, tuple[str, dict[str, JsonValue]]]:
    return {
        "connection": (
            "binary_sensor",
            {
                "name": "Connection",
                "device_class": "connectivity",
                "state_topic": f"{topic}/status",
                # A camera that has stalled is not connected in the sense of the two words here.
                "value_template": "{{ 'ON' if value == 'online' else 'OFF' }}",
            },
        ),
        "label": ("sensor", {"name": "Label", "state_topic": f"{topic}/label"}),
        "state": (
            "sensor",
            {
                "name": "State",
                "entity_category": "diagnostic",
                "state_topic": f"{topic}/state",
                "value_template": "{{ value_json.state }}",
                "json_attributes_topic": f"{topic}/state",
            },
        ),
    }


def _common(prefix: str, camera: str, key: str) -> dict[str, JsonValue]:
    return {
        "availability_topic": f"{prefix}/available",
        "device": {
            "identifiers": [key],
            "name": readable(camera),
            "manufacturer": "GhostStream",
            "sw_version": __version__,
        },
        "origin": {"name": "GhostStream", "sw_version": __version__},
    }


def _json(payload: Mapping[str, JsonValue]) -> bytes:
    return json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode()
