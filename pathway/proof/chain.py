"""The hash chain of one episode: each entry's canonical body names the hash of the one before."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

from pathway.proof.canonical import canonical
from pathway.proof.verifier import GENESIS, Break, check

__all__ = ["GENESIS", "Break", "Sealed", "check", "seal"]


@dataclass(frozen=True, slots=True)
class Sealed:
    """An entry's canonical body (which contains `prev_hash`) and the SHA-256 of that body."""

    body: str
    prev_hash: str
    hash: str


def seal(payload: dict[str, Any], prev_hash: str) -> Sealed:
    """The payload with the member `prev_hash`, in canonical form, and its hash.

    Raises `ValueError` when the payload already has that member or has no canonical form.
    """
    if "prev_hash" in payload:
        raise ValueError("the payload may not bring a prev_hash of its own")
    body = canonical({**payload, "prev_hash": prev_hash})
    return Sealed(body.decode(), prev_hash, hashlib.sha256(body).hexdigest())
