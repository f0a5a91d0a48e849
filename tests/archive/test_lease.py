"""One of those who want to write to a store in an object store may, and for how long."""

import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from ghoststream.archive import lease as lease_module
from ghoststream.archive.database import Connection, connect
from ghoststream.archive.lease import Lease, leased
from ghoststream.errors import StoreBusy


class Clock:
    """Seconds since 1970, as the test says."""

    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def connection(tmp_path: Path) -> Connection:
    return connect(tmp_path)


def refusal(connection: Connection, clock: Callable[[], float]) -> str:
    with pytest.raises(StoreBusy) as caught, leased(connection, "s3://a", clock=clock):
        pass
    return str(caught.value)


def test_one_at_a_time(connection: Connection) -> None:
    clock = Clock()
    with leased(connection, "s3://a", clock=clock) as lease:
        lease.require()
        assert refusal(connection, clock).startswith("another process writes to s3://a; wait")
    with leased(connection, "s3://a", clock=clock) as lease:
        lease.require()


def test_it_runs_out_where_its_holder_was_killed(connection: Connection) -> None:
    clock = Clock()
    killed = Lease(lease_module._table(connection), "s3://a", clock)
    killed.take()
    clock.now += lease_module.LEASE_SECONDS - 1
    assert refusal(connection, clock)
    clock.now += 2
    with leased(connection, "s3://a", clock=clock) as lease:
        lease.require()
        with pytest.raises(StoreBusy, match="the right to write to s3://a has run out"):
            killed.require()
        # It was only asleep, but cannot take back what is another one's now.
        killed.renew_until(_over_after(1))
        with pytest.raises(StoreBusy):
            killed.require()
        lease.require()


def _over_after(waits: int) -> threading.Event:
    class Impatient(threading.Event):
        left = waits

        def wait(self, timeout: float | None = None) -> bool:
            self.left -= 1
            return self.left < 0

    return Impatient()


def test_it_is_renewed(connection: Connection) -> None:
    clock = Clock()
    lease = Lease(lease_module._table(connection), "s3://a", clock)
    lease.take()
    for _ in range(5):
        clock.now += lease_module.LEASE_SECONDS / 2
        lease.renew_until(_over_after(1))
        lease.require()
    assert refusal(connection, clock)


def test_of_many_that_ask_at_once_one_gets_it(connection: Connection, tmp_path: Path) -> None:
    lease_module._table(connection)
    barrier, won = threading.Barrier(6), []

    def ask() -> None:
        lease = Lease(lease_module._table(connect(tmp_path)), "s3://a", Clock())
        barrier.wait()
        try:
            lease.take()
        except StoreBusy:
            return
        won.append(lease)

    threads = [threading.Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 1
