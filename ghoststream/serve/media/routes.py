"""Pictures and videos, by opaque ids; the paths come from the store and the evidence."""

from pathlib import Path
from typing import Annotated, Any, TypeAlias

import anyio.to_thread
from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import FileResponse

from ghoststream.errors import Unsuitable
from ghoststream.serve.media.file import MediaFile
from ghoststream.serve.media.links import MAX_STRETCH_SECONDS, STILL_SIDE
from ghoststream.serve.media.media import still_tag
from ghoststream.serve.media.playable import MEDIA_TYPES
from ghoststream.serve.media.playback import checked_stretch
from ghoststream.serve.media.stills import SIDES
from ghoststream.serve.site import Site, SiteOf
from ghoststream.serve.wanted import wanted_by

router = APIRouter(prefix="/api", tags=["media"])

MAX_SECONDS = 1e9

_KEPT = {"Cache-Control": "private, max-age=86400"}
_ASKED_ANEW = {"Cache-Control": "private, no-cache"}
_JPEG: dict[int | str, dict[str, Any]] = {
    200: {"content": {"image/jpeg": {}}},
    304: {"description": "Still the same"},
}
_VIDEO: dict[int | str, dict[str, Any]] = {
    200: {"content": {"video/mp4": {}, "video/webm": {}}},
    206: {"content": {"video/mp4": {}, "video/webm": {}}},
    416: {"description": "No such part"},
}

Seconds: TypeAlias = Annotated[float, Query(ge=-MAX_SECONDS, le=MAX_SECONDS)]
SomeSeconds: TypeAlias = Annotated[float | None, Query(ge=-MAX_SECONDS, le=MAX_SECONDS)]


@router.head("/videos/{video}/still.jpg", include_in_schema=False)
@router.get("/videos/{video}/still.jpg", response_class=FileResponse, responses=_JPEG)
async def video_still(
    request: Request, site: SiteOf, video: str, seconds: Seconds, side: int = STILL_SIDE
) -> Response:
    """The picture that a video shows at a time, in seconds on its own clock."""
    if side not in SIDES:
        raise Unsuitable(f"a side of {side} is not to be had; take one of {SIDES}")
    file = await _archived(site, video)
    tag = still_tag(file, seconds, side)
    if (same := _same(request, tag)) is not None:
        return same
    path = await site.media.still(file, seconds, side, is_wanted=wanted_by(request))
    return _jpeg(path, tag)


@router.head("/videos/{video}/playback", include_in_schema=False)
@router.get("/videos/{video}/playback", response_class=FileResponse, responses=_VIDEO)
async def video_playback(
    request: Request,
    site: SiteOf,
    video: str,
    start: SomeSeconds = None,
    end: SomeSeconds = None,
) -> Response:
    """The file itself, in ranges, where browsers play it; else a stretch of it, converted."""
    found = await anyio.to_thread.run_sync(site.archive.whole, video)
    if found.is_playable:
        return _file(found.file)
    stretch = checked_stretch(start, end)
    path = await site.media.stretch(found.file, *stretch, is_wanted=wanted_by(request))
    return FileResponse(path, media_type="video/mp4", headers=_ASKED_ANEW)


@router.head("/events/{event}/still.jpg", include_in_schema=False)
@router.get("/events/{event}/still.jpg", response_class=FileResponse, responses=_JPEG)
async def event_still(request: Request, site: SiteOf, event: str) -> Response:
    """The thumbnail that a camera has kept of an event."""
    file = await _kept(site, event, "thumbnail")
    tag = file.key()
    return _same(request, tag) or _jpeg(file.path, tag)


@router.head("/events/{event}/playback", include_in_schema=False)
@router.get("/events/{event}/playback", response_class=FileResponse, responses=_VIDEO)
async def event_playback(request: Request, site: SiteOf, event: str) -> Response:
    """The clip that a camera has kept of an event, converted where browsers do not play it."""
    file = await _kept(site, event, "clip")
    if await site.media.plays(file):
        return _file(file)
    # Clips of evidence begin at zero.
    path = await site.media.stretch(file, 0.0, MAX_STRETCH_SECONDS, is_wanted=wanted_by(request))
    return FileResponse(path, media_type="video/mp4", headers=_ASKED_ANEW)


async def _archived(site: Site, video: str) -> MediaFile:
    return (await anyio.to_thread.run_sync(site.archive.whole, video)).file


async def _kept(site: Site, event: str, kind: str) -> MediaFile:
    found = await anyio.to_thread.run_sync(site.book.evidence, event, kind)
    await anyio.to_thread.run_sync(found.file.require_unchanged)
    return found.file


def _same(request: Request, tag: str) -> Response | None:
    """An answer without a picture, where the browser has it already."""
    if f'"{tag}"' not in request.headers.get("if-none-match", ""):
        return None
    return Response(status_code=304, headers={**_KEPT, "ETag": f'"{tag}"'})


def _jpeg(path: Path, tag: str) -> FileResponse:
    headers = {**_KEPT, "ETag": f'"{tag}"'}
    return FileResponse(path, media_type="image/jpeg", headers=headers)


def _file(file: MediaFile) -> FileResponse:
    media_type = MEDIA_TYPES[file.path.suffix.lower()]
    return FileResponse(file.path, media_type=media_type, headers=_ASKED_ANEW)
