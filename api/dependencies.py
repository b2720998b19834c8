"""What every call needs from its request: the caller, the body, the key and the parameters, each read strictly.

These are plain functions which a call uses in the order in which it wants to refuse (who asks, then what is
sent, then what it says), not `Depends`: the framework's resolution of four of them costs as much as the call.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import Callable, Collection, Hashable, Iterable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import replace
from datetime import date, datetime
from typing import Final, Generic, TypeVar
from urllib.parse import parse_qsl

from anyio import CapacityLimiter, to_thread
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from api.access import Gate
from api.limits import Limits
from api.problems import NOTE, settled
from pathway.store.values import Settled
from pathway.use_cases.checkpoints import Notary
from pathway.use_cases.installation import Caller, Installation
from pathway.use_cases.refusals import Refusal

LARGEST_BODY: Final = 64 * 1024
BODY_WITHIN_S: Final = 10
"""How long the body may take to arrive: a place is not kept for somebody who sends a byte now and then."""

LONGEST_WAIT_S: Final = 30
"""How long a write is waited for; the writer goes on with it whether anybody waits or not."""

LARGEST_PAGE: Final = 200

_KEY: Final = re.compile(r"[\x20-\x7e]{1,255}")
_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_INSTANT: Final = re.compile(
    r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?(Z|[+-]\d{2}:\d{2})", re.ASCII
)
_WHOLE: Final = re.compile(r"\d{1,4}", re.ASCII)
_IDENTIFIER: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_WORD: Final = re.compile(r"[a-z_]{1,40}")
_TOKEN: Final = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
_CURSOR: Final = re.compile(r"[A-Za-z0-9_=:.-]{1,400}")

T = TypeVar("T")
K = TypeVar("K", bound=Hashable)


def installation(request: Request) -> Installation:
    """What the running process works with."""
    found: Installation = request.app.state.installation
    return found


def notary(request: Request) -> Notary:
    """What signs how far the logs have come."""
    found: Notary = request.app.state.notary
    return found


async def caller(request: Request) -> Caller:
    """Who asks. Raises `Refusal` (`unauthenticated`, `too_many_requests`)."""
    gate: Gate = request.app.state.gate
    admitted = await gate.admit(
        [value for name, value in request.scope["headers"] if name == b"authorization"]
    )
    limits: Limits = request.app.state.limits
    limits.enter(request.scope, admitted.site_id, admitted.client_id)
    asking = replace(admitted, operation=request.scope["route"].name)
    request.scope[NOTE].caller = asking
    return asking


async def json_body(request: Request) -> bytes:
    """The body as it was sent, unread: at most 64 KiB of `application/json`.

    Raises `Refusal` (`unsupported_media_type`, `too_large`, `too_slow`, or `malformed_json` when there is none)
    without parsing anything, and as soon as it is known.
    """
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/json":
        raise Refusal("unsupported_media_type", "The body is to be sent as application/json.")
    announced = request.headers.get("content-length", "0")
    if not announced.isdecimal() or int(announced) > LARGEST_BODY:
        raise _too_large()
    try:
        async with asyncio.timeout(BODY_WITHIN_S):
            body = await received(request)
    except TimeoutError:
        raise Refusal("too_slow", f"The body did not arrive within {BODY_WITHIN_S} seconds.") from None
    if not body:
        raise Refusal("malformed_json", "The body is empty.")
    return body


async def received(request: Request) -> bytes:
    """The body, whole. Raises `Refusal` (`too_large`)."""
    pieces: list[bytes] = []
    size = 0
    more = True
    while more:
        message = await request.receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        piece = message.get("body", b"")
        size += len(piece)
        if size > LARGEST_BODY:
            raise _too_large()
        pieces.append(piece)
        more = message.get("more_body", False)
    return b"".join(pieces)


def _too_large() -> Refusal:
    detail = f"A body may have at most {LARGEST_BODY} bytes; send several events in several requests."
    return Refusal("too_large", detail)


def idempotency_key(request: Request, *, required: bool = True) -> str | None:
    """The caller's key of this write. Raises `Refusal` (`idempotency_key_missing`, `invalid_parameter`)."""
    sent = request.headers.getlist("idempotency-key")
    if not sent:
        if not required:
            return None
        raise Refusal(
            "idempotency_key_missing",
            "A call that writes needs an Idempotency-Key header: any value of your own that you use for no other"
            " request, so that sending it again is safe.",
        )
    if len(sent) > 1 or not _KEY.fullmatch(sent[0]):
        raise Refusal(
            "invalid_parameter", "Idempotency-Key is to be one value of 1 to 255 printable ASCII characters."
        )
    return sent[0]


