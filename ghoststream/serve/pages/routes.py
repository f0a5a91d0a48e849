"""The pages. Each asks what the API would answer, and draws it."""

from collections.abc import Callable, Coroutine
from functools import partial
from typing import Annotated, Any
from urllib.parse import urlencode

from anyio.to_thread import run_sync
from fastapi import APIRouter, File, Query, Request, Response, UploadFile
from fastapi.responses import HTMLResponse, RedirectResponse
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException

from ghoststream.errors import GhostStreamError, NotThere
from ghoststream.serve.archive.item import MomentPage, Video
from ghoststream.serve.archive.routes import (
    list_videos,
    search,
    search_by_picture,
    show_timeline,
    show_video,
)
from ghoststream.serve.events.item import EventKind, Verdict
from ghoststream.serve.events.routes import list_events, list_labels
from ghoststream.serve.live.routes import list_cameras
from ghoststream.serve.pages.drawing import drawn, drawn_apart
from ghoststream.serve.refusals import refusal_of_http, status_of
from ghoststream.serve.site import Site, SiteOf
from ghoststream.serve.teach.collecting import example_items
from ghoststream.serve.teach.routes import teaching_of
from ghoststream.serve.teach.routes import training as show_training

NEWEST = 12
"""Events on the page of cameras."""
ON_A_PAGE = 60
KNOWN = 500
"""Labels and sources that a field proposes."""
THUMBNAILS = 60
"""Of each class."""

Text = Annotated[str, Query(max_length=1000)]
Cursor = Annotated[str | None, Query(max_length=4096)]


