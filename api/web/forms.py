"""What a form on a page sends: read strictly, and only from a page of our own."""

from __future__ import annotations

import asyncio
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import parse_qsl, urlsplit

from starlette.requests import Request

from api.dependencies import BODY_WITHIN_S, LARGEST_BODY, received
from api.web.sessions import Session
from pathway.use_cases.refusals import Refusal

MOST_FIELDS: Final = 200
TOKEN: Final = "token"  # noqa: S105  (the name of a field)
KEY: Final = "key"
_OWN: Final = frozenset({TOKEN, KEY})
"""Fields which are the page's own, and not what somebody typed."""
_MADE_HERE: Final = re.compile(r"form-[0-9a-f]{32}")

Faults = Mapping[str, str]
"""What is wrong, by the name of the field it is shown beside; "" for what belongs to none."""


_EARLIER: Final = (
    "It was shown to somebody who was signed in before; load its page again. Nothing was recorded."
)
_ANEW: Final = "You were signed in anew since this form was shown. Look at what you typed, and send it again."


@dataclass(frozen=True)
class Form:
    """The fields of a form as they were sent, so that they can be shown again when something is wrong."""

    fields: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def text(self, name: str) -> str:
        """What stands in the field, without blanks around it; empty when it was left out."""
        return self.fields.get(name, ("",))[0].strip()

    def all(self, name: str) -> tuple[str, ...]:
        """Everything that was chosen under this name."""
        return self.fields.get(name, ())

    @property
    def key(self) -> str:
        """What makes sending the same form twice harmless; each form that is shown has its own."""
        told = self.text(KEY)
        return told if _MADE_HERE.fullmatch(told) else new_key()


class EarlierSession(Refusal):
    """A form of another session than the one it came with: nothing is done with it."""

    def __init__(self, detail: str = _EARLIER) -> None:
        super().__init__("not_permitted", detail)


class SignedInAnew(EarlierSession):
    """The same, where the other session was the same person's: `form` may be shown to them again.

    It keeps its `key`: whether it was recorded before is not known here, and sending it again must not record it twice.
    """

    def __init__(self, form: Form) -> None:
        super().__init__(_ANEW)
        self.form = Form({name: told for name, told in form.fields.items() if name not in _OWN})
        self.key = form.key


def new_key() -> str:
    """A key for a form that is shown."""
    return f"form-{secrets.token_hex(16)}"


async def read_form(request: Request, session: Session) -> Form:
    """The form of a person who is signed in.

    Raises `Refusal` (`not_permitted`) when it does not come from a page of theirs, `EarlierSession` or `SignedInAnew`
    when not from this session, and as `json_body` does for what is too large, too slow or no form.
    """
    form = await _sent_form(request)
    token = form.text(TOKEN)
    if not secrets.compare_digest(token.encode(), session.token.encode()):
        if session.is_of_the_same_person(token):
            raise SignedInAnew(form)
        raise EarlierSession
    return form


async def unsent_form(request: Request) -> Form | None:
    """What somebody sent who is signed in no longer, so that they can send it again; None where there is nothing."""
    try:
        form = await _sent_form(request)
    except Refusal:
        return None
    return form if set(form.fields) - _OWN else None


async def _sent_form(request: Request) -> Form:
    _require_own_page(request)
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/x-www-form-urlencoded":
        raise Refusal("unsupported_media_type", "A form is sent as application/x-www-form-urlencoded.")
    announced = request.headers.get("content-length", "0")
    if not announced.isdecimal() or int(announced) > LARGEST_BODY:
        raise Refusal("too_large", "The form is too large.")
    try:
        async with asyncio.timeout(BODY_WITHIN_S):
            body = await received(request)
    except TimeoutError:
        raise Refusal("too_slow", f"The form did not arrive within {BODY_WITHIN_S} seconds.") from None
    return _parsed(body)


def _require_own_page(request: Request) -> None:
    origin = request.headers.get("origin")
    own = request.headers.get("host", "")
    foreign = origin is not None and urlsplit(origin).netloc != own
    if foreign or request.headers.get("sec-fetch-site", "same-origin") != "same-origin":
        raise Refusal("not_permitted", "The form was not sent from a page of this service.")


def _parsed(body: bytes) -> Form:
    try:
        pairs = parse_qsl(
            body.decode("ascii"),
            keep_blank_values=True,
            strict_parsing=bool(body),
            max_num_fields=MOST_FIELDS,
            errors="strict",
        )
    except ValueError:
        raise Refusal("invalid_body", "The form cannot be read.") from None
    fields: dict[str, tuple[str, ...]] = {}
    for name, value in pairs:
        # Browsers end the lines of a text with two characters; texts are kept with one.
        fields[name] = (*fields.get(name, ()), value.replace("\r\n", "\n"))
    return Form(fields)
