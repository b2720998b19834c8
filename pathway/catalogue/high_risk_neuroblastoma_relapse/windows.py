"""When the steps of this pathway are due: days after an anchor, not before / best / not after."""

from __future__ import annotations

from datetime import date
from typing import Final

from pathway.catalogue.high_risk_neuroblastoma_relapse.findings import (
    progression_confirmed,
    released_product,
)
from pathway.catalogue.high_risk_neuroblastoma_relapse.guards import chosen
from pathway.clinical.evidence import GD2_CAR_LITERATURE, KUSHNER_2009, LOCATELLI_2025, QARZIBA_EMA, Tag, cite
from pathway.clinical.regimens import NextCycle, regimen
from pathway.clinical.terms import Response, spelling
from pathway.engine.definition import Anchored, Window
from pathway.episodes.episode import Episode, Stamp, Timepoint, response_in_force

_DUE = chosen("when things are due")
_EVERY_TWO = chosen("when things are due; the review asks for an assessment every two cycles")
_LOCAL = chosen("when things are due; the review asks for a plan in advance")
_ANTIGEN = chosen("when things are due; the review asks for GD2 at progression")
_CELLS = cite(LOCATELLI_2025, Tag.SOURCE_READ, "response at week 6, month 3, month 6")
_MAKING = cite(GD2_CAR_LITERATURE, Tag.SOURCE_READ, "autologous product in two to three weeks")
_LABEL = cite(QARZIBA_EMA, Tag.SOURCE_READ, "courses of 35 days")
_VISITS = cite(KUSHNER_2009, Tag.SOURCE_READ, "surveillance every two to four months")

WORK_UP: Final = Window(
    "work_up", "complete the work-up of the suspected progression", 0, 7, 21, _DUE, "the suspicion"
)
FIRST_CYCLE: Final = Window(
    "first_cycle", "begin treatment after confirmed progression", 0, 7, 14, _DUE, "the confirmation"
)
BEGIN_CYCLE: Final = Window(
    "begin_cycle", "begin the first cycle of the line", 0, 7, 14, _DUE, "the decision"
)
END_CYCLE: Final = Window("end_cycle", "record the end of the cycle", 5, 21, 35, _DUE, "day 1 of the cycle")
ASSESSMENT: Final = Window(
    "assessment", "assess the response", 14, 21, 35, _EVERY_TWO, "day 1 of the second cycle"
)
COMPLETE_ASSESSMENT: Final = Window(
    "complete_assessment", "complete the assessment", 0, 7, 14, _DUE, "the first component"
)
CONFIRM_PROGRESSION: Final = Window(
    "confirm_progression", "confirm or refute the progression", 0, 7, 28, _DUE, "the finding"
)
DECISION: Final = Window("decision", "decide on the next step", 0, 7, 14, _DUE, "the last component")
LOCAL_CONTROL: Final = Window("local_control", "carry out local control", 0, 14, 28, _DUE, "the decision")
LOCAL_PLAN: Final = Window(
    "local_plan", "plan local control of the local relapse", 0, 14, 28, _LOCAL, "the confirmation"
)
GD2_AGAIN: Final = Window("gd2_again", "measure GD2 again", 0, 7, 21, _ANTIGEN, "the progression")
AFTER_SURGERY: Final = Window("restaging", "restage after surgery", 28, 35, 56, _DUE, "the operation")
AFTER_RADIOTHERAPY: Final = Window(
    "restaging", "restage after radiotherapy", 42, 56, 84, _DUE, "the last fraction"
)
AFTER_CONSOLIDATION: Final = Window(
    "restaging", "restage after consolidation", 28, 35, 56, _DUE, "the decision"
)
MAINTENANCE: Final = Window("maintenance", "begin maintenance", 21, 28, 56, _DUE, "day 1 of the last cycle")
MAINTENANCE_AFTER_LOCAL_CONTROL: Final = Window(
    "maintenance", "begin maintenance", 14, 28, 56, _DUE, "local control"
)
COURSE: Final = Window("course", "begin the next course", 35, 35, 49, _LABEL, "day 1 of the course before")
MAINTENANCE_ASSESSMENT: Final = Window(
    "assessment", "assess the response", 28, 35, 49, _DUE, "day 1 of the course"
)
REFERRAL: Final = Window("referral", "have CAR-T eligibility decided", 0, 7, 14, _DUE, "the decision")
APHERESIS: Final = Window("apheresis", "collect lymphocytes", 0, 14, 28, _DUE, "acceptance")
MANUFACTURING: Final = Window(
    "manufacturing", "have the cell product released", 14, 21, 42, _MAKING, "collection"
)
LYMPHODEPLETION: Final = Window(
    "lymphodepletion", "infuse after lymphodepletion", 2, 3, 7, _DUE, "its last day"
)
SAFETY_CHECK: Final = Window("safety_check", "check safety after infusion", 26, 28, 35, _DUE, "the infusion")
RESPONSES: Final = (
    Window("assessment", "assess the response at week 6", 38, 42, 49, _CELLS, "the infusion"),
    Window("assessment", "assess the response at month 3", 84, 91, 105, _CELLS, "the infusion"),
    Window("assessment", "assess the response at month 6", 168, 182, 203, _CELLS, "the infusion"),
)
FOLLOW_UP: Final = (
    Window("follow_up", "follow-up visit", 60, 90, 120, _VISITS, "the last visit, in the first two years"),
    Window("follow_up", "follow-up visit", 150, 182, 210, _DUE, "the last visit, in years three to five"),
    Window("follow_up", "follow-up visit", 335, 365, 395, _DUE, "the last visit, after five years"),
)
HOLD: Final = Window("hold", "look again at the hold", 1, 3, 7, _DUE, "the hold")
ALL: Final = (
    WORK_UP, FIRST_CYCLE, BEGIN_CYCLE, END_CYCLE, ASSESSMENT, COMPLETE_ASSESSMENT, CONFIRM_PROGRESSION, DECISION,
    LOCAL_CONTROL, LOCAL_PLAN, GD2_AGAIN, AFTER_SURGERY, AFTER_RADIOTHERAPY, AFTER_CONSOLIDATION, MAINTENANCE, MAINTENANCE_AFTER_LOCAL_CONTROL,
    COURSE, MAINTENANCE_ASSESSMENT, REFERRAL, APHERESIS, MANUFACTURING, LYMPHODEPLETION, SAFETY_CHECK, *RESPONSES,
    *FOLLOW_UP, HOLD,
)  # fmt: skip
"""Every window with fixed days; the next cycle's follows from the regimen."""