class PageRoute(APIRoute):
    """People read an error on a page, too."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        answer = super().get_route_handler()

        async def answer_or_say_why(request: Request) -> Response:
            try:
                return await answer(request)
            except GhostStreamError as error:
                return await problem(request, error)

        return answer_or_say_why


router = APIRouter(
    route_class=PageRoute, include_in_schema=False, default_response_class=HTMLResponse
)


async def problem(request: Request, error: GhostStreamError) -> Response:
    """What went wrong, for people."""
    values = {"title": "That did not work", "message": str(error)}
    site: Site = request.app.state.site
    return await drawn_apart(request, site, "problem.html", status=status_of(error), **values)


async def nothing_there(request: Request, error: HTTPException) -> Response:
    """An address that leads nowhere, typed by a person or asked by a program."""
    is_of_person = "text/html" in request.headers.get("accept", "")
    if error.status_code != 404 or not is_of_person:
        return await refusal_of_http(request, error)
    return await problem(request, NotThere(f"there is no page {request.url.path}"))


@router.get("/")
async def live(request: Request, site: SiteOf) -> Response:
    """Cameras and the newest events; an archive alone has a page of its own."""
    cameras = await list_cameras(site)
    if not cameras and site.config.archive is not None and site.config.pipeline is None:
        return RedirectResponse("/videos", 303)
    events = await run_sync(partial(list_events, site, kind="camera", limit=NEWEST))
    labels = await run_sync(known_labels, site)
    return await drawn_apart(
        request, site, "live.html", cameras=cameras, events=events.items, labels=labels
    )


@router.get("/events")
def events(
    request: Request,
    site: SiteOf,
    kind: EventKind | None = None,
    source: Text = "",
    label: Text = "",
    verdict: Verdict | None = None,
    from_time: Annotated[float | None, Query(alias="from", allow_inf_nan=False)] = None,
    to_time: Annotated[float | None, Query(alias="to", allow_inf_nan=False)] = None,
    cursor: Cursor = None,
) -> Response:
    """Events to look through, judge and collect."""
    page = list_events(
        site,
        kind=kind,
        source=source or None,
        label=label or None,
        verdict=verdict,
        from_time=from_time,
        to_time=to_time,
        limit=ON_A_PAGE,
        cursor=cursor,
    )
    asked = {"kind": kind, "source": source, "label": label, "verdict": verdict}
    query = {**asked, "from": from_time, "to": to_time}
    # What arrives is put on top only where all that arrives belongs there.
    is_limited = any([source, label, verdict, cursor]) or (from_time, to_time) != (None, None)
    is_newest = kind != "archive" and not is_limited
    return drawn(
        request,
        site,
        "events.html",
        asked={**asked, "start": from_time, "end": to_time, "is_newest": is_newest},
        events=page.items,
        next_page=next_page("/events", query, page.next_cursor),
        sources=site.book.sources(limit=KNOWN),
        labels=known_labels(site),
        classes=teaching_of(site).classes.all(),
    )


@router.get("/events/{event}/card")
def event_card(request: Request, site: SiteOf, event: str) -> Response:
    """One event, as it stands in a list."""
    return drawn(request, site, "event_card.html", event=site.book.item(event))


@router.get("/videos")
def videos(request: Request, site: SiteOf, text: Text = "", cursor: Cursor = None) -> Response:
    """What the archive holds."""
    page = list_videos(site, text=text or None, limit=ON_A_PAGE, cursor=cursor)
    return drawn(
        request,
        site,
        "videos.html",
        archive=site.archive.status(),
        text=text,
        videos=page.items,
        next_page=next_page("/videos", {"text": text}, page.next_cursor),
    )


@router.get("/videos/{video}")
async def one_video(request: Request, site: SiteOf, video: str) -> Response:
    """One video, with what it shows when."""
    shown = await run_sync(show_video, site, video)
    timeline = await show_timeline(request, site, video)
    return await drawn_apart(
        request,
        site,
        "video.html",
        video=shown,
        facts=facts_of(shown),
        timeline=timeline,
        classes=await run_sync(teaching_of(site).classes.all),
    )


@router.get("/search")
async def asked_search(
    request: Request,
    site: SiteOf,
    label: Annotated[str, Query(max_length=200)] = "",
    like: Annotated[str, Query(max_length=200)] = "",
) -> Response:
    """Something to look for, and what was found."""
    found = None
    if label or like:
        found = await search(request, site, label=label or None, like=like or None)
    return await drawn_search(request, site, found, label=label, like=like)


@router.post("/search")
async def picture_search(
    request: Request, site: SiteOf, picture: Annotated[UploadFile, File()]
) -> Response:
    """What looks like a picture."""
    return await drawn_search(request, site, await search_by_picture(request, site, picture))


async def drawn_search(
    request: Request, site: Site, found: MomentPage | None, *, label: str = "", like: str = ""
) -> Response:
    """The page of a search."""
    place = await run_sync(source_of, site, like) if like else None
    return await drawn_apart(
        request,
        site,
        "search.html",
        asked={"label": label, "like": like, "place": place},
        moments=None if found is None else found.items,
        labels=await run_sync(known_labels, site),
        classes=await run_sync(teaching_of(site).classes.all),
    )


def source_of(site: Site, like: str) -> tuple[str, float]:
    """Which moment of which video others are to be like."""
    video, _, seconds = like.rpartition("@")
    return site.archive.catalogue.get(video).source, float(seconds)


@router.get("/teach")
def teach(request: Request, site: SiteOf) -> Response:
    """Classes, trainings and heads."""
    teaching = teaching_of(site)
    classes = teaching.classes.all()
    examples = {
        each.name: example_items(site.review, teaching.examples.of(each.name, limit=THUMBNAILS))
        for each in classes
    }
    return drawn(
        request,
        site,
        "teach.html",
        classes=classes,
        examples=examples,
        trainings=teaching.trainer.all(),
        heads=teaching.heads.all(),
        model=site.archive.status().model or site.config.model,
    )


@router.get("/trainings/{training}")
def one_training(request: Request, site: SiteOf, training: str) -> Response:
    """How a training went."""
    return drawn(
        request, site, "training.html", training=show_training(training, teaching_of(site))
    )


@router.get("/sign-in")
def sign_in(request: Request, site: SiteOf) -> Response:
    """Asks for the password, where there is one."""
    if site.access.is_open:
        return RedirectResponse("/", 303)
    return drawn(request, site, "sign_in.html")


def known_labels(site: Site) -> list[str]:
    """The most frequent labels, and the classes that are taught."""
    classes = [each.name for each in teaching_of(site).classes.all()]
    return list(dict.fromkeys([*classes, *(each.label for each in list_labels(site)[:KNOWN])]))


def next_page(path: str, query: dict[str, Any], cursor: str | None) -> str | None:
    """Address of the rest of a list; None where there is no more."""
    if cursor is None:
        return None
    given = {name: value for name, value in query.items() if value not in (None, "")}
    return f"{path}?{urlencode({**given, 'cursor': cursor})}"


def facts_of(video: Video) -> list[tuple[str, str]]:
    """What is known of a video, by name."""
    header = video.header or {}
    model = header.get("model", {})
    facts = {
        "Size": f"{video.width} x {video.height}" if video.width else None,
        "Frames a second": video.average_rate,
        "Codec": video.codec,
        "Container": video.container,
        "Clock": header.get("clock"),
        "Clips": str(video.clips),
        "Network": model.get("name"),
        "Weights": " ".join(filter(None, [model.get("weights"), model.get("sha256", "")[:12]])),
        "Ran on": model.get("runtime"),
        "Version": header.get("version"),
    }
    return [(name, value) for name, value in facts.items() if value]
