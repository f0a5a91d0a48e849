"""The server under the page, which has patience with nobody who has none with it.

server = PageServer(uvicorn_config(app, config))
await server.serve(sockets=[listener])
"""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast

import h11
import uvicorn
from fastapi import FastAPI
from uvicorn.protocols.http.h11_impl import H11Protocol

from ghoststream.config import ServeConfig
from ghoststream.serve.security.attempts import network_of

CONNECTIONS = 512
"""At once; one more is told to come back later."""
CONNECTIONS_OF_ONE = 256
"""Of one address, so that nobody takes the whole page; but for the proxy, which speaks for many."""
HEADER_SECONDS = 10.0
"""For the headers of a request, from the first byte or the connection to the last; and for the rest
of a body that nobody wants, after the answer to it."""
IDLE_SECONDS = 10
"""Between two requests on one connection."""
FAREWELL_SECONDS = 2
"""For answers that are under way when the page is to end."""
HEADER_BYTES = 32 << 10
ONE_TOO_MANY = (
    b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nRetry-After: 10\r\n"
    b"Connection: close\r\n\r\n"
)


class PageServer(uvicorn.Server):
    """Ends when `should_exit` is set; what signals mean is for the command line to say."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Lets go of clients that do not take what was sent to them, too."""
        await super().shutdown(sockets)
        for connection in list(self.server_state.connections):
            cast(H11Protocol, connection).transport.abort()
        await asyncio.sleep(0)  # in which the loop closes them


def uvicorn_config(app: FastAPI, config: ServeConfig) -> uvicorn.Config:
    """How the page is served."""
    return uvicorn.Config(
        app,
        http=PatientConnection,
        ws="none",
        lifespan="off",  # ours: its errors are sentences, and end the command
        # What clients do wrong is their affair; what we do wrong is told at the edge.
        log_config=None,
        log_level="critical",
        access_log=False,
        server_header=False,
        proxy_headers=config.trusted_proxy is not None,
        forwarded_allow_ips=config.trusted_proxy,
        limit_concurrency=CONNECTIONS,
        timeout_keep_alive=IDLE_SECONDS,
        timeout_graceful_shutdown=FAREWELL_SECONDS,
        h11_max_incomplete_event_size=HEADER_BYTES,
    )


class PatientConnection(H11Protocol):
    """Closes a connection whose headers, or whose body after the answer, do not come to their end.

    A client that sends a byte a second would hold it for ever, and some hundreds of them the page.
    """

    header_seconds = HEADER_SECONDS
    connections_of_one = CONNECTIONS_OF_ONE
    _giving_up: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if self._is_one_too_many():
            transport.write(ONE_TOO_MANY)
            transport.close()
        else:
            self._wait()

    def _is_one_too_many(self) -> bool:
        own = _address_of(self)
        if self.config.proxy_headers and own == self.config.forwarded_allow_ips:
            return False
        all_of = [network_of(_address_of(cast(H11Protocol, each))) for each in self.connections]
        return all_of.count(network_of(own)) > self.connections_of_one

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self.conn.their_state is h11.IDLE or self._is_body_unwanted():
            self._wait()
        else:
            self._stop_waiting()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self._is_body_unwanted():
            self._wait()

    def _is_body_unwanted(self) -> bool:
        """Each byte of it would put off the end of an idle connection."""
        return self.conn.our_state is h11.DONE and self.conn.their_state is h11.SEND_BODY

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting()
        super().connection_lost(exc)

    def _wait(self) -> None:
        if self._giving_up is None:
            self._giving_up = self.loop.call_later(self.header_seconds, self.transport.abort)

    def _stop_waiting(self) -> None:
        if self._giving_up is not None:
            self._giving_up.cancel()
            self._giving_up = None


def _address_of(connection: H11Protocol) -> str:
    return "" if connection.client is None else connection.client[0]
