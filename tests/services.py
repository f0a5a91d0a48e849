"""What some tests need that is not Python: a broker, an RTSP server.

require(shutil.which("mosquitto"), "mosquitto")

A machine without it skips them, and says so. Where `GHOSTSTREAM_REQUIRE_SERVICES=1` is set, as in
continuous integration, they fail instead, so that none of them is left out in silence.
"""

import os
import shutil

import pytest


def require(condition: object, what: str) -> None:
    """Skips the test where `what` is not on this machine, or fails it where it has to be.

    Args:
        condition: whether it is there.
        what: its name, as a person would install it.
    """
    if condition:
        return
    reason = f"{what} is not on this machine; install it to run this test"
    if os.environ.get("GHOSTSTREAM_REQUIRE_SERVICES") == "1":
        pytest.fail(reason)
    pytest.skip(reason)


def program(name: str) -> str | None:
    """Path of a program, also where a server's place is not on the PATH of a plain user."""
    return shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin")
