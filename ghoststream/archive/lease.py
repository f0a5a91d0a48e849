"""The right to write to a store that lies where there are no file locks, for a while at a time.

with leased(connection, "s3://bucket/archive") as lease:
    lease.require()
"""

import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pyarrow as pa

from ghoststream.archive.database import Connection, Table
from ghoststream.archive.schema import LEASE
from ghoststream.errors import StoreBusy

LEASE_SECONDS = 60.0
"""For which a store stays closed after the process that wrote to it was killed."""
RENEWALS = 3
"""Within that time."""
NOBODY = ""


@contextmanager
def leased(
    connection: Connection, address: str, *, clock: Callable[[], float] = time.time
) -> Iterator["Lease"]:
    """Holds a store's lease, and renews it until the context is left.

    Args:
        connection: to the store.
        address: of the store, for messages.
        clock: seconds since 1970, about the same on all machines that write to the store.

    Raises:
        StoreBusy: somebody else holds it.
    """
    lease = Lease(_table(connection), address, clock)
    lease.take()
    is_over = threading.Event()
    renewing = threading.Thread(target=lease.renew_until, args=(is_over,), daemon=True)
    renewing.start()
    try:
        yield lease
    finally:
        is_over.set()
        renewing.join()
        lease.give_back()


class Lease:
    """A row that says who writes, and until when. Made by `leased`.

    LanceDB lets one of several updates of a row win, and tries the others again on what that one
    left, where their condition holds no more.
    """

    def __init__(self, table: Table, address: str, clock: Callable[[], float]) -> None:
        self._table, self._address, self._clock = table, address, clock
        self._owner = uuid.uuid4().hex
        self._valid_until = 0.0

    def take(self) -> None:
        """Raises StoreBusy where somebody else holds it."""
        if not self._update(f"until < {self._clock()!r}"):
            raise StoreBusy(
                f"another process writes to {self._address}; wait until it ends, or a minute if it "
                "was killed, or give another --store"
            )

    def renew_until(self, is_over: threading.Event) -> None:
        """Renews it in good time, as long as it is ours."""
        while not is_over.wait(LEASE_SECONDS / RENEWALS):
            if not self._update(f"owner = '{self._owner}'"):
                return

    def require(self) -> None:
        """Raises StoreBusy where it could not be renewed, so that nobody writes beside another."""
        if self._clock() >= self._valid_until:
            raise StoreBusy(
                f"the right to write to {self._address} has run out, since it could not be "
                "renewed for a minute; run again, it goes on where it stopped"
            )

    def give_back(self) -> None:
        self._table.update(where=f"owner = '{self._owner}'", values={"owner": NOBODY, "until": 0.0})

    def _update(self, where: str) -> bool:
        until = self._clock() + LEASE_SECONDS
        values = {"owner": self._owner, "until": until}
        is_ours = self._table.update(where=where, values=values).rows_updated == 1
        self._valid_until = until if is_ours else 0.0
        return is_ours


def _table(connection: Connection) -> Table:
    nobody = pa.table({"owner": [NOBODY], "until": [0.0]})
    try:
        return connection.create_table(LEASE, data=nobody)
    except ValueError:  # it is there
        return connection.open_table(LEASE)
