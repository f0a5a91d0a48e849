"""All that the answers of a page are made of.

@router.get("/api/things")
async def things(site: SiteOf) -> list[Thing]:
    return site.review.rows("SELECT ...")
"""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import anyio
from fastapi import Depends, Request

from ghoststream.config import ServeConfig
from ghoststream.serve.feed import Feed
from ghoststream.serve.media.ids import MediaIds
from ghoststream.serve.review import Review
from ghoststream.serve.security.access import Access
from ghoststream.serve.security.attempts import Attempts
from ghoststream.serve.security.sessions import Sessions
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
    access: Access
    sessions: Sessions
    attempts: Attempts = field(default_factory=Attempts)
    """To sign in."""
    password_turn: anyio.Lock = field(default_factory=anyio.Lock)
    """One password is checked at a time."""
    answers: Counter[int] = field(default_factory=Counter)
    """Given since the start, by status."""
    store_address: str | None = None
    """The store, once there is one: given, or DATA/store."""
    closing: anyio.Event = field(default_factory=anyio.Event)
    """Set when the page is to end: answers without an end of their own end then."""


def site_of(request: Request) -> Site:
    """The page that a request is for."""
    site: Site = request.app.state.site
    return site


SiteOf = Annotated[Site, Depends(site_of)]
