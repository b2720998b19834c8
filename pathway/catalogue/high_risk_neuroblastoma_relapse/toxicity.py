"""What the side effects of the present treatment ask for while they go on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from typing import Final

from pathway.clinical.evidence import PROJECT_DESIGN, Tag, cite
from pathway.clinical.side_effects import side_effect_key
from pathway.clinical.terms import ToxicityScale, is_anti_gd2
from pathway.clinical.toxicity_actions import Asked, Happening, Rule, action_of, asked
from pathway.clinical.toxicity_tables import CONTRAINDICATED_BY, CONTRAINDICATION, Action, ActionRule
from pathway.engine.findings import UNKNOWN, Found, finding
from pathway.engine.guards import Guard, guard
from pathway.episodes.episode import Episode
from pathway.episodes.facts import Occurrences, Stamp, Toxicity
from pathway.episodes.toxicities import occurrence_key

AGAIN: Final = 2
"""From which severe occurrence on a side effect is recurrent."""


def occurrences_of(episode: Episode, toxicity: Toxicity) -> Occurrences:
    """How often it came under the same antibody, in the whole episode."""
    key = side_effect_key(toxicity.term, toxicity.scale)
    return episode.occurrences[occurrence_key(key, toxicity.agent)]


def asked_by(episode: Episode, toxicity: Toxicity) -> Asked:
    """What one side effect asks for; a grade of another scale than CTCAE is none for the rules of an antibody."""
    return asked(
        Happening(
            toxicity.term,
            toxicity.grade if toxicity.scale is ToxicityScale.CTCAE_V5 else None,
            toxicity.agent,
            recurrent=occurrences_of(episode, toxicity).severe >= AGAIN,
            condition_met=toxicity.condition_met,
        )
    )


def antibody_may_be_given(episode: Episode) -> bool:
    """False where the agents of the present treatment are known and none of them binds GD2."""
    return not episode.agents or any(map(is_anti_gd2, episode.agents))


def is_of_another_agent(toxicity: Toxicity) -> bool:
    """True where it was put down to an agent that is no antibody against GD2: it keeps none of those back."""
    return toxicity.agent is not None and not is_anti_gd2(toxicity.agent)


def of_present_treatment(episode: Episode, as_of: date) -> Iterator[tuple[Toxicity, Asked]]:
    """Each side effect that goes on, or was severe and is not done with, with what it asks for.

    None of an antibody that is no longer given.
    """
    for toxicity in _under_present_antibody(episode):
        if toxicity.ongoing:
            yield toxicity, asked_by(episode, toxicity)
        yield from _still_asked(episode, toxicity, as_of)


def ongoing_of_present_treatment(episode: Episode) -> Iterator[tuple[Toxicity, Asked]]:
    """Each side effect that goes on, with what it asks for; none of an antibody that is no longer given."""
    for toxicity in _under_present_antibody(episode):
        if toxicity.ongoing:
            yield toxicity, asked_by(episode, toxicity)


def _under_present_antibody(episode: Episode) -> Iterator[Toxicity]:
    if not antibody_may_be_given(episode):
        return
    for toxicity in episode.toxicities.values():
        earlier = toxicity.agent is not None and is_anti_gd2(toxicity.agent)
        if not (earlier and episode.agents and toxicity.agent not in episode.agents):
            yield toxicity


def _still_asked(episode: Episode, toxicity: Toxicity, as_of: date) -> Iterator[tuple[Toxicity, Asked]]:
    """What a severe side effect has ended for today or for this course, also when it has come down since."""
    times = occurrences_of(episode, toxicity)
    now_severe = toxicity.ongoing and toxicity.grade == times.severe_grade
    if times.severe_at is None or now_severe:
        return
    then = replace(toxicity, grade=times.severe_grade)
    lasting = {Action.DELAY} if _in_running_course(episode, times.severe_at) else set()
    if as_of <= times.severe_at.on:
        lasting.add(Action.END_TODAY)
    rules = tuple(rule for rule in asked_by(episode, then).rules if action_of(rule) in lasting)
    if rules:
        yield then, Asked(action_of(rules[0]), rules)


def _in_running_course(episode: Episode, at: Stamp) -> bool:
    course = episode.courses if episode.context == "maintenance" else episode.cycles
    began = course.last_started if course.last_completed is None else None
    return began is not None and at.on >= began.on


def graded(toxicity: Toxicity) -> str:
    """A side effect with its grade, as people say it."""
    told = "grade not known" if toxicity.grade is None else f"grade {toxicity.grade}"
    scale = " (ASTCT)" if toxicity.scale is ToxicityScale.ASTCT else ""
    return f"{toxicity.term.replace('_', ' ')}, {told}{scale}"


def in_words(rule: Rule) -> str:
    """A rule with how to go on after it."""
    resume = rule.resume if isinstance(rule, ActionRule) else ""
    return f"{rule.sentence} {resume}".strip()


@finding(
    "what the side effects that go on ask for",
    ("proceed", "modify", "hold", "end_today", "delay", UNKNOWN),
    request="Record the grade (CTCAE) of each side effect that goes on, and the antibody it is ascribed to.",
)
def toxicity_action(episode: Episode, as_of: date) -> Found:
    found = of_present_treatment(episode, as_of)
    gravest = max(found, key=lambda each: each[1].action.gravity, default=None)
    if contraindicated(episode) and (gravest is None or gravest[1].action.gravity <= Action.HOLD.gravity):
        noted = episode.fitness["graft_versus_host"]
        return Found("hold", CONTRAINDICATION.sentence, noted.at, CONTRAINDICATION.citation)
    return Found("proceed", "no side effect goes on") if gravest is None else _told(*gravest)


def _told(toxicity: Toxicity, told: Asked) -> Found:
    interrupts = told.action in (Action.EMERGENCY, Action.STOP_AGENT)
    value = str(Action.HOLD if interrupts else told.action)
    if told.action is Action.UNKNOWN or not told.rules:
        return Found(value, graded(toxicity), toxicity.at)
    rule = told.rules[0]
    return Found(value, f"{graded(toxicity)}: {in_words(rule)}", toxicity.at, rule.citation)


def contraindicated(episode: Episode) -> bool:
    """True while graft-versus-host disease stands against the antibody of the present treatment, or what may be it."""
    noted = episode.fitness.get("graft_versus_host")
    return noted is not None and noted.value in CONTRAINDICATED_BY and antibody_may_be_given(episode)


def _asks(value: str, sentence: str) -> Guard:
    because = cite(PROJECT_DESIGN, Tag.DESIGN, f"toxicity outcomes: {value.replace('_', ' ')}")
    return guard(toxicity_action, value, sentence=sentence, because=because)


NEXT_COURSE: Final = _asks("delay", "A side effect has ended the antibody for this course.")
ENDS_TODAY: Final = _asks(
    "end_today", "A severe side effect has come again and has ended the infusion for today."
)
INTERRUPTS: Final = _asks("hold", "A side effect that goes on asks for the antibody to be interrupted.")
GRADE_DECIDES: Final = _asks(UNKNOWN, "A side effect goes on whose grade decides, and it is not known.")
MODIFIES: Final = _asks("modify", "A side effect that goes on asks for a modified infusion.")
