"""What became of an episode: how long it stayed in each state, what was decided there, and what was assessed.

With each entry the log stores what the pathway said once it was known, the state among it. Where everything came in
the order in which it happened, the course stands in the log and nothing is computed. Where something came late, was
corrected or taken back, the past is another than was thought then: such a log is gone through again, and what came
of it is remembered until the log goes on.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from threading import Lock
from typing import Any, Final, Literal, TypeAlias
from zoneinfo import ZoneInfo

import orjson

from pathway.engine.definition import Pathway
from pathway.engine.fold import steps
from pathway.engine.recommendation import recommend
from pathway.episodes.log import effective_history
from pathway.store.values import StoredEntry, Summary
from pathway.use_cases.draft import FIRST_DAY, entry_of
from pathway.use_cases.installation import Installation

Agreement = Literal["recommended", "possible", "left_open", "override"]
"""How a decision agrees with what was said: recommended; possible where another was recommended, or where none was;
or made against what stood in its way."""

_CHANGES: Final = frozenset({"event_corrected", "event_retracted"})
_MOVES_NOTHING: Final = frozenset(
    {
        "baseline_recorded",
        "biomarker_recorded",
        "consent_recorded",
        "fitness_recorded",
        "gd2_measured",
        "intent_recorded",
        "note_added",
        "prior_therapy_recorded",
        "review_resolved",
        "toxicity_recorded",
        "toxicity_resolved",
    }
)
"""Facts that move no episode by themselves: coming late they change no state that it has been in."""


@dataclass(frozen=True, slots=True)
class Day:
    """A day of a course; not exact when only the month, the year or the order is known."""

    on: date
    exact: bool


@dataclass(frozen=True, slots=True)
class Stay:
    """Being in one state; `until` is None while it goes on."""

    state: str
    since: Day
    until: Day | None = None

    @property
    def days(self) -> int | None:
        """How long it lasted; None while it goes on, or where a day is not known."""
        if self.until is None or not (self.since.exact and self.until.exact):
            return None
        return (self.until.on - self.since.on).days


@dataclass(frozen=True, slots=True)
class Choice:
    """A decision that took effect, in the state in which it was made; `reason` is its code, if it has one."""

    day: Day
    state: str
    option: str
    agreement: Agreement
    reason: str | None


@dataclass(frozen=True, slots=True)
class Assessed:
    """A response that a decision could rest on: the last in force when the episode went on from there."""

    day: Day
    response: str


@dataclass(frozen=True, slots=True)
class Course:
    """One episode from its opening on."""

    stays: tuple[Stay, ...]
    choices: tuple[Choice, ...]
    assessments: tuple[Assessed, ...]

    @property
    def exact(self) -> bool:
        """True when every day on which it went on is known."""
        return all(each.since.exact for each in self.stays)


Document: TypeAlias = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _Point:
    """Where the episode stood once one entry was taken in."""

    entry_id: str
    day: Day
    event: Document
    state: str
    response: str | None


def courses_of(
    installation: Installation, summaries: Sequence[Summary], logs: Mapping[str, list[StoredEntry]]
) -> dict[str, Course]:
    """The course of each of these episodes, by episode."""
    return {
        summary.episode_id: _course_of(installation, summary, logs[summary.episode_id])
        for summary in summaries
    }


def _course_of(installation: Installation, summary: Summary, log: list[StoredEntry]) -> Course:
    if _in_order(log):
        return told_by(map(_stored, log))
    key = (summary.site_id, summary.episode_id, log[-1].hash, installation.engine)
    with _LOCK:
        known = _REMEMBERED.get(key)
    if known is None:
        pathway = installation.pathway(summary.pathway_id, summary.pathway_version)
        known = told_by(_gone_through(pathway, log, ZoneInfo(summary.time_zone)))
        with _LOCK:
            _REMEMBERED[key] = known
            if len(_REMEMBERED) > MOST_REMEMBERED:
                _REMEMBERED.popitem(last=False)
    return known


_REMEMBERED: Final[OrderedDict[tuple[str, str, str, str], Course]] = OrderedDict()
_LOCK: Final = Lock()
MOST_REMEMBERED: Final = 2000


def _in_order(log: Sequence[StoredEntry]) -> bool:
    """True when no entry changed which states the episode had been in before it."""
    latest = FIRST_DAY
    for entry in log[1:]:
        late = entry.occurred_on < latest and entry.kind not in _MOVES_NOTHING
        if late or entry.kind in _CHANGES:
            return False
        latest = max(latest, entry.occurred_on)
    return True


def _stored(entry: StoredEntry) -> _Point:
    event = orjson.loads(entry.body)["event"]
    told = orjson.loads(entry.recommendation or "{}")
    day = Day(entry.occurred_on, event.get("occurred_precision", "day") == "day")
    return _Point(entry.entry_id, day, event, told["state"], told["findings"].get("response"))


def _gone_through(pathway: Pathway, log: Iterable[StoredEntry], zone: ZoneInfo) -> Iterator[_Point]:
    for effective, step in steps(pathway, effective_history(map(entry_of, log), zone)):
        told = recommend(pathway, step.episode, effective.on).trace()
        day = Day(effective.on, effective.precision == "day")
        event: Document = effective.event.body()
        yield _Point(effective.entry_id, day, event, told["state"], told["findings"].get("response"))


@dataclass
class _Telling:
    """A course in the making."""

    stays: list[Stay] = field(default_factory=list)
    choices: list[Choice] = field(default_factory=list)
    assessments: list[Assessed] = field(default_factory=list)
    waiting: dict[str, Document] = field(default_factory=dict)
    assessed: Assessed | None = None

    def take_in(self, point: _Point) -> None:
        """One more entry."""
        self._choose(point)
        if not self.stays:
            self.stays.append(Stay(point.state, point.day))
        elif point.state != self.stays[-1].state:
            last = self.stays[-1]
            # What was known before the opening brings the episode on from the day it was opened.
            day = point.day if point.day.on >= last.since.on else last.since
            self.stays[-1] = Stay(last.state, last.since, day)
            self.stays.append(Stay(point.state, day))
        self._assess(point)

    def _choose(self, point: _Point) -> None:
        event = point.event
        match event["kind"]:
            case "decision_made" if event["awaits_second_signature"]:
                self.waiting[point.entry_id] = event
            case "decision_made":
                self.choices.append(_choice(event, point.day, self.stays[-1].state))
            case "decision_countersigned" if (decision := self.waiting.pop(event["entry"], None)) is not None:
                self.choices.append(_choice(decision, point.day, self.stays[-1].state))

    def _assess(self, point: _Point) -> None:
        if point.response is not None:
            day = self.assessed.day if self.assessed else point.day
            self.assessed = Assessed(day, point.response)
        elif self.assessed is not None:
            self.assessments.append(self.assessed)
            self.assessed = None


def told_by(points: Iterable[_Point]) -> Course:
    """The course that these entries tell, in the order in which they happened."""
    telling = _Telling()
    for point in points:
        telling.take_in(point)
    pending = (telling.assessed,) if telling.assessed else ()
    return Course(tuple(telling.stays), tuple(telling.choices), (*telling.assessments, *pending))


def _choice(event: Document, day: Day, state: str) -> Choice:
    offered = event["offered_as"]
    agreement: Agreement = (
        "override"
        if offered == "blocked"
        else "recommended"
        if offered == "recommended"
        else "possible"
        if event.get("recommended")
        else "left_open"
    )
    reason = (event.get("reason") or {}).get("code")
    return Choice(day, state, event["option"], agreement, reason)
