"""What has to be said to a request about an episode, from its log alone: the outcome, and what it adds."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from pathway.clinical.measurements import Measurements, contradict, joined
from pathway.clinical.regimens import regimen
from pathway.clinical.terms import Component, anti_gd2_in, is_anti_gd2, spelling
from pathway.engine.definition import Pathway
from pathway.episodes.episode import Episode
from pathway.episodes.events import Event
from tests.reference.course import Course
from tests.reference.history import NOT_FACTS, Line, day_of, facts_digest, first_told, in_force, is_retracted
from tests.reference.tables import offered

LONGEST_DAYS = 92
"""How long a recommendation may be considered."""

Told = dict[str, Any]
Messages = Mapping[tuple[str, str], tuple[str, Told]]
"""What every message said: (system, message id) -> (episode, the event)."""


@dataclass(frozen=True)
class Known:
    """All that is known of one episode, and what time it is."""

    pathway: Pathway
    episode: str
    zone: str
    log: tuple[Line, ...]
    now: datetime
    messages: Messages = field(default_factory=dict)

    @property
    def today(self) -> date:
        return self.now.astimezone(ZoneInfo(self.zone)).date()

    @property
    def course(self) -> Course:
        return Course(self.pathway, in_force(self.log, self.zone))

    @property
    def digest(self) -> str:
        return facts_digest(in_force(self.log, self.zone))

    def with_line(self, told: Told) -> Known:
        number = len(self.log) + 1
        line = Line(f"line {number}", number, self.now, "somebody", told)
        messages = dict(self.messages)
        if "source" in told:
            messages[told["source"]["system"], told["source"]["message_id"]] = (self.episode, told)
        return replace(self, log=(*self.log, line), messages=messages)


def latest_day(now: datetime) -> date:
    """The day it is where the day is most advanced, fourteen hours ahead of UTC."""
    return (now.astimezone(UTC) + timedelta(hours=14)).date()


def after_events(known: Known, events: Sequence[tuple[Event, bool]]) -> tuple[str, Known]:
    """The outcome of recording the events, each with whether it names another patient, and the log thereafter.

    All or nothing: one that is refused takes the others with it.
    """
    before = known
    for event, of_another in events:
        told = event.body()
        if of_another:
            return "another_patient", before
        source = told.get("source")
        earlier = known.messages.get((source["system"], source["message_id"])) if source else None
        if earlier is not None:
            if earlier != (known.episode, told):
                return "message_conflict", before
            continue
        refused = refused_event(known, told)
        if refused is not None:
            return refused, before
        known = known.with_line(told)
    return "recorded", known


def refused_event(known: Known, told: Told) -> str | None:
    """The outcome for an event that cannot be recorded; None when it can."""
    for each in (told, told.get("replacement", told)):
        if day_of(each, known.zone) > latest_day(known.now):
            return "impossible_date"
    refused = refused_reference(known.log, told)
    if refused is not None:
        return refused
    if told["kind"] == "toxicity_resolved":
        named = [
            line for line in known.log if line.kind == "toxicity_recorded" and line.entry == told["entry"]
        ]
        return None if named else "unknown_entry"
    if told["kind"] == "assessment_recorded" and contradicts(known, told):
        return "message_conflict"
    return None


def refused_reference(log: Sequence[Line], told: Told) -> str | None:
    """The outcome for a correction or a retraction of an entry that cannot be changed; None when it can."""
    if told["kind"] not in ("event_corrected", "event_retracted"):
        return None
    target = first_told(log, told["entry"])
    if target is None:
        return "unknown_entry"
    if is_retracted(log, target.entry):
        return "not_correctable"
    if told["kind"] == "event_retracted":
        return "not_correctable" if target.kind in ("episode_opened", "event_retracted") else None
    same_kind = target.kind == told["replacement"]["kind"]
    return None if same_kind and target.kind not in NOT_FACTS else "not_correctable"


def contradicts(known: Known, told: Told) -> bool:
    """True when the same assessment has another value of a component right before or right after."""
    course = known.with_line(told).course
    mine = next(taken for taken in course.taken if taken.entry.sequence == len(known.log) + 1)
    together = [taken for taken in course.taken if taken.assessment == mine.assessment]
    for component in Component:
        told_of = [(taken, finding(taken.entry.told, component)) for taken in together]
        whole, last = None, None
        for taken, found in told_of:
            if found is None:
                continue
            if whole is not None and contradict(whole, found) and mine in (taken, last):
                return True
            whole, last = joined(whole, found) if whole else found, taken
    return False


def finding(told: Told, component: str) -> Measurements | None:
    """What an assessment tells of a component; a rating is a finding too, what is left out is none."""
    value = told.get("components", {}).get(component)
    if value is None:
        return None
    return Measurements.model_validate_json(
        json.dumps(value if isinstance(value, dict) else {"rating": value})
    )


@dataclass(frozen=True)
class Choice:
    """A decision as it is asked for; `seen_on` and `seen` are the day and the facts of what it quotes."""

    option: str
    on: date
    seen_on: date
    seen: str
    detail: Told = field(default_factory=dict)
    reason: Told | None = None


def basis(pathway: Pathway, engine: str, day: date, digest: str) -> str:
    """What a decision quotes."""
    rests_on = {
        "pathway": pathway.id,
        "version": pathway.version,
        "content_hash": pathway.content_hash,
        "engine": engine,
        "as_of": day.isoformat(),
        "facts_digest": digest,
    }
    text = json.dumps(rests_on, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def outcome_of_decision(known: Known, choice: Choice) -> str:
    """What is said to a decision."""
    if choice.on > latest_day(known.now):
        return "impossible_date"
    if not known.pathway.has_option(choice.option):
        return "not_an_option"
    episode = known.course.episode
    told = offered(known.pathway, episode, choice.on)
    if is_stale(known, choice):
        return "stale_decision"
    status = told.statuses[choice.option]
    if episode.state == "closed" and status == "blocked":
        return "episode_closed"
    if lacks_detail(choice) or nobody_knows_what_is_given(known.pathway, episode, choice):
        return "invalid_body"
    stopped = gives_what_was_stopped(known.pathway, episode, choice)
    if (status == "blocked" or stopped) and not (choice.reason and "code" in choice.reason):
        return "reason_required"
    if choice.option != told.recommended and choice.reason is None and "text" not in choice.detail:
        return "reason_required"
    return "awaiting_second_signature" if stopped else "decided"


def is_stale(known: Known, choice: Choice) -> bool:
    """True when it rests on other facts, on a day long gone, or on options that stand otherwise on its own day."""
    episode, days = known.course.episode, (choice.on, known.today)
    seen, now = (offered(known.pathway, episode, day).statuses for day in (choice.seen_on, choice.on))
    too_old = choice.seen_on not in days and (max(days) - choice.seen_on).days >= LONGEST_DAYS
    return choice.seen != known.digest or too_old or seen != now


def lacks_detail(choice: Choice) -> bool:
    """True when the decision does not say what its option asks for, or says what only another may say."""
    needed = {"close": "closure", "stop_agent": "agents", "other": "text"}.get(choice.option)
    if needed is not None and not choice.detail.get(needed):
        return True
    return "rests_in" in choice.detail and choice.option != "other"


def goes_on(pathway: Pathway, choice: Choice) -> bool:
    """True when the agents are those of before, unless the decision says others."""
    effect = pathway.option(choice.option).effect
    return choice.option.startswith("continue_") or effect in ("resume", "agents", "new_courses")


def named_agents(choice: Choice) -> set[str]:
    """The agents of the list and of the regimen."""
    known = regimen(spelling(choice.detail["regimen"])) if "regimen" in choice.detail else None
    return {spelling(agent) for agent in (*choice.detail.get("agents", ()), *(known.agents if known else ()))}


def nobody_knows_what_is_given(pathway: Pathway, episode: Episode, choice: Choice) -> bool:
    """True when agents are to be given that nobody has named, though one was stopped for good."""
    option = pathway.option(choice.option)
    if not option.treats or not episode.stops or named_agents(choice):
        return False
    if goes_on(pathway, choice):
        return not episode.agents
    return option.effect == "new_line"


def gives_what_was_stopped(pathway: Pathway, episode: Episode, choice: Choice) -> bool:
    """True when what is given has an agent in it that was stopped for good, or an antibody that may be that one."""
    if pathway.option(choice.option).effect in ("stop", "hold"):
        return False
    given = named_agents(choice) | anti_gd2_in(choice.detail.get("regimen", ""))
    if not given and goes_on(pathway, choice):
        given = set(episode.agents)
    antibodies = {agent for agent in given if is_anti_gd2(agent)}
    stopped = {agent for agent in episode.stops if is_anti_gd2(agent)}
    unnamed = "anti_gd2" in antibodies | stopped
    return bool(given & set(episode.stops)) or bool(unnamed and antibodies and stopped)


def outcome_of_signature(known: Known, entry: str, actor: str) -> str:
    """What is said to a second signature."""
    episode = known.course.episode
    waiting = episode.pending.get(entry)
    if waiting is None:
        return "unknown_entry"
    if waiting.actor == actor:
        return "not_permitted"
    signed = next(line for line in known.log if line.entry == entry)
    since = [line for line in known.log if line.sequence > signed.sequence and line.kind != "note_added"]
    signed_on = signed.recorded_at.astimezone(ZoneInfo(known.zone)).date()
    then, now = (offered(known.pathway, episode, day).statuses for day in (signed_on, known.today))
    return "stale_decision" if since or then != now else "countersigned"
