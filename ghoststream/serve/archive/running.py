"""The archive, followed while the page is up."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio.to_thread

from ghoststream.serve.archive.archive import Archive
from ghoststream.serve.site import Site


@asynccontextmanager
async def running(site: Site) -> AsyncIterator[None]:
    """Opens the store, or labels a directory into one; after the book, which gets its events."""
    site.archive = await anyio.to_thread.run_sync(_archive, site)
    await site.archive.start()
    try:
        yield
    finally:
        await site.archive.stop()


def _archive(site: Site) -> Archive:
    return Archive(
        site.config,
        data=site.data,
        review=site.review,
        book=site.book,
        ids=site.ids,
        feed=site.feed,
    )