def prefers_minimal(request: Request) -> bool:
    """True when the caller asks for a short answer: `Prefer: return=minimal` (RFC 7240).

    Of several the first counts; what is not known is passed over, as the RFC asks.
    """
    for header in request.headers.getlist("prefer"):
        for preference in header.split(","):
            name, _, value = preference.partition(";")[0].partition("=")
            if name.strip().lower() == "return":
                return value.strip().strip('"').lower() == "minimal"
    return False


def request_digest(request: Request, asking: Caller, body: bytes, *, minimal: bool = False) -> str:
    """What makes two requests with the same key the same request: who asks, method, path, query, body, and form.

    Who asks belongs to it, since the people behind one client may choose the same key; the form of the answer,
    since a stored answer has the form that was asked for.
    """
    scope = request.scope
    form = "minimal" if minimal else "representation"
    whole = hashlib.sha256(f"{asking.subject}\n{form}\n{scope['method']} {scope['path']}\n".encode())
    whole.update(scope["query_string"] + b"\n" + body)
    return whole.hexdigest()


class Query:
    """The parameters in the address, each read strictly; one that is not known here, or sent twice, is refused by name.

    Raises `Refusal` (`invalid_parameter`), which names the parameter and never its value.
    """

    def __init__(self, request: Request, *known: str) -> None:
        text = request.scope["query_string"].decode("latin-1")
        self._sent: dict[str, str] = {}
        for name, value in parse_qsl(text, keep_blank_values=True) if text else ():
            if name not in known:
                shown = name if _WORD.fullmatch(name) else "(unprintable)"
                takes = f"this call takes {', '.join(known)}" if known else "this call takes none"
                raise Refusal("invalid_parameter", f"The parameter {shown} is not known here; {takes}.")
            if name in self._sent:
                raise Refusal("invalid_parameter", f"The parameter {name} is there twice.")
            self._sent[name] = value

    def day(self, name: str) -> date | None:
        """A date, `YYYY-MM-DD`."""
        return self._read(name, _DAY, date.fromisoformat, "is to be a date, such as 2026-03-01")

    def instant(self, name: str) -> datetime | None:
        """An instant with its zone."""
        expected = "is to be an instant with its zone, such as 2026-03-01T12:00:00Z (write + as %2B)"
        return self._read(name, _INSTANT, datetime.fromisoformat, expected)

    def name(self, name: str) -> str | None:
        """A name: printable ASCII characters."""
        return self._read(name, _KEY, str, "is to be 1 to 255 printable ASCII characters")

    def token(self, name: str) -> str | None:
        """A signed JWT."""
        return self._read(name, _TOKEN, str, "is to be a token")

    def identifier(self, name: str) -> str | None:
        """The id of something this service made."""
        return self._read(name, _IDENTIFIER, str, "is to be an id, as this service gave it")

    def limit(self, default: int = 50) -> int:
        """How many rows at most: 1 to 200."""
        return (
            self._read("limit", _WHOLE, _page_size, f"is to be a whole number from 1 to {LARGEST_PAGE}")
            or default
        )

    def flag(self, name: str) -> bool:
        """`true` or `false`; false unless sent."""
        return self.one_of(name, ("true", "false")) == "true"

    def one_of(self, name: str, values: Sequence[str]) -> str | None:
        """One of the values."""

        def read(text: str) -> str:
            if text not in values:
                raise ValueError
            return text

        return self._read(name, _WORD, read, f"is to be one of {', '.join(values)}")

    def number(self, name: str, values: Sequence[int]) -> int | None:
        """One of the whole numbers."""

        def read(text: str) -> int:
            if int(text) not in values:
                raise ValueError
            return int(text)

        return self._read(name, _WHOLE, read, f"is to be one of {', '.join(map(str, values))}")

    def cursor(self) -> str | None:
        """Where the page before ended, as that page said."""
        return self._read("cursor", _CURSOR, str, "is to be the next_cursor of the page before")

    def _read(self, name: str, form: re.Pattern[str], read: Callable[[str], T], expected: str) -> T | None:
        text = self._sent.get(name)
        if text is None:
            return None
        try:
            if form.fullmatch(text):
                return read(text)
        except ValueError:
            pass
        raise Refusal("invalid_parameter", f"The parameter {name} {expected}.")


