"""Who is signed in at the pages: sealed into a cookie, so that every replica can read it and none keeps a list."""

from __future__ import annotations

import base64
import hashlib
import secrets
import time
from dataclasses import asdict, dataclass
from typing import Any, Final

import orjson
from cryptography.fernet import Fernet, InvalidToken
from starlette.requests import Request
from starlette.responses import Response

from api.limits import Limits
from api.problems import NOTE
from pathway.use_cases.installation import Caller
from pathway.use_cases.permissions import Role, permissions_of
from pathway.use_cases.refusals import Refusal

IDLE_S: Final = 3600
"""How long somebody stays signed in without asking for a page."""

LONGEST_S: Final = 10 * 3600
"""How long anybody stays signed in: roles that were withdrawn are gone by then."""

AT_ONCE: Final = 8
"""How many pages one person may have under way: a browser asks for some six, and the readers are few."""

CLIENT: Final = "pages"
"""The client of what is written at the pages, as the history names it."""

_BY_ITSELF: Final = "x-by-itself"
"""The header by which the script says that nobody asked: a list on a screen keeps itself fresh."""

_RENEWED_AFTER_S: Final = 300
_UNDER_WAY_S: Final = 600


@dataclass(frozen=True, slots=True)
class Session:
    """A person at one site. `token` is in every form of theirs, and nobody else's page can know it."""

    subject: str
    site_id: str
    roles: tuple[str, ...]
    began: float
    token: str

    @classmethod
    def of(cls, caller: Caller) -> Session:
        """Begins one, for who was let in."""
        token = f"{secrets.token_urlsafe(24)}.{_person(caller.subject, caller.site_id)}"
        return cls(caller.subject, caller.site_id, caller.roles, time.time(), token)

    def is_of_the_same_person(self, token: str) -> bool:
        """True for the token of another session of this person here. Whoever reads it can copy it."""
        return token.partition(".")[2] == _person(self.subject, self.site_id)

    def caller(self, operation: str) -> Caller:
        """The person as the use cases know them."""
        scopes = permissions_of(Role(role) for role in self.roles)
        return Caller(self.site_id, CLIENT, self.subject, scopes, self.roles, operation)


def _person(subject: str, site_id: str) -> str:
    return hashlib.sha256(f"{site_id}\n{subject}".encode()).hexdigest()[:16]


class Sessions:
    """Seals sessions into cookies and reads them again. `secure` says that the pages are served over https."""

    def __init__(self, key: bytes, *, secure: bool) -> None:
        self._box = Fernet(base64.urlsafe_b64encode(key))
        self._secure = secure
        prefix = "__Host-" if secure else ""
        self._session, self._under_way = f"{prefix}pathway", f"{prefix}pathway-sign-in"

    def of(self, request: Request) -> Session | None:
        """The session of the request, unless there is none, it was altered, or its time is over."""
        told = self._opened(request, self._session, IDLE_S)
        if told is None:
            return None
        session = Session(**told | {"roles": tuple(told["roles"])})
        return session if time.time() - session.began < LONGEST_S else None

    def keep(self, response: Response, session: Session) -> None:
        """Signs the person in, or goes on with it."""
        self._set(response, self._session, asdict(session), IDLE_S)

    def renew(self, request: Request, response: Response, session: Session) -> None:
        """Goes on with a session whose seal is some minutes old, if a person asked: a screen keeps nobody signed in."""
        if _BY_ITSELF in request.headers:
            return
        sealed = request.cookies.get(self._session, "").encode()
        if time.time() - self._box.extract_timestamp(sealed) > _RENEWED_AFTER_S:
            self.keep(response, session)

    def end(self, response: Response) -> None:
        """Signs the person out."""
        response.delete_cookie(self._session, secure=self._secure, httponly=True, samesite="lax")

    def begin_sign_in(self, response: Response, told: dict[str, str]) -> None:
        """Keeps what the answer of the provider is compared with."""
        self._set(response, self._under_way, told, _UNDER_WAY_S)

    def sign_in_of(self, request: Request) -> dict[str, str] | None:
        """What was kept when the sign-in began."""
        return self._opened(request, self._under_way, _UNDER_WAY_S)

    def end_sign_in(self, response: Response) -> None:
        """Forgets what was kept: it serves once."""
        response.delete_cookie(self._under_way, secure=self._secure, httponly=True, samesite="lax")

    def _opened(self, request: Request, name: str, seconds: int) -> dict[str, Any] | None:
        sealed = request.cookies.get(name)
        if sealed is None:
            return None
        try:
            told: dict[str, Any] = orjson.loads(self._box.decrypt(sealed.encode(), ttl=seconds))
        except InvalidToken:
            return None
        return told if told.pop("for") == name else None

    def _set(self, response: Response, name: str, told: dict[str, Any], seconds: int) -> None:
        sealed = self._box.encrypt(orjson.dumps(told | {"for": name})).decode()
        response.set_cookie(
            name, sealed, max_age=seconds, path="/", secure=self._secure, httponly=True, samesite="lax"
        )


def sessions(request: Request) -> Sessions:
    """What reads and writes the cookies of this service."""
    found: Sessions = request.app.state.sessions
    return found


def signed_in(request: Request) -> tuple[Session, Caller]:
    """Who asks for the page. Raises `Refusal` (`unauthenticated`, `too_many_requests`)."""
    session = sessions(request).of(request)
    if session is None:
        raise Refusal("unauthenticated", "Sign in to see this page.")
    asking = session.caller(request.scope["route"].name)
    limits: Limits = request.app.state.limits
    # Each person is a client of their own here: one who reloads too often keeps nobody else waiting.
    limits.enter(request.scope, session.site_id, f"{CLIENT}/{session.subject}", AT_ONCE)
    request.scope[NOTE].caller = asking
    return session, asking
