"""The cameras, watched while the page is up."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from ghoststream.serve.live.cameras import Line, Live
from ghoststream.serve.site import Site


@asynccontextmanager
async def running(site: Site) -> AsyncIterator[None]:
    """Watches the cameras that the page's pipeline names, with the head that is switched on.

    Raises:
        ConfigError: the pipeline does not hold, or watches no cameras.
    """
    if site.config.pipeline is None:
        yield
        return
    live = await asyncio.to_thread(_opened, site)
    site.live = live
    await live.start()
    leaving = asyncio.create_task(_leave(site, live))
    try:
        yield
    finally:
        leaving.cancel()
        await live.stop()


def _opened(site: Site) -> Live:
    assert site.config.pipeline is not None

    def take_line(line: Line) -> Mapping[str, Any] | None:
        event = site.book.add_line(line)
        return None if event is None else event.model_dump(mode="json")

    head = site.teaching.heads.active_path()
    return Live(site.config, site.config.pipeline, feed=site.feed, take_line=take_line, head=head)


async def _leave(site: Site, live: Live) -> None:
    """Answers that have no end of their own end before the page waits for all of them."""
    await site.closing.wait()
    live.close_previews()
