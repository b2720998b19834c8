"""How HTTP is spoken: no endless heads, nobody who holds a connection without asking, no more connections than fit.

uvicorn bounds heads only with its slower parser, and bounds waiting only between two requests.
"""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import Any, Final

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

LARGEST_HEAD: Final = 32 * 1024
"""Bytes of address and header fields: a token has at most 8 KiB."""

MOST_HEADERS: Final = 100
WHOLE_WITHIN_S: Final = 15
"""How long a request may take to arrive: longer than the application waits for a body, so that it can say so."""

MOST_CONNECTIONS: Final = 800
"""More than the requests at once, fewer than the files a process may usually have open."""

IDLE_FOR_S: Final = 75
"""How long a connection is kept for the next request: longer than proxies usually keep theirs."""

END_WITHIN_S: Final = 15
"""How long the requests under way may take to end when the service does."""


class _HeadTooLarge(Exception):
    """The parser stops here."""


class BoundedHttp(HttpToolsProtocol):
    """uvicorn's protocol with bounds; a connection that passes one gets a status line and is closed."""

    _whole = False
    _head_bytes = 0
    _in_head = True
    _too_large = False
    _due: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in uvicorn
        """A connection more, if there is room for it."""
        super().connection_made(transport)
        if len(self.connections) > MOST_CONNECTIONS:
            self._refuse(HTTPStatus.SERVICE_UNAVAILABLE)
        else:
            self._due = self.loop.call_later(WHOLE_WITHIN_S, self._give_up)

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is waited for any more."""
        self._wait_no_longer()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Takes bytes; whoever has sent a part of a request has to send the rest in time."""
        self._whole = False
        if self._in_head:
            self._head_bytes += len(data)
        super().data_received(data)
        if self.transport.is_closing():
            return
        if self._in_head and self._head_bytes > LARGEST_HEAD:
            self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
        elif not self._whole and self._due is None:
            self._due = self.loop.call_later(WHOLE_WITHIN_S, self._give_up)

    def on_message_begin(self) -> None:
        """The first byte of a request."""
        self._whole = False
        self._in_head = True
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """The head of a request is there."""
        self._in_head = False
        self._head_bytes = 0
        size = len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)
        if size > LARGEST_HEAD or len(self.headers) > MOST_HEADERS:
            self._too_large = True
            raise _HeadTooLarge
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """A request is there, whole."""
        self._whole = True
        self._in_head = True
        self._wait_no_longer()
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        """What cannot be parsed, or is not parsed further, is not answered in words."""
        del msg
        self._refuse(
            HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE if self._too_large else HTTPStatus.BAD_REQUEST
        )

    def _give_up(self) -> None:
        self._due = None
        if self.cycle is not None and not self.cycle.response_complete:  # type: ignore[redundant-expr]  # it may be
            # It is the application's turn: it waits for a body as long as it likes.
            self._due = self.loop.call_later(WHOLE_WITHIN_S, self._give_up)
        elif not self.transport.is_closing():
            self._refuse(HTTPStatus.REQUEST_TIMEOUT)

    def _wait_no_longer(self) -> None:
        if self._due is not None:
            self._due.cancel()
            self._due = None

    def _refuse(self, status: HTTPStatus) -> None:
        again = "retry-after: 1\r\n" if status is HTTPStatus.SERVICE_UNAVAILABLE else ""
        fields = f"{again}content-length: 0\r\nconnection: close\r\n"
        head = f"HTTP/1.1 {int(status)} {status.phrase}\r\n{fields}\r\n"
        self._wait_no_longer()
        self.transport.write(head.encode())
        self.transport.close()


def configuration(application: Any, **more: Any) -> uvicorn.Config:
    """How the application is served wherever it is: `serve`, `demo`, the container and the tests.

    `application` is an import string or the application itself; `more` are further parameters of uvicorn's.
    """
    return uvicorn.Config(
        application,
        http=BoundedHttp,
        ws="none",
        lifespan="on",
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=IDLE_FOR_S,
        timeout_graceful_shutdown=END_WITHIN_S,
        **more,
    )
