"""What every answer tells a browser, errors too; and the edge at which defects become answers."""

import sys
import traceback

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ghoststream.serve.refusals import refusal

POLICY = "; ".join(
    (
        "default-src 'self'",
        "img-src 'self' blob: data:",
        "media-src 'self' blob:",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
UNLESS_SET = {"Cache-Control": "no-store"}
OVER_HTTPS = {"Strict-Transport-Security": "max-age=31536000"}


class HeadersOnAll:
    """The outermost layer.

    Args:
        app: what answers.
        https: whether browsers come by https only.
    """

    def __init__(self, app: ASGIApp, *, https: bool) -> None:
        self._app = app
        self._headers = {**HEADERS, **(OVER_HTTPS if https else {})}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        has_started = False

        async def send_with_headers(message: Message) -> None:
            nonlocal has_started
            if message["type"] == "http.response.start":
                has_started = True
                self._add(MutableHeaders(scope=message))
            await send(message)

        try:
            await self._app(scope, receive, send_with_headers)
        except Exception as error:  # the edge: a defect of ours, told as one
            _tell(error)
            if has_started:
                raise  # the server breaks the connection off, so that nobody takes it for whole
            answer = refusal(500, "INTERNAL", "a defect in GhostStream; its terminal says more")
            await answer(scope, receive, send_with_headers)

    def _add(self, headers: MutableHeaders) -> None:
        for name, value in self._headers.items():
            headers[name] = value
        for name, value in UNLESS_SET.items():
            headers.setdefault(name, value)


def _tell(error: Exception) -> None:
    """Where it happened; not what it says, which may hold an address."""
    frames = "".join(traceback.format_tb(error.__traceback__))
    print(f"{frames}{type(error).__name__}", file=sys.stderr)  # noqa: T201
