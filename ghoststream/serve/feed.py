"""News for all who look at the page, as server-sent events.

feed.publish("event", {"id": ...})  # from any thread

with feed.subscribe() as news:
    async for item in news: ...
"""

import asyncio
import json
import threading
from collections import deque
from collections.abc import AsyncGenerator, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Self, TypeAlias

Kind: TypeAlias = Literal["event", "camera", "evidence", "training", "archive", "lost"]

QUEUE_ITEMS = 256
"""For one who reads slowly; beyond it the oldest go, and it is told how many."""
HEARTBEAT_SECONDS = 15.0
"""So that proxies keep a silent connection, and one that has gone is noticed."""
HEARTBEAT = b":\n\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """One thing that has happened; `lost` says how many were left out before the next."""

    kind: Kind
    data: Mapping[str, Any]


class Feed:
    """Gives what is published to each who has subscribed; nobody waits for anybody."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._subscriptions: set[Subscription] = set()
        self._is_closed = False

    @property
    def subscribers(self) -> int:
        """So many listen now."""
        return len(self._subscriptions)

    def publish(self, kind: Kind, data: Mapping[str, Any]) -> None:
        """Tells all; may be called in any thread, and never waits.

        Args:
            kind: what the page listens for by name.
            data: ready for JSON.
        """
        news = News(kind=kind, data=data)
        with self._lock:
            for subscription in self._subscriptions:
                subscription.add(news)

    def subscribe(self) -> "Subscription":
        """What is published from now on; called on the event loop that iterates over it."""
        subscription = Subscription(self)
        with self._lock:
            if self._is_closed:
                subscription.end()
            self._subscriptions.add(subscription)
        return subscription

    def leave(self, subscription: "Subscription") -> None:
        """Forgets one who has gone."""
        with self._lock:
            self._subscriptions.discard(subscription)

    def close(self) -> None:
        """Ends all that listen, once they have read what they have; may be called in any thread."""
        with self._lock:
            self._is_closed = True
            for subscription in self._subscriptions:
                subscription.end()


class Subscription:
    """An iterator over news that waits for them, and a context that leaves the feed."""

    def __init__(self, feed: Feed) -> None:
        self._feed = feed
        self._loop = asyncio.get_running_loop()
        self._changed = asyncio.Event()
        self._queue: deque[News] = deque()
        self._lost = 0
        self._is_ended = False

    def add(self, news: News) -> None:
        """Called by the feed, in any thread."""
        self._wake(self._append, news)

    def end(self) -> None:
        """Called by the feed, in any thread."""
        self._wake(self._finish)

    def _wake(self, change: Callable[..., None], *args: News) -> None:
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(change, *args)

    def _append(self, news: News) -> None:
        self._queue.append(news)
        if len(self._queue) > QUEUE_ITEMS:
            self._queue.popleft()
            self._lost += 1
        self._changed.set()

    def _finish(self) -> None:
        self._is_ended = True
        self._changed.set()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> News:
        while not (self._queue or self._is_ended):
            self._changed.clear()
            await self._changed.wait()
        if self._lost:
            lost, self._lost = self._lost, 0
            return News(kind="lost", data={"count": lost})
        if not self._queue:
            raise StopAsyncIteration
        return self._queue.popleft()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._feed.leave(self)


async def server_sent(feed: Feed) -> AsyncGenerator[bytes, None]:
    """The body of an answer of type text/event-stream, until the feed or the client ends."""
    with feed.subscribe() as news:
        yield HEARTBEAT  # the headers go out now, and not with the first news
        while True:
            try:
                item = await asyncio.wait_for(anext(news), HEARTBEAT_SECONDS)
            except TimeoutError:
                yield HEARTBEAT
            except StopAsyncIteration:
                return
            else:
                yield _encoded(item)


def _encoded(news: News) -> bytes:
    data = json.dumps(news.data, ensure_ascii=False)
    return f"event: {news.kind}\ndata: {data}\n\n".encode()
