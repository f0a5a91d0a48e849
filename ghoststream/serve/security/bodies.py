"""How much may be sent to the page, and how slowly."""

import time

import anyio
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ghoststream.serve.refusals import refusal

BODY_BYTES = 1 << 20
UPLOAD_BYTES = 20 << 20
UPLOAD_PATHS = frozenset({"/search", "/api/search"})
"""All others read a body whole into memory, and one of them before anybody has signed in."""
FORM_BYTES = 64 << 10
"""For what is around an upload in a form."""
BODY_SECONDS = 60.0
"""For the whole of it."""


class BodyLimits:
    """Refuses bodies that are too large before they are there, and breaks off slow ones.

    Args:
        app: what answers.
        body_seconds: for the whole of a body.
    """

    def __init__(self, app: ASGIApp, *, body_seconds: float = BODY_SECONDS) -> None:
        self._app, self._body_seconds = app, body_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        limit_bytes = _limit_bytes(scope["path"], headers)
        if _declared_bytes(headers) > limit_bytes:
            await _too_large(limit_bytes)(scope, receive, send)
            return
        body = _Body(receive, limit_bytes, self._body_seconds)
        await body.answered(self._app, scope, send)


class _Body:
    """Of one request, while it comes in."""

    def __init__(self, receive: Receive, limit_bytes: int, seconds: float) -> None:
        self._receive, self._limit_bytes = receive, limit_bytes
        self._seconds, self._deadline = seconds, time.monotonic() + seconds
        self._nbytes = 0
        self._is_whole = self._has_answer = False
        self._answer = anyio.CancelScope()

    async def answered(self, app: ASGIApp, scope: Scope, send: Send) -> None:
        async def sending(message: Message) -> None:
            self._has_answer = True
            await send(message)

        with self._answer:
            await app(scope, self._receive_some, sending)
        if self._answer.cancelled_caught and not self._has_answer:
            await self._refusal()(scope, self._receive, send)

    def _refusal(self) -> ASGIApp:
        if self._nbytes > self._limit_bytes:
            return _too_large(self._limit_bytes)
        sentence = f"the body of the request was not there after {self._seconds:g} seconds"
        return refusal(408, "TOO_SLOW", sentence, {"Connection": "close"})

    async def _receive_some(self) -> Message:
        if self._is_whole:
            return await self._receive()  # waits for the client to go away
        with anyio.move_on_after(self._deadline - time.monotonic()):
            message = await self._receive()
            self._nbytes += len(message.get("body", b""))
            self._is_whole = not message.get("more_body", False)
            if self._nbytes <= self._limit_bytes:
                return message
        # Nothing that reads a body goes on, whatever it makes of errors.
        self._answer.cancel()
        await anyio.sleep_forever()
        raise AssertionError("cancelled")


def _limit_bytes(path: str, headers: Headers) -> int:
    is_form = headers.get("content-type", "").lower().startswith("multipart/form-data")
    return UPLOAD_BYTES + FORM_BYTES if is_form and path in UPLOAD_PATHS else BODY_BYTES


def _declared_bytes(headers: Headers) -> int:
    declared = headers.get("content-length", "0")
    return int(declared) if declared.isdecimal() else 0


def _too_large(limit_bytes: int) -> ASGIApp:
    sentence = f"more than {limit_bytes >> 20} MB are not taken here"
    return refusal(413, "TOO_LARGE", sentence, {"Connection": "close"})
