"""The book of events, open while the page is up."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio

from ghoststream.serve.events.book import Book
from ghoststream.serve.events.scribe import Scribe
from ghoststream.serve.site import Site


@asynccontextmanager
async def running(site: Site) -> AsyncIterator[None]:
    """Makes the tables, and listens; before the areas that bring events."""
    site.book = await anyio.to_thread.run_sync(Book, site.review, site.ids)
    site.scribe = Scribe(site.book, site.feed)
    site.scribe.end_going_on()  # of a page before this one, which was killed
    try:
        yield
    finally:
        await anyio.to_thread.run_sync(site.scribe.close)
