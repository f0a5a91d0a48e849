"""The way to a webhook: each message is a POST, signed as https://www.standardwebhooks.com says.

webhook = Webhook("https://user:password@host/hook", secret="whsec_...")
webhook.send(message)  # returns when the receiver has answered 2xx
"""

import base64
import binascii
import email.utils
import hashlib
import hmac
import logging
import re
import threading
import time
from collections.abc import Callable
from urllib.parse import unquote, urlsplit, urlunsplit

import httpx

from ghoststream.address import UNPARSEABLE, parse_address
from ghoststream.errors import ConfigError
from ghoststream.sinks.deliverer import NotDelivered, Rejected
from ghoststream.sinks.spool import Message
from ghoststream.version import __version__

SCHEMES = ("http", "https")
TIMEOUT_SECONDS = 10.0
BAD_MESSAGE = frozenset({400, 413, 422})
"""Answers that speak of the message itself; all others may change."""
MAX_RETRY_AFTER_SECONDS = 3600.0
SECRET_PREFIX = "whsec_"
_TOKEN = re.compile(r"[\w-]{20,}")
"""A step of a path that is so long is a key of the receiver's, as chat services have them."""


class Webhook:
    """A receiver of messages; a `Transport`.

    Args:
        address: http(s)://, as people type it.
        secret: that the receiver knows, too: `whsec_` and base64, or any text; unset, messages are
            not signed.
        name: of the destination; unset, the redacted address.
        clock: Unix seconds.

    Raises:
        ConfigError: no such address, or no such secret; the message shows neither.
    """

    def __init__(
        self,
        address: str,
        *,
        secret: str | None = None,
        name: str | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.name = name or webhook_name(address)
        self.ready = threading.Event()
        self.ready.set()
        self._trouble: str | None = None
        self._key, self._clock = None if secret is None else signing_key(secret), clock
        self._url, credentials = _without_credentials(address, self.name)
        self._client = httpx.Client(
            auth=credentials, timeout=TIMEOUT_SECONDS, follow_redirects=False
        )
        _hush()

    @property
    def trouble(self) -> str | None:
        return self._trouble

    def send(self, message: Message) -> None:
        try:
            self._post(message)
        except NotDelivered as error:
            self._trouble = str(error)
            raise
        except Rejected:
            self._trouble = None
            raise
        self._trouble = None

    def close(self) -> None:
        self._client.close()

    def _post(self, message: Message) -> None:
        try:
            status, headers = self._answer(message)
        except httpx.TimeoutException:
            raise NotDelivered(f"no answer within {TIMEOUT_SECONDS:.0f} s") from None
        # Not chained: these errors hold the request with its address.
        except (httpx.HTTPError, RuntimeError) as error:
            raise NotDelivered(f"cannot connect: {error or type(error).__name__}") from None
        if status in BAD_MESSAGE:
            raise Rejected(f"it answers {status}")
        if not 200 <= status < 300:
            wait = retry_after(headers.get("retry-after"), self._clock())
            raise NotDelivered(f"it answers {status}", retry_after_seconds=wait)

    def _answer(self, message: Message) -> tuple[int, httpx.Headers]:
        headers = self._headers(message)
        # The body is never read: it says nothing, and may be without end.
        with self._client.stream(
            "POST", self._url, content=message.body, headers=headers
        ) as response:
            return response.status_code, response.headers

    def _headers(self, message: Message) -> dict[str, str]:
        timestamp = int(self._clock())
        headers = {
            "content-type": "application/json",
            "user-agent": f"ghoststream/{__version__}",
            "webhook-id": message.message_id,
            "webhook-timestamp": str(timestamp),
        }
        if self._key is not None:
            headers["webhook-signature"] = signature(
                self._key, message.message_id, timestamp, message.body
            )
        return headers


def webhook_name(address: str) -> str:
    """What may be shown of it: neither user name, nor password, nor query, nor long keys.

    Example:
        >>> webhook_name("https://me:secret@chat.example/hooks/T0123456789abcdefghij?token=1")
        'https://chat.example/hooks/***'

    Raises:
        ConfigError: no such address, or not clearly one.
    """
    name = parse_address(address, schemes=SCHEMES).name.partition("?")[0]
    if name == UNPARSEABLE:
        raise ConfigError(
            f"{UNPARSEABLE}: where its password ends cannot be told; write %2F for / and %40 for @"
        )
    scheme, _, rest = name.partition("://")
    host, *steps = rest.split("/")
    return f"{scheme}://" + "/".join([host, *(_TOKEN.sub("***", step) for step in steps)])


def signing_key(secret: str) -> bytes:
    """The bytes that sign.

    Example:
        >>> signing_key("whsec_c2VjcmV0"), signing_key("plain")
        (b'secret', b'plain')

    Raises:
        ConfigError: what follows `whsec_` is not base64, or nothing is there.
    """
    try:
        key = (
            base64.b64decode(secret.removeprefix(SECRET_PREFIX), validate=True)
            if secret.startswith(SECRET_PREFIX)
            else secret.encode()
        )
    except (binascii.Error, ValueError):
        key = b""
    if not key:
        raise ConfigError(
            f"--webhook-secret is {SECRET_PREFIX} and base64, or any text that is not empty"
        )
    return key


def signature(key: bytes, message_id: str, timestamp: int, body: bytes) -> str:
    """Of one message, as it stands in the header `webhook-signature`."""
    signed = f"{message_id}.{timestamp}.".encode() + body
    digest = hmac.digest(key, signed, hashlib.sha256)
    return f"v1,{base64.b64encode(digest).decode()}"


def retry_after(value: str | None, now: float) -> float:
    """Seconds that a receiver asks us to wait, in either form that HTTP knows; at most an hour.

    Example:
        >>> retry_after("120", now=0), retry_after("Thu, 01 Jan 1970 00:00:30 GMT", now=10)
        (120.0, 20.0)
    """
    if value is None:
        return 0.0
    try:
        wait = float(value) if value.isdigit() else _until(value, now)
    except ValueError:
        return 0.0
    return min(max(0.0, wait), MAX_RETRY_AFTER_SECONDS)


def _until(date: str, now: float) -> float:
    return email.utils.parsedate_to_datetime(date).timestamp() - now


def _without_credentials(address: str, name: str) -> tuple[str, httpx.BasicAuth | None]:
    """httpx writes addresses into its log, so that none of ours holds a password."""
    split = urlsplit(parse_address(address, schemes=SCHEMES).url)
    url = urlunsplit(split._replace(netloc=split.netloc.rpartition("@")[2]))
    try:
        httpx.URL(url)
    except httpx.InvalidURL:
        raise ConfigError(f"{name} is no address of a webhook; check host and port") from None
    if split.username is None:
        return url, None
    return url, httpx.BasicAuth(unquote(split.username), unquote(split.password or ""))


def _hush() -> None:
    logging.getLogger("httpx").addFilter(_redact)  # the same filter is added once only
    logging.getLogger("httpcore.http11").addFilter(_without_answer)


def _redact(record: logging.LogRecord) -> bool:
    """Queries and paths of addresses are as secret as passwords, and httpx logs them whole."""
    if isinstance(record.args, tuple):
        record.args = tuple(_shown(value) for value in record.args)
    return True


def _without_answer(record: logging.LogRecord) -> bool:
    """Headers of an answer may repeat the address, as that of a redirect does."""
    record.msg = str(record.msg).partition(" return_value=")[0]
    return True


def _shown(value: object) -> object:
    return f"{value.scheme}://{value.host}/***" if isinstance(value, httpx.URL) else value
