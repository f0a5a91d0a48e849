"""Caches of pictures and videos, open while the page is up."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio.to_thread

from ghoststream.serve.media.media import Media
from ghoststream.serve.site import Site


@asynccontextmanager
async def running(site: Site) -> AsyncIterator[None]:
    """Makes their directories; first of all areas."""
    site.media = Media(site.data, worker=site.worker, converter=site.converter)
    await anyio.to_thread.run_sync(site.media.open)
    yield
