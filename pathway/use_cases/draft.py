"""One request's write in the making: events are added to an episode, and a proposal for the writer comes out.

An event that is last in the effective order is applied to the stored summary without reading the log; any
other folds the whole log again, and tells what it changed. Both ways give the same episode.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from hashlib import sha256
from itertools import pairwise
from typing import Any, Final
from zoneinfo import ZoneInfo

import orjson

from pathway.engine.definition import Pathway
from pathway.engine.fold import Folded, Step, apply, fold, opened, steps
from pathway.engine.recommendation import Recommendation, basis_of, recommend
from pathway.episodes.episode import Episode
from pathway.episodes.events import (
    DecisionCountersigned,
    DecisionMade,
    Event,
    EventCorrected,
    EventRetracted,
    ReviewResolved,
    Statement,
    read_logged,
)
from pathway.episodes.log import (
    NO_FACTS,
    Effective,
    Entry,
    appends_in_order,
    effective_history,
    extended_digest,
    fault_of_reference,
)
from pathway.proof.canonical import canonical
from pathway.proof.chain import GENESIS, seal
from pathway.store.identifiers import new_identifier
from pathway.store.values import NewEntry, NewMessage, NewPatient, Proposal, StoredEntry, Summary
from pathway.store.writer import View
from pathway.use_cases.impact import NO_IMPACT, Impact, impact_of
from pathway.use_cases.installation import Caller, Installation, latest_day, today_in
from pathway.use_cases.permissions import Operation
from pathway.use_cases.refusals import Refusal

History = list[tuple[Effective, Step]]
FIRST_DAY = date(1, 1, 1)
WORD_OF_A_PERSON = DecisionMade | DecisionCountersigned | ReviewResolved | Statement
"""What only somebody who may decide can take back."""


UNREADABLE: Final = (
    "The record of this episode cannot be read: an entry is not what was sealed. Have the episode verified, and leave"
    " its record as it is."
)


def entry_of(stored: StoredEntry) -> Entry:
    """A log entry as the core reads it. Raises `Refusal` for what cannot have been recorded as it stands there."""
    try:
        event = read_logged(orjson.dumps(orjson.loads(stored.body)["event"]))
    except (LookupError, TypeError, ValueError):
        raise Refusal("internal", UNREADABLE) from None
    return Entry(stored.entry_id, stored.sequence, stored.recorded_at, stored.actor, event)


def folded_of(summary: Summary, pathway: Pathway, engine: str, log: Callable[[], Iterable[Entry]]) -> Folded:
    """The episode of a summary row and the digest of its facts; both from the log when another engine made the row."""
    if summary.engine == engine:
        return Folded(Episode.from_json(summary.snapshot), summary.facts_digest)
    return fold(pathway, effective_history(log(), ZoneInfo(summary.time_zone)))


def standing_columns(episode: Episode, digest: str, last_on: date, told: Recommendation) -> dict[str, Any]:
    """The columns of a summary row that follow from the log, by the engine and what it said on the last day.

    Verification makes them again: who changes one changes what rows of the same engine are to hold.
    """
    due = told.next_due
    return {
        "is_open": episode.state != "closed",
        "state": episode.state,
        "facts_digest": digest,
        "last_on": last_on,
        "snapshot": episode.to_json(),
        "recommended": told.recommended,
        "needs_tumour_board": told.outcome.needs_tumour_board,
        "due_what": due.window.what if due else None,
        "due_earliest": due.earliest if due else None,
        "due_target": due.target if due else None,
        "due_latest": due.latest if due else None,
        "missing": len(told.outcome.obtain),
        "waiting": len(episode.pending) + (episode.state == "decision_due"),
        "reviews": len(episode.reviews),
        "urgent": len(told.urgent()),
    }


@dataclass(slots=True)
class Draft:
    """An episode, and what has been added to it so far in this request."""

    installation: Installation
    caller: Caller
    pathway: Pathway
    view: View
    now: datetime
    episode_id: str
    pseudonym: str
    zone: ZoneInfo
    opened_on: date
    episode: Episode | None = None
    digest: str = NO_FACTS
    last_on: date = FIRST_DAY
    sequence: int = 0
    head: str = GENESIS
    entries: list[NewEntry] = field(default_factory=list)
    messages: list[NewMessage] = field(default_factory=list)
    log: list[Entry] | None = None
    earlier: History | None = None
    """The history before the first entry of this request that came late; None while there is none."""
    history: History | None = None
    """The history after all that was added, where it was gone through."""
    told: Recommendation | None = None
    """The recommendation last asked for: trace, summary row and answer are made of the same one."""
    passed: list[tuple[Episode, Episode]] = field(default_factory=list)
    """Before and after each entry that the last addition made us go through: itself, and what comes after it."""

    @classmethod
    def of(cls, installation: Installation, caller: Caller, view: View, now: datetime) -> Draft:
        """A draft on the episode the writer has locked. Raises `Refusal` when there is none."""
        summary = view.summary
        if summary is None:
            raise Refusal("unknown_episode", "This site has no episode with this id.")
        pathway = installation.pathway(summary.pathway_id, summary.pathway_version)
        folded = folded_of(summary, pathway, installation.engine, lambda: map(entry_of, view.entries()))
        return cls(
            installation,
            caller,
            pathway,
            view,
            now,
            summary.episode_id,
            summary.pseudonym,
            ZoneInfo(summary.time_zone),
            summary.opened_on,
            folded.episode,
            folded.digest,
            summary.last_on,
            summary.head_sequence,
            summary.head_hash,
        )

    @property
    def today(self) -> date:
        """The day it is at the site."""
        return today_in(self.zone.key, self.now)

    @property
    def known(self) -> Episode:
        """The episode as it stands. Only after the opening."""
        if self.episode is None:
            raise AssertionError("The episode has not been opened.")
        return self.episode

    def recommendation(self, as_of: date | None = None) -> Recommendation:
        """What the pathway says next, today or on the day `as_of`."""
        day = as_of or self.today
        if self.told is None or self.told.episode is not self.episode or self.told.as_of != day:
            self.told = recommend(self.pathway, self.known, day)
        return self.told

    @property
    def impact(self) -> Impact:
        """What the late entries of this request, taken together, change about what was said before."""
        if self.earlier is None or self.history is None:
            return NO_IMPACT
        return impact_of(self.pathway, self.earlier, self.history)

    def basis(self, as_of: date | None = None) -> str:
        """What a decision on the recommendation has to quote."""
        return basis_of(self.pathway, self.installation.engine, as_of or self.today, self.digest)

    def whole_log(self) -> list[Entry]:
        """All entries of the episode, those of this draft among them."""
        if self.log is None:
            self.log = [entry_of(stored) for stored in self.view.entries()]
            self.log += [entry_of(stored) for stored in self.entries]
        return self.log

    def require_possible(self, event: Event, at: str = "") -> None:
        """Raises `Refusal` for what cannot be true: a date to come, an entry that is not there."""
        replacement = event.replacement if isinstance(event, EventCorrected) else event
        for told, pointer in ((event, at), (replacement, f"{at}/replacement")):
            if told.day(self.zone) > latest_day(self.now):
                errors = [(f"{pointer}/occurred_on", "This day is still to come.")]
                raise Refusal("impossible_date", "An event cannot have happened in the future.", errors)
        if isinstance(event, EventCorrected | EventRetracted):
            fault = fault_of_reference(event, self.whole_log())
            if fault is not None:
                unknown = fault.startswith("This episode has no entry")
                raise Refusal(
                    "unknown_entry" if unknown else "not_correctable", fault, [(f"{at}/entry", fault)]
                )
            target = next(entry.event for entry in self.whole_log() if entry.entry_id == event.entry)
            if isinstance(target, WORD_OF_A_PERSON):
                self.caller.require(Operation.TAKE_BACK_A_PERSONS_WORD)

    def append(self, event: Event) -> tuple[NewEntry, Step]:
        """Adds an event: seals its entry and takes it into the episode."""
        sequence, recorded_at = self.sequence + 1, self.now + timedelta(microseconds=len(self.entries))
        entry_id, on = new_identifier(self.now), event.day(self.zone)
        entry = Entry(entry_id, sequence, recorded_at, self.caller.subject, event)
        if self.episode is None or appends_in_order(event, on, self.last_on):
            step = self._apply(Effective(entry_id, sequence, on, entry.actor, event))
        else:
            step = self._fold_again(entry)
        self.episode = step.episode
        if self.log is not None:
            self.log.append(entry)
        trace = canonical(self.recommendation().trace()).decode()
        sealed = seal(self._payload(entry, on, trace), self.head)
        stored = NewEntry(
            self.caller.site_id,
            self.episode_id,
            sequence,
            entry_id,
            event.kind,
            on,
            recorded_at,
            self.caller.subject,
            self.caller.client_id,
            sealed.body,
            sealed.prev_hash,
            sealed.hash,
            trace,
        )
        self.entries.append(stored)
        self.sequence, self.head = sequence, sealed.hash
        return stored, step

    def _apply(self, effective: Effective) -> Step:
        if self.episode is None:
            step = opened(self.pathway, effective)
        else:
            step = apply(self.pathway, self.episode, effective)
            self.passed = [(self.episode, step.episode)]
            self.last_on = max(self.last_on, effective.on)
        if self.history is not None:
            self.history.append((effective, step))
        self.digest = extended_digest(self.digest, effective)
        return step

    def _fold_again(self, entry: Entry) -> Step:
        log = self.whole_log()
        before = self.history or list(steps(self.pathway, effective_history(log, self.zone)))
        if self.earlier is None:
            self.earlier = before
        after, same = self._resumed(before, effective_history([*log, entry], self.zone))
        self.history = after
        gone_through = pairwise(after[same - 1 :])
        self.passed = [(earlier.episode, later.episode) for (_, earlier), (_, later) in gone_through]
        self.digest = NO_FACTS
        for effective, _ in after:
            self.digest = extended_digest(self.digest, effective)
        self.last_on = max((effective.on for effective, _ in after[1:]), default=FIRST_DAY)
        last = after[-1][1]
        if set(before[-1][1].episode.stops) - set(last.episode.stops):
            # To take back what stopped an agent for good is to allow the agent again.
            self.caller.require(Operation.TAKE_BACK_A_STOP)
        own = next(
            (step for effective, step in after if effective.entry_id == entry.entry_id), Step(last.episode)
        )
        moved = last.episode.state != before[-1][1].episode.state
        return replace(own, episode=last.episode, moved=moved)

    def _resumed(self, before: History, history: Sequence[Effective]) -> tuple[History, int]:
        """Each entry of `history` with what it does, and how many stand there as they did `before`."""
        same = next(
            (
                number
                for number, ((known, _), now) in enumerate(zip(before, history, strict=False))
                if known != now
            ),
            min(len(before), len(history)),
        )
        done = before[:same]
        for effective in history[same:]:
            done.append((effective, apply(self.pathway, done[-1][1].episode, effective)))
        return done, same

    def _payload(self, entry: Entry, on: date, trace: str) -> dict[str, Any]:
        return {
            "format": 1,
            "site": self.caller.site_id,
            "episode": self.episode_id,
            "pseudonym": self.pseudonym,
            "sequence": entry.sequence,
            "entry": entry.entry_id,
            "on": on.isoformat(),
            "recorded_at": entry.recorded_at.isoformat(timespec="microseconds"),
            "actor": entry.actor,
            "client": self.caller.client_id,
            "pathway": {
                "id": self.pathway.id,
                "version": self.pathway.version,
                "content_hash": self.pathway.content_hash,
            },
            "engine": self.installation.engine,
            "event": entry.event.body(),
            "recommendation": sha256(trace.encode()).hexdigest(),
        }

    def summary(self) -> Summary:
        """The summary row after all that was added."""
        return Summary(
            self.caller.site_id,
            self.episode_id,
            self.pseudonym,
            self.pathway.id,
            self.pathway.version,
            self.pathway.content_hash,
            self.installation.engine,
            self.zone.key,
            self.opened_on,
            head_sequence=self.sequence,
            head_hash=self.head,
            head_recorded_at=self.entries[-1].recorded_at,
            **standing_columns(self.known, self.digest, self.last_on, self.recommendation()),
        )

    def _require_only_one_open(self) -> None:
        """Raises `Refusal` when this opens a closed episode again while the patient has another."""
        before = self.view.summary
        if before is None or before.is_open:
            return
        other = self.view.open_episode(self.pseudonym, self.pathway.id)
        if other is not None:
            detail = "The patient has another open episode on this pathway; this one cannot be opened again beside it."
            raise Refusal("episode_exists", detail, location=f"/v1/episodes/{other}", episode=other)

    def proposal(
        self,
        outcome: str,
        document: dict[str, Any],
        *,
        location: str | None = None,
        patient: NewPatient | None = None,
    ) -> Proposal:
        """What the writer shall write and answer."""
        summary = self.summary() if self.entries else None
        if summary is not None and summary.is_open:
            self._require_only_one_open()
        return Proposal(
            outcome,
            orjson.dumps(document),
            location,
            tuple(self.entries),
            summary,
            patient,
            tuple(self.messages),
        )
