"""Passwords, of which only a hash is kept.

stored = hashed("correct horse")  # 'scrypt$32768$8$1$...$...'
matches("correct horse", stored)  # True
"""

import base64
import binascii
import hashlib
import hmac
import secrets

COST, BLOCK, PARALLEL = 2**15, 8, 1
"""32 MB and about a tenth of a second a guess."""
MEMORY_BYTES = 256 << 20
"""Beyond it a stored hash is refused, whatever it asks for."""
SALT_BYTES = 16
HASH_BYTES = 32
PREFIX = "scrypt"


def hashed(password: str) -> str:
    """One line that a password can be checked against, but not be had from."""
    salt = secrets.token_bytes(SALT_BYTES)
    digest = _digest(password, salt, COST, BLOCK, PARALLEL)
    numbers = f"{COST}${BLOCK}${PARALLEL}"
    return f"{PREFIX}${numbers}${_text(salt)}${_text(digest)}"


def is_hash(line: str) -> bool:
    """Whether a line is what `hashed` makes, and not a password itself."""
    try:
        _parsed(line)
    except ValueError:
        return False
    return True


def matches(password: str, stored: str) -> bool:
    """Whether it is the one; takes as long for a wrong one as for the right one."""
    cost, block, parallel, salt, expected = _parsed(stored)
    return hmac.compare_digest(_digest(password, salt, cost, block, parallel), expected)


def _parsed(line: str) -> tuple[int, int, int, bytes, bytes]:
    prefix, cost, block, parallel, salt, digest = line.split("$")
    if prefix != PREFIX:
        raise ValueError(f"a hash begins with {PREFIX}$")
    try:
        salt_bytes, digest_bytes = (base64.b64decode(t, validate=True) for t in (salt, digest))
    except binascii.Error as error:
        raise ValueError("salt and hash are written in base64") from error
    if len(salt_bytes) < SALT_BYTES or len(digest_bytes) < HASH_BYTES:
        raise ValueError("salt and hash are too short")
    return int(cost), int(block), int(parallel), salt_bytes, digest_bytes


def _digest(password: str, salt: bytes, cost: int, block: int, parallel: int) -> bytes:
    return hashlib.scrypt(
        password.encode(),
        salt=salt,
        n=cost,
        r=block,
        p=parallel,
        maxmem=MEMORY_BYTES,
        dklen=HASH_BYTES,
    )


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode()
