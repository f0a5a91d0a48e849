"""Who has asked for what: one line a request, without what stands behind the question mark.

2026-11-25T20:21:03+0000 127.0.0.1 GET /api/events 200 12 ms
"""

import logging
import time
from collections import Counter
from logging.handlers import RotatingFileHandler
from pathlib import Path
from urllib.parse import quote

from starlette.types import ASGIApp, Message, Receive, Scope, Send

LOG_BYTES = 5 << 20
OLD_LOGS = 1
FORMAT = "%(asctime)s %(message)s"
DATES = "%Y-%m-%dT%H:%M:%S%z"
PATH_CHARACTERS = 512
BROKEN_OFF = 499
"""Nobody was there any more to be answered."""


def access_log(path: Path) -> logging.Handler:
    """A file for the lines, older ones of which go; whoever opens it closes it."""
    log = RotatingFileHandler(path, maxBytes=LOG_BYTES, backupCount=OLD_LOGS, delay=True)
    log.setFormatter(logging.Formatter(FORMAT, DATES))
    return log


class AccessLog:
    """Writes a line for each answer once it has been sent, and counts it.

    Args:
        app: what answers.
        counts: of answers by status; it adds to them.
        log: as `access_log` opens it.
    """

    def __init__(self, app: ASGIApp, *, counts: Counter[int], log: logging.Handler) -> None:
        self._app, self._counts, self._log = app, counts, log

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, status = time.monotonic(), BROKEN_OFF

        async def sending(message: Message) -> None:
            nonlocal status
            status = message.get("status", status)
            await send(message)

        try:
            await self._app(scope, receive, sending)
        finally:
            self._counts[status] += 1
            self._write(scope, status, time.monotonic() - began)

    def _write(self, scope: Scope, status: int, seconds: float) -> None:
        address = scope["client"][0] if scope.get("client") else "-"
        path = quote(scope["path"][:PATH_CHARACTERS])  # no line break of others in our lines
        line = f"{address} {scope['method']} {path} {status} {seconds * 1000:.0f} ms"
        record = logging.LogRecord("access", logging.INFO, "", 0, line, None, None)
        self._log.emit(record)
