"""Who read and wrote what at a site, newest first, page by page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final

import orjson

from pathway.store.identifiers import is_identifier
from pathway.store.values import AuditsOf, StoredAudit
from pathway.use_cases.installation import Caller, Installation
from pathway.use_cases.permissions import Operation
from pathway.use_cases.refusals import ANSWERS, CHANGES, Refusal

COLUMNS: Final = (
    "audit",
    "recorded_at",
    "subject",
    "client",
    "roles",
    "operation",
    "outcome",
    "reason",
    "episode",
    "shown",
    "entries",
    "hash",
)
"""What a table of the audit records shows of each."""


KINDS: Final[Mapping[str, AuditsOf]] = MappingProxyType(
    {
        "changes": AuditsOf(CHANGES, frozenset({"accept_another_log"})),
        "refused": AuditsOf(CHANGES | ANSWERS, all_others=True),
    }
)
"""What buries the rest is left out: only what changed something, or only what was refused or failed."""


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Which records are looked for; `None` stands for any. `episode` finds lists that named it too."""

    subject: str | None = None
    operation: str | None = None
    episode: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    of: AuditsOf | None = None


@dataclass(frozen=True, slots=True)
class AuditPage:
    """Some records, the newest first, and where the next page begins."""

    rows: list[dict[str, Any]]
    next_cursor: str | None


def read_audit(
    installation: Installation, caller: Caller, wanted: AuditFilter, cursor: str | None, limit: int
) -> AuditPage:
    """The audit records of the caller's site. Raises `Refusal`.

    Reading them leaves a record too, which is not among those read.
    """
    caller.require(Operation.READ_THE_AUDIT_RECORDS)
    if cursor is not None and not is_identifier(cursor):
        told = [("cursor", "Not a cursor.")]
        raise Refusal("invalid_parameter", "The cursor is not one this service gave.", told)
    found = installation.readers.audits(
        caller.site_id,
        subject=wanted.subject,
        operation=wanted.operation,
        episode=wanted.episode,
        since=wanted.since,
        until=wanted.until,
        before=cursor,
        limit=limit + 1,
        of=wanted.of,
    )
    page = found[:limit]
    return AuditPage([_row(each) for each in page], page[-1].audit_id if len(found) > limit else None)


def _row(stored: StoredAudit) -> dict[str, Any]:
    told = orjson.loads(stored.body)
    return {**{name: told[name] for name in COLUMNS if name in told}, "hash": stored.hash}
