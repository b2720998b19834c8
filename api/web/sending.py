"""What comes of a form that is handed to a use case which writes; what is refused is shown beside the form again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

import orjson
from starlette.requests import Request

from api.dependencies import outcome_of
from api.problems import STATUS, note_outcome
from api.web.forms import Faults, Form, SignedInAnew
from pathway.store.values import Settled
from pathway.use_cases.refusals import Refusal

_NOT_SHOWN: Final = frozenset({"unknown_episode", "unauthenticated", "too_many_requests", "unavailable"})
"""Refusals after which there is no page to show the form on again."""

_SENTENCES: Final[Mapping[str, str]] = {
    "timeout": "It is not known yet whether this was recorded: send it again as it is, it will not be recorded twice.",
    "idempotency_key_reused": "This form was sent before with something else in it. Look at what was recorded then.",
}
"""What people are told where the refusal speaks to programs."""


@dataclass(frozen=True, slots=True)
class Sent:
    """What came of a form. `key` is the one it has to be sent again with, where it may have been recorded."""

    outcome: str
    document: Mapping[str, Any]
    key: str = ""

    @property
    def status(self) -> HTTPStatus:
        """As the call of the same name would answer."""
        return STATUS[self.outcome]

    @property
    def refused(self) -> bool:
        """True when nothing was recorded, as far as is known."""
        return self.status >= HTTPStatus.BAD_REQUEST

    @property
    def detail(self) -> str:
        """Why it was refused, in a sentence."""
        return _SENTENCES.get(self.outcome) or str(self.document["detail"])

    def faults(self, fields: Mapping[str, str]) -> dict[str, str]:
        """The sentences of a refusal by the field they stand beside; "" for what belongs to none.

        `fields` says which field a JSON pointer into the body is.
        """
        found: dict[str, str] = {}
        for fault in self.document.get("errors", ()):
            name = fields.get(fault["pointer"], "")
            found[name] = " ".join(filter(None, (found.get(name), fault["detail"])))
        return found or {"": self.detail}


@dataclass(frozen=True, slots=True)
class Returned:
    """A form that comes back with what is wrong beside its fields. `about` says which of the page's forms it is.

    `key` is the one it has to be sent again with, where it may have been recorded.
    """

    about: str
    form: Form
    faults: Faults
    status: HTTPStatus = HTTPStatus.UNPROCESSABLE_ENTITY
    key: str = ""


def come_back(request: Request, about: str, anew: SignedInAnew) -> Returned:
    """What somebody sent who was signed in anew since the form was shown: they see it again before it is sent."""
    note_outcome(request.scope, anew.outcome)
    return Returned(about, anew.form, {"": anew.detail}, STATUS[anew.outcome], anew.key)


async def sent(request: Request, key: str, write: Callable[[], Future[Settled]]) -> Sent:
    """Waits for what the use case makes of it. Raises `Refusal` where no page can be shown, and as the store does."""
    try:
        settled = await outcome_of(request, write())
    except Refusal as refusal:
        if refusal.outcome in _NOT_SHOWN:
            raise
        note_outcome(request.scope, refusal.outcome)
        kept = key if refusal.outcome == "timeout" else ""
        return Sent(refusal.outcome, orjson.loads(refusal.document()), kept)
    note_outcome(request.scope, settled.outcome)
    return Sent(settled.outcome, orjson.loads(settled.document))
