"""Identifiers made here: UUID version 7 (RFC 9562), so that rows written together lie together."""

from __future__ import annotations

import re
import secrets
from datetime import datetime
from typing import Final
from uuid import UUID

_FORM: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def is_identifier(text: str) -> bool:
    """True for what has the form of an identifier made here."""
    return _FORM.fullmatch(text) is not None


def new_identifier(now: datetime) -> str:
    """A UUIDv7 for the instant `now`; 74 bits of it are random."""
    milliseconds = int(now.timestamp() * 1000)
    random = secrets.randbits(74)
    value = (milliseconds & (2**48 - 1)) << 80 | 0x7 << 76 | (random >> 62) << 64
    value |= 0b10 << 62 | random & (2**62 - 1)
    return str(UUID(int=value))