def _page_size(text: str) -> int:
    if not 1 <= int(text) <= LARGEST_PAGE:
        raise ValueError
    return int(text)


async def written(request: Request, write: Future[Settled], *, minimal: bool = False) -> Response:
    """The answer once the write is durable. Raises as `outcome_of` does."""
    answer = await outcome_of(request, write)
    return settled(request, answer, {"preference-applied": "return=minimal"} if minimal else None)


async def outcome_of(request: Request, write: Future[Settled]) -> Settled:
    """What the writer settled, once it is durable. Raises `Refusal` (`timeout`) when that takes too long.

    `asyncio.wait` cancels nothing it waits for: whatever becomes of the request, the commit goes on.
    """
    waiting = asyncio.wrap_future(write)
    waiting.add_done_callback(_see)
    if not write.done():
        await asyncio.wait((waiting,), timeout=LONGEST_WAIT_S)
    # The record of the call is part of the write, whenever that comes to its end.
    request.scope[NOTE].told = not write.done() or write.exception() is None
    if not write.done():
        raise Refusal(
            "timeout",
            "The write is still waiting; send it again with the same Idempotency-Key to learn its outcome.",
        )
    return write.result()


def _see(waiting: asyncio.Future[Settled]) -> None:
    """Looks at what became of a write nobody waits for any more, so that no exception's text reaches a log."""
    if not waiting.cancelled():
        waiting.exception()


async def read(request: Request, use_case: Callable[[], T]) -> T:
    """What a reading use case gives, in a thread of its own; no more at once than the readers have connections."""
    threads: CapacityLimiter = request.app.state.threads
    return await to_thread.run_sync(use_case, limiter=threads)


class OneByOne:
    """Reads that take long: one at a time, so that they never take the threads of the short ones, and one a person."""

    def __init__(self) -> None:
        self._thread = CapacityLimiter(1)
        self._asking: set[tuple[str, str]] = set()

    async def get(self, asking: Caller, use_case: Callable[[], T]) -> T:
        """What the use case gives. Raises `Refusal` (`too_many_requests`) to who waits for another one still."""
        person = asking.site_id, asking.subject
        if person in self._asking:
            raise Refusal("too_many_requests", "What you asked for before is being worked on; wait for that.")
        self._asking.add(person)
        try:
            return await to_thread.run_sync(use_case, limiter=self._thread)
        finally:
            self._asking.discard(person)


def verifications(request: Request) -> OneByOne:
    """Where verifications wait for each other."""
    found: OneByOne = request.app.state.verifications
    return found


class Gathered(Generic[K, T]):
    """Reads by key, of which those that arrive together are asked of the database together.

    They are short, and the event loop waits for them. One after the other they would cost each caller the
    journeys of all before it.
    """

    def __init__(self, read_all: Callable[[Collection[K]], Mapping[K, T]]) -> None:
        self._read_all = read_all
        self._waiting: list[tuple[K, asyncio.Future[T | None]]] = []

    async def get(self, key: K) -> T | None:
        """What is found under the key, read once all who have arrived have asked. Raises what reading raises."""
        loop = asyncio.get_running_loop()
        if not self._waiting:
            loop.call_soon(self._read)
        answer: asyncio.Future[T | None] = loop.create_future()
        self._waiting.append((key, answer))
        return await answer

    def _read(self) -> None:
        waiting, self._waiting = self._waiting, []
        asked = [(key, answer) for key, answer in waiting if not answer.done()]
        try:
            found = self._read_all({key for key, _ in asked})
        except Exception as error:  # noqa: BLE001  (each of those who asked is to raise it)
            for _, answer in asked:
                answer.set_exception(error)
        else:
            for key, answer in asked:
                answer.set_result(found.get(key))


def note_shown(request: Request, episodes: Iterable[str]) -> None:
    """Tells the audit record which episodes the answer lists."""
    request.scope[NOTE].shown = tuple(episodes)


def json_answer(document: bytes, headers: Mapping[str, str] | None = None) -> Response:
    """A JSON document as the use case gave it."""
    return Response(document, headers=headers, media_type="application/json")
