"""A page from its start to its end.

serve(config, stop=stop, notice=print)
"""

import asyncio
import fcntl
import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

from fastapi import FastAPI

from ghoststream.config import ServeConfig
from ghoststream.errors import ConfigError, OutputError
from ghoststream.processes import step_back
from ghoststream.serve.access_log import access_log
from ghoststream.serve.app import create_app
from ghoststream.serve.connections import PageServer, uvicorn_config
from ghoststream.serve.feed import Feed
from ghoststream.serve.media.ids import MediaIds, read_secret
from ghoststream.serve.review import Review
from ghoststream.serve.security.access import read_access
from ghoststream.serve.security.sessions import Sessions
from ghoststream.serve.site import Site
from ghoststream.serve.worker import Worker

NICENESS = 5
"""Of the process that answers: whatever browsers ask for, analysis comes first."""
POLL_SECONDS = 0.1
SILENCE_MILLISECONDS = 60_000
"""After which the system lets go of a client that takes nothing of what was sent to it."""


def serve(
    config: ServeConfig, *, stop: threading.Event, notice: Callable[[str], None] = lambda _: None
) -> None:
    """Answers browsers and programs until somebody says stop.

    Args:
        config: what to show, where, and to whom.
        stop: ends it in order once it is set.
        notice: is told the address once the page is up.

    Raises:
        ConfigError: settings that do not hold, or a port that cannot be had.
        OutputError: its directory cannot be written.

    Example:
        >>> serve(ServeConfig(archive="sample_videos"), stop=threading.Event(), notice=print)
    """
    with opened_site(config) as site, closing(listening_socket(config)) as listener:
        asyncio.run(_serve(create_app(site), site, listener, stop, notice))


async def _serve(
    app: FastAPI,
    site: Site,
    listener: socket.socket,
    stop: threading.Event,
    notice: Callable[[str], None],
) -> None:
    async with app.router.lifespan_context(app):
        step_back(NICENESS)  # now, so that the analysis has not inherited it
        server = PageServer(uvicorn_config(app, site.config))
        stopping = asyncio.create_task(_stop_when_told(stop, site, server))
        notice(address_of(site.config, listener))
        try:
            await server.serve(sockets=[listener])
        finally:
            stopping.cancel()


async def _stop_when_told(stop: threading.Event, site: Site, server: PageServer) -> None:
    while not stop.is_set():
        await asyncio.sleep(POLL_SECONDS)
    # First what has no end of its own: the server waits for what is under way.
    site.closing.set()
    site.feed.close()
    server.should_exit = True


def listening_socket(config: ServeConfig) -> socket.socket:
    """Where browsers come to.

    Raises:
        ConfigError: the address or its port cannot be had.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            config.host, config.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, protocol)
    except OSError as error:
        raise _not_to_be_had(config, error) from error
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if hasattr(socket, "TCP_USER_TIMEOUT"):
            listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, SILENCE_MILLISECONDS)
        listener.bind(address)
        listener.listen()
    except OSError as error:
        listener.close()
        raise _not_to_be_had(config, error) from error
    return listener


def _not_to_be_had(config: ServeConfig, error: OSError) -> ConfigError:
    return ConfigError(
        f"cannot listen on {config.host}, port {config.port}: {error.strerror}; choose another "
        "with --host and --port above 1023, or --port 0 for one that is free"
    )


def address_of(config: ServeConfig, listener: socket.socket) -> str:
    """What to type into a browser: `http://127.0.0.1:8008/`."""
    host = f"[{config.host}]" if ":" in config.host else config.host
    return f"http://{host}:{listener.getsockname()[1]}/"


@contextmanager
def opened_site(config: ServeConfig) -> Iterator[Site]:
    """What a page is made of, before anything of it runs.

    Raises:
        ConfigError: others than this machine would come in without a password, or another page
            keeps its things in the same directory.
        OutputError: its directory cannot be written.
    """
    access = read_access(config, os.environ)
    data = config.data.absolute()
    with (
        _claimed(data) as secret,
        Review(data / "review.db") as review,
        closing(Worker()) as worker,
        closing(Worker()) as converter,
        closing(access_log(data / "access.log")) as log,
    ):
        yield Site(
            config=config,
            data=data,
            review=review,
            feed=Feed(),
            ids=MediaIds(secret),
            worker=worker,
            converter=converter,
            access=access,
            sessions=Sessions(secret),
            log=log,
        )


@contextmanager
def _claimed(data: Path) -> Iterator[bytes]:
    """A directory for one page at a time, and its secret.

    Two would remove what the other one is about to use, and end its trainings.
    """
    with ExitStack() as stack:
        try:
            _make_private(data)
            lock = stack.enter_context((data / "lock").open("a"))
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            secret = read_secret(data / "secret")
        except BlockingIOError:
            raise ConfigError(
                f"another page keeps its things in {str(data)!r}; end it, or choose another with "
                "--data"
            ) from None
        except OSError as error:
            raise OutputError(
                f"cannot write into {str(data)!r}: {error.strerror}; choose another with --data"
            ) from error
        yield secret


def _make_private(data: Path) -> None:
    """One that is there and holds something may be for others, too."""
    data.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not any(data.iterdir()):
        data.chmod(0o700)
