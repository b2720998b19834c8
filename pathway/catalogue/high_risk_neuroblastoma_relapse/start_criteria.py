"""May the next cycle or course begin: the criteria, each held against what was recorded, and what they add up to."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Final

from pathway.catalogue.high_risk_neuroblastoma_relapse import thresholds as t
from pathway.catalogue.high_risk_neuroblastoma_relapse.toxicity import graded
from pathway.clinical.cycle_gate import (
    GRAFT_VERSUS_HOST,
    MEASURED_GFR_DAYS,
    OUTDATING,
    REQUIREMENTS,
    Part,
    Requirement,
    Since,
    parts_of,
)
from pathway.clinical.evidence import PROJECT_DESIGN, REVIEW, Tag, cite
from pathway.clinical.regimens import regimen
from pathway.clinical.side_effects import is_blood_count, plain_term, possible_grades
from pathway.clinical.terms import Component
from pathway.engine.checklists import VERDICTS, Checklist, Criterion, Held
from pathway.engine.findings import UNKNOWN, Found, finding
from pathway.episodes.episode import Episode
from pathway.episodes.facts import Noted, Stamp
from pathway.episodes.toxicities import SEVERE

MARROW: Final = Component.BONE_MARROW

Reading = Callable[[Episode, date], Held | None]


def _parts(episode: Episode) -> frozenset[Part]:
    return parts_of(
        episode.agents,
        maintenance=episode.context == "maintenance",
        marrow_disease=_marrow_disease(episode),
    )


def _marrow_disease(episode: Episode) -> bool:
    """True when the marrow was last rated with more than minimal disease; not known counts as free of it."""
    points = reversed(tuple(episode.timepoints.values()))
    rated = next((point.ratings[MARROW] for point in points if MARROW in point.ratings), None)
    return rated is not None and rated.value in ("SD", "PD")


def _reading(requirement: Requirement) -> Reading:
    def read(episode: Episode, as_of: date) -> Held | None:
        if requirement.part not in _parts(episode):
            return None
        noted = episode.fitness.get(requirement.value) if requirement.value else None
        held = _side_effect(requirement, episode, noted)
        if held is not None or requirement.value is None:
            return held or _mild_or_none(requirement, episode)
        if noted is None:
            return Held("missing", _unsure("not recorded", requirement, episode))
        return _valued(requirement, episode, noted, as_of)

    return read


def _side_effect(requirement: Requirement, episode: Episode, noted: Noted | None) -> Held | None:
    """A side effect that goes on and is worse than allowed, or has no grade, unless a value was noted after it."""
    for toxicity in episode.toxicities.values():
        if not toxicity.ongoing or plain_term(toxicity.term) not in requirement.terms:
            continue
        if noted is not None and noted.at.on > toxicity.at.on:
            continue
        if toxicity.grade is None:
            return Held("missing", f"{toxicity.term} has no grade", toxicity.at)
        if toxicity.grade > requirement.worst:
            return Held("not_met", f"{toxicity.term}, grade {toxicity.grade}", toxicity.at)
    return None


def _mild_or_none(requirement: Requirement, episode: Episode) -> Held:
    """Told apart: mild enough, gone, and never recorded, which is no examination."""
    known = [each for each in episode.toxicities.values() if plain_term(each.term) in requirement.terms]
    for toxicity in known:
        if toxicity.ongoing:
            return Held("met", graded(toxicity), toxicity.at)
    return Held("met", "none goes on any more" if known else "none was recorded")


def _valued(requirement: Requirement, episode: Episode, noted: Noted, as_of: date) -> Held:
    told = _unsure(noted.value, requirement, episode)
    if noted.value == requirement.lasting:
        return Held("met", told, noted.at, date.max)
    if not noted.at.exact:
        return Held("missing", f"{told}, on a day that is not known", noted.at)
    days = _days(requirement, episode, noted)
    until = date.max if days is None else noted.at.on + timedelta(days=days)
    if as_of > until:
        return Held("stale", f"{told}, older than {days} {'day' if days == 1 else 'days'}", noted.at)
    if requirement.since is not None and _outdated(requirement.since, episode, noted.at, as_of):
        return Held("stale", f"{told}, and {requirement.since}", noted.at)
    return Held("met" if requirement.met(noted.value) else "not_met", told, noted.at, until)


def _days(requirement: Requirement, episode: Episode, noted: Noted) -> int | None:
    """How long the value counts: a measured filtration rate longer than one that was estimated."""
    measured = episode.fitness.get("gfr_measured")
    told_with_it = measured is not None and measured.value == "true" and measured.at == noted.at
    return MEASURED_GFR_DAYS if requirement.value == "gfr_ml_min_173" and told_with_it else requirement.days


def _outdated(since: Since, episode: Episode, at: Stamp, as_of: date) -> bool:
    """True when something has happened since that makes the value count no longer."""
    if since is Since.CYCLE:
        # A cycle that begins on the day asked about is the one the value was taken for.
        began = (episode.cycles.last_started, episode.courses.last_started)
        return any(at.on <= each.on < as_of for each in began if each is not None)
    fever = episode.fitness.get("fever")
    told = [toxicity.at for toxicity in episode.toxicities.values() if plain_term(toxicity.term) in OUTDATING[since]]  # fmt: skip
    told += [fever.at] if since is Since.FEVER and fever is not None else []
    # What another entry tells of the same day may have come after it.
    return any(each.on > at.on or (each.on == at.on and each.entry != at.entry) for each in told)


def _unsure(told: str, requirement: Requirement, episode: Episode) -> str:
    by_agent = requirement.part is not Part.ANY and not episode.agents
    told = {"true": "yes", "false": "no"}.get(told, told)
    return f"{told} (the agents are not known: taken as if it applied)" if by_agent else told


def _graft_versus_host(episode: Episode, as_of: date) -> Held | None:
    known = regimen(episode.regimen) if episode.regimen else None
    after_transplant = known is not None and known.id == "dinutuximab_beta_after_haploidentical_transplant"
    if not after_transplant and "graft_versus_host" not in episode.fitness:
        return None
    return _reading(GRAFT_VERSUS_HOST)(episode, as_of)


def _assessed(episode: Episode, as_of: date) -> Held | None:  # noqa: ARG001
    if episode.context == "maintenance":
        return None
    cycles = episode.cycles
    told = f"{cycles.since_assessment} cycles completed since the last"
    if cycles.since_assessment < t.CYCLES_BETWEEN_ASSESSMENTS.value:
        return Held("met", told, cycles.last_completed)
    if episode.reasoned is not None:
        return Held("met", f"{told}; decided with a reason", episode.reasoned.at)
    return Held("not_met", told, cycles.last_completed)


def _severe(episode: Episode, as_of: date) -> Held | None:  # noqa: ARG001
    ongoing = [each for each in episode.toxicities.values() if each.ongoing and not is_blood_count(each.term)]
    for toxicity in ongoing:
        if toxicity.grade is not None and toxicity.grade >= SEVERE:
            return Held("not_met", graded(toxicity), toxicity.at)
    for toxicity in ongoing:
        if toxicity.grade is None and max(possible_grades(toxicity.term)) >= SEVERE:
            return Held("missing", graded(toxicity), toxicity.at)
    return Held("met", "none that goes on is of grade 3 or more" if ongoing else "none goes on")


def _criterion(requirement: Requirement, read: Reading | None = None) -> Criterion:
    return Criterion(
        requirement.name,
        requirement.sentence,
        requirement.because,
        read or _reading(requirement),
        requirement.days,
    )


START_CRITERIA: Final = Checklist(
    "start_criteria",
    "Criteria to begin the next cycle or course",
    (
        *map(_criterion, REQUIREMENTS),
        _criterion(GRAFT_VERSUS_HOST, _graft_versus_host),
        Criterion(
            "severe side effects",
            "No side effect of grade 3 or more that goes on, other than of the counts.",
            cite(PROJECT_DESIGN, Tag.DESIGN, "toxicity outcomes: held until it has come down to grade 2"),
            _severe,
        ),
        Criterion(
            "assessment",
            "The response was assessed within the last two cycles, or going on without it was decided with a reason.",
            cite(REVIEW, Tag.SOURCE_READ, "Figure 1: assessment every two cycles"),
            _assessed,
        ),
    ),
)


@finding(
    "the criteria to begin the next cycle",
    VERDICTS,
    request="Record the values that are missing or too old, each with its own day.",
)
def start_criteria(episode: Episode, as_of: date) -> Found:
    return Found(*START_CRITERIA.verdict(episode, as_of))


@finding(
    "whether the next cycle is more than two weeks late",
    ("no", "yes", UNKNOWN),
    request="Record the regimen, and day 1 of the last cycle with its exact date.",
)
def next_cycle_late(episode: Episode, as_of: date) -> Found:
    """A decision to go on that was taken later than that has taken the delay into account."""
    last = (episode.courses if episode.context == "maintenance" else episode.cycles).last_started
    if last is None:
        return Found("no", "no cycle was given yet")
    known = regimen(episode.regimen) if episode.regimen else None
    if known is None or known.next_cycle is None or not last.exact:
        return Found(UNKNOWN, "the day of the next cycle is not known", last)
    latest = last.on + timedelta(days=known.next_cycle.latest)
    decided_since = episode.entered is not None and episode.entered.on > latest
    late = as_of > latest and not decided_since
    return Found("yes" if late else "no", f"at the latest on {latest}", last, known.next_cycle.citation)


@finding(
    "the planned courses of maintenance",
    ("left", "done", UNKNOWN),
    request="Record the regimen of maintenance.",
)
def planned_courses(episode: Episode, as_of: date) -> Found:  # noqa: ARG001
    known = regimen(episode.regimen) if episode.regimen else None
    courses = episode.courses
    if known is None or known.planned_courses is None:
        return Found(UNKNOWN, f"{courses.counted} given, their number is not known", courses.last_completed)
    done = courses.counted >= known.planned_courses
    told = f"{courses.counted} given, {known.planned_courses} planned"
    return Found("done" if done else "left", told, courses.last_completed)
