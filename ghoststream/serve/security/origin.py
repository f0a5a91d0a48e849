"""Whether a request comes from a page of ours, as far as a browser says.

A page of others may have a browser of this machine ask 127.0.0.1, and its name may lead there.
"""

import ipaddress
from urllib.parse import urlsplit

from starlette.datastructures import Headers

from ghoststream.config import ServeConfig

LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
OWN_SITES = frozenset({"same-origin", "none"})
"""Of Sec-Fetch-Site: a page of ours, or the user, who has typed the address."""


def allowed_names(config: ServeConfig) -> frozenset[str]:
    """Names and addresses under which the page may be asked for."""
    given = {name.lower().strip("[]") for name in (config.host, *config.allowed_host)}
    return LOOPBACK_NAMES | given


def is_own_name(host: str, names: frozenset[str], *, any_address: bool) -> bool:
    """Whether a Host header names this page, and not a name of others that leads here.

    Args:
        host: the header, with or without a port.
        names: that are allowed.
        any_address: whether numeric addresses are all allowed; nobody can have them lead elsewhere.
    """
    name = _name(host)
    return name in names or (any_address and _is_address(name))


def is_any_address(host: str) -> bool:
    """Whether a page listens on all addresses of its machine, of which nobody has a list."""
    return _is_address(host) and ipaddress.ip_address(host).is_unspecified


def is_own_request(method: str, headers: Headers) -> bool:
    """Whether nothing says that a page of others has sent it."""
    origin = headers.get("origin")
    if origin is not None and method not in SAFE_METHODS and not _is_same(origin, headers):
        return False
    site = headers.get("sec-fetch-site")
    if site is None or site in OWN_SITES:
        return True
    # A link that somebody follows; what it shows cannot be read by the page with the link.
    return method in SAFE_METHODS and headers.get("sec-fetch-mode") == "navigate"


def _is_same(origin: str, headers: Headers) -> bool:
    try:
        return urlsplit(origin).netloc.lower() == headers.get("host", "").lower()
    except ValueError:
        return False


def _name(host: str) -> str:
    try:
        return (urlsplit(f"//{host}").hostname or "").rstrip(".")
    except ValueError:
        return ""


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
