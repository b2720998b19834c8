"""Which lines of a log are in force and in which order, found by looking through the whole log for each question."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from pathway.clinical.terms import Precision
from pathway.episodes.events import Event, read_logged
from pathway.episodes.facts import Stamp

ABOUT_THE_LOG = ("event_corrected", "event_retracted")
NOT_FACTS = ("episode_opened", "decision_made", "decision_countersigned", "review_resolved")


@dataclass(frozen=True)
class Line:
    """One line of the log as it was written down: `told` is the JSON of its event."""

    entry: str
    sequence: int
    recorded_at: datetime
    actor: str
    told: dict[str, Any]

    @property
    def kind(self) -> str:
        kind: str = self.told["kind"]
        return kind


@dataclass(frozen=True)
class InForce:
    """What stands in the place of one line, and whose word it is."""

    entry: str
    sequence: int
    on: date
    actor: str
    told: dict[str, Any]

    @property
    def event(self) -> Event:
        return read_logged(json.dumps(self.told))

    @property
    def at(self) -> Stamp:
        return Stamp(self.entry, self.on, Precision(self.told["occurred_precision"]))


def day_of(told: dict[str, Any], zone: str) -> date:
    """The day at the site on which it happened."""
    if "occurred_on" in told:
        return date.fromisoformat(told["occurred_on"])
    return datetime.fromisoformat(told["occurred_at"]).astimezone(ZoneInfo(zone)).date()


def line_of(log: Sequence[Line], entry: str) -> Line | None:
    return next((line for line in log if line.entry == entry), None)


def first_told(log: Sequence[Line], entry: str) -> Line | None:
    """The line that an entry is about: of a correction, and of a correction of one, the line first corrected."""
    line = line_of(log, entry)
    while line is not None and line.kind == "event_corrected":
        line = line_of(log, line.told["entry"])
    return line


def is_retracted(log: Sequence[Line], entry: str) -> bool:
    retracted = [first_told(log, line.told["entry"]) for line in log if line.kind == "event_retracted"]
    return any(line is not None and line.entry == entry for line in retracted)


def in_force(log: Sequence[Line], zone: str, known_at: datetime | None = None) -> list[InForce]:
    """What counts of the lines recorded by `known_at`: the opening, then all by date and by place in the log."""
    known = [line for line in log if known_at is None or line.recorded_at <= known_at]
    found = []
    for line in known:
        if line.kind in ABOUT_THE_LOG or is_retracted(known, line.entry):
            continue
        corrections = [
            each for each in known if each.kind == "event_corrected" and first_told(known, each.entry) == line
        ]
        last = corrections[-1] if corrections else line
        told = last.told["replacement"] if corrections else line.told
        found.append(InForce(line.entry, line.sequence, day_of(told, zone), last.actor, told))
    return sorted(found, key=lambda one: (one.told["kind"] != "episode_opened", one.on, one.sequence))


def facts_digest(entries: Sequence[InForce]) -> str:
    """A hash over the entries in force, each hashed together with what came before; notes do not count."""
    digest = hashlib.sha256(b"").hexdigest()
    for one in entries:
        if one.told["kind"] != "note_added":
            text = json.dumps(
                [digest, one.entry, one.told], sort_keys=True, separators=(",", ":"), ensure_ascii=False
            )
            digest = hashlib.sha256(text.encode()).hexdigest()
    return digest
