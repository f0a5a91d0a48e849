"""The ring holds whole groups of packets, the newest ones, within its seconds and bytes."""

from fractions import Fraction

import pytest
from clips import noise, write_clip
from live_packets import NOON, StreamPacket, live

from ghoststream.video.ring import Ring, detached


@pytest.fixture(scope="module")
def packets(tmp_path_factory: pytest.TempPathFactory) -> list[StreamPacket]:
    """Ten seconds, ten frames in each, one keyframe a second."""
    path = tmp_path_factory.mktemp("ring") / "clip.mp4"
    with live(write_clip(path, frames=100, rate=10, gop=10, picture=noise)) as (_, packets):
        return packets


def filled(packets: list[StreamPacket], *, max_seconds: int, max_bytes: int = 1 << 20) -> Ring:
    ring = Ring(max_seconds=Fraction(max_seconds), max_bytes=max_bytes)
    for packet in packets:
        ring.add(packet)
    return ring


@pytest.mark.parametrize(
    ("since", "first"),
    [("7", 7), ("7.5", 7), ("7.9", 7), ("9.9", 9), ("0", 6), ("100", 9)],
    ids=["at a keyframe", "between", "before one", "newest", "too long ago", "in the future"],
)
def test_since_begins_with_the_keyframe_before(
    packets: list[StreamPacket], since: str, first: int
) -> None:
    ring = filled(packets, max_seconds=3)
    assert ring.since(NOON + Fraction(since)) == packets[first * 10 :]


def test_reaches_back_as_far_as_asked(packets: list[StreamPacket]) -> None:
    for count in range(41, 101):
        ring = filled(packets[:count], max_seconds=3)
        newest = packets[count - 1].time
        kept = ring.since(newest - 3)
        assert kept[0].time <= newest - 3
        assert kept[0].is_keyframe
        assert ring.nbytes == sum(packet.nbytes for packet in ring.since(Fraction(0)))
        assert len(ring.since(Fraction(0))) <= 40


def test_never_more_bytes_than_allowed(packets: list[StreamPacket]) -> None:
    most = sum(packet.nbytes for packet in packets[:25])
    ring = Ring(max_seconds=Fraction(100), max_bytes=most)
    for packet in packets:
        ring.add(packet)
        assert ring.nbytes <= most
    kept = ring.since(Fraction(0))
    assert kept[0].is_keyframe
    assert kept == packets[-len(kept) :]


def test_a_group_that_is_too_large_is_given_up(packets: list[StreamPacket]) -> None:
    ring = filled(packets[:10], max_seconds=3, max_bytes=packets[0].nbytes + 10)
    assert ring.since(Fraction(0)) == []
    assert ring.nbytes == 0


def test_packets_before_the_first_keyframe_are_of_no_use(packets: list[StreamPacket]) -> None:
    assert filled(packets[3:10], max_seconds=3).nbytes == 0
    assert filled(packets[3:15], max_seconds=3).since(Fraction(0)) == packets[10:15]


def test_detached_leaves_the_original_alone(packets: list[StreamPacket]) -> None:
    original = packets[5]
    before = (original.packet.pts, original.packet.dts, original.packet.time_base)
    copy = detached(original, zero=packets[0].pts)
    assert bytes(copy) == bytes(original.packet)
    assert copy.pts == original.pts - packets[0].pts
    copy.pts, copy.time_base = 0, Fraction(1)
    assert (original.packet.pts, original.packet.dts, original.packet.time_base) == before