def suspected(episode: Episode) -> tuple[Anchored, ...]:
    """Work-up counts from the suspicion."""
    return ((WORK_UP, episode.progression.at if episode.progression else episode.opened),)


def confirmed(episode: Episode) -> tuple[Anchored, ...]:
    """Treatment is to begin within two weeks of confirmation."""
    return ((FIRST_CYCLE, episode.progression.at if episode.progression else episode.entered),)


def next_cycle(episode: Episode) -> tuple[Anchored, ...]:
    """The next cycle counts from day 1 of the one before, by the regimen; the first from the decision."""
    if episode.cycles.last_started is None:
        return ((BEGIN_CYCLE, episode.entered),)
    rhythm = _rhythm(episode)
    window = Window(
        "next_cycle", "begin the next cycle", rhythm.earliest, rhythm.target, rhythm.latest, rhythm.citation
    )
    return ((window, episode.cycles.last_started),)


def _rhythm(episode: Episode) -> NextCycle:
    known = regimen(spelling(episode.regimen)) if episode.regimen else None
    return known.next_cycle if known and known.next_cycle else NextCycle(21, 21, 35, _DUE)


def running_cycle(episode: Episode) -> tuple[Anchored, ...]:
    """The end of a cycle counts from its day 1."""
    cycles = episode.courses if episode.context == "maintenance" else episode.cycles
    return ((END_CYCLE, cycles.last_started),)


def assessment(episode: Episode) -> tuple[Anchored, ...]:
    """The assessment counts from day 1 of the last cycle, what is missing of it from its first component."""
    timepoint = episode.timepoint
    if timepoint is not None and not timepoint.decided and timepoint.first is not None:
        return ((COMPLETE_ASSESSMENT, timepoint.first),)
    if episode.context == "maintenance":
        return ((MAINTENANCE_ASSESSMENT, episode.courses.last_started),)
    return ((ASSESSMENT, episode.cycles.last_started),)


