"""Names of things that browsers may ask for, which tell nothing of where they are.

ids = MediaIds(secret)
ids.of("video", "door/monday.mp4")  # 'Jq8s...', always the same, and for this page alone
"""

import base64
import hashlib
import hmac
import os
import secrets
from contextlib import suppress
from pathlib import Path

SECRET_BYTES = 32
ID_BYTES = 18
"""So many that nobody finds another's by trying."""


class MediaIds:
    """Makes ids; who asks by id is answered from a table of those that were made.

    Args:
        secret: without which nobody makes one.
    """

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def of(self, kind: str, key: str) -> str:
        """The id of a thing: 24 letters, digits, `-` and `_`.

        Args:
            kind: `video`, `event`, ..., so that things of two kinds never share one.
            key: what the thing is known by within.
        """
        # The length keeps ("ab", "c") and ("a", "bc") apart.
        message = f"{len(kind)}:{kind}{key}".encode("utf-8", "surrogateescape")
        digest = hmac.digest(self._secret, message, hashlib.sha256)
        return base64.urlsafe_b64encode(digest[:ID_BYTES]).decode()


def read_secret(path: Path) -> bytes:
    """The secret of a directory of data, made at its first use, and for its owner only."""
    with suppress(FileNotFoundError):
        # A disk that was full has left less, which somebody could guess.
        if len(secret := path.read_bytes()) >= SECRET_BYTES:
            return secret
    return _made_secret(path)


def _made_secret(path: Path) -> bytes:
    """Is there as a whole, or not at all."""
    partial = path.with_name(f"{path.name}.partial")
    partial.unlink(missing_ok=True)
    secret = secrets.token_bytes(SECRET_BYTES)
    file = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(file, "wb") as opened:
        opened.write(secret)
        opened.flush()
        os.fsync(file)
    partial.replace(path)
    return secret
