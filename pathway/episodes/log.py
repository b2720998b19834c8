"""Which entries of a log are in force, and in which order they are read.

An episode's state is a fold over its *effective* history: a correction stands in the place of what
it corrects, what was retracted is gone, and the rest is ordered by clinical date and then by the
sequence in which it was recorded. The opening is always first.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import assert_never
from zoneinfo import ZoneInfo

from pathway.clinical.terms import Precision
from pathway.episodes.events import (
    DecisionCountersigned,
    DecisionMade,
    EpisodeOpened,
    Event,
    EventCorrected,
    EventRetracted,
    NoteAdded,
    ReviewResolved,
)
from pathway.proof.canonical import canonical


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the log: what was recorded, by whom, when (UTC), and its place in the episode."""

    entry_id: str
    sequence: int
    recorded_at: datetime
    actor: str
    event: Event


@dataclass(frozen=True, slots=True)
class Effective:
    """An entry in force: `entry_id` and `sequence` are its place, `event` what now stands there."""

    entry_id: str
    sequence: int
    on: date
    actor: str
    event: Event

    @property
    def precision(self) -> Precision:
        """How exactly the date is known."""
        return self.event.occurred_precision

    @property
    def order(self) -> tuple[bool, date, int]:
        """What the effective history is sorted by."""
        return (not isinstance(self.event, EpisodeOpened), self.on, self.sequence)


def effective_history(
    entries: Iterable[Entry], zone: ZoneInfo, known_at: datetime | None = None
) -> tuple[Effective, ...]:
    """The entries in force among those recorded up to `known_at` (all of them when it is None), in order.

    `entries` come in the order of their sequence; `zone` is the site's time zone.
    """
    standing: dict[str, Effective] = {}
    roots: dict[str, str] = {}
    retracted: set[str] = set()
    for entry in entries:
        if known_at is not None and entry.recorded_at > known_at:
            break
        event = entry.event
        roots[entry.entry_id] = entry.entry_id
        if isinstance(event, EventCorrected):
            root = roots[event.entry]
            roots[entry.entry_id] = root
            if root not in retracted:
                standing[root] = _placed(standing[root].sequence, root, entry, event.replacement, zone)
        elif isinstance(event, EventRetracted):
            root = roots[event.entry]
            retracted.add(root)
            standing.pop(root, None)
        else:
            standing[entry.entry_id] = _placed(entry.sequence, entry.entry_id, entry, event, zone)
    return tuple(sorted(standing.values(), key=lambda one: one.order))


def _placed(sequence: int, root: str, entry: Entry, event: Event, zone: ZoneInfo) -> Effective:
    return Effective(root, sequence, event.day(zone), entry.actor, event)


def appends_in_order(event: Event, on: date, last_on: date) -> bool:
    """True when a new entry is last in the effective order and changes nothing before it."""
    return not isinstance(event, EventCorrected | EventRetracted) and on >= last_on


NO_FACTS = hashlib.sha256(b"").hexdigest()


def extended_digest(digest: str, effective: Effective) -> str:
    """The running hash over the effective entries, in order; notes are left out."""
    if isinstance(effective.event, NoteAdded):
        return digest
    told = canonical([digest, effective.entry_id, effective.event.body()])
    return hashlib.sha256(told).hexdigest()


def fault_of_reference(event: Event, log: Sequence[Entry]) -> str | None:
    """Why `event` cannot refer to the entry it names, as a sentence; None when it can.

    Facts may be corrected by a fact of the same kind, facts and decisions may be retracted; the
    opening, corrections, retractions and what has been retracted already may be neither.
    """
    by_id = {entry.entry_id: entry for entry in log}
    match event:
        case EventCorrected() | EventRetracted():
            target = by_id.get(event.entry)
            while target is not None and isinstance(target.event, EventCorrected):
                target = by_id.get(target.event.entry)
            if target is None:
                return "This episode has no entry with this id."
            if _is_retracted(target.entry_id, log, by_id):
                return "This entry has been retracted already; record it anew."
            return _fault_of_target(event, target.event)
        case _:
            return None


def _fault_of_target(event: EventCorrected | EventRetracted, target: Event) -> str | None:
    match event:
        case EventCorrected():
            if isinstance(target, DecisionMade | DecisionCountersigned | ReviewResolved | EpisodeOpened):
                return "Only facts can be corrected; a decision can be retracted and made anew."
            if target.kind != event.replacement.kind:
                return f"The replacement must be of the same kind, {target.kind}; retract it and record anew."
        case EventRetracted():
            if isinstance(target, EpisodeOpened):
                return "The opening cannot be retracted; close the episode as opened in error."
            if isinstance(target, EventRetracted):
                return "A retraction cannot be retracted; record the entry anew."
        case _:
            assert_never(event)
    return None


def _is_retracted(root: str, log: Sequence[Entry], by_id: dict[str, Entry]) -> bool:
    for entry in log:
        if isinstance(entry.event, EventRetracted):
            target = by_id[entry.event.entry]
            while isinstance(target.event, EventCorrected):
                target = by_id[target.event.entry]
            if target.entry_id == root:
                return True
    return False
