"""Who speaks HTTP too slowly, too long or too often at once is cut off; nobody else notices."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator

import pytest
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from api import dependencies
from pathway.cli import bounded_http
from pathway.settings import Settings
from tests.api.conftest import Service, serving

BEGUN = b"GET /health/live HTTP/1.1\r\nhost: here\r\n"
WHOLE = BEGUN + b"\r\n"
IN_A_MOMENT_S = 0.3
PATIENCE_S = 30


@pytest.fixture(scope="module")
def settings(new_sqlite: Callable[[], str]) -> Settings:
    """There is one place for requests, so that one who kept it would be noticed."""
    return Settings(env="development", database_url=new_sqlite(), requests_at_once=1)


@pytest.fixture(scope="module")
def service(settings: Settings) -> Iterator[Service]:
    """A service that waits for a moment where it usually waits for seconds, and takes few connections."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bounded_http, "WHOLE_WITHIN_S", IN_A_MOMENT_S)
        patch.setattr(bounded_http, "MOST_CONNECTIONS", 5)
        patch.setattr(dependencies, "BODY_WITHIN_S", IN_A_MOMENT_S)
        with serving(settings) as running:
            yield running


def connected(service: Service) -> socket.socket:
    assert service.http.base_url.port is not None
    return socket.create_connection(("127.0.0.1", service.http.base_url.port), timeout=PATIENCE_S)


def answer(connection: socket.socket) -> bytes:
    """What comes until the other side closes the connection."""
    found = b""
    try:
        while piece := connection.recv(65536):
            found += piece
    except ConnectionResetError:
        """It was closed while bytes were on their way."""
    return found


def dripping(connection: socket.socket, piece: bytes) -> bytes:
    """What comes back to somebody who sends a few bytes again and again, and never comes to an end."""
    ended = threading.Event()

    def drip() -> None:
        while not ended.wait(0.02):
            try:
                connection.sendall(piece)
            except OSError:
                return

    thread = threading.Thread(target=drip)
    thread.start()
    try:
        return answer(connection)
    finally:
        ended.set()
        thread.join()


@pytest.mark.shows("G12", "T-61")
def test_a_connection_that_asks_nothing_is_closed(service: Service) -> None:
    with connected(service) as connection:
        assert answer(connection).startswith(b"HTTP/1.1 408 ")


@pytest.mark.shows("G12", "T-61")
def test_a_head_that_never_ends_is_cut_off_however_steadily_it_comes(service: Service) -> None:
    with connected(service) as connection:
        connection.sendall(BEGUN + b"x: ")
        assert dripping(connection, b"y").startswith(b"HTTP/1.1 408 ")


@pytest.mark.shows("T-61")
def test_a_second_request_that_stops_half_way_is_cut_off(service: Service) -> None:
    with connected(service) as connection:
        connection.sendall(WHOLE)
        assert connection.recv(65536).startswith(b"HTTP/1.1 200 ")
        connection.sendall(BEGUN)
        assert answer(connection).startswith(b"HTTP/1.1 408 ")


@pytest.mark.shows("G12", "R-101", "T-61")
@pytest.mark.parametrize("piece", [b"", b" "], ids=["never", "byte by byte"])
def test_a_body_that_does_not_come_is_not_waited_for_and_its_place_is_free_again(
    service: Service, piece: bytes
) -> None:
    head = (
        "POST /v1/episodes HTTP/1.1\r\nhost: here\r\ncontent-type: application/json\r\ncontent-length: 60000\r\n"
        f"authorization: Bearer {service.token()}\r\nidempotency-key: slow\r\n\r\n"
    )
    with connected(service) as connection:
        connection.sendall(head.encode())
        told = dripping(connection, piece)
    assert told.startswith(b"HTTP/1.1 408 ")
    assert b"urn:pathway:problem:too_slow" in told
    assert service.get("/v1/worklist").status_code == 200


@pytest.mark.shows("G12", "T-05")
def test_headers_without_end_are_cut_off(service: Service) -> None:
    with connected(service) as connection:
        connection.sendall(BEGUN)
        assert dripping(connection, b"x: y\r\n" * 1000).startswith(b"HTTP/1.1 431 ")


TOO_LARGE = pytest.mark.parametrize(
    "head",
    [
        BEGUN + b"x: " + b"y" * bounded_http.LARGEST_HEAD + b"\r\nconnection: close\r\n\r\n",
        BEGUN + b"x: y\r\n" * bounded_http.MOST_HEADERS + b"connection: close\r\n\r\n",
        b"GET /health/live?"
        + b"x" * bounded_http.LARGEST_HEAD
        + b" HTTP/1.1\r\nhost: here\r\nconnection: close\r\n\r\n",
    ],
    ids=["a long field", "many fields", "a long address"],
)


@pytest.mark.shows("G12", "R-101", "T-05")
@TOO_LARGE
def test_a_head_beyond_the_bounds_is_refused_even_when_it_is_whole(service: Service, head: bytes) -> None:
    with connected(service) as connection:
        connection.sendall(head)
        assert answer(connection).startswith(b"HTTP/1.1 431 ")


@pytest.mark.shows("G12", "C-25", "T-61", control=True)
@TOO_LARGE
def test_without_the_bounds_such_a_head_is_answered(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, head: bytes
) -> None:
    monkeypatch.setattr(bounded_http, "BoundedHttp", HttpToolsProtocol)
    with serving(settings) as service, connected(service) as connection:
        connection.sendall(head)
        assert answer(connection).startswith(b"HTTP/1.1 200 ")


def test_what_is_not_http_is_refused(service: Service) -> None:
    with connected(service) as connection:
        connection.sendall(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n")
        assert answer(connection).startswith(b"HTTP/1.1 400 ")


@pytest.mark.shows("G12", "R-101", "C-25", "T-05")
def test_a_connection_too_many_is_refused_and_the_next_after_one_has_ended_is_not(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bounded_http, "WHOLE_WITHIN_S", PATIENCE_S)
    held = [connected(service) for _ in range(bounded_http.MOST_CONNECTIONS)]
    try:
        with connected(service) as one_more:
            told = answer(one_more)
        assert told.startswith(b"HTTP/1.1 503 ")
        assert b"\r\nretry-after: 1\r\n" in told
    finally:
        for each in held:
            each.close()
    while True:
        with connected(service) as connection:
            connection.sendall(WHOLE.replace(b"\r\n\r\n", b"\r\nconnection: close\r\n\r\n"))
            if answer(connection).startswith(b"HTTP/1.1 200 "):
                break
