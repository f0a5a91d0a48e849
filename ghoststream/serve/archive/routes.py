"""The API of archives: their videos, what these show, and searching them."""

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import anyio.to_thread
from fastapi import APIRouter, File, Query, Request, UploadFile

from ghoststream.archive.moments import Moment
from ghoststream.archive.schema import VIDEOS
from ghoststream.archive.store import quoted
from ghoststream.errors import Unsuitable
from ghoststream.serve.archive.archive import Archive
from ghoststream.serve.archive.catalogue import CataloguedVideo
from ghoststream.serve.archive.found import moment_items, with_corrected, without_denied
from ghoststream.serve.archive.item import (
    ArchiveStatus,
    MomentPage,
    Timeline,
    Video,
    VideoPage,
)
from ghoststream.serve.archive.query import (
    Place,
    named_timeline,
    search_like,
    search_picture,
    search_word,
)
from ghoststream.serve.archive.timeline import span_of, stored_rows, timeline_of
from ghoststream.serve.archive.upload import received
from ghoststream.serve.events.item import EventItem
from ghoststream.serve.media.links import MAX_STRETCH_SECONDS, video_playback
from ghoststream.serve.shielded import shielded
from ghoststream.serve.site import Site, SiteOf
from ghoststream.serve.wanted import wanted_by

router = APIRouter(prefix="/api", tags=["archive"])

SEARCH_TIMEOUT_SECONDS = 120.0
"""The first one loads the network."""
MAX_EVENTS = 2000
"""Of a timeline."""
MAX_DENIED = 1000
"""Events that a search by word knows not to show."""
MAX_SECONDS = 1e9

Limit = Annotated[int, Query(ge=1, le=200)]


# Functions that wait for the disk are no coroutines, so that they run in threads.
@router.get("/archive")
def show_archive(site: SiteOf) -> ArchiveStatus:
    """What there is, and how far its labelling is."""
    return site.archive.status()


@router.get("/videos")
def list_videos(
    site: SiteOf,
    text: Annotated[str | None, Query(max_length=1000)] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
    cursor: Annotated[str | None, Query(max_length=4096)] = None,
) -> VideoPage:
    """Videos by name, those with a text in it; with `next_cursor` for the rest."""
    return site.archive.catalogue.page(text=text, limit=limit, cursor=cursor)


@router.get("/videos/{video}")
def show_video(site: SiteOf, video: str) -> Video:
    """All that is known of a video."""
    known, item = site.archive.catalogue.get(video), site.archive.catalogue.item(video)
    header = _header(site.archive, known)
    stream: dict[str, Any] = header.get("stream", {}) if header else {}
    names = ("width", "height", "codec", "container", "average_rate")
    facts = {name: stream.get(name) for name in names}
    return Video.model_validate(
        item.model_dump()
        | facts
        | {"is_playable": known.is_playable, "playback": _playback(known), "header": header}
    )


@router.get("/videos/{video}/timeline")
async def show_timeline(request: Request, site: SiteOf, video: str) -> Timeline:
    """What a video shows when: its clips with their labels, and its events.

    Of the head that is switched on, once it has named the archive.
    """
    known = await anyio.to_thread.run_sync(site.archive.catalogue.get, video)
    head = await anyio.to_thread.run_sync(_shown_head, site)
    if head is None:
        return await anyio.to_thread.run_sync(_stored_timeline, site, known)
    place = await anyio.to_thread.run_sync(_place, site)
    called = site.worker.call(
        named_timeline,
        place,
        known,
        head,
        timeout_seconds=SEARCH_TIMEOUT_SECONDS,
        is_wanted=wanted_by(request),
    )
    timeline = await shielded(called)
    return await anyio.to_thread.run_sync(_with_events, site, known, timeline)


@router.get("/search")
async def search(
    request: Request,
    site: SiteOf,
    label: Annotated[str | None, Query(min_length=1, max_length=200)] = None,
    like: Annotated[str | None, Query(max_length=200)] = None,
    limit: Limit = 24,
) -> MomentPage:
    """Moments that show a label, or that look like another one: `like=VIDEO@SECONDS`."""
    if like is not None and label is None:
        return await _search_like(request, site, like, limit)
    if label is not None and like is None:
        return await _search_word(request, site, label, limit)
    raise Unsuitable("a search needs one of label=WORD and like=VIDEO@SECONDS")


