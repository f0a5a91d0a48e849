"""Signing in and out."""

from anyio.to_thread import run_sync
from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field, SecretStr

from ghoststream.serve.refusals import refusal
from ghoststream.serve.security.guard import cookie_name
from ghoststream.serve.security.sessions import LIFE_SECONDS, Session
from ghoststream.serve.site import Site, SiteOf

PASSWORD_CHARACTERS = 1024

router = APIRouter(prefix="/api/session", tags=["session"])


class SessionState(BaseModel):
    """Whether one is signed in, and what requests that change something must carry."""

    signed_in: bool
    needs_password: bool
    csrf_token: str
    """For the header X-CSRF-Token; another one after signing in."""


class SignIn(BaseModel):
    """What opens the page."""

    password: SecretStr = Field(max_length=PASSWORD_CHARACTERS)


@router.get("")
async def show(request: Request, site: SiteOf) -> SessionState:
    """Whether one is signed in."""
    return session_state(site, request.state.session)


@router.post("", response_model=SessionState)
async def sign_in(given: SignIn, request: Request, response: Response, site: SiteOf) -> object:
    """Signs in with the password; the session is in a cookie that scripts cannot read."""
    address = request.client.host if request.client is not None else "unknown"
    if wait_seconds := site.attempts.begin(address):
        sentence = f"too many attempts; wait {wait_seconds} seconds"
        return refusal(429, "TOO_MANY_ATTEMPTS", sentence, {"Retry-After": str(wait_seconds)})
    if not await _is_right(site, given.password.get_secret_value()):
        return refusal(401, "WRONG_PASSWORD", "this is not the password")
    site.attempts.succeeded(address)
    if request.state.session is not None:
        site.sessions.end(request.state.session)
    session = site.sessions.begin()
    _set_cookie(response, site, session, is_secure=request.url.scheme == "https")
    return session_state(site, session)


@router.delete("")
async def sign_out(request: Request, site: SiteOf) -> SessionState:
    """Ends the session, and all that is still being sent to it."""
    if request.state.session is not None:
        site.sessions.end(request.state.session)
    return session_state(site, None)


def session_state(site: Site, session: Session | None) -> SessionState:
    """What the page knows of one who asks."""
    return SessionState(
        signed_in=session is not None or site.access.is_open,
        needs_password=not site.access.is_open,
        csrf_token=site.sessions.csrf_token(session),
    )


async def _is_right(site: Site, password: str) -> bool:
    # One at a time: each takes 32 MB and all of a core.
    async with site.password_turn:
        return await run_sync(site.access.has_password, password)


def _set_cookie(response: Response, site: Site, session: Session, *, is_secure: bool) -> None:
    response.set_cookie(
        cookie_name(site),
        session.id,
        max_age=LIFE_SECONDS,
        path="/",
        secure=is_secure or site.config.https,
        httponly=True,
        samesite="strict",
    )
