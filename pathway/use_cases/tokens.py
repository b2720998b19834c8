"""The development issuer: bearer tokens signed with a key that lives beside the database, never in production.

The first use makes an Ed25519 key and keeps it in the folder of the SQLite file (`var/` for PostgreSQL),
readable by its owner alone, so that every process of one checkout signs and verifies with the same key.
"""

from __future__ import annotations

import json
import secrets
import time
from typing import Final

from joserfc import jwt
from joserfc.jwk import KeySet, OKPKey

from pathway.settings import Settings
from pathway.use_cases.keys import beside_the_database, kept_secret
from pathway.use_cases.permissions import Role

ISSUER = "urn:pathway:development"
AUDIENCE = "pathway"
TOKEN_TYPE = "at+jwt"  # noqa: S105  (the media type of RFC 9068, no secret)
ALGORITHM: Final = "Ed25519"
KEY_FILE = "development-key.json"
LONGEST_HOURS = 24 * 30


class TokenNotIssued(Exception):
    """No token is issued; the message says what stands in the way and what to do."""


def issue(settings: Settings, role: str, site: str, subject: str, hours: float) -> str:
    """A signed access token (RFC 9068) for `subject` acting as `role` at `site`, valid for `hours`.

    The client is named after the role, so that two roles of one demo never share idempotency keys.
    Raises `TokenNotIssued` in production, for a role nobody knows, or for a lifetime out of bounds.
    """
    _refuse_in_production(settings)
    if role not in list(Role):
        raise TokenNotIssued(f"This role is not known; the roles are {', '.join(Role)}.")
    if not site or not subject:
        raise TokenNotIssued("A token names a site and a subject.")
    if not 0 < hours <= LONGEST_HOURS:
        raise TokenNotIssued(
            f"A development token is valid for more than 0 and at most {LONGEST_HOURS} hours."
        )
    key = _key(settings)
    now = int(time.time())
    claims = {
        "iss": issuer(settings),
        "aud": audience(settings),
        "sub": subject,
        "client_id": f"development-{role}",
        "site": site,
        "roles": [role],
        "iat": now,
        "exp": now + int(hours * 3600),
        "jti": secrets.token_hex(16),
    }
    header = {"alg": ALGORITHM, "typ": TOKEN_TYPE, "kid": key.kid}
    return jwt.encode(header, claims, key, algorithms=[ALGORITHM])


def verification_keys(settings: Settings) -> KeySet:
    """The public half of the development key, as the API needs it. Raises `TokenNotIssued` in production."""
    _refuse_in_production(settings)
    public = _key(settings).as_dict(private=False)
    return KeySet([OKPKey.import_key(public)])


def issuer(settings: Settings) -> str:
    """The `iss` of development tokens."""
    return settings.token_issuer or ISSUER


def audience(settings: Settings) -> str:
    """The `aud` of development tokens."""
    return settings.token_audience or AUDIENCE


def _refuse_in_production(settings: Settings) -> None:
    if settings.env == "production":
        raise TokenNotIssued(
            "Development tokens are refused in production; set PATHWAY_ENV=development to try the service,"
            " or obtain tokens from the issuer that PATHWAY_TOKEN_ISSUER names."
        )


def _key(settings: Settings) -> OKPKey:
    return OKPKey.import_key(json.loads(kept_secret(beside_the_database(settings) / KEY_FILE, _new_key)))


def _new_key() -> str:
    return json.dumps(OKPKey.generate_key(ALGORITHM, auto_kid=True).as_dict(private=True))