@router.post("/search")
async def search_by_picture(
    request: Request, site: SiteOf, picture: Annotated[UploadFile, File()], limit: Limit = 24
) -> MomentPage:
    """Moments that look like a picture."""
    place = await anyio.to_thread.run_sync(_place, site)
    async with received(picture, site.media.uploads) as path:
        return await _searched(request, site, search_picture, place, path, limit)


def _stored_timeline(site: Site, known: CataloguedVideo) -> Timeline:
    start, end = span_of(known)
    rows = stored_rows(site.archive.store(), known.video)
    timeline = timeline_of(rows, clips=known.clips, start_seconds=start, end_seconds=end)
    return _with_events(site, known, timeline)


def _with_events(site: Site, known: CataloguedVideo, timeline: Timeline) -> Timeline:
    events = site.book.of_video(known.video, limit=MAX_EVENTS)
    return timeline.model_copy(update={"events": events})


def _shown_head(site: Site) -> Path | None:
    """File of the head whose events are shown; None: the store's own."""
    name = site.book.shown_head()
    if name is None or site.teaching.heads.active() != name:
        return None
    return site.teaching.heads.active_path()


async def _search_like(request: Request, site: Site, like: str, limit: int) -> MomentPage:
    place = await anyio.to_thread.run_sync(_place, site)
    id, seconds = _moment(like)
    known = await anyio.to_thread.run_sync(site.archive.catalogue.get, id)
    return await _searched(
        request, site, search_like, place, known.video, known.file, seconds, limit
    )


async def _search_word(request: Request, site: Site, label: str, limit: int) -> MomentPage:
    place = await anyio.to_thread.run_sync(_place, site)
    denied = await anyio.to_thread.run_sync(_denied, site, label)
    page = await _searched(request, site, search_word, place, label, limit + len(denied))
    corrected = await anyio.to_thread.run_sync(_corrected, site, label, limit)
    found = without_denied(page.items, denied)
    return MomentPage(items=with_corrected(corrected, found, limit))


async def _searched(
    request: Request, site: Site, function: Callable[..., list[Moment]], *args: object
) -> MomentPage:
    called = site.worker.call(
        function,
        *args,
        timeout_seconds=SEARCH_TIMEOUT_SECONDS,
        is_wanted=wanted_by(request),
    )
    moments = await shielded(called)
    catalogue = site.archive.catalogue
    return MomentPage(items=await anyio.to_thread.run_sync(moment_items, moments, catalogue))


def _corrected(site: Site, label: str, limit: int) -> list[EventItem]:
    return site.book.corrected_to(label, limit=limit)


def _denied(site: Site, label: str) -> list[EventItem]:
    return site.book.denied(label, limit=MAX_DENIED)


def _place(site: Site) -> Place:
    store, config = site.archive.store(), site.config
    return Place(
        address=store.address,
        version=store.table(VIDEOS).version,
        weights=str(config.weights or "auto"),
        device=config.device,
        precision=config.precision,
    )


def _moment(like: str) -> tuple[str, float]:
    id, _, text = like.rpartition("@")
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not id or not abs(seconds) < MAX_SECONDS:
        raise Unsuitable("a moment is VIDEO@SECONDS, with the id of a video: like=ID@12.5")
    return id, seconds


def _playback(known: CataloguedVideo) -> str | None:
    if known.status != "done":
        return None
    start = known.start_seconds or 0.0
    if known.is_playable:
        return f"/api/videos/{known.id}/playback"
    end = start + min(known.duration_seconds or MAX_STRETCH_SECONDS, MAX_STRETCH_SECONDS)
    return video_playback(known.id, start, end, is_playable=False)


def _header(archive: Archive, known: CataloguedVideo) -> dict[str, Any] | None:
    where = f"video = {quoted([known.video])}"
    rows = archive.store().videos(where, columns=["header"]).to_pylist()
    header: dict[str, Any] | None = json.loads(rows[0]["header"] or "null") if rows else None
    return header
