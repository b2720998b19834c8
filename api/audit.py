"""The layer behind which nothing is shown before it is told: one audit record for each call of a known caller."""

from __future__ import annotations

import asyncio
from typing import Final

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.problems import NOTE, unavailable
from api.telemetry import Note
from pathway.store.engines import StoreError
from pathway.store.identifiers import is_identifier
from pathway.use_cases.installation import Installation

RECORD_WITHIN_S: Final = 30


class Audit:
    """Holds each answer back until the record of who asked for what, and what came of it, is durable.

    A write that was settled brought its record along in its own transaction (`told`); for everything else, reads
    and refusals alike, this is the one place, so that no call can be forgotten. Where no record can be kept the
    answer is 503 and nothing of what was found is shown.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        withheld = False

        async def send_when_told(message: Message) -> None:
            nonlocal withheld
            if message["type"] == "http.response.start" and not await _is_told(scope):
                withheld = True
                await unavailable(scope)(scope, receive, send)
            if not withheld:
                await send(message)

        try:
            await self._app(scope, receive, send_when_told)
        except Exception as error:
            scope[NOTE].outcome = "client_gone" if isinstance(error, ClientDisconnect) else "internal"
            await _is_told(scope)
            raise


async def _is_told(scope: Scope) -> bool:
    """True once the call's record is durable, or when there is nobody to tell of."""
    note: Note = scope[NOTE]
    if note.caller is None or note.told:
        return True
    note.told = True
    installation: Installation = scope["app"].state.installation
    episode = scope["path_params"].get("episode_id")
    about = episode if episode is not None and is_identifier(episode) else None
    try:
        record = installation.tell_of(note.caller, note.outcome, about, note.shown)
        await asyncio.wait_for(asyncio.wrap_future(record), RECORD_WITHIN_S)
    except (StoreError, TimeoutError):
        return False
    return True