def decision(episode: Episode) -> tuple[Anchored, ...]:
    """A decision counts from the last component of the assessment, or from what led here without one.

    What an unconfirmed progression needs first counts from the finding.
    """
    timepoint = episode.timepoint
    if timepoint is not None and _in_doubt(episode, timepoint):
        return ((CONFIRM_PROGRESSION, timepoint.last),)
    late = timepoint.last if timepoint and not timepoint.decided else None
    return ((DECISION, _later(late, episode.entered)),)


def _in_doubt(episode: Episode, timepoint: Timepoint) -> bool:
    if response_in_force(timepoint).response is not Response.PD:
        return False
    return progression_confirmed.of(episode, date.max).value == "open"


def _later(one: Stamp | None, other: Stamp | None) -> Stamp | None:
    known = [stamp for stamp in (one, other) if stamp is not None]
    return max(known, key=lambda stamp: stamp.on, default=None)


def local_control(episode: Episode) -> tuple[Anchored, ...]:
    """Local control counts from the decision for it."""
    return ((LOCAL_CONTROL, episode.entered),)


def restaging(episode: Episode) -> tuple[Anchored, ...]:
    """Restaging counts from the operation or from the last fraction."""
    if episode.context != "local_control" or episode.local_control is None:
        return ((AFTER_CONSOLIDATION, episode.entered),)
    window = AFTER_SURGERY if episode.local_control.value == "surgery" else AFTER_RADIOTHERAPY
    return ((window, episode.local_control.at),)


def maintenance(episode: Episode) -> tuple[Anchored, ...]:
    """The first course counts from the end of what came before, the others from day 1 of the last."""
    if episode.courses.last_started is not None:
        rhythm = _rhythm(episode)
        window = Window("course", COURSE.what, rhythm.earliest, rhythm.target, rhythm.latest, rhythm.citation)
        known = regimen(spelling(episode.regimen)) if episode.regimen else None
        return ((window if known and known.next_cycle else COURSE, episode.courses.last_started),)
    cycle, local = episode.cycles.last_started, episode.local_control
    if local is not None and (cycle is None or local.at.on > cycle.on):
        return ((MAINTENANCE_AFTER_LOCAL_CONTROL, local.at),)
    return ((MAINTENANCE, cycle or episode.entered),)


def referral(episode: Episode) -> tuple[Anchored, ...]:
    """Eligibility counts from the decision for the bridge."""
    return ((REFERRAL, episode.entered),)


def apheresis(episode: Episode) -> tuple[Anchored, ...]:
    """Collection counts from acceptance."""
    return ((APHERESIS, episode.entered),)


def manufacturing(episode: Episode) -> tuple[Anchored, ...]:
    """Release counts from collection; once released, the decision on lymphodepletion from the release."""
    released = released_product(episode)
    if released is not None:
        return ((DECISION, released.at),)
    return ((MANUFACTURING, episode.entered),)


def lymphodepletion(episode: Episode) -> tuple[Anchored, ...]:
    """Infusion counts from the last recorded day of lymphodepletion, else the decision's window runs."""
    given = episode.car_t.get("lymphodepletion")
    return ((LYMPHODEPLETION, given.at),) if given else ((DECISION, episode.entered),)


def after_infusion(episode: Episode) -> tuple[Anchored, ...]:
    """The response at week 6, month 3 and month 6, whichever has not been assessed yet."""
    infused = episode.car_t.get("infused")
    at = infused.at if infused else None
    since = [point for point in episode.timepoints.values() if at and point.first and point.first.on > at.on]
    done = sum(point.decided for point in since)
    response = RESPONSES[min(done, len(RESPONSES) - 1)]
    return ((response, at), (SAFETY_CHECK, at)) if done == 0 else ((response, at),)


def follow_up(episode: Episode) -> tuple[Anchored, ...]:
    """Visits count from the last one: close together for two years, then half-yearly to year 5, then yearly."""
    last = _later(episode.follow_up.at if episode.follow_up else None, episode.entered)
    began, now = episode.entered, last
    years = _years(began.on, now.on) if began and now else 0
    window = FOLLOW_UP[0] if years < 2 else FOLLOW_UP[1] if years < 5 else FOLLOW_UP[2]  # noqa: PLR2004
    return ((window, last),)


def _years(earlier: date, later: date) -> int:
    return (later - earlier).days // 365


def nothing(episode: Episode) -> tuple[Anchored, ...]:  # noqa: ARG001
    """Nothing is due."""
    return ()
