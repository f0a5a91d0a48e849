"""Who may use a page: those with its password, programs with a token, or all of this machine.

access = read_access(config, os.environ)
access.needs_password
"""

import hashlib
import hmac
import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ghoststream.config import ServeConfig
from ghoststream.errors import ConfigError
from ghoststream.serve.security.passwords import hashed, is_hash, matches

VARIABLE = "GHOSTSTREAM_PASSWORD"
PASSWORD_CHARACTERS = 8
TOKEN_CHARACTERS = 20
"""Nobody guesses so many, so that tokens need no slow hash."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """What opens a page; holds hashes only."""

    password: str | None = field(default=None, repr=False)
    tokens: frozenset[bytes] = field(default=frozenset(), repr=False)

    @property
    def is_open(self) -> bool:
        """Whether all may use it: nothing was set, and it is for this machine alone."""
        return self.password is None and not self.tokens

    def has_password(self, password: str) -> bool:
        """Whether it is the right one; takes a tenth of a second."""
        return self.password is not None and matches(password, self.password)

    def has_token(self, token: str) -> bool:
        """Whether a program may come in with it."""
        digest = _token_digest(token)
        # All of them, so that the time tells nothing of which one it was.
        return sum(hmac.compare_digest(digest, known) for known in self.tokens) > 0


def read_access(config: ServeConfig, environment: Mapping[str, str]) -> Access:
    """Reads password and tokens.

    Raises:
        ConfigError: they cannot be read or are too short, or there are none and others than this
            machine would come in; or everybody would be believed to be the proxy.
    """
    if config.trusted_proxy is not None:
        _check_proxy(config.trusted_proxy)
    access = Access(password=_password(config, environment), tokens=_tokens(config))
    if access.is_open and not is_loopback(config.host):
        raise ConfigError(
            f"on {config.host} others reach the page, so that it needs a password; put one into a "
            f"file and name it with --password-file, set {VARIABLE}, or stay on 127.0.0.1"
        )
    if access.is_open and (config.https or config.trusted_proxy is not None):
        raise ConfigError(
            "a page behind a proxy is reached by others, so that it needs a password; name a file "
            f"that holds one with --password-file, or set {VARIABLE}"
        )
    return access


def _check_proxy(address: str) -> None:
    """`*`, and what is no address, would have everybody say where he comes from."""
    try:
        ipaddress.ip_address(address)
    except ValueError:
        raise ConfigError(
            f"a trusted proxy is one address such as 10.0.0.2, got {address!r}"
        ) from None


def is_loopback(host: str) -> bool:
    """Whether an address is reached from this machine alone."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def _password(config: ServeConfig, environment: Mapping[str, str]) -> str | None:
    if config.password_file is not None:
        where = f"the password file {str(config.password_file)!r}"
        return _stored(next(iter(_lines(config.password_file, where)), ""), where)
    if VARIABLE in environment:
        return _stored(environment[VARIABLE], VARIABLE)
    return None


def _stored(password: str, where: str) -> str:
    if is_hash(password):
        return password
    if len(password) < PASSWORD_CHARACTERS:
        raise ConfigError(
            f"{where} holds no password of at least {PASSWORD_CHARACTERS} characters; choose a "
            "longer one"
        )
    return hashed(password)


def _tokens(config: ServeConfig) -> frozenset[bytes]:
    if config.token_file is None:
        return frozenset()
    where = f"the token file {str(config.token_file)!r}"
    tokens = [line.strip() for line in _lines(config.token_file, where)]
    tokens = [token for token in tokens if token]
    if not tokens or any(len(token) < TOKEN_CHARACTERS for token in tokens):
        raise ConfigError(
            f"{where} must hold a token a line, of at least {TOKEN_CHARACTERS} characters; "
            "`openssl rand -hex 32` prints a good one"
        )
    return frozenset(map(_token_digest, tokens))


def _token_digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).digest()


def _lines(path: Path, where: str) -> list[str]:
    try:
        return path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise ConfigError(f"cannot read {where}: {error.strerror}") from error
    except UnicodeDecodeError:
        # Without the cause, which shows what the file holds.
        raise ConfigError(f"{where} is not text in UTF-8") from None
