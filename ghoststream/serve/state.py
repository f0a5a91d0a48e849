"""How the page itself is, for programs: /healthz and /metrics."""

from collections.abc import Callable, Iterator, Mapping
from typing import Literal

from fastapi import APIRouter
from fastapi.responses import PlainTextResponse
from pydantic import BaseModel

from ghoststream.serve.live.camera import Camera
from ghoststream.serve.site import Site, SiteOf

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

CAMERA_VALUES: tuple[tuple[str, str, Callable[[Camera], float]], ...] = (
    ("running", "gauge", lambda camera: int(camera.state == "running")),
    ("process_fps", "gauge", lambda camera: camera.fps),
    ("reconnects_total", "counter", lambda camera: camera.reconnects),
    ("stalls_total", "counter", lambda camera: camera.stalls),
    ("dropped_total", "counter", lambda camera: camera.dropped),
)

router = APIRouter(tags=["state"])


class Health(BaseModel):
    """Says nothing of what the page shows, for anybody may ask."""

    status: Literal["ok", "degraded"]
    """Degraded where a camera does not run; the page answers all the same."""


@router.get("/healthz")
async def health(site: SiteOf) -> Health:
    """Whether the page is up, and all that it watches."""
    is_well = all(camera.state == "running" for camera in _cameras(site))
    return Health(status="ok" if is_well else "degraded")


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
    for name, kind, value in CAMERA_VALUES:
        cameras = {f'{{camera="{_escaped(c.name)}"}}': value(c) for c in _cameras(site)}
        yield from _family(f"ghoststream_page_camera_{name}", kind, cameras)


def _cameras(site: Site) -> list[Camera]:
    return [] if site.live is None else site.live.cameras()


def _escaped(name: str) -> str:
    for character, escape in (("\\", r"\\"), ('"', r"\""), ("\n", r"\n")):
        name = name.replace(character, escape)
    return name


def _family(name: str, kind: str, values: Mapping[str, float]) -> Iterator[str]:
    yield f"# TYPE {name} {kind}"
    for labels, value in values.items():
        yield f"{name}{labels} {value}"
