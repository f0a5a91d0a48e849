import asyncio
import threading
from contextlib import aclosing

import pytest

from ghoststream.serve.feed import QUEUE_ITEMS, Feed, server_sent


def test_all_who_listen_are_told() -> None:
    async def listen() -> list[list[int]]:
        feed = Feed()
        feed.publish("event", {"n": 0})  # nobody listens yet
        with feed.subscribe() as one, feed.subscribe() as two:
            assert feed.subscribers == 2
            told = threading.Thread(
                target=lambda: [feed.publish("event", {"n": n}) for n in (1, 2)]
            )
            told.start()
            heard = [[(await anext(who)).data["n"] for _ in range(2)] for who in (one, two)]
            told.join()
        assert feed.subscribers == 0
        return heard

    assert asyncio.run(listen()) == [[1, 2], [1, 2]]


def test_one_who_is_slow_loses_the_oldest_and_is_told() -> None:
    async def listen() -> list[tuple[str, int]]:
        feed = Feed()
        with feed.subscribe() as news:
            for n in range(QUEUE_ITEMS + 3):
                feed.publish("camera", {"n": n})
            feed.close()
            return [(item.kind, *item.data.values()) async for item in news]

    heard = asyncio.run(listen())
    assert heard[:2] == [("lost", 3), ("camera", 3)]
    assert heard[-1] == ("camera", QUEUE_ITEMS + 2)
    assert len(heard) == QUEUE_ITEMS + 1


def test_an_answer_without_an_end_ends_with_the_page() -> None:
    async def listen() -> bytes:
        feed = Feed()
        body = server_sent(feed)
        heard = [await anext(body)]
        feed.publish("event", {"label": "a\nb ä"})
        feed.close()
        heard += [part async for part in body]
        assert [part async for part in server_sent(feed)] == [b":\n\n"]  # after the end, too
        return b"".join(heard)

    expected = ':\n\nevent: event\ndata: {"label": "a\\nb ä"}\n\n'
    assert asyncio.run(listen()) == expected.encode()


def test_a_silent_connection_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ghoststream.serve.feed.HEARTBEAT_SECONDS", 0.01)

    async def listen() -> list[bytes]:
        feed = Feed()
        async with aclosing(server_sent(feed)) as body:
            heard = [await anext(body) for _ in range(3)]
            feed.publish("event", {})
            heard.append(await anext(body))
        assert feed.subscribers == 0
        return heard

    assert asyncio.run(listen()) == [b":\n\n"] * 3 + [b"event: event\ndata: {}\n\n"]
