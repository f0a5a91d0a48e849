"""Lets in who may come in, and nobody else, before anything of the page is asked.

What is not there and what is not allowed look the same to one who has not signed in.
"""

from urllib.parse import quote

from fastapi.responses import RedirectResponse
from starlette.datastructures import Headers
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Scope, Send

from ghoststream.serve.refusals import refusal
from ghoststream.serve.security.origin import (
    SAFE_METHODS,
    allowed_names,
    is_any_address,
    is_own_name,
    is_own_request,
)
from ghoststream.serve.security.sessions import Session
from ghoststream.serve.site import Site

SIGN_IN = "/sign-in"
SESSION = "/api/session"
PUBLIC = frozenset({SIGN_IN, SESSION, "/healthz", "/favicon.ico"})
PUBLIC_DIRECTORY = "/static/"
CSRF_HEADER = "x-csrf-token"
BEARER = "bearer "


class Guard:
    """A layer around the application.

    Args:
        app: what answers those who are let in; `request.state.session` is theirs, or None.
        site: whose page it is.
    """

    def __init__(self, app: ASGIApp, *, site: Site) -> None:
        self._app, self._site = app, site
        self._names = allowed_names(site.config)
        self._any_address = is_any_address(site.config.host)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        connection = HTTPConnection(scope)
        session = session_of(connection, self._site)
        scope.setdefault("state", {})["session"] = session
        if (refused := self._refused(scope, connection.headers, session)) is not None:
            await refused(scope, receive, send)
        elif session is None or is_public(scope["path"]):
            await self._app(scope, receive, send)
        else:
            with self._site.sessions.answering(session):
                await self._app(scope, receive, send)

    def _refused(self, scope: Scope, headers: Headers, session: Session | None) -> ASGIApp | None:
        """The answer to one who is not let in."""
        if not is_own_name(headers.get("host", ""), self._names, any_address=self._any_address):
            return refusal(
                421, "WRONG_HOST", "this page has another name; --allowed-host adds names"
            )
        if not is_own_request(scope["method"], headers):
            return refusal(403, "OTHER_ORIGIN", "another page than this one has asked")
        if (token := _bearer_token(headers)) is not None:
            return None if self._site.access.has_token(token) else _wrong_token()
        if not is_public(scope["path"]) and session is None and not self._site.access.is_open:
            return _sign_in(scope, headers)
        return self._forged(scope["method"], headers, session)

    def _forged(self, method: str, headers: Headers, session: Session | None) -> ASGIApp | None:
        token = headers.get(CSRF_HEADER, "")
        if method in SAFE_METHODS or self._site.sessions.is_csrf_token(token, session):
            return None
        sentence = "what changes something needs the header X-CSRF-Token; GET /api/session tells it"
        return refusal(403, "CSRF", sentence)


def is_public(path: str) -> bool:
    """Whether one who has not signed in may see it."""
    return path in PUBLIC or path.startswith(PUBLIC_DIRECTORY)


def session_of(connection: HTTPConnection, site: Site) -> Session | None:
    """The session whose cookie a request carries."""
    id = connection.cookies.get(cookie_name(site))
    return None if id is None else site.sessions.find(id)


def cookie_name(site: Site) -> str:
    """One of its own for each page: cookies know of hosts, but not of ports."""
    name = f"ghoststream-{site.ids.of('cookie', 'session')[:8]}"
    return f"__Host-{name}" if site.config.https else name


def _bearer_token(headers: Headers) -> str | None:
    value = headers.get("authorization", "")
    return value[len(BEARER) :].strip() if value.lower().startswith(BEARER) else None


def _wrong_token() -> ASGIApp:
    challenge = {"WWW-Authenticate": "Bearer"}
    return refusal(401, "WRONG_TOKEN", "no program may come in with this token", challenge)


def _sign_in(scope: Scope, headers: Headers) -> ASGIApp:
    if scope["method"] == "GET" and "text/html" in headers.get("accept", ""):
        wanted = quote(scope["path"], safe="/")
        return RedirectResponse(f"{SIGN_IN}?next={wanted}", status_code=303)
    return refusal(401, "SIGN_IN", "sign in first", {"WWW-Authenticate": "Bearer"})
