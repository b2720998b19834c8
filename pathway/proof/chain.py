"""The hash chain of one episode: each entry's canonical body names the hash of the one before."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from pathway.proof.canonical import canonical

GENESIS = "0" * 64
"""What the first entry of an episode names as its predecessor."""


@dataclass(frozen=True, slots=True)
class Sealed:
    """An entry's canonical body (which contains `prev_hash`) and the SHA-256 of that body."""

    body: str
    prev_hash: str
    hash: str


@dataclass(frozen=True, slots=True)
class Break:
    """The first place where a chain does not hold: `position` counts from 0."""

    position: int
    reason: Literal["body_altered", "not_canonical", "not_linked"]


def seal(payload: dict[str, Any], prev_hash: str) -> Sealed:
    """The payload with the member `prev_hash`, in canonical form, and its hash.

    Raises `ValueError` when the payload already has that member or has no canonical form.
    """
    if "prev_hash" in payload:
        raise ValueError("the payload may not bring a prev_hash of its own")
    body = canonical({**payload, "prev_hash": prev_hash})
    return Sealed(body.decode(), prev_hash, hashlib.sha256(body).hexdigest())


def check(bodies: Iterable[str], hashes: Iterable[str], start: str = GENESIS) -> Break | None:
    """The first break in a run of stored bodies and hashes, or `None` when all of them hold.

    `start` is the hash before the first body given (the genesis for a whole chain). A tail that was cut off
    leaves no trace in the chain itself: compare the last hash with a checkpoint.
    Raises `ValueError` when there are not as many hashes as bodies.
    """
    before = start
    for position, (body, hashed) in enumerate(zip(bodies, hashes, strict=True)):
        reason = _fault(body, hashed, before)
        if reason is not None:
            return Break(position, reason)
        before = hashed
    return None


def _fault(
    body: str, hashed: str, before: str
) -> Literal["body_altered", "not_canonical", "not_linked"] | None:
    if hashlib.sha256(body.encode("utf-8", "surrogatepass")).hexdigest() != hashed:
        return "body_altered"
    try:
        payload = json.loads(body)
        if canonical(payload).decode() != body:
            return "not_canonical"
    except (ValueError, RecursionError):
        return "not_canonical"
    if not isinstance(payload, dict) or payload.get("prev_hash") != before:
        return "not_linked"
    return None
