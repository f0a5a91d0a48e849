"""Names of cameras as topics and identifiers can hold them.

topic_name("yard/1")  # yard_1-8b0b3f
"""

import hashlib
import re

from ghoststream.sinks.records import readable

MAX_LENGTH = 100
_NOT_IN_TOPICS = re.compile(r"[/+#\x00-\x1f\x7f-\x9f]")
_NOT_IN_IDENTIFIERS = re.compile(r"[^A-Za-z0-9_-]")


def topic_name(camera: str) -> str:
    """One level of a topic; names that had to be changed are kept apart by a short hash.

    Example:
        >>> topic_name("front door")
        'front door'
    """
    return _replaced(_NOT_IN_TOPICS, camera)


def identifier(text: str) -> str:
    """Plain letters, digits, _ and -, as Home Assistant wants them; kept apart likewise.

    Example:
        >>> identifier("door_1")
        'door_1'
    """
    return _replaced(_NOT_IN_IDENTIFIERS, text)


def _replaced(unwanted: re.Pattern[str], text: str) -> str:
    name = unwanted.sub("_", readable(text))[:MAX_LENGTH]
    if name == text and text:
        return text
    digest = hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()[:6]
    return f"{name}-{digest}"
