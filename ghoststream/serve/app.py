"""The page and its API as one ASGI application.

app = create_app(site)
"""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from typing import TypeAlias

from fastapi import APIRouter, FastAPI
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException

from ghoststream.serve.access_log import AccessLog
from ghoststream.serve.archive.routes import router as archive_router
from ghoststream.serve.archive.running import running as archive_running
from ghoststream.serve.events.routes import router as events_router
from ghoststream.serve.events.running import running as events_running
from ghoststream.serve.live.routes import router as live_router
from ghoststream.serve.live.running import running as live_running
from ghoststream.serve.media.routes import router as media_router
from ghoststream.serve.media.running import running as media_running
from ghoststream.serve.pages.drawing import STATIC
from ghoststream.serve.pages.routes import nothing_there
from ghoststream.serve.pages.routes import router as pages_router
from ghoststream.serve.refusals import Refusal, install_refusals
from ghoststream.serve.security.bodies import BodyLimits
from ghoststream.serve.security.guard import Guard
from ghoststream.serve.security.headers import HeadersOnAll
from ghoststream.serve.security.routes import router as session_router
from ghoststream.serve.site import Site
from ghoststream.serve.state import router as state_router
from ghoststream.serve.teach.routes import router as teach_router
from ghoststream.serve.teach.running import running as teach_running
from ghoststream.version import __version__

Running: TypeAlias = Callable[[Site], AbstractAsyncContextManager[None]]

ROUTERS: tuple[APIRouter, ...] = (
    session_router,
    state_router,
    media_router,
    events_router,
    archive_router,
    teach_router,
    live_router,
    pages_router,
)
RUNNING: tuple[Running, ...] = (
    media_running,
    events_running,
    archive_running,
    teach_running,
    live_running,
)
"""What each area does while the page is up; entered in this order, and left in reverse."""


def create_app(site: Site) -> FastAPI:
    """All areas of a page, which run from the start of the application to its end."""
    app = FastAPI(
        title="GhostStream",
        version=__version__,
        lifespan=_lifespan,
        # Its page would load scripts of others.
        docs_url=None,
        redoc_url=None,
        responses={"4XX": {"model": Refusal}, "5XX": {"model": Refusal}},
    )
    app.state.site = site
    install_refusals(app)
    app.add_exception_handler(HTTPException, nothing_there)  # type: ignore[arg-type]  # its own kind
    for router in ROUTERS:
        app.include_router(router)
    app.mount("/static", StaticFiles(directory=STATIC))
    _enclose(app, site)
    return app


def _enclose(app: FastAPI, site: Site) -> None:
    """Layers around all of it, from the innermost out."""
    app.add_middleware(BodyLimits)
    app.add_middleware(Guard, site=site)
    app.add_middleware(HeadersOnAll, https=site.config.https)
    app.add_middleware(AccessLog, counts=site.answers, log=site.log)


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    site: Site = app.state.site
    async with AsyncExitStack() as stack:
        for running in RUNNING:
            await stack.enter_async_context(running(site))
        yield
