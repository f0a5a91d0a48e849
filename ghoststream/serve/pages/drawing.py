"""Templates to answers.

answer = drawn(request, site, "events.html", events=events)
"""

from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from anyio.to_thread import run_sync
from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from ghoststream.serve.security.routes import session_state
from ghoststream.serve.site import Site

STATIC = Path(__file__).parent / "static"


def _utc(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("ghoststream.serve.pages"),
        autoescape=select_autoescape(),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["utc"] = _utc
    return environment


ENVIRONMENT = _environment()


def drawn(
    request: Request, site: Site, template: str, *, status: int = 200, **values: object
) -> HTMLResponse:
    """A page, or a part of one.

    Args:
        request: that asks for it.
        site: of the page.
        template: its file.
        status: of the answer.
        values: what the template shows.
    """
    session = session_state(site, request.state.session)
    frame = {
        "is_signed_in": session.signed_in,
        "needs_password": session.needs_password,
        "csrf_token": session.csrf_token,
        "places": places_of(site),
        "place": "/" + request.url.path.strip("/").partition("/")[0],
        "head": site.teaching.heads.active() if session.signed_in else None,
    }
    text = ENVIRONMENT.get_template(template).render(**frame, **values)
    return HTMLResponse(text, status)


async def drawn_apart(
    request: Request, site: Site, template: str, *, status: int = 200, **values: object
) -> HTMLResponse:
    """As `drawn`, for functions on the event loop, which must not wait for the disk."""
    return await run_sync(partial(drawn, request, site, template, status=status, **values))


def places_of(site: Site) -> list[tuple[str, str]]:
    """What the navigation leads to: what there is."""
    has_cameras, has_archive = site.config.pipeline is not None, site.config.archive is not None
    places = {
        ("/", "Live"): has_cameras or not has_archive,
        ("/events", "Events"): True,
        ("/videos", "Archive"): has_archive,
        ("/search", "Search"): has_archive,
        ("/teach", "Teach"): True,
    }
    return [place for place, is_there in places.items() if is_there]
