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
from pathway.clinical.side_effects import side_effect_key
from pathway.clinical.terms import Component, ToxicityScale, anti_gd2_in, is_anti_gd2, spelling
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
        if not named:
            return "unknown_entry"
    cannot_be = contradicts_what_stands(known, told)
    if cannot_be is not None:
        return cannot_be
    if told["kind"] == "assessment_recorded" and contradicts(known, told):
        return "message_conflict"
    return None


def _side_effect(told: Told) -> str:
    return side_effect_key(told["term"], ToxicityScale(told["scale"]))


def contradicts_what_stands(known: Known, told: Told) -> str | None:
    """The outcome for a grade where there is none, a second infusion on a day, and a side effect that comes down
    before it began or to more than it ever was."""
    said, lines = told.get("replacement", told), in_force(known.log, known.zone)
    on, exact = day_of(said, known.zone), said.get("occurred_precision") == "day"
    if said["kind"] == "car_t_step_recorded":
        if "grade" in said and said["step"] not in ("crs", "icans"):
            return "invalid_body"
        infusions = [line for line in lines if line.told.get("step") == "infused" and line.on == on]
        precisions = [line.told["occurred_precision"] for line in infusions]
        again = said["step"] == "infused" and said is told and exact and "day" in precisions
        return "message_conflict" if again else None
    if said["kind"] == "toxicity_resolved":
        for named in [line for line in lines if line.entry == said["entry"]]:
            if named.told["kind"] != "toxicity_recorded":
                continue
            if exact and named.told["occurred_precision"] == "day" and on < named.on:
                return "impossible_date"
            reports = [line.told for line in lines if line.told["kind"] == "toxicity_recorded"]
            grades = [each["grade"] for each in reports if _side_effect(each) == _side_effect(named.told)]
            if "unknown" not in grades and said["to_grade"] > max(grades):
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
    opened = next(line for line in known.log if line.kind == "episode_opened")
    if choice.on > latest_day(known.now) or choice.on < day_of(opened.told, known.zone):
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
    if gives_an_antibody_not_offered(known, episode, choice) or switches_to_no_other(
        known.pathway, episode, choice
    ):
        return "invalid_body"
    stopped = gives_what_was_stopped(known.pathway, episode, choice)
    if (status == "blocked" or stopped) and not (choice.reason and "code" in choice.reason):
        return "reason_required"
    if stopped and not (choice.reason and "text" in choice.reason):
        return "reason_required"
    offer = told.offers.get(choice.option)
    asks = choice.option != told.recommended or (offer is not None and offer.needs_reason)
    if (asks or is_cautioned(known.pathway, episode, choice)) and not (
        choice.reason or "text" in choice.detail
    ):
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
    return choice.option.startswith("continue_") or effect in GOES_ON


def named_agents(choice: Choice) -> set[str]:
    """The agents of the list and of the regimen."""
    known = regimen(spelling(choice.detail["regimen"])) if "regimen" in choice.detail else None
    return {spelling(agent) for agent in (*choice.detail.get("agents", ()), *(known.agents if known else ()))}


def nobody_knows_what_is_given(pathway: Pathway, episode: Episode, choice: Choice) -> bool:
    """True when agents are to be given that nobody has named, though one was stopped for good."""
    option = pathway.option(choice.option)
    if not option.treats or not episode.stops or named_agents(choice):
        return False
    if not goes_on(pathway, choice):
        return option.effect == "new_line"
    left = agents_left(pathway, episode, choice)
    return not left or any(stop.concerns(left) for stop in episode.stops.values())


def gives_what_was_stopped(pathway: Pathway, episode: Episode, choice: Choice) -> bool:
    """True when what is given has an agent in it that was stopped for good, or an antibody that may be that one."""
    given = everything_given(pathway, episode, choice)
    antibodies = {agent for agent in given if is_anti_gd2(agent)}
    stopped = {agent for agent in episode.stops if is_anti_gd2(agent)}
    unnamed = "anti_gd2" in antibodies | stopped
    return bool(given & set(episode.stops)) or bool(unnamed and antibodies and stopped)


GOES_ON = ("resume", "agents", "new_courses", "drop_antibody", "switch_antibody")


def agents_left(pathway: Pathway, episode: Episode, choice: Choice) -> set[str]:
    """What of the agents given before goes on when the decision is silent about it, or names another antibody alone."""
    effect = pathway.option(choice.option).effect
    left = set(episode.agents)
    if effect in ("drop_antibody", "switch_antibody") and (named_agents(choice) or effect == "drop_antibody"):
        left = {agent for agent in left if not is_anti_gd2(agent)}
    return left


def mentioned(choice: Choice) -> set[str]:
    """The agents named in any way."""
    texts = (*choice.detail.get("agents", ()), choice.detail.get("regimen", ""))
    return named_agents(choice).union(*(anti_gd2_in(text) for text in texts))


def everything_given(pathway: Pathway, episode: Episode, choice: Choice) -> set[str]:
    """What the decision would give: all it names, and what goes on beside that."""
    effect, named = pathway.option(choice.option).effect, named_agents(choice)
    if effect in ("stop", "hold"):
        return set()
    given = mentioned(choice)
    only_antibodies = bool(named) and all(map(is_anti_gd2, planned_of(choice)))
    if goes_on(pathway, choice) and (not named or (effect == "switch_antibody" and only_antibodies)):
        given |= agents_left(pathway, episode, choice)
    return given


def planned_of(choice: Choice) -> set[str]:
    """The agents of the list, else those of the regimen."""
    listed = {spelling(agent) for agent in choice.detail.get("agents", ())}
    return listed or named_agents(choice)


def gives_an_antibody_not_offered(known: Known, episode: Episode, choice: Choice) -> bool:
    """True when it was offered without an antibody against GD2, and would give one that no hard stop speaks of."""
    offer = offered(known.pathway, episode, choice.on).offers.get(choice.option)
    drops = known.pathway.option(choice.option).effect == "drop_antibody"
    if not drops and (offer is None or not offer.without_antibody):
        return False
    if any(map(is_anti_gd2, mentioned(choice))):
        return drops or not gives_what_was_stopped(known.pathway, episode, choice)
    return any(map(is_anti_gd2, everything_given(known.pathway, episode, choice)))


def switches_to_no_other(pathway: Pathway, episode: Episode, choice: Choice) -> bool:
    """True for a switch that does not name another antibody than those given or stopped."""
    if pathway.option(choice.option).effect != "switch_antibody":
        return False
    named = {agent for agent in mentioned(choice) if is_anti_gd2(agent)}
    return not named or bool(named & {"anti_gd2", *episode.stops, *episode.agents})


def is_cautioned(pathway: Pathway, episode: Episode, choice: Choice) -> bool:
    """True when the pathway wants a reason for giving these agents, or the antibody that the option stands for."""
    given = everything_given(pathway, episode, choice)
    if not given and choice.option == "start_chemoimmunotherapy":
        given = {"anti_gd2"}
    effect = pathway.option(choice.option).effect
    return any(
        list(caution.read(episode, choice.on, tuple(given)))
        for caution in pathway.cautions
        if effect in caution.effects
    )


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
