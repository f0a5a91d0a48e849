"""All that the answers of a page are made of.

@router.get("/api/things")
async def things(site: SiteOf) -> list[Thing]:
    return site.review.rows("SELECT ...")
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import anyio
from fastapi import Depends, Request

from ghoststream.config import ServeConfig
from ghoststream.serve.feed import Feed
from ghoststream.serve.media.ids import MediaIds
from ghoststream.serve.review import Review
from ghoststream.serve.worker import Worker


@dataclass(kw_only=True)
class Site:
    """One a page; each area sets what it runs when it starts, and only then."""

    config: ServeConfig
    data: Path
    """Directory of all that the page keeps."""
    review: Review
    feed: Feed
    ids: MediaIds
    worker: Worker
    """For uploads, stills and queries, which take moments."""
    converter: Worker
    """For playback, which takes longer and must not keep the others waiting."""
    store_address: str | None = None
    """The store, once there is one: given, or DATA/store."""
    closing: anyio.Event = field(default_factory=anyio.Event)
    """Set when the page is to end: answers without an end of their own end then."""


def site_of(request: Request) -> Site:
    """The page that a request is for."""
    site: Site = request.app.state.site
    return site


SiteOf = Annotated[Site, Depends(site_of)]
