"""Cameras, their pictures, and news of them."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, suppress
from typing import cast

from fastapi import APIRouter, Response
from fastapi.responses import StreamingResponse
from starlette.types import Message, Receive, Scope, Send

from ghoststream.errors import Busy, NotThere
from ghoststream.serve.feed import server_sent
from ghoststream.serve.live.camera import Camera
from ghoststream.serve.live.cameras import Live
from ghoststream.serve.live.messages import Picture
from ghoststream.serve.site import SiteOf

router = APIRouter(tags=["live"])

BOUNDARY = "ghoststream-picture"
BOUNDARY_LINE = f"--{BOUNDARY}\r\n".encode()
PICTURE_SECONDS = 3.0
"""To wait for the first picture after somebody has asked for one."""
SEND_SECONDS = 30.0
"""After which a client that takes nothing is let go."""
MAX_LISTENERS = 256
"""Of the feed."""
NOT_STORED = {"Cache-Control": "no-store"}


class LiveResponse(StreamingResponse):
    """An answer without an end, to a client that has to take what it asked for."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_in_time(message: Message) -> None:
            async with asyncio.timeout(SEND_SECONDS):
                await send(message)

        try:
            with suppress(TimeoutError):
                await super().__call__(scope, receive, send_in_time)
        finally:
            # Whoever iterates has gone; what stands behind it need not wait for the collector.
            await cast(AsyncGenerator[bytes], self.body_iterator).aclose()


@router.get("/api/cameras")
async def list_cameras(site: SiteOf) -> list[Camera]:
    """All cameras as they are now; none where no pipeline was given."""
    return [] if site.live is None else site.live.cameras()


@router.get(
    "/api/cameras/{name:path}/preview.mjpeg",
    response_class=LiveResponse,
    responses={200: {"content": {"multipart/x-mixed-replace": {}}}},
)
async def watch_camera(name: str, site: SiteOf) -> LiveResponse:
    """Pictures of a camera as they come, as many as the client takes."""
    previews = _live_with(site.live, name).previews
    previews.check_room(name)
    return LiveResponse(
        _parts(previews.pictures(name)),
        media_type=f"multipart/x-mixed-replace; boundary={BOUNDARY}",
        headers=NOT_STORED,
    )


@router.get(
    "/api/cameras/{name:path}/preview.jpg",
    response_class=Response,
    responses={200: {"content": {"image/jpeg": {}}}},
)
async def show_camera(name: str, site: SiteOf) -> Response:
    """The newest picture of a camera."""
    picture = await _live_with(site.live, name).previews.newest(name, PICTURE_SECONDS)
    if picture is None:
        raise NotThere(f"{name} shows nothing now; its state says why")
    return Response(picture.jpeg, media_type="image/jpeg", headers=NOT_STORED)


@router.get(
    "/api/feed",
    response_class=LiveResponse,
    responses={200: {"content": {"text/event-stream": {}}}},
)
async def listen(site: SiteOf) -> LiveResponse:
    """News as they happen: server-sent events of kind event, camera, evidence, training, archive;
    `lost` says how many were left out for a client that is slow."""
    if site.feed.subscribers >= MAX_LISTENERS:
        raise Busy(f"{MAX_LISTENERS} listen already; close another page")
    return LiveResponse(server_sent(site.feed), media_type="text/event-stream", headers=NOT_STORED)


async def _parts(pictures: AsyncIterator[Picture]) -> AsyncGenerator[bytes]:
    """Browsers show a picture once they see the boundary behind it."""
    yield BOUNDARY_LINE
    async with aclosing(cast(AsyncGenerator[Picture], pictures)):
        async for picture in pictures:
            yield _part(picture)


def _part(picture: Picture) -> bytes:
    head = f"Content-Type: image/jpeg\r\nContent-Length: {len(picture.jpeg)}\r\n\r\n"
    return head.encode() + picture.jpeg + b"\r\n" + BOUNDARY_LINE


def _live_with(live: Live | None, name: str) -> Live:
    if live is None or not live.has(name):
        raise NotThere(f"there is no camera {name!r}")
    return live
