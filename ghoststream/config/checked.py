"""Settings that hold, or a sentence that says why they do not.

config = make_config(RunConfig, {"source": "clip.mp4", "fps": 2})
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from ghoststream.config.base import Config
from ghoststream.config.live import CameraConfig
from ghoststream.errors import ConfigError

C = TypeVar("C", bound=Config)


def make_config(kind: type[C], values: Mapping[str, object]) -> C:
    """Validates settings.

    Raises:
        ConfigError: names each key that is wrong, its value, and what would work.
    """
    _refuse_misplaced_addresses(values)
    try:
        return kind.model_validate(dict(values))
    except ValidationError as error:
        raise ConfigError("; ".join(_sentence(kind, dict(e)) for e in error.errors())) from None


def _refuse_misplaced_addresses(values: Mapping[str, object]) -> None:
    """Before anything takes one for a name or a path, and shows it with its password."""
    for key, value in values.items():
        if key == "cameras" and isinstance(value, list | tuple):
            for camera in value:
                if isinstance(camera, dict):
                    _refuse_misplaced_addresses(camera)
        elif key not in MAY_BE_ADDRESSES and _LIKE_CREDENTIALS.search(str(value)):
            shown = key if _is_word(key) else "a setting"
            raise ConfigError(
                f"{shown} holds an address with a user name or password, which belongs into "
                "source, mqtt or webhook"
            )


_LIKE_CREDENTIALS = re.compile(r":/.*@", re.DOTALL)
"""A path has one slash only where an address had two."""


def _sentence(kind: type[BaseModel], error: dict[str, Any]) -> str:
    key = ".".join(str(part) for part in error["loc"])
    if error["type"] == "extra_forbidden":
        kind = CameraConfig if error["loc"][0] == "cameras" else kind
        # In braces, what follows a comma in a password is a key without a value.
        shown = f" {key!r}" if _is_word(key) and error["input"] is not None else ""
        return f"unknown setting{shown}; known are {', '.join(kind.model_fields)}"
    message = str(error["msg"]).removeprefix("Value error, ")
    message = message[:1].lower() + message[1:]
    if not key:
        return message
    given = error["input"]
    value = repr(str(given) if isinstance(given, Path) else given)
    is_to_show = error["loc"][0] not in NEVER_SHOWN and not message.startswith(value)
    return f"{key}: {message}, got {value}" if is_to_show else f"{key}: {message}"


NEVER_SHOWN = frozenset({"source", "cameras", "mqtt", "webhook", "webhook_secret"})
"""Settings that may hold a password."""
MAY_BE_ADDRESSES = NEVER_SHOWN | {"store", "address"}


def _is_word(key: object) -> bool:
    """What is none may be an address that slipped in front of a colon."""
    return re.fullmatch(r"[\w.-]+", str(key)) is not None
