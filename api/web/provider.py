"""The hospital's OpenID Connect provider: the authorisation code flow with PKCE, and who its ID token says it is."""

from __future__ import annotations

import base64
import hashlib
import secrets
import time
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

import httpx2
from joserfc import jws, jwt
from joserfc.errors import InvalidKeyIdError, JoseError

from api.access import ALGORITHMS, CLOCK_SKEW_S, CannotStart, FetchedKeys, OneOfEach, caller_of, is_safe
from pathway.settings import Settings
from pathway.use_cases.installation import Caller
from pathway.use_cases.refusals import Refusal

SCOPE: Final = "openid"
_TIMEOUT_S: Final = 5
_TRUSTED_S: Final = 3600
NOT_FINISHED: Final = "The sign-in did not come to an end; begin it again."


@dataclass(frozen=True, slots=True)
class Metadata:
    """What the provider publishes about itself; its tokens name it as it does here, to the last stroke."""

    issuer: str
    authorization: str
    token: str
    keys: FetchedKeys


class Provider:
    """One provider, by the settings. `redirect` is our address to which it sends people back."""

    def __init__(self, issuer: str, client_id: str, client_secret: str | None, redirect: str) -> None:
        self._issuer = issuer.rstrip("/")
        self._client_id = client_id
        self._client_secret = client_secret
        self._redirect = redirect
        self._metadata: tuple[Metadata, float] | None = None

    @classmethod
    def of(cls, settings: Settings) -> Provider | None:
        """The provider the settings name; None where they name none. Raises `CannotStart` for half a name."""
        wanted = {
            "PATHWAY_OIDC_ISSUER": settings.oidc_issuer,
            "PATHWAY_OIDC_CLIENT_ID": settings.oidc_client_id,
            "PATHWAY_PUBLIC_URL": settings.public_url,
        }
        if settings.oidc_issuer is None:
            return None
        if absent := [name for name, value in wanted.items() if not value]:
            raise CannotStart(f"Set {', '.join(absent)}: without them nobody can sign in at the pages.")
        issuer, client_id, public = (str(value).rstrip("/") for value in wanted.values())
        if not (is_safe(issuer) and is_safe(public)):
            raise CannotStart("Set PATHWAY_OIDC_ISSUER and PATHWAY_PUBLIC_URL to https addresses.")
        secret = settings.oidc_client_secret.get_secret_value() if settings.oidc_client_secret else None
        return cls(issuer, client_id, secret, f"{public}/sign-in/callback")

    async def begin(self) -> tuple[str, dict[str, str]]:
        """Where to send the browser, and what to keep until it is back. Raises `Refusal` (`unavailable`)."""
        metadata = await self._published()
        kept = {name: secrets.token_urlsafe(32) for name in ("state", "nonce", "verifier")}
        challenge = base64.urlsafe_b64encode(hashlib.sha256(kept["verifier"].encode()).digest())
        asked = {
            "response_type": "code",
            "client_id": self._client_id,
            "redirect_uri": self._redirect,
            "scope": SCOPE,
            "state": kept["state"],
            "nonce": kept["nonce"],
            "code_challenge": challenge.rstrip(b"=").decode(),
            "code_challenge_method": "S256",
            # On a shared computer whoever sits down now is not whom the provider remembers.
            "prompt": "login",
        }
        joint = "&" if "?" in metadata.authorization else "?"
        return f"{metadata.authorization}{joint}{urlencode(asked)}", kept

    async def finish(self, kept: dict[str, str], code: str, state: str) -> Caller:
        """Who came back with the code. Raises `Refusal` (`unauthenticated`, `unavailable`)."""
        if not secrets.compare_digest(state.encode(), kept["state"].encode()):
            raise Refusal("unauthenticated", NOT_FINISHED)
        metadata = await self._published()
        asked = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._redirect,
            "client_id": self._client_id,
            "code_verifier": kept["verifier"],
        }
        secret = self._client_secret
        auth = httpx2.BasicAuth(self._client_id, secret) if secret else httpx2.USE_CLIENT_DEFAULT
        try:
            async with httpx2.AsyncClient(timeout=_TIMEOUT_S) as client:
                answer = await client.post(metadata.token, data=asked, auth=auth)
        except httpx2.HTTPError:
            raise Refusal("unavailable", "The sign-in provider does not answer; try again later.") from None
        try:
            told = answer.json() if answer.status_code == httpx2.codes.OK else {}
            return await self._caller(metadata, str(told["id_token"]), kept["nonce"])
        except (KeyError, TypeError, ValueError, AttributeError, RecursionError, JoseError):
            raise Refusal("unauthenticated", NOT_FINISHED) from None

    async def _caller(self, metadata: Metadata, token: str, nonce: str) -> Caller:
        try:
            read = self._decoded(token, await metadata.keys.current())
        except InvalidKeyIdError:
            read = self._decoded(token, await metadata.keys.current(unknown_kid=True))
        claims = jwt.JWTClaimsRegistry(
            leeway=CLOCK_SKEW_S,
            iss={"essential": True, "value": metadata.issuer},
            aud={"essential": True, "value": self._client_id},
            exp={"essential": True},
            iat={"essential": True},
            sub={"essential": True},
            nonce={"essential": True, "value": nonce},
        )
        claims.validate(read.claims)
        several = isinstance(read.claims["aud"], list) and len(read.claims["aud"]) > 1
        party = read.claims.get("azp", None if several else self._client_id)
        if party != self._client_id:
            raise ValueError("the token is another party's")
        return caller_of(read.claims | {"client_id": self._client_id})

    def _decoded(self, token: str, keys: Any) -> jwt.Token:
        return jwt.decode(
            token,
            keys,
            registry=jws.JWSRegistry(algorithms=ALGORITHMS, strict_check_header=False),
            decoder_cls=OneOfEach,
        )

    async def _published(self) -> Metadata:
        if self._metadata is not None and time.monotonic() < self._metadata[1]:
            return self._metadata[0]
        try:
            async with httpx2.AsyncClient(timeout=_TIMEOUT_S) as client:
                answer = await client.get(f"{self._issuer}/.well-known/openid-configuration")
            told = answer.raise_for_status().json()
            issuer = str(told["issuer"])
            addresses = [str(told[name]) for name in ("authorization_endpoint", "token_endpoint", "jwks_uri")]
        except (httpx2.HTTPError, KeyError, TypeError, ValueError, AttributeError):
            raise Refusal("unavailable", "The sign-in provider cannot be reached; try again later.") from None
        if issuer.rstrip("/") != self._issuer or not all(map(is_safe, addresses)):
            raise Refusal(
                "unavailable", "The sign-in provider says it is another, or asks for secrets in the clear."
            )
        authorization, token, keys = addresses
        metadata = Metadata(issuer, authorization, token, FetchedKeys(keys))
        self._metadata = metadata, time.monotonic() + _TRUSTED_S
        return metadata
