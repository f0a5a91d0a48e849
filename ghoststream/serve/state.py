"""How the page itself is, for programs: /healthz and /metrics."""

from collections.abc import Iterator
from typing import Literal

from fastapi import APIRouter
from fastapi.responses import PlainTextResponse
from pydantic import BaseModel

from ghoststream.serve.site import Site, SiteOf

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

router = APIRouter(tags=["state"])


class Health(BaseModel):
    """Whether it answers; says nothing of what it shows, for anybody may ask."""

    status: Literal["ok"] = "ok"


@router.get("/healthz")
async def health() -> Health:
    """Whether the page is up."""
    return Health()


@router.get("/metrics", response_class=PlainTextResponse)
async def metrics(site: SiteOf) -> PlainTextResponse:
    """Numbers for Prometheus."""
    return PlainTextResponse("\n".join(_lines(site)) + "\n", media_type=CONTENT_TYPE)


def _lines(site: Site) -> Iterator[str]:
    restarts = site.worker.restarts + site.converter.restarts
    yield from _family("ghoststream_page_listeners", "gauge", {"": site.feed.subscribers})
    yield from _family("ghoststream_page_sessions", "gauge", {"": site.sessions.count})
    yield from _family("ghoststream_page_worker_restarts_total", "counter", {"": restarts})
    answers = {f'{{status="{status}"}}': n for status, n in sorted(site.answers.items())}
    yield from _family("ghoststream_page_answers_total", "counter", answers)


def _family(name: str, kind: str, values: dict[str, int]) -> Iterator[str]:
    yield f"# TYPE {name} {kind}"
    for labels, value in values.items():
        yield f"{name}{labels} {value}"
