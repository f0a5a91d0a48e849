"""Secrets that stand in the environment, and not in what is written down.

filled_in("rtsp://gate:{GHOSTSTREAM_GATE}@10.0.0.7/1")
"""

import os
import re
from urllib.parse import quote

from ghoststream.errors import ConfigError


def filled_in(text: str) -> str:
    """Replaces `{GHOSTSTREAM_NAME}` by the environment variable of that name.

    Within an address the value is percent-encoded, so that any password works as it is; where it is
    the whole text, it is taken as it is.

    Raises:
        ConfigError: the variable is not set.
    """
    if whole := _PLACEHOLDER.fullmatch(text):
        return _variable(whole[1])
    return _PLACEHOLDER.sub(lambda match: quote(_variable(match[1]), safe=""), text)


_PLACEHOLDER = re.compile(r"\{(GHOSTSTREAM_[A-Z0-9_]+)\}")


def _variable(name: str) -> str:
    if name not in os.environ:
        raise ConfigError(f"the environment variable {name} is not set; export it first")
    return os.environ[name]


def filled_in_item(value: object) -> object:
    """Addresses and secrets are filled in wherever they are given, on the command line, too."""
    return filled_in(value) if isinstance(value, str) else value
