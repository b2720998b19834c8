"""How a patient's identifier is kept: sealed under a key of its own, which is wrapped by one outside the database.

From the installation's key (32 bytes, never in the database) HKDF-SHA256 derives for each site one key that wraps
the patients' keys, one for the blind index by which an identifier is found, and one that blinds the digests of
requests. Destroying a patient's wrapped key makes the sealed identifier unreadable for whoever holds everything else.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from pathway.proof.canonical import canonical
from pathway.store.engines import StoreError, StoreUnavailable, WrongKey

KEY_BYTES: Final = 32
_NONCE_BYTES: Final = 12
_BLOCK: Final = 64
_FORMAT: Final = "pathway identifier 1"


class SealBroken(StoreError):
    """A sealed identifier cannot be opened: it was altered, or moved to another patient."""


@dataclass(frozen=True, slots=True)
class Sealed:
    """An identifier as the database keeps it.

    `lookup` is the blind index (HMAC-SHA256, hex), `sealed` the identifier and `wrapped_key` the key it is sealed
    under (each a nonce and AES-256-GCM, base64), `key_id` names the key that wraps.
    """

    lookup: str
    sealed: str
    wrapped_key: str
    key_id: str


@dataclass(frozen=True, slots=True)
class _SiteKeys:
    wrapping: AESGCM
    finding: bytes
    blinding: bytes


class IdentifierKey:
    """The key of an installation. `id` tells it from any other and says nothing about it."""

    def __init__(self, secret: bytes) -> None:
        if len(secret) != KEY_BYTES:
            raise ValueError(f"the key has {KEY_BYTES} bytes")
        self._secret = secret
        self._sites: dict[str, _SiteKeys] = {}
        self.id = self._derived("id")[:8].hex()

    def __repr__(self) -> str:
        return f"IdentifierKey({self.id})"

    def require(self, key_id: str | None) -> None:
        """Raises `WrongKey` when a site's identifiers are sealed under another key than this; None is no key yet."""
        if key_id not in (None, self.id):
            raise WrongKey(
                "the identifiers of this site are sealed under another key than PATHWAY_IDENTIFIER_KEY holds"
                f" ({key_id}, not {self.id}); with this one no patient would be found"
            )

    def lookup(self, site_id: str, system: str, value: str) -> str:
        """What an identifier is found by: the same for the same identifier at one site, and no way back."""
        return hmac.digest(self._of(site_id).finding, _plain(system, value), "sha256").hex()

    def blinded(self, site_id: str, digest: str) -> str:
        """A request's digest as it may be kept: without the key nobody can try identifiers on it."""
        return hmac.digest(self._of(site_id).blinding, digest.encode(), "sha256").hex()

    def seal(self, site_id: str, pseudonym: str, system: str, value: str) -> Sealed:
        """The identifier under a new key of its own, bound to site and pseudonym."""
        own = secrets.token_bytes(KEY_BYTES)
        plain = _plain(system, value)
        padded = plain.ljust(-(-len(plain) // _BLOCK) * _BLOCK)
        return Sealed(
            self.lookup(site_id, system, value),
            _encrypted(AESGCM(own), padded, site_id, pseudonym),
            _encrypted(self._of(site_id).wrapping, own, site_id, pseudonym),
            self.id,
        )

    def unseal(self, site_id: str, pseudonym: str, kept: Sealed) -> tuple[str, str]:
        """System and value. Raises `SealBroken`, or `WrongKey` for what another key wraps."""
        plain = _decrypted(AESGCM(self._own(site_id, pseudonym, kept)), kept.sealed, site_id, pseudonym)
        system, value = json.loads(plain)
        return system, value

    def rewrapped(self, site_id: str, pseudonym: str, kept: Sealed, under: IdentifierKey) -> Sealed:
        """The same sealed identifier, its key wrapped `under` another, and found by that one's index.

        Raises as `unseal` does.
        """
        own = self._own(site_id, pseudonym, kept)
        system, value = self.unseal(site_id, pseudonym, kept)
        return Sealed(
            under.lookup(site_id, system, value),
            kept.sealed,
            _encrypted(under._of(site_id).wrapping, own, site_id, pseudonym),
            under.id,
        )

    def _own(self, site_id: str, pseudonym: str, kept: Sealed) -> bytes:
        self.require(kept.key_id)
        return _decrypted(self._of(site_id).wrapping, kept.wrapped_key, site_id, pseudonym)

    def _of(self, site_id: str) -> _SiteKeys:
        if site_id not in self._sites:
            self._sites[site_id] = _SiteKeys(
                AESGCM(self._derived(f"wrap/{site_id}")),
                self._derived(f"find/{site_id}"),
                self._derived(f"blind/{site_id}"),
            )
        return self._sites[site_id]

    def _derived(self, purpose: str) -> bytes:
        info = f"{_FORMAT}/{purpose}".encode()
        return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=info).derive(self._secret)


KeySource = Callable[[], IdentifierKey]
"""Gives the key once it is needed: what touches no patient works without it."""


def no_key() -> IdentifierKey:
    """For a store opened without a key. Raises `StoreUnavailable`."""
    raise StoreUnavailable("this process has no key to patients' identifiers")


def _plain(system: str, value: str) -> bytes:
    return canonical([system, value])


def _bound_to(site_id: str, pseudonym: str) -> bytes:
    return canonical([_FORMAT, site_id, pseudonym])


def _encrypted(key: AESGCM, plain: bytes, site_id: str, pseudonym: str) -> str:
    nonce = secrets.token_bytes(_NONCE_BYTES)
    return base64.b64encode(nonce + key.encrypt(nonce, plain, _bound_to(site_id, pseudonym))).decode()


def _decrypted(key: AESGCM, text: str, site_id: str, pseudonym: str) -> bytes:
    try:
        kept = base64.b64decode(text, validate=True)
        return key.decrypt(kept[:_NONCE_BYTES], kept[_NONCE_BYTES:], _bound_to(site_id, pseudonym))
    except (InvalidTag, ValueError, binascii.Error):
        raise SealBroken("a sealed identifier was altered, or moved to another patient") from None
