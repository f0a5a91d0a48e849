"""The cameras, watched while the page is up."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from ghoststream.serve.live.cameras import Live
from ghoststream.serve.site import Site


@asynccontextmanager
async def running(site: Site) -> AsyncIterator[None]:
    """Watches the cameras that the page's pipeline names, with the head that is switched on.

    Raises:
        ConfigError: the pipeline does not hold, or watches no cameras.
        HeadError: the head that the pipeline names cannot be read.
    """
    pipeline = site.config.pipeline
    if pipeline is None:
        yield
        return
    site.live = live = await asyncio.to_thread(_live_of, site, pipeline)
    await live.start()
    leaving = asyncio.create_task(_leave(site, live))
    try:
        yield
    finally:
        if not site.closing.is_set():
            leaving.cancel()
            leaving = asyncio.create_task(live.stop())
        await leaving


def _live_of(site: Site, pipeline: Path) -> Live:
    head = site.teaching.heads.usable_path()
    return Live(
        site.config,
        pipeline,
        feed=site.feed,
        take_line=site.scribe.take,
        on_end=site.scribe.end_going_on,
        head=head,
    )


async def _leave(site: Site, live: Live) -> None:
    """At once, while the page still waits for other answers to end."""
    await site.closing.wait()
    await live.stop()
