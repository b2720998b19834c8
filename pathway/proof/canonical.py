"""The one byte form of a value (RFC 8785), so that a hash taken today can be taken again by anybody."""

from __future__ import annotations

import hashlib
from typing import Any

import orjson

LARGEST_INTEGER = 2**53 - 1


def canonical(value: Any) -> bytes:
    """The RFC 8785 bytes of a value built from dict, list, tuple, str, int, bool and None.

    Raises `ValueError` for what has more than one form in the wild: floats (a measurement is a decimal
    string), integers beyond 2**53 - 1, keys that are not ASCII, text with lone surrogates, any other type.
    """
    try:
        _check(value)
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    except (orjson.JSONEncodeError, RecursionError):
        raise ValueError("no canonical form: text that is not Unicode, or nested too deeply") from None


def digest(value: Any) -> str:
    """The SHA-256 of the canonical form, 64 lowercase hexadecimal digits."""
    return hashlib.sha256(canonical(value)).hexdigest()


def _check(value: Any) -> None:
    # By exact type: orjson would also take enums, dates and dataclasses, each in a form of its own.
    kind = type(value)
    if kind is str or kind is bool or value is None:
        return
    if kind is int:
        if not -LARGEST_INTEGER <= value <= LARGEST_INTEGER:
            raise ValueError("an integer beyond 2**53 - 1 has no canonical form")
    elif kind is dict:
        for key, member in value.items():
            if type(key) is not str or not key.isascii():
                raise ValueError("a key has to be ASCII text")
            if type(member) is not str:  # most are, and a call for each would be most of the work
                _check(member)
    elif kind is list or kind is tuple:
        for member in value:
            if type(member) is not str:
                _check(member)
    elif kind is float:
        raise ValueError("a float has no canonical form here: write a measurement as a decimal string")
    else:
        raise ValueError(f"a {kind.__name__} has no canonical form")
