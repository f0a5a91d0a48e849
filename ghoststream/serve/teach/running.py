"""Teaching, while the page is up."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio

from ghoststream.serve.site import Site
from ghoststream.serve.teach.teaching import teaching_of


@asynccontextmanager
async def running(site: Site) -> AsyncIterator[None]:
    """Trains and names, after the areas that events and videos come from have started."""
    site.teaching = await anyio.to_thread.run_sync(teaching_of, site)
    site.archive.on_news.append(site.teaching.namer.catch_up)
    site.teaching.namer.catch_up()
    try:
        yield
    finally:
        await anyio.to_thread.run_sync(site.teaching.close)
