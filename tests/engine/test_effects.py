"""The declared effects are those of the code: no step of a real history does anything that is not declared."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import HealthCheck, given, settings

from pathway.catalogue import courses_of
from pathway.catalogue.high_risk_neuroblastoma_relapse import effects as e
from pathway.catalogue.high_risk_neuroblastoma_relapse import findings as f
from pathway.catalogue.high_risk_neuroblastoma_relapse import response_findings as r
from pathway.engine.definition import Pathway
from pathway.engine.findings import Finding
from pathway.engine.fold import Step, _trigger, steps
from pathway.engine.paths import Courses, Follower, Node
from pathway.episodes.episode import Episode
from pathway.episodes.events import (
    CarTStepRecorded,
    DecisionCountersigned,
    DecisionMade,
    EpisodeClosed,
    ProgressionEvidenceRecorded,
    TreatmentTakenOver,
    read_logged,
)
from pathway.episodes.log import Effective, effective_history
from tests.story import BEACON, PATHWAY, Story, after_two_cycles, first_line
from tests.test_fold_against_reference import BERLIN, Log, logs

COURSES = courses_of(PATHWAY)
FOLLOWED = list(dict.fromkeys(each.follows for each in COURSES.properties))
CAUSES = {fact.cause for fact in COURSES.facts}


def cause_of(effective: Effective, before: Episode, step: Step) -> str:
    """The cause an entry stands for among the declared effects."""
    match effective.event:
        case DecisionMade() as event if event.awaits_second_signature:
            return e.SOMETHING_ELSE
        case DecisionMade() as event:
            return decision(event)
        case DecisionCountersigned() as event:
            waiting = before.pending.get(event.entry)
            if waiting is None:
                return e.SOMETHING_ELSE
            decided = read_logged(waiting.body)
            assert isinstance(decided, DecisionMade)
            return decision(decided)
        case ProgressionEvidenceRecorded() as event:
            return "progression confirmed" if event.confirmed else "progression suspected"
        case TreatmentTakenOver() if step.unexpected:
            return e.REFUSED_LINE
        case TreatmentTakenOver() | CarTStepRecorded() | EpisodeClosed() as event:
            return str(_trigger(event))
        case event:
            return event.kind if event.kind in CAUSES else e.SOMETHING_ELSE


def decision(event: DecisionMade) -> str:
    rests_in = f":{event.detail.rests_in}" if event.detail.rests_in else ""
    return f"decide:{event.option}{rests_in}"


def node(follows: tuple[Finding, ...], episode: Episode, on: date) -> Node:
    return episode.state, tuple(each.of(episode, on).value for each in follows)


def undeclared(
    pathway: Pathway, courses: Courses, history: tuple[Effective, ...], followed: list[tuple[Finding, ...]]
) -> Iterator[str]:
    """What the entries do that the effects do not say, step by step, with the days that pass between them."""
    for follows in followed:
        follower = Follower(pathway, courses, follows)
        time = next(fact for fact in courses.facts if fact.cause == e.TIME)
        before: Episode | None = None
        last = date.min
        for effective, step in steps(pathway, history):
            after = node(follows, step.episode, effective.on)
            if follower.told(after[1]) is None:
                yield f"{after[1]} cannot be together, and are after {effective.event.kind}"
            if before is None:
                if after not in follower.first():
                    yield f"{after} at first"
            else:
                waited, now = node(follows, before, last), node(follows, before, effective.on)
                if now != waited and now not in follower.after_fact(waited, time):
                    yield f"{waited} to {now} as time passes"
                cause = cause_of(effective, before, step)
                if after not in follower.after(now, cause):
                    yield f"{now} to {after} by {cause}"
            yield from untrue(follows, courses, step.episode, effective.on)
            before, last = step.episode, effective.on


def untrue(follows: tuple[Finding, ...], courses: Courses, episode: Episode, on: date) -> Iterator[str]:
    """What a value tells of other findings that is not so."""
    for each in courses.tracked:
        if each.finding in follows:
            value = each.finding.of(episode, on).value
            for finding, values in each.told(value).items():
                if finding.of(episode, on).value not in values:
                    yield f"{each.finding.name} is {value}, and {finding.name} none of {values}"


@settings(max_examples=60, derandomize=True, suppress_health_check=list(HealthCheck), deadline=None)
@given(logs())
def test_no_step_of_a_random_history_does_what_no_effect_declares(log: Log) -> None:
    history = effective_history([entry for _, entry in log], BERLIN)
    assert list(undeclared(PATHWAY, COURSES, history, FOLLOWED)) == []


READY = {
    "lansky": 90, "anc_per_ul": "2000", "platelets_per_ul": "150000", "hb_g_dl": "11", "alt_x_uln": "1",
    "ast_x_uln": "1",
    "bilirubin_x_uln": "1", "gfr_ml_min_173": "100", "spo2_percent": "99", "pain_grade": 0, "temperature_c": "36.8",
    "diarrhoea_grade": 0, "uncontrolled_infection": False, "neurological_examination": "normal",
    "eye_examination": "normal", "pregnancy_test": "not_applicable", "systemic_steroids": False,
    "tolerance": "acceptable",
}  # fmt: skip


def reasoned(story: Story, option: str, on: int) -> None:
    decided = {"option": option, "basis": "0" * 64, "offered_as": "possible"}
    story.told("decision_made", on, **decided, reason={"text": "agreed with the family"})


def begun_with_every_value() -> Story:
    """The first cycle begins on the day on which all that it needs was recorded."""
    story = first_line()
    story.told("fitness_recorded", 2, **READY)
    story.cycle(1, 2)
    return story


def begun_for_a_reason() -> Story:
    """The first cycle begins without its values, as was decided with a reason."""
    story = first_line()
    reasoned(story, "continue_chemoimmunotherapy", 2)
    story.cycle(1, 2)
    return story


def assessment_waived() -> Story:
    """A third cycle without an assessment, then a fourth, as was decided with a reason for the third."""
    story = after_two_cycles()
    reasoned(story, "continue_chemoimmunotherapy", 44)
    story.cycle(3, 45)
    reasoned(story, "continue_chemoimmunotherapy", 66)
    story.decided("hold", 66)
    return story


def stopped_agent_given() -> Story:
    """The antibody is stopped for good and given all the same; the task is answered."""
    story = first_line()
    story.told("toxicity_recorded", 2, term="transverse myelitis", grade=3, agent="dinutuximab beta")
    told = story.told("cycle_started", 3, cycle=1, agents=["dinutuximab beta", "irinotecan"])
    story.told("review_resolved", 4, entry=told, reason="it was not given")
    return story


def signed_by_two() -> Story:
    """The antibody is stopped for good, and given again with two signatures."""
    story = first_line()
    story.told("toxicity_recorded", 2, term="transverse myelitis", grade=3, agent="dinutuximab beta")
    waiting = story.told(
        "decision_made", 3, option="continue_chemoimmunotherapy", detail={"agents": ["dinutuximab beta"]},
        basis="0" * 64, offered_as="blocked", awaits_second_signature=True, reason={"text": "no other way"},
    )  # fmt: skip
    story.told("decision_countersigned", 3, entry=waiting, reason="agreed")
    story.told("decision_countersigned", 3, entry=waiting, reason="agreed again")
    story.cycle(1, 4)
    return story


def taken_over(**told: object) -> Story:
    """A line that was begun at another centre goes on here."""
    story = Story.opened().planned()
    story.told("treatment_taken_over", 1, line=1, regimen=BEACON, **told)
    return story


def taken_over_with_a_stopped_agent() -> Story:
    story = Story.opened().planned()
    story.told("toxicity_recorded", 0, term="transverse myelitis", grade=3, agent="dinutuximab beta")
    story.told("treatment_taken_over", 1, line=1, regimen=BEACON, agents=["dinutuximab beta"], cycles=2)
    return story


def cells_beside_the_pathway() -> Story:
    """Cells were infused though nobody decided it."""
    story = first_line()
    story.told("car_t_step_recorded", 2, step="infused")
    return story


def assessed() -> Story:
    story = after_two_cycles()
    story.assessed(44, "PR")
    return story


STORIES = (
    begun_with_every_value,
    begun_for_a_reason,
    assessment_waived,
    stopped_agent_given,
    signed_by_two,
    lambda: taken_over(cycles=3, cycles_since_assessment=1),
    lambda: taken_over(cycles=3, cycles_since_assessment=2),
    lambda: taken_over(cycles=6, maintenance_courses=2),
    taken_over_with_a_stopped_agent,
    cells_beside_the_pathway,
)


@pytest.mark.parametrize("told", STORIES)
def test_no_step_of_a_course_does_what_no_effect_declares(told: Callable[[], Story]) -> None:
    assert list(undeclared(PATHWAY, COURSES, told().history, FOLLOWED)) == []


def found_without(finding: Finding, story: Story, *causes: str) -> list[str]:
    """What a course shows to be undeclared once the effects of some causes on a finding are left out."""
    less = tuple(
        each for each in COURSES.effects if not (each.finding is finding and set(causes) <= set(each.causes))
    )
    assert less != COURSES.effects
    followed = [follows for follows in FOLLOWED if finding in follows]
    return list(undeclared(PATHWAY, replace(COURSES, effects=less), story.history, followed))


@pytest.mark.parametrize(
    ("finding", "told", "causes"),
    [
        (e.cycles_since, after_two_cycles, ("cycle_completed",)),
        (e.cycles_since, assessment_waived, ("decide:hold",)),
        (e.cycles_since, lambda: taken_over(cycles=3, cycles_since_assessment=1), ("treatment_taken_over:cycles",)),
        (e.gate, begun_with_every_value, ("fitness_recorded",)),
        (e.reasoned, begun_for_a_reason, ("decide:continue_chemoimmunotherapy",)),
        (e.agents, stopped_agent_given, ("toxicity_recorded",)),
        (e.agents, signed_by_two, ("decide:continue_chemoimmunotherapy",)),
        (e.stopped, stopped_agent_given, ("toxicity_recorded",)),
        (e.stop_review, stopped_agent_given, ("cycle_started",)),
        (e.stop_review, stopped_agent_given, ("review_resolved",)),
        (e.review, cells_beside_the_pathway, ("car_t:infused",)),
        (f.line_under_way, first_line, ("decide:start_chemoimmunotherapy",)),
        (r.assessment, assessed, ("assessment_recorded",)),
        (e.answer, assessed, ("assessment_recorded",)),
    ],
)  # fmt: skip
def test_an_effect_that_is_left_out_is_found(
    finding: Finding, told: Callable[[], Story], causes: tuple[str, ...]
) -> None:
    assert found_without(finding, told(), *causes)


def test_a_value_that_tells_what_is_not_so_is_found() -> None:
    wrong = tuple(
        replace(each, tells={"0": {r.cycles_since_assessment: ("two_or_more",)}})
        if each.finding is e.cycles_since
        else each
        for each in COURSES.tracked
    )
    courses = replace(COURSES, tracked=wrong)
    assert list(undeclared(PATHWAY, courses, first_line().history, [(e.cycles_since,)]))


def test_every_edge_that_a_fact_may_take_is_followed() -> None:
    triggers = {edge.trigger for edge in PATHWAY.transitions if not edge.trigger.startswith("decide:")}
    assert triggers <= {fact.trigger for fact in COURSES.facts}
