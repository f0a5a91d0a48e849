"""LanceDB, without its chatter and what it does not need: the one place that connects to it."""

import os
import re
import sys
from pathlib import Path

from ghoststream.archive.late_package import load_when_used
from ghoststream.errors import StoreError

# Read once, at import: it warns of each table that is made.
os.environ.setdefault("LANCEDB_LOG", "error")
# The client of a REST server that stores have nothing to do with: LanceDB needs the types of its
# requests only, and to load the rest takes half a second, as long as all of LanceDB.
if "lancedb" not in sys.modules:
    load_when_used("lance_namespace_urllib3_client")

import lancedb
from lancedb.db import DBConnection as Connection
from lancedb.index import IvfRq
from lancedb.table import Table

MAX_REASON = 300
"""Letters of a message; the rest is the inside of a client."""

__all__ = ["Connection", "IvfRq", "Table", "connect", "is_remote", "require_store", "table_names"]


def connect(address: Path | str) -> Connection:
    """A connection to the database at an address; makes nothing.

    Raises:
        StoreError: it cannot be reached.
    """
    try:
        connection = lancedb.connect(os.fspath(address))
        table_names(connection)
    except (OSError, RuntimeError, ValueError) as error:
        raise StoreError(f"cannot reach the store {address}: {_reason(error)}") from error
    return connection


def _reason(error: Exception) -> str:
    """Of the many words that come out of an object store's client, those of the object store."""
    text = " ".join(str(error).split())
    told = re.search(r"<Message>(.*?)</Message>", text)
    return told[1] if told else f"{text[:MAX_REASON]}; are address, network and credentials right?"


def require_store(address: Path | str) -> None:
    """Refuses the address of a directory that is not there.

    Raises:
        StoreError: there is none.
    """
    if not is_remote(address) and not Path(address).is_dir():
        raise StoreError(
            f"there is no store at {address}; make one with "
            f"`ghoststream embed ARCHIVE --store {address}`"
        )


def holds_store(address: Path | str, table: str) -> bool:
    """Whether there is a database with a table."""
    is_there = is_remote(address) or Path(address).is_dir()
    return is_there and table in table_names(connect(address))


def is_remote(address: Path | str) -> bool:
    """Whether the store lies in an object store."""
    return "://" in str(address)


def table_names(connection: Connection) -> set[str]:
    """Names of the tables that are there."""
    return set(connection.list_tables().tables)
