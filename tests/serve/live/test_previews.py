"""One picture for all who look: the newest, when they are ready for it."""

import asyncio
from collections.abc import Coroutine
from fractions import Fraction
from typing import Any

import pytest

from ghoststream.errors import Busy
from ghoststream.serve.live import previews as previews_module
from ghoststream.serve.live.messages import Picture
from ghoststream.serve.live.previews import Previews


class Gate:
    """A camera, and how often it was asked for pictures."""

    def __init__(self, max_viewers: int = 64) -> None:
        self.asked: list[tuple[str, float]] = []
        self.previews = Previews(lambda *asked: self.asked.append(asked), max_viewers=max_viewers)
        self._tasks: list[asyncio.Task[None]] = []

    def shows(self, number: int) -> None:
        self.previews.add(Picture(camera="gate", time=Fraction(number), jpeg=b"jpeg"))

    def viewer(self, seen: list[int], *, is_slow: asyncio.Event | None = None) -> None:
        async def look() -> None:
            async for picture in self.previews.pictures("gate"):
                seen.append(int(picture.time))
                if is_slow is not None:
                    await is_slow.wait()

        self._tasks.append(asyncio.create_task(look()))

    async def end(self) -> None:
        self.previews.close()
        await asyncio.wait_for(asyncio.gather(*self._tasks), 5)


def run(test: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(test, 20))


async def turns() -> None:
    """Lets all others go as far as they can."""
    for _ in range(10):
        await asyncio.sleep(0)


def test_fifty_viewers_are_one_who_asks() -> None:
    async def test() -> None:
        gate = Gate()
        seen: list[list[int]] = [[] for _ in range(50)]
        for one in seen:
            gate.viewer(one)
        await turns()
        assert gate.previews.viewers("gate") == 50
        for number in (1, 2, 3):
            gate.shows(number)
            await turns()
        await gate.end()
        assert seen == [[1, 2, 3]] * 50
        assert gate.asked == [("gate", previews_module.SHOWN_SECONDS)]
        assert gate.previews.viewers("gate") == 0

    run(test())


def test_it_is_asked_again_as_long_as_somebody_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(previews_module, "ASK_SECONDS", 0.01)

    async def test() -> None:
        gate = Gate()
        gate.viewer([])
        while len(gate.asked) < 3:
            await asyncio.sleep(0.01)
        await gate.end()
        asked = len(gate.asked)
        await asyncio.sleep(0.05)
        assert len(gate.asked) == asked

    run(test())


def test_a_slow_viewer_misses_pictures_and_holds_up_nobody() -> None:
    async def test() -> None:
        gate, ready = Gate(), asyncio.Event()
        slow: list[int] = []
        quick: list[int] = []
        gate.viewer(slow, is_slow=ready)
        gate.viewer(quick)
        await turns()
        for number in range(1, 101):
            gate.shows(number)
            await turns()
        ready.set()
        await turns()
        await gate.end()
        assert quick == list(range(1, 101))
        assert slow == [1, 100]

    run(test())


def test_who_only_stalls_asks_for_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(previews_module, "ASK_SECONDS", 0.01)

    async def test() -> None:
        gate, never = Gate(), asyncio.Event()
        gate.viewer([], is_slow=never)
        await turns()
        gate.shows(1)
        await turns()
        asked = len(gate.asked)
        await asyncio.sleep(0.05)
        assert len(gate.asked) == asked
        never.set()
        await gate.end()

    run(test())


def test_the_last_picture_comes_again_to_find_out_who_has_gone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(previews_module, "ASK_SECONDS", 0.01)
    monkeypatch.setattr(previews_module, "AGAIN_SECONDS", 0.05)

    async def test() -> None:
        gate = Gate()
        seen: list[int] = []
        gate.shows(7)
        gate.viewer(seen)
        while len(seen) < 3:
            await asyncio.sleep(0.01)
        await gate.end()
        assert set(seen) == {7}

    run(test())


def test_viewers_are_limited_and_make_room_when_they_go() -> None:
    async def test() -> None:
        gate = Gate(max_viewers=2)
        for _ in range(2):
            gate.previews.check_room("gate")
            gate.viewer([])
            await turns()
        with pytest.raises(Busy, match="2 look at this camera already"):
            gate.previews.check_room("gate")
        gate.previews.check_room("door")
        await gate.end()
        gate.previews.check_room("gate")

    run(test())


def test_the_newest_picture_is_one_of_now(monkeypatch: pytest.MonkeyPatch) -> None:
    async def test() -> None:
        gate = Gate()
        assert await gate.previews.newest("gate", 0.01) is None
        assert gate.asked == [("gate", 5.0)]
        waiting = asyncio.create_task(gate.previews.newest("gate", 5))
        await turns()
        gate.shows(1)
        picture = await waiting
        assert picture is not None
        assert picture.time == 1
        monkeypatch.setattr(previews_module, "STALE_SECONDS", 0)
        assert await gate.previews.newest("gate", 0.01) is None

    run(test())


def test_pictures_of_cameras_that_are_gone_are_forgotten() -> None:
    async def test() -> None:
        gate = Gate()
        gate.shows(1)
        gate.previews.keep({"gate"})
        assert await gate.previews.newest("gate", 0) is not None
        gate.previews.keep({"door"})
        assert await gate.previews.newest("gate", 0) is None

    run(test())
