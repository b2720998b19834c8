"""The key to patients' identifiers that the tests use: known to everybody, and so a secret to nobody."""

from __future__ import annotations

import base64
from typing import Final

from pathway.store.sealing import IdentifierKey

SECRET: Final = bytes(range(32))
AS_TEXT: Final = base64.b64encode(SECRET).decode()
OTHER: Final = base64.b64encode(bytes(range(1, 33))).decode()

_KEY: Final = IdentifierKey(SECRET)


def identifier_key() -> IdentifierKey:
    return _KEY
