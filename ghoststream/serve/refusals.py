"""Errors as answers: a status, a code for machines, a sentence for people.

{"error": "NOT_FOUND", "message": "there is no such video"}
"""

from collections.abc import Awaitable, Callable
from typing import Any, cast

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from ghoststream.errors import (
    Abandoned,
    Busy,
    Conflict,
    GhostStreamError,
    Gone,
    NotThere,
    OutputError,
    SourceError,
    StoreError,
    TooLarge,
    Unsuitable,
    WorkerLost,
)
from ghoststream.serve.access_log import BROKEN_OFF

STATUSES: dict[type[GhostStreamError], int] = {
    NotThere: 404,
    Gone: 410,
    Conflict: 409,
    TooLarge: 413,
    Unsuitable: 422,
    Abandoned: BROKEN_OFF,
    Busy: 503,
    WorkerLost: 503,
    StoreError: 503,
    OutputError: 503,
    SourceError: 422,
    GhostStreamError: 400,
}
"""The first kind that an error is of decides."""

CODES = {401: "SIGN_IN", 403: "FORBIDDEN", 404: "NOT_FOUND", 405: "METHOD_NOT_ALLOWED"}
RETRY_SECONDS = "2"


class Refusal(BaseModel):
    """What every answer that is not a good one looks like."""

    error: str
    """A code that stays the same."""
    message: str


def refusal(
    status: int, code: str, message: str, headers: dict[str, str] | None = None
) -> JSONResponse:
    """An answer that says why there is no better one."""
    content = Refusal(error=code, message=message).model_dump()
    return JSONResponse(content, status, headers=headers)


def status_of(error: GhostStreamError) -> int:
    """The HTTP status that says best what went wrong."""
    return next(status for kind, status in STATUSES.items() if isinstance(error, kind))


def install_refusals(app: FastAPI) -> None:
    """Has the application answer errors so."""
    for kind, handler in (
        (GhostStreamError, _of_ours),
        (RequestValidationError, _of_validation),
        (HTTPException, refusal_of_http),
    ):
        app.add_exception_handler(
            kind, cast(Callable[[Request, Any], Awaitable[Response]], handler)
        )


async def _of_ours(_request: Request, error: GhostStreamError) -> Response:
    status = status_of(error)
    headers = {"Retry-After": RETRY_SECONDS} if status == 503 else None
    return refusal(status, error.code, str(error), headers)


async def _of_validation(_request: Request, error: RequestValidationError) -> Response:
    """Which values do not hold; the values themselves stay out of it: one may be a password."""
    sentences = [f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()]
    return refusal(422, "UNSUITABLE", "; ".join(sentences))


async def refusal_of_http(_request: Request, error: HTTPException) -> Response:
    """What the framework refuses: paths and methods that there are not."""
    code = CODES.get(error.status_code, "REFUSED")
    headers = dict(error.headers) if error.headers else None
    return refusal(error.status_code, code, str(error.detail), headers)
