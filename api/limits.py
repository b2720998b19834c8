"""How much may be under way at once, in all and for each client; whoever comes on top of it is told to come again."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Final

from starlette.types import ASGIApp, Receive, Scope, Send

from api.problems import overloaded
from pathway.use_cases.refusals import Refusal

ALWAYS_ANSWERED: Final = "/health/live"
"""Who asks this is to learn that the process lives, however busy it is."""

_PLACE: Final = "pathway.place"


@dataclass(slots=True)
class _Place:
    """What one request takes up until it is answered; `client` is None until it is known who asks."""

    client: tuple[str, str] | None = None


class Limits:
    """Counts the requests under way in this process; `in_all` and `of_each` client are the most there may be."""

    def __init__(self, in_all: int, of_each: int) -> None:
        self.in_all = in_all
        self.of_each = of_each
        self.under_way = 0
        self.of_client: Counter[tuple[str, str]] = Counter()

    def enter(self, scope: Scope, site_id: str, client_id: str, most: int | None = None) -> None:
        """Counts the request as one of this client's. Raises `Refusal` (`too_many_requests`).

        `most` is how many this kind of client may have at once, where that is fewer than any client may.

        It is not recorded who is refused here: nothing was looked at, and a refusal that costs a durable write would
        be no protection against too many of them.
        """
        place: _Place = scope[_PLACE]
        client = site_id, client_id
        if self.of_client[client] >= min(self.of_each, most or self.of_each):
            raise Refusal(
                "too_many_requests",
                "This client has as many requests under way as it may have; nothing was done. Wait for an answer.",
            )
        self.of_client[client] += 1
        place.client = client

    def leave(self, place: _Place) -> None:
        """Takes what was answered out of the count."""
        self.under_way -= 1
        if place.client is not None:
            self.of_client[place.client] -= 1
            if not self.of_client[place.client]:
                del self.of_client[place.client]


class Bounded:
    """The layer that gives each request its place, or refuses it unread when there is none.

    It stands before anything that costs: the token is not verified, the body not awaited, nothing is recorded.
    """

    def __init__(self, app: ASGIApp, limits: Limits) -> None:
        self._app = app
        self._limits = limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one request."""
        if scope["type"] != "http" or scope["path"] == ALWAYS_ANSWERED:
            await self._app(scope, receive, send)
            return
        if self._limits.under_way >= self._limits.in_all:
            await overloaded(scope)(scope, receive, send)
            return
        place = scope[_PLACE] = _Place()
        self._limits.under_way += 1
        try:
            await self._app(scope, receive, send)
        finally:
            self._limits.leave(place)
