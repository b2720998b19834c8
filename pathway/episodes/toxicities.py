"""What a side effect leaves on record: its grade, how often it came, and the agents it stops for good."""

from __future__ import annotations

from dataclasses import replace

from pathway.clinical.side_effects import grade_exists, side_effect_key
from pathway.clinical.terms import is_anti_gd2, spelling
from pathway.clinical.toxicity import StopRule, could_stop, stop_rule
from pathway.episodes.episode import Episode
from pathway.episodes.events import ToxicityRecorded, ToxicityResolved
from pathway.episodes.facts import UNNAMED_ANTIBODY, Occurrences, Stamp, Stop, Toxicity


def learn_toxicity(episode: Episode, event: ToxicityRecorded, at: Stamp) -> Episode:
    """The episode with a side effect recorded, counted, and with the stop that follows from it."""
    key = side_effect_key(event.term, event.scale)
    told = event.grade if isinstance(event.grade, int) else None
    grade = told if told is not None and grade_exists(event.term, event.scale, told) else None
    agent = (
        spelling(event.agent) if event.agent else next((a for a in episode.agents if is_anti_gd2(a)), None)
    )
    before = episode.toxicities.get(key)
    if before is not None and not (before.ongoing and before.agent == agent):
        before = None
    grades = (each for each in (grade, before.worst if before else None) if each is not None)
    toxicity = Toxicity(
        spelling(event.term),
        event.scale,
        grade,
        agent,
        event.ongoing,
        stop_possible=grade is None and could_stop(event.term, agent, event.condition_met),
        entry=at.entry,
        at=at,
        since=before.since if before else at,
        worst=max(grades, default=None),
        no_grade=told if grade is None else None,
        condition_met=event.condition_met,
    )
    episode = _count_occurrence(episode, key, toxicity, before)
    episode = replace(episode, toxicities={**episode.toxicities, key: toxicity})
    if grade is not None and grade >= SEVERE:
        episode = _count_severe(episode, key, at)
    rule = stop_rule(event.term, grade, agent, event.condition_met)
    return episode if rule is None else _stopped_by(episode, rule, agent, at)


def _stopped_by(episode: Episode, rule: StopRule, agent: str | None, at: Stamp) -> Episode:
    if agent and is_anti_gd2(agent):
        return with_stop(episode, Stop(agent, rule.sentence, at, rule.citation))
    unnamed = NOT_KNOWN_HERE if agent else NOT_NAMED
    return with_stop(episode, Stop(UNNAMED_ANTIBODY, f"{rule.sentence} {unnamed}", at, rule.citation))


NOT_NAMED = "Which antibody it was is not recorded, so it holds for each of them until that is corrected."
NOT_KNOWN_HERE = (
    "The agent it was ascribed to is not known here, so it holds for each antibody until that is corrected."
)


def occurrence_key(key: str, agent: str | None) -> str:
    """Under which the occurrences of a side effect are counted, for one antibody."""
    return f"{agent or UNNAMED_ANTIBODY}: {key}"


def _count_occurrence(episode: Episode, key: str, now: Toxicity, before: Toxicity | None) -> Episode:
    """Counts it unless it is told again of what goes on; severe again counts once it had come down between."""
    name = occurrence_key(key, now.agent)
    counted = episode.occurrences.get(name, Occurrences())
    counted = replace(counted, told=counted.told + (before is None))
    if now.grade is not None and now.grade >= SEVERE:
        again = before is None or before.grade is None or before.grade < SEVERE
        counted = replace(counted, severe=counted.severe + again, severe_grade=now.worst, severe_at=now.at)
    return replace(episode, occurrences={**episode.occurrences, name: counted})


SEVERE = 3
"""The grade from which an adverse event is severe, on either scale."""


def _count_severe(episode: Episode, key: str, at: Stamp) -> Episode:
    cycle = episode.courses.started if episode.context == "maintenance" else episode.cycles.started
    if episode.severe_in_cycle.get(key) == cycle - 1 and cycle > 1:
        episode = replace(episode, repeatedly_severe={**episode.repeatedly_severe, key: at})
    return replace(episode, severe_in_cycle={**episode.severe_in_cycle, key: cycle})


def with_stop(episode: Episode, stop: Stop) -> Episode:
    """The episode in which an agent is stopped for good; the first reason is kept."""
    return replace(episode, stops={stop.agent: stop, **episode.stops})


def learn_resolution(episode: Episode, event: ToxicityResolved, at: Stamp) -> Episode:
    """The episode in which a side effect has come down; a stop that followed from it stays."""
    found = {
        term: replace(tox, grade=event.to_grade, ongoing=event.to_grade > 1, stop_possible=False, at=at)
        if event.entry in (tox.entry, tox.since.entry)
        else tox
        for term, tox in episode.toxicities.items()
    }
    return replace(episode, toxicities=found)
