"""Takes network addresses apart, and shows them without what is secret.

    address = parse_address(
        "rtsp://admin:p@ss/w?rd@10.0.0.7:554/ch1?channel=1&token=s3cret", schemes=("rtsp",)
    )
    address.url   # rtsp://admin:p%40ss%2Fw%3Frd@10.0.0.7:554/ch1?channel=1&token=s3cret
    address.name  # rtsp://10.0.0.7:554/ch1?channel=1

People type passwords as they are, so an address is read more kindly than RFC 3986 does: the user
name and password reach up to the last @ that a host can follow. What cannot be told apart for
sure is not shown at all.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass, field
from urllib.parse import quote, unquote

from ghoststream.errors import ConfigError

UNPARSEABLE = "<unparseable address>"
SHOWN_QUERY_KEYS = frozenset({"channel", "subtype", "stream", "camera", "profile", "resolution"})
"""All other keys of a query are left out of the name: any of them may hold a secret."""

_HOST = r"(?:[\w.-]+|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?"
_HOST_THEN_PATH = re.compile(rf"({_HOST})(?=[/?#]|$)(.*)", re.DOTALL)
_CONVINCING_HOST = re.compile(r".*\..*|.*:\d+|\[.*|localhost")
_SECRET_PATH = re.compile(r"(?i)(pass|pwd|token|secret|key|auth|user)[^/]*=")


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """One network address: as programs need it, and as people may see it."""

    url: str = field(repr=False)
    name: str


def is_network_address(text: str) -> bool:
    """Whether it begins with a scheme, such as rtsp://."""
    return re.match(r"[A-Za-z][A-Za-z0-9+.-]*://", text) is not None


def parse_address(text: str, *, schemes: Collection[str]) -> Address:
    """Splits off user name and password, and encodes what programs would misread.

    A %-escape is taken as one: a password that holds the three characters %40 is written %2540.

    Args:
        text: as people type it.
        schemes: that it may begin with, in small letters.

    Raises:
        ConfigError: not such an address; the message shows no part of it but the scheme.
    """
    scheme, _, rest = text.partition("://")
    if scheme.lower() not in schemes:
        possible = ", ".join(f"{s}://" for s in schemes)
        # What begins with no scheme may be a secret from its first letter on.
        given = f"{scheme}://..." if is_network_address(text) else "something else"
        raise ConfigError(f"such an address begins with {possible}; got {given}")
    split = _split(rest)
    if split is None or any(ord(c) < 32 for c in text):
        raise ConfigError(
            f"{UNPARSEABLE}: an address looks like {scheme}://user:password@host/path"
        )
    credentials, host, path = split
    return Address(
        url=f"{scheme.lower()}://{_encoded_credentials(credentials)}{host}{_encoded(path)}",
        name=_name(scheme.lower(), credentials, host, path),
    )


def _split(rest: str) -> tuple[str | None, str, str] | None:
    """Credentials, host with port, path with query."""
    direct = _HOST_THEN_PATH.fullmatch(rest)
    if direct is not None:
        return None, direct[1], direct[2]
    candidates = [
        (rest[:at], match[1], match[2])
        for at in reversed([i for i, c in enumerate(rest) if c == "@"])
        if (match := _HOST_THEN_PATH.fullmatch(rest, at + 1)) is not None
    ]
    convincing = [c for c in candidates if _CONVINCING_HOST.fullmatch(c[1])]
    return next(iter(convincing + candidates), None)


def _encoded_credentials(credentials: str | None) -> str:
    if credentials is None:
        return ""
    parts = credentials.split(":", 1)
    return ":".join(quote(unquote(part), safe="") for part in parts) + "@"


def _encoded(path: str) -> str:
    """Spaces and other letters become escapes; escapes stay, a lone % becomes one."""
    lone = re.sub(r"%(?![0-9A-Fa-f]{2})", "%25", path)
    return quote(lone, safe="/?#[]@!$&'()*+,;=:%~")


def _name(scheme: str, credentials: str | None, host: str, path: str) -> str:
    if "@" in path:
        # `user:12/3@host` reads as host `user`, port 12, path `3@host`: nobody can tell.
        return UNPARSEABLE
    path, _, query = path.partition("#")[0].partition("?")
    steps = ("***" if _SECRET_PATH.search(step) else step for step in path.split("/"))
    shown = [p for p in query.split("&") if p.partition("=")[0].lower() in SHOWN_QUERY_KEYS]
    name = f"{scheme}://{host}{'/'.join(steps)}" + (f"?{'&'.join(shown)}" if shown else "")
    return "".join(c if c.isprintable() else "?" for c in name)
