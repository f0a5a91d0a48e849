"""The API of events: listing them, and saying what they really are."""

from typing import Annotated

from fastapi import APIRouter, Query

from ghoststream.serve.events.filters import EventFilters
from ghoststream.serve.events.item import (
    EventItem,
    EventKind,
    EventPage,
    LabelCount,
    Verdict,
    VerdictChange,
)
from ghoststream.serve.site import SiteOf

router = APIRouter(prefix="/api", tags=["events"])

Text = Annotated[str | None, Query(max_length=1000)]


# Functions that wait for the disk are no coroutines, so that they run in threads.
@router.get("/events")
def list_events(
    site: SiteOf,
    kind: EventKind | None = None,
    source: Text = None,
    label: Text = None,
    verdict: Verdict | None = None,
    from_time: Annotated[float | None, Query(alias="from", allow_inf_nan=False)] = None,
    to_time: Annotated[float | None, Query(alias="to", allow_inf_nan=False)] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
    cursor: Annotated[str | None, Query(max_length=4096)] = None,
) -> EventPage:
    """Events of cameras, newest first, then those of videos; with `next_cursor` for the rest."""
    filters = EventFilters(
        kind=kind,
        source=source,
        label=label,
        verdict=verdict,
        from_time=from_time,
        to_time=to_time,
    )
    return site.book.page(filters, limit=limit, cursor=cursor)


@router.get("/events/{event}")
def show_event(site: SiteOf, event: str) -> EventItem:
    """One event."""
    return site.book.item(event)


@router.put("/events/{event}/verdict")
def put_verdict(site: SiteOf, event: str, change: VerdictChange) -> EventItem:
    """Confirms, corrects or dismisses an event."""
    return site.book.say(event, change.verdict, change.label)


@router.delete("/events/{event}/verdict")
def delete_verdict(site: SiteOf, event: str) -> EventItem:
    """Takes back what was said of an event."""
    return site.book.say(event, "none")


@router.get("/labels")
def list_labels(site: SiteOf) -> list[LabelCount]:
    """Labels of all events, the most frequent first."""
    return site.book.labels()
