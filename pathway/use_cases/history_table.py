"""The log of an episode as a table for a spreadsheet."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any, Final

import orjson

COLUMNS: Final = (
    "sequence",
    "entry",
    "kind",
    "on",
    "recorded_at",
    "actor",
    "client",
    "standing",
    "changed_by",
    "event",
    "pathway_version",
    "engine",
    "recommendation",
    "prev_hash",
    "hash",
)
STARTS_A_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


def as_csv(rows: Sequence[Mapping[str, Any]]) -> bytes:
    """The rows as RFC 4180 lines under a header; what a spreadsheet would run gets an apostrophe before it."""
    out = io.StringIO(newline="")
    table = csv.writer(out, lineterminator="\r\n")
    table.writerow(COLUMNS)
    table.writerows([_cell(row.get(column)) for column in COLUMNS] for row in rows)
    return out.getvalue().encode()


def _cell(value: object) -> str:
    if value is None:
        return ""
    text = value if isinstance(value, str) else orjson.dumps(value).decode()
    return f"'{text}" if text.startswith(STARTS_A_FORMULA) else text
