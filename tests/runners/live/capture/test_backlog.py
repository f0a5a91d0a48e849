"""What waits for the decoder is bounded, and goes on at a keyframe after a gap."""

import threading
from dataclasses import dataclass

from ghoststream.runners.live.capture.backlog import Backlog


@dataclass(frozen=True)
class Coded:
    """A packet whose name begins with K where it is a keyframe."""

    name: str
    nbytes: int = 10

    @property
    def is_keyframe(self) -> bool:
        return self.name.startswith("K")


class Time:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def rest(backlog: Backlog[Coded]) -> list[str]:
    """Names of what waits; an exclamation mark after a gap."""
    backlog.close()
    return [following.packet.name + "!" * following.is_after_gap for following in backlog]


def filled(names: str, *, step_seconds: float = 0.0, **bounds: float) -> Backlog[Coded]:
    clock = Time()
    backlog: Backlog[Coded] = Backlog(clock=clock, **bounds)  # type: ignore[arg-type]
    for name in names.split():
        clock.now += step_seconds
        backlog.add(Coded(name))
    return backlog


def test_all_comes_through_in_order() -> None:
    backlog = filled("K1 a b K2 c")
    assert rest(backlog) == ["K1", "a", "b", "K2", "c"]
    assert backlog.given_up == 0


def test_too_many_bytes_are_given_up_to_the_newest_keyframe() -> None:
    backlog = filled("K1 a b K2 c d", max_bytes=50)
    assert rest(backlog) == ["K2!", "c", "d"]
    assert backlog.given_up == 3


def test_packets_that_wait_too_long_are_given_up() -> None:
    backlog = filled("K1 a b K2 c", step_seconds=0.5, max_seconds=1.9)
    assert rest(backlog) == ["K2!", "c"]
    assert backlog.given_up == 3


def test_without_another_keyframe_all_are_given_up() -> None:
    backlog = filled("K1 a b c", max_bytes=30)
    assert rest(backlog) == []
    assert backlog.given_up == 4


def test_the_first_packet_after_a_gap_tells_of_it() -> None:
    backlog = filled("K1 a b c d K2 e", max_bytes=30)
    assert rest(backlog) == ["d!", "K2", "e"]


def test_a_gap_is_told_once() -> None:
    backlog = filled("K1 a b K2", max_bytes=30)
    assert rest(backlog) == ["K2!"]
    backlog.add(Coded("c"))
    assert rest(backlog) == ["c"]


def test_a_keyframe_that_is_too_large_is_given_up_and_nothing_hangs() -> None:
    backlog: Backlog[Coded] = Backlog(max_bytes=30)
    backlog.add(Coded("K1", nbytes=31))
    assert rest(backlog) == []


def test_the_decoder_waits_for_the_reader() -> None:
    backlog: Backlog[Coded] = Backlog()
    threading.Timer(0.05, backlog.add, (Coded("K1"),)).start()
    threading.Timer(0.1, backlog.close).start()
    assert [following.packet.name for following in backlog] == ["K1"]


def test_what_has_waited_too_long_at_the_end_is_given_up_as_well() -> None:
    clock = Time()
    backlog: Backlog[Coded] = Backlog(clock=clock, max_seconds=2)
    for name in ("K1", "a", "b"):
        backlog.add(Coded(name))
    backlog.close()
    told = []
    for following in backlog:
        told.append(following.packet.name)
        clock.now += 1.5
    assert told == ["K1", "a"]
    assert backlog.given_up == 1


def test_what_is_abandoned_is_not_handed_on() -> None:
    backlog = filled("K1 a b")
    backlog.abandon()
    assert rest(backlog) == []
    assert backlog.given_up == 3
