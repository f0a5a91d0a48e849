"""Whole messages come through, half ones are not waited for, and ends are noticed."""

import socket
import threading
from collections.abc import Iterator
from contextlib import closing

import pytest

from ghoststream.runners.live.line import LENGTH, Line

Ends = tuple[Line, Line]


@pytest.fixture
def ends() -> Iterator[Ends]:
    ours, theirs = map(Line, socket.socketpair())
    with closing(ours), closing(theirs):
        yield ours, theirs


def test_messages_come_in_order(ends: Ends) -> None:
    ours, theirs = ends
    for message in ("a", {"b": 1}, [2.5]):
        theirs.send(message)
    assert ours.receive(5) == ["a", {"b": 1}, [2.5]]
    assert ours.messages() == []
    assert not ours.is_closed


def test_a_large_message_comes_in_parts(ends: Ends) -> None:
    ours, theirs = ends
    large = bytes(10 << 20)
    sending = threading.Thread(target=theirs.send, args=(large,))
    sending.start()
    received: list[object] = []
    while not received:
        received = ours.receive(5)
    sending.join()
    assert received == [large]


def test_nobody_waits_for_the_rest_of_a_message() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        line = Line(ours)
        theirs.sendall(LENGTH.pack(100) + b"half")
        assert line.messages() == []
        theirs.close()
        assert line.messages() == []
        assert line.is_closed


def test_an_end_is_noticed_after_what_came_before(ends: Ends) -> None:
    ours, theirs = ends
    theirs.send("last")
    theirs.close()
    assert ours.messages() == ["last"]
    assert ours.is_closed
    with pytest.raises(BrokenPipeError):
        ours.send("too late")


def test_an_end_that_leaves_something_unread_is_an_end(ends: Ends) -> None:
    ours, theirs = ends
    ours.send("never read")
    theirs.close()
    assert ours.messages() == []
    assert ours.is_closed


def test_an_end_that_does_not_block_fails_where_there_is_no_room() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.setblocking(False)
        with pytest.raises(BlockingIOError):
            Line(ours).send(bytes(10 << 20))
