"""Who asks: verifies bearer tokens (JWT access tokens of RFC 9068) and turns their claims into a caller."""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
import time
from collections.abc import Mapping
from typing import Any, Final, Protocol
from urllib.parse import urlsplit

import httpx2
from joserfc import jws, jwt
from joserfc.errors import (
    ExpiredTokenError,
    InvalidClaimError,
    InvalidKeyIdError,
    JoseError,
    MissingClaimError,
)
from joserfc.jwk import KeySet

from pathway.settings import Settings
from pathway.use_cases import tokens
from pathway.use_cases.installation import Caller
from pathway.use_cases.permissions import Role, permissions_of
from pathway.use_cases.refusals import Refusal

ALGORITHMS: Final = ("Ed25519", "ES256", "ES384", "PS256", "RS256")
"""Signatures that need a private key; a token names one of these or is refused."""

TOKEN_TYPES: Final = frozenset({"at+jwt", "application/at+jwt"})
LONGEST_TOKEN: Final = 8 * 1024
CLOCK_SKEW_S: Final = 10
TRUSTED_S: Final = 300
"""How long a verified token, and a fetched key, is believed without asking again: a withdrawn key lives no longer."""

OUTAGE_S: Final = 3600
"""How long keys fetched before are used while the issuer cannot be reached."""

_CLAIMS: Final = ("typ", "iss", "aud", "exp", "sub", "client_id", "site", "roles")
_MOST_VERIFIED: Final = 1024
_PAUSE_S: Final = 10
_LARGEST_KEY_SET: Final = 256 * 1024
_FETCH_TIMEOUT_S: Final = 5
_SITE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_NAME: Final = re.compile(r"[\x21-\x7e]([\x20-\x7e]{0,253}[\x21-\x7e])?")
_BEARER: Final = re.compile(rb"bearer +([A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+)", re.IGNORECASE)
_LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})


class CannotStart(Exception):
    """The settings do not let the service start; the message says which to set."""


class Keys(Protocol):
    """Where the keys come from that tokens are verified with."""

    async def current(self, *, unknown_kid: bool = False) -> KeySet:
        """The keys now; `unknown_kid` says that a token names one that was not among them."""


class OwnKeys:
    """The public key of the development issuer."""

    def __init__(self, keys: KeySet) -> None:
        self._keys = keys

    async def current(self, *, unknown_kid: bool = False) -> KeySet:  # noqa: ARG002  (part of `Keys`)
        """The same key always."""
        return self._keys


