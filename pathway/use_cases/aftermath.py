"""What became of the entries of a log: what corrected, signed, contested or answered them, and what they changed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, Final
from zoneinfo import ZoneInfo

from pathway.engine.definition import Pathway
from pathway.engine.fold import steps
from pathway.episodes.events import DecisionCountersigned, Event, EventCorrected, ReviewResolved
from pathway.episodes.log import Effective, Entry, appends_in_order, effective_history
from pathway.store.values import StoredEntry, Summary
from pathway.use_cases.draft import FIRST_DAY, entry_of
from pathway.use_cases.impact import impact_of
from pathway.use_cases.installation import Installation
from pathway.use_cases.read_history import became_of
from pathway.use_cases.verify import unsealed

MOST_IMPACTS: Final = 5
"""Of how many late, corrected or retracted entries, the last recorded, it is worked out what they changed."""


@dataclass(frozen=True, slots=True)
class Word:
    """What a person said of an earlier entry: by which entry, who, when and why."""

    entry: str
    actor: str
    recorded_at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class Replaced:
    """What a correction found in the place it took, and the day of each."""

    was: dict[str, Any]
    now: dict[str, Any]
    was_on: str
    now_on: str


@dataclass(frozen=True, slots=True)
class Aftermath:
    """What became of entries, by their ids."""

    sequences: Mapping[str, int]
    """Of every entry that was known."""
    corrections: Mapping[str, str]
    """Of an entry that was corrected, the correction which stands in its place."""
    signatures: Mapping[str, Word]
    """Of an override the second signature."""
    answers: Mapping[str, Word]
    """Of an entry that was to be reviewed the answer."""
    replaced: Mapping[str, Replaced]
    unsealed: Mapping[str, str]
    """Those whose text or columns are not what was sealed, with a sentence."""
    derived: Derived | None
    """What follows from the log; None where it is not what was sealed."""


@dataclass(frozen=True, slots=True)
class Derived:
    """What became of entries by the rules of the pathway, by their ids."""

    late: frozenset[str]
    """Those that changed what was known of a day before the last."""
    unexpected: frozenset[str]
    """Facts that moved nothing."""
    contested: Mapping[str, str | None]
    """Decisions that would not have been offered on what is known; with the entry that made it so, None for none."""
    impacts: Mapping[str, dict[str, Any]]


def aftermath_of(
    installation: Installation, summary: Summary, known: Sequence[StoredEntry], shown: Iterable[str]
) -> Aftermath:
    """What became of the entries `shown`, as far as it was known; nothing is read for it."""
    zone, wanted = ZoneInfo(summary.time_zone), set(shown)
    log = [entry_of(stored) for stored in known]
    fate = became_of(log)
    in_force = [entry for entry in log if entry.entry_id not in fate]
    broken = unsealed(known)
    return Aftermath(
        {entry.entry_id: entry.sequence for entry in log},
        {entry: by for entry, (how, by) in fate.items() if how == "corrected"},
        _words(in_force, DecisionCountersigned),
        _words(in_force, ReviewResolved),
        _replaced(log, zone),
        broken,
        # Whatever follows from a forged log is forged too, and some of it cannot be folded at all.
        None if broken or not log else _derived(installation, summary, log, wanted),
    )


def _derived(installation: Installation, summary: Summary, log: Sequence[Entry], wanted: set[str]) -> Derived:
    pathway = installation.pathway(summary.pathway_id, summary.pathway_version)
    zone = ZoneInfo(summary.time_zone)
    late = late_places(log, zone)
    reached = {each.entry_id: step for each, step in steps(pathway, effective_history(log, zone))}
    contested = {name for name, step in reached.items() if step.contested and name in wanted}
    return Derived(
        frozenset(log[place].entry_id for place in late),
        frozenset(name for name, step in reached.items() if step.unexpected),
        _contested(pathway, log, zone, late, contested),
        impacts(pathway, log, zone, [place for place in late if log[place].entry_id in wanted]),
    )


def late_places(log: Sequence[Entry], zone: ZoneInfo) -> list[int]:
    """The places of the entries that changed what was known of a day before the last."""
    late: list[int] = []
    latest = FIRST_DAY
    for place, entry in enumerate(log[1:], 1):
        on = entry.event.day(zone)
        if not appends_in_order(entry.event, on, latest):
            late.append(place)
        latest = max(latest, on)
    return late


def impacts(
    pathway: Pathway, log: Sequence[Entry], zone: ZoneInfo, late: Sequence[int], recorded: str | None = None
) -> dict[str, dict[str, Any]]:
    """What late, corrected and retracted facts changed about what had been said and decided.

    Of the last of them alone, and of the entry `recorded`.
    """
    wanted = {*late[-MOST_IMPACTS:], *(place for place in late if log[place].entry_id == recorded)}
    found = {}
    for place in sorted(wanted):
        before, after = (list(steps(pathway, _until(log, end, zone))) for end in (place, place + 1))
        found[log[place].entry_id] = impact_of(pathway, before, after).as_dict()
    return found


def _words(log: Iterable[Entry], kind: type[DecisionCountersigned | ReviewResolved]) -> dict[str, Word]:
    return {
        entry.event.entry: Word(entry.entry_id, entry.actor, entry.recorded_at, entry.event.reason)
        for entry in log
        if isinstance(entry.event, kind)
    }


def _replaced(log: Sequence[Entry], zone: ZoneInfo) -> dict[str, Replaced]:
    found, stands, roots = dict[str, Replaced](), dict[str, Event](), dict[str, str]()
    for entry in log:
        event = entry.event
        if not isinstance(event, EventCorrected):
            stands[entry.entry_id] = event
            continue
        roots[entry.entry_id] = root = roots.get(event.entry, event.entry)
        was, now = stands.get(root), event.replacement
        if was is not None:
            on = was.day(zone).isoformat(), now.day(zone).isoformat()
            found[entry.entry_id] = Replaced(was.body(), now.body(), *on)
        stands[root] = now
    return found


def _contested(
    pathway: Pathway, log: Sequence[Entry], zone: ZoneInfo, late: Sequence[int], contested: set[str]
) -> dict[str, str | None]:
    """Between the decision and now it is halved, so that a long log is folded a few times and not once for each."""

    @cache
    def contested_by(end: int) -> frozenset[str]:
        known = steps(pathway, _until(log, end, zone))
        return frozenset(each.entry_id for each, step in known if step.contested)

    found = dict[str, str | None]()
    for place, entry in enumerate(log):
        if entry.entry_id not in contested:
            continue
        ends = [place, *(each for each in late if each > place)]
        low, high = 0, len(ends) - 1
        while low < high:
            middle = (low + high) // 2
            by_then = entry.entry_id in contested_by(ends[middle] + 1)
            low, high = (low, middle) if by_then else (middle + 1, high)
        found[entry.entry_id] = log[ends[low]].entry_id if low else None
    return found


def _until(log: Sequence[Entry], end: int, zone: ZoneInfo) -> tuple[Effective, ...]:
    return effective_history(log[:end], zone)
