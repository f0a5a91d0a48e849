"""Clients of a page for some seconds, in one process; prints as JSON what they got.

    python look_on.py http://127.0.0.1:8008 --cameras cam0 cam1 --seconds 30 \
        --pictures 6 --feeds 3 --events 3 --ranges 3 --slow-pictures 3 --slow-feeds 2

Those that look at pictures take turns over the cameras. Slow ones read a thousand bytes a second.
"""

import argparse
import asyncio
import json
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import cycle
from urllib.parse import quote, urlsplit

KINDS = ("pictures", "feeds", "events", "ranges", "slow_pictures", "slow_feeds")
SLOW_BYTES = 1000
RANGE_BYTES = 256 << 10
BOUNDARY = b"--ghoststream-picture\r\n"

parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("url")
parser.add_argument("--cameras", nargs="+", required=True)
parser.add_argument("--seconds", type=float, default=30)
for kind in KINDS:
    parser.add_argument(f"--{kind.replace('_', '-')}", type=int, default=0)
options = parser.parse_args()
host, port = urlsplit(options.url).hostname, urlsplit(options.url).port
got: Counter[str] = Counter()


@asynccontextmanager
async def opened(
    path: str, *headers: str, limit: int = 1 << 16
) -> AsyncIterator[asyncio.StreamReader]:
    """The answer to a request, from its first byte on."""
    reader, writer = await asyncio.open_connection(host, port, limit=limit)
    lines = [f"GET {path} HTTP/1.1", f"Host: {host}:{port}", "Connection: close", *headers, "", ""]
    writer.write("\r\n".join(lines).encode())
    try:
        yield reader
    finally:
        writer.close()


async def whole(path: str, *headers: str) -> bytes:
    """The body of an answer."""
    async with opened(path, *headers) as reader:
        answer = await reader.read()
    head, _, body = answer.partition(b"\r\n\r\n")
    got["refused"] += not head.startswith((b"HTTP/1.1 200", b"HTTP/1.1 206"))
    return body


def film(camera: str) -> str:
    return f"/api/cameras/{quote(camera, '')}/preview.mjpeg"


async def pictures(camera: str) -> None:
    rest = b""
    async with opened(film(camera)) as reader:
        while chunk := await reader.read(1 << 16):
            got["picture_bytes"] += len(chunk)
            *whole_ones, rest = (rest + chunk).split(BOUNDARY)
            got["pictures"] += len(whole_ones)


async def feeds(_: str) -> None:
    async with opened("/api/feed") as reader:
        while line := await reader.readline():
            got["news"] += line.startswith(b"event:")


async def events(_: str) -> None:
    while True:
        await whole("/events")
        await whole("/api/events?limit=50")
        got["event_pages"] += 1
        await asyncio.sleep(1)


async def ranges(_: str) -> None:
    while True:
        found = json.loads(_dechunked(await whole("/api/events?limit=50")) or b'{"items": []}')
        for address in [item["playback"] for item in found["items"] if item["playback"]][:5]:
            body = await whole(address, f"Range: bytes=0-{RANGE_BYTES - 1}")
            got["range_bytes"] += len(body)
            await asyncio.sleep(0.2)
        await asyncio.sleep(1)


def _dechunked(body: bytes) -> bytes:
    """Of JSON: what stands between the first and the last bracket."""
    return body[body.find(b"{") : body.rfind(b"}") + 1]


async def slow_pictures(camera: str) -> None:
    await slowly(film(camera))


async def slow_feeds(_: str) -> None:
    await slowly("/api/feed")


async def slowly(path: str) -> None:
    async with opened(path, limit=SLOW_BYTES) as reader:
        while await reader.read(SLOW_BYTES):
            await asyncio.sleep(1)


async def all_of_them() -> None:
    cameras = cycle(options.cameras)
    clients = [
        globals()[kind](next(cameras)) for kind in KINDS for _ in range(getattr(options, kind))
    ]
    tasks = [asyncio.create_task(client) for client in clients]
    _, lasting = await asyncio.wait(tasks, timeout=options.seconds)
    got["gone"] = len(tasks) - len(lasting)
    for task in lasting:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


began = time.monotonic()
asyncio.run(all_of_them())
print(json.dumps({"seconds": time.monotonic() - began, **got}))
