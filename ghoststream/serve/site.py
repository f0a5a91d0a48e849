"""All that the answers of a page are made of.

@router.get("/api/things")
async def things(site: SiteOf) -> list[Thing]:
    return site.review.rows("SELECT ...")
"""

import logging
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

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

if TYPE_CHECKING:
    from ghoststream.serve.archive.archive import Archive
    from ghoststream.serve.events.book import Book
    from ghoststream.serve.events.scribe import Scribe
    from ghoststream.serve.live.cameras import Live
    from ghoststream.serve.media.media import Media
    from ghoststream.serve.teach.teaching import Teaching


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
    log: logging.Handler
    """Who has asked for what."""
    answers: Counter[int] = field(default_factory=Counter)
    """Given since the start, by status."""
    media: "Media" = field(init=False)
    """Stills and playback."""
    book: "Book" = field(init=False)
    """Events, and what people said of them."""
    scribe: "Scribe" = field(init=False)
    """Writes what cameras tell into the book."""
    archive: "Archive" = field(init=False)
    """Videos that are searched."""
    live: "Live | None" = None
    """The cameras, where there are some."""
    teaching: "Teaching" = field(init=False)
    """Classes, examples, trainings and heads."""
    closing: anyio.Event = field(default_factory=anyio.Event)
    """Set when the page is to end: answers without an end of their own end then."""


def site_of(request: Request) -> Site:
    """The page that a request is for."""
    site: Site = request.app.state.site
    return site


SiteOf = Annotated[Site, Depends(site_of)]
