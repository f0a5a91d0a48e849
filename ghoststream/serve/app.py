"""The page and its API as one ASGI application.

app = create_app(site)
"""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from typing import TypeAlias

from fastapi import APIRouter, FastAPI

from ghoststream.serve.refusals import Refusal, install_refusals
from ghoststream.serve.site import Site
from ghoststream.version import __version__

Running: TypeAlias = Callable[[Site], AbstractAsyncContextManager[None]]

ROUTERS: tuple[APIRouter, ...] = ()
RUNNING: tuple[Running, ...] = ()
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
    for router in ROUTERS:
        app.include_router(router)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    site: Site = app.state.site
    async with AsyncExitStack() as stack:
        for running in RUNNING:
            await stack.enter_async_context(running(site))
        yield