class FetchedKeys:
    """The issuer's published key set, fetched again when it is old or when a token names an unknown key.

    One fetch at a time and none sooner than ten seconds after the last, whatever tokens are sent.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._keys: KeySet | None = None
        self._fetched = self._tried = float("-inf")
        self._fetching = asyncio.Lock()

    async def current(self, *, unknown_kid: bool = False) -> KeySet:
        """The keys now. Raises `Refusal` (`unavailable`) when there are none and none can be had."""
        if self._is_due(unknown_kid=unknown_kid):
            async with self._fetching:
                if self._is_due(unknown_kid=unknown_kid):
                    await self._fetch()
        if self._keys is None or time.monotonic() - self._fetched > OUTAGE_S:
            raise Refusal("unavailable", "The keys of the token issuer cannot be fetched; try again later.")
        return self._keys

    def _is_due(self, *, unknown_kid: bool) -> bool:
        now = time.monotonic()
        return now - self._tried > _PAUSE_S and (unknown_kid or now - self._fetched > TRUSTED_S)

    async def _fetch(self) -> None:
        self._tried = time.monotonic()
        try:
            async with httpx2.AsyncClient(timeout=_FETCH_TIMEOUT_S) as client:
                self._keys = _public_keys(await self._read(client))
        except (httpx2.HTTPError, JoseError, ValueError, TypeError, KeyError, AttributeError):
            return  # the keys held so far stay in use until they are too old
        self._fetched = time.monotonic()

    async def _read(self, client: httpx2.AsyncClient) -> bytes:
        found = bytearray()
        async with client.stream("GET", self._url, headers={"accept": "application/json"}) as response:
            if response.status_code != httpx2.codes.OK:
                raise ValueError("the key set was not served")
            async for piece in response.aiter_bytes():
                found += piece
                if len(found) > _LARGEST_KEY_SET:
                    raise ValueError("the key set is too large")
        return bytes(found)


def _public_keys(document: bytes) -> KeySet:
    """The keys fit to verify signatures; symmetric ones are left out, they have no business in a published set."""
    published = [
        key for key in json.loads(document)["keys"] if key.get("kty") != "oct" and key.get("use") != "enc"
    ]
    return KeySet.import_key_set({"keys": published})


class Gate:
    """Lets a caller in: verifies its token, and remembers the last headers verified by their digest."""

    def __init__(self, issuer: str, audience: str, keys: Keys) -> None:
        self._keys = keys
        self._claims = jwt.JWTClaimsRegistry(
            leeway=CLOCK_SKEW_S,
            iss={"essential": True, "value": issuer},
            aud={"essential": True, "value": audience},
            exp={"essential": True},
            sub={"essential": True},
            client_id={"essential": True},
            site={"essential": True},
            roles={"essential": True, "allow_blank": True},
        )
        self._signatures = jws.JWSRegistry(algorithms=ALGORITHMS, strict_check_header=False)
        self._verified: dict[bytes, tuple[Caller, float]] = {}

    @classmethod
    def of(cls, settings: Settings) -> Gate:
        """The gate the settings ask for: the named issuer, or in development our own.

        Raises `CannotStart` with a sentence saying what to set.
        """
        if settings.env == "development" and settings.jwks_url is None:
            own = OwnKeys(tokens.verification_keys(settings))
            return cls(tokens.issuer(settings), tokens.audience(settings), own)
        wanted = {
            "PATHWAY_TOKEN_ISSUER": settings.token_issuer,
            "PATHWAY_TOKEN_AUDIENCE": settings.token_audience,
            "PATHWAY_JWKS_URL": settings.jwks_url,
        }
        if absent := [name for name, value in wanted.items() if not value]:
            raise CannotStart(
                f"Set {', '.join(absent)}: without them no token can be verified and nobody could be let in."
                " To try the service without an issuer set PATHWAY_ENV=development."
            )
        issuer, audience, url = (str(value) for value in wanted.values())
        if not is_safe(url):
            raise CannotStart(
                "Set PATHWAY_JWKS_URL to an https address: keys fetched in the clear can be replaced."
            )
        return cls(issuer, audience, FetchedKeys(url))

    async def admit(self, authorization: list[bytes]) -> Caller:
        """The caller whose token the `Authorization` header fields carry. Raises `Refusal` (`unauthenticated`)."""
        if not authorization:
            raise Refusal("unauthenticated", "This call needs a bearer token.")
        digest = hashlib.sha256(authorization[0]).digest()
        known = self._verified.get(digest) if len(authorization) == 1 else None
        if known is not None and time.time() < known[1]:
            return known[0]
        found = _BEARER.fullmatch(authorization[0]) if len(authorization) == 1 else None
        if found is None or len(found[1]) > LONGEST_TOKEN:
            raise Refusal(
                "unauthenticated", "The Authorization header does not carry one bearer token (a signed JWT)."
            )
        caller, expires = await self._verify(found[1])
        while len(self._verified) >= _MOST_VERIFIED:
            del self._verified[next(iter(self._verified))]
        self._verified[digest] = caller, min(expires, time.time() + TRUSTED_S)
        return caller

    async def _verify(self, token: bytes) -> tuple[Caller, float]:
        try:
            try:
                read = self._decode(token, await self._keys.current())
            except InvalidKeyIdError:
                read = self._decode(token, await self._keys.current(unknown_kid=True))
            self._claims.validate(read.claims)
            return _caller(read), float(read.claims["exp"])
        except ExpiredTokenError:
            raise Refusal("unauthenticated", "The token has expired.") from None
        except (InvalidClaimError, MissingClaimError) as error:
            raise Refusal("unauthenticated", _complaint(error)) from None
        except (JoseError, ValueError, TypeError, KeyError, AttributeError, RecursionError, OverflowError):
            raise Refusal("unauthenticated", "The token is not one this service trusts.") from None

    def _decode(self, token: bytes, keys: KeySet) -> jwt.Token:
        return jwt.decode(token, keys, registry=self._signatures, decoder_cls=OneOfEach)


def _caller(token: jwt.Token) -> Caller:
    if token.header.get("typ", "").lower() not in TOKEN_TYPES:
        raise InvalidClaimError("typ")
    return caller_of(token.claims)


def caller_of(claims: Mapping[str, Any]) -> Caller:
    """The caller whom verified claims name. Raises `InvalidClaimError`, or `KeyError` for a claim that is not there."""
    site, client_id, subject, roles = (claims[name] for name in ("site", "client_id", "sub", "roles"))
    if not (isinstance(site, str) and _SITE.fullmatch(site)):
        raise InvalidClaimError("site")
    if not (isinstance(client_id, str) and _NAME.fullmatch(client_id)):
        raise InvalidClaimError("client_id")
    if not (isinstance(subject, str) and _NAME.fullmatch(subject)):
        raise InvalidClaimError("sub")
    if not (isinstance(roles, list) and all(isinstance(role, str) for role in roles)):
        raise InvalidClaimError("roles")
    known = [role for role in Role if role in roles]
    scopes = permissions_of(known)
    return Caller(
        site_id=site,
        client_id=client_id,
        subject=subject,
        scopes=scopes,
        roles=tuple(role.value for role in known),
    )


def _complaint(error: InvalidClaimError | MissingClaimError) -> str:
    expected = {
        "typ": "is not an access token (at+jwt)",
        "iss": "is from another issuer",
        "aud": "is for another service",
        "site": "does not name exactly one site",
    }
    named = [claim for claim in _CLAIMS if claim in str(error.claim).split(",")]
    if not named:
        return "The token is not valid now."
    return " ".join(f"The token {expected.get(claim, f'has no usable claim {claim}')}." for claim in named)


def is_safe(url: str) -> bool:
    """Whether what is fetched from there cannot be replaced on the way: https, or this machine itself."""
    parts = urlsplit(url)
    return parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)


class OneOfEach(json.JSONDecoder):
    """Reads JSON and refuses a member that is there twice: two sites must not become the last one."""

    def __init__(self) -> None:
        super().__init__(object_pairs_hook=_once)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a member is there twice")
    return members
