"""Addresses that videos come from, and how secrets get into them.

address = parse_address(filled_in("rtsp://admin:{GHOSTSTREAM_PASSWORD}@camera/1"), schemes=SCHEMES)
"""

import re

import ghoststream.config as config
from ghoststream.errors import ConfigError

SCHEMES = ("rtsp", "rtsps", "http", "https")

_BRACES = re.compile(r"\{([^{}]*)\}")
_VARIABLE = re.compile(r"GHOSTSTREAM_[A-Z0-9_]+")


def filled_in(text: str) -> str:
    """Replaces {GHOSTSTREAM_NAME} by that variable of the environment, see `ghoststream.config`.

    Raises:
        ConfigError: another name stands between braces, or the variable is not set.
    """
    if any(not _VARIABLE.fullmatch(name) for name in _BRACES.findall(text)):
        raise ConfigError(
            "between braces stands the name of a variable that begins with GHOSTSTREAM_, such as "
            "{GHOSTSTREAM_CAMERA_PASSWORD}; a brace of the address itself is written %7B or %7D."
        )
    return config.filled_in(text)
