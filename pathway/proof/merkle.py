"""The Merkle tree of a site's records (RFC 6962): leaves, roots, and proofs about them."""

from __future__ import annotations

import hashlib


def leaf_hash(data: bytes) -> str:
    """The hash of a leaf, 64 lowercase hexadecimal digits; `data` is the sealed text of a record."""
    return hashlib.sha256(b"\0" + data).hexdigest()
