"""Where a page of a long list ends, so that the next one goes on from there.

cursor = to_cursor([item.position, item.number])
position, number = from_cursor(cursor, (int, int))
"""

import base64
import binascii
import json
from collections.abc import Sequence
from typing import Any

from ghoststream.errors import Unsuitable

MAX_CHARACTERS = 4096


def to_cursor(key: Sequence[int | str]) -> str:
    """The sort key of a page's last item, as text for an address."""
    text = json.dumps(list(key), separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def from_cursor(cursor: str, kinds: Sequence[type]) -> list[Any]:
    """The key that `to_cursor` took.

    Args:
        cursor: from a stranger.
        kinds: of the key's parts.

    Raises:
        Unsuitable: it is not one of such a list.
    """
    try:
        padded = cursor[:MAX_CHARACTERS] + "=" * (-len(cursor) % 4)
        key = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (ValueError, binascii.Error, RecursionError) as error:
        raise _not_one() from error
    if not isinstance(key, list) or [type(part) for part in key] != list(kinds):
        raise _not_one()
    if any(type(part) is int and not -(2**63) <= part < 2**63 for part in key):
        raise _not_one()
    return key


def _not_one() -> Unsuitable:
    return Unsuitable("the cursor is none of this list; begin again without one")
