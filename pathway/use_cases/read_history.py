"""The log of an episode, page by page, as known at an instant."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

import orjson

from pathway.episodes.events import EventCorrected, EventRetracted
from pathway.episodes.log import Entry
from pathway.store.values import StoredEntry, Summary
from pathway.use_cases.draft import UNREADABLE, entry_of
from pathway.use_cases.installation import Caller, Installation
from pathway.use_cases.permissions import Operation
from pathway.use_cases.refusals import Refusal
from pathway.use_cases.standing import summary_of
from pathway.use_cases.verify import unsealed

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
"""What a table of the history shows of each entry."""


@dataclass(frozen=True, slots=True)
class HistoryPage:
    """Some entries in the order in which they were recorded, and where the next page begins."""

    rows: list[dict[str, Any]]
    next_cursor: str | None
    summary: Summary
    known: Sequence[StoredEntry]
    """Every entry that was known then, on this page or not."""


def read_history(
    installation: Installation,
    caller: Caller,
    episode_id: str,
    known_at: datetime | None,
    since: date | None,
    until: date | None,
    cursor: str | None,
    limit: int,
) -> HistoryPage:
    """Entries recorded by `known_at` whose clinical date lies in `since`..`until`. Raises `Refusal`.

    Each row says how it stands: in force, corrected or retracted, by which entry.
    """
    summary = summary_of(installation, caller, Operation.READ_THE_HISTORY, episode_id)
    after = _after(cursor)
    stored = installation.readers.entries(summary.site_id, episode_id)
    if known_at is not None:
        stored = [entry for entry in stored if entry.recorded_at <= known_at]
    wanted = [
        entry
        for entry in stored
        if entry.sequence > after
        and (since is None or entry.occurred_on >= since)
        and (until is None or entry.occurred_on <= until)
    ]
    rows = rows_of(wanted[:limit], stored)
    return HistoryPage(rows, str(rows[-1]["sequence"]) if len(wanted) > limit else None, summary, stored)


def page_of(
    installation: Installation, caller: Caller, episode_id: str, entry_id: str, limit: int
) -> str | None:
    """Where the page with the entry begins, at `limit` entries a page; None for the first. Raises `Refusal`."""
    caller.require(Operation.READ_THE_HISTORY)
    found = installation.readers.entry(caller.site_id, entry_id)
    if found is None or found.episode_id != episode_id:
        raise Refusal("not_found", "This episode has no such entry.")
    before = (found.sequence - 1) // limit * limit
    return str(before) if before else None


def rows_of(entries: Sequence[StoredEntry], log: Sequence[StoredEntry]) -> list[dict[str, Any]]:
    """Entries of a log as answers carry them, each with what became of it in the whole `log`.

    Raises `Refusal` when what somebody made of the log behind the service cannot be read.
    """
    try:
        standing = became_of([entry_of(entry) for entry in log])
        return [_row(entry, standing) for entry in entries]
    except (LookupError, TypeError, ValueError):
        if not unsealed(log):
            raise
        raise Refusal("internal", UNREADABLE) from None


def _after(cursor: str | None) -> int:
    if cursor is None:
        return 0
    if not (cursor.isascii() and cursor.isdigit() and len(cursor) <= 9):  # noqa: PLR2004
        raise Refusal(
            "invalid_parameter", "The cursor is not one this service gave.", [("cursor", "Not a cursor.")]
        )
    return int(cursor)


def became_of(log: Iterable[Entry]) -> dict[str, tuple[str, str]]:
    """What became of entries: id -> (corrected or retracted, by which entry).

    A correction shares the fate of what it corrects: the next one stands in its place, a retraction takes it away.
    """
    fate: dict[str, tuple[str, str]] = {}
    versions: dict[str, list[str]] = {}
    """Of each entry the one it corrects at last, and every correction of that until now."""
    for entry in log:
        versions[entry.entry_id] = [entry.entry_id]
        match entry.event:
            case EventCorrected():
                # What is referred to is missing where somebody took a row out: the others are told nevertheless.
                same = versions.get(entry.event.entry, [entry.event.entry])
                if fate.get(same[0], ("",))[0] == "retracted":
                    continue
                fate |= dict.fromkeys(same, ("corrected", entry.entry_id))
                same.append(entry.entry_id)
                versions[entry.entry_id] = same
            case EventRetracted():
                same = versions.get(entry.event.entry, [entry.event.entry])
                fate |= dict.fromkeys(same, ("retracted", entry.entry_id))
            case _:
                pass
    return fate


def _row(stored: StoredEntry, standing: dict[str, tuple[str, str]]) -> dict[str, Any]:
    told = orjson.loads(stored.body)
    fate, by = standing.get(stored.entry_id, ("in_force", None))
    return {
        "sequence": stored.sequence,
        "entry": stored.entry_id,
        "kind": stored.kind,
        "on": stored.occurred_on.isoformat(),
        "recorded_at": stored.recorded_at.isoformat(timespec="microseconds"),
        "actor": stored.actor,
        "client": stored.client_id,
        "standing": fate,
        "changed_by": by,
        "event": told["event"],
        "pathway_version": told["pathway"]["version"],
        "engine": told["engine"],
        "recommendation": orjson.loads(stored.recommendation) if stored.recommendation else None,
        "prev_hash": stored.prev_hash,
        "hash": stored.hash,
    }
