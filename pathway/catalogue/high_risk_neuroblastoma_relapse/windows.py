"""When the steps of this pathway are due: days after an anchor, not before / best / not after."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Final

from pathway.catalogue.high_risk_neuroblastoma_relapse.cell_findings import step_of_this_bridge
from pathway.catalogue.high_risk_neuroblastoma_relapse.findings import progression_confirmed
from pathway.catalogue.high_risk_neuroblastoma_relapse.guards import chosen
from pathway.clinical.evidence import GD2_CAR_LITERATURE, KUSHNER_2009, LOCATELLI_2025, QARZIBA_EMA, Tag, cite
from pathway.clinical.regimens import NextCycle, regimen
from pathway.clinical.terms import Response, spelling
from pathway.engine.definition import Anchored, Window
from pathway.episodes.assessments import response_in_force
from pathway.episodes.episode import Episode
from pathway.episodes.facts import Noted, Stamp, Timepoint

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
ASSESSMENT_BACKSTOP: Final = Window(
    "assessment_backstop",
    "have the response assessed, however the cycles run",
    0,
    63,
    63,
    _EVERY_TWO,
    "the last assessment, or the first day of the line",
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
CARRY_OUT: Final = Window(
    "carry_out_local_control",
    "carry out the local control that is owed",
    0,
    14,
    42,
    chosen("local plan in local relapse, carried out by the end of cycle 4, at the latest of cycle 6"),
    "the end of cycle 4",
)
GD2_AGAIN: Final = Window("gd2_again", "measure GD2 again", 0, 7, 21, _ANTIGEN, "the progression")
AFTER_SURGERY: Final = Window("restaging", "restage after surgery", 28, 35, 56, _DUE, "the operation")
AFTER_RADIOTHERAPY: Final = Window(
    "restaging", "restage after radiotherapy", 42, 56, 84, _DUE, "the last fraction"
)
AFTER_CONSOLIDATION: Final = Window(
    "restaging",
    "restage after the transplant, counted from the decision for it, since no fact tells its day",
    28,
    35,
    56,
    _DUE,
    "the decision",
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
BEGIN_LYMPHODEPLETION: Final = Window(
    "begin_lymphodepletion",
    "begin lymphodepletion, 28 to 3 days after the restaging and best 14",
    3,
    14,
    28,
    chosen("when things are due: restaging -28/-14/-3 days before the planned day of lymphodepletion"),
    "the last examination of the restaging",
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
CHECK_DAILY: Final = Window(
    "cell_toxicity",
    "check for CRS and ICANS, daily to day 14",
    0,
    1,
    1,
    _DUE,
    "the last check, or the infusion",
)
CHECK_TWICE_A_WEEK: Final = Window(
    "cell_toxicity", "check for CRS and ICANS, twice a week to day 28", 0, 3, 4, _DUE, "the last check"
)
LATE_EFFECTS: Final = Window(
    "late_effects",
    "yearly visit of the gene therapy follow-up, for 15 years",
    335,
    365,
    395,
    cite(
        LOCATELLI_2025,
        Tag.SOURCE_READ,
        "15 years of gene therapy follow-up; the margin is this project's choice",
    ),
    "the last visit, or the infusion",
)
FOLLOW_UP: Final = (
    Window(
        "follow_up",
        "follow-up visit",
        60,
        90,
        120,
        _VISITS,
        "the last visit, in the first two years after treatment",
    ),
    Window(
        "follow_up",
        "follow-up visit",
        150,
        182,
        210,
        _DUE,
        "the last visit, in years three to five after treatment",
    ),
    Window(
        "follow_up",
        "follow-up visit",
        335,
        365,
        395,
        _DUE,
        "the last visit, later than five years after treatment",
    ),
)
END_OF_TREATMENT: Final = Window(
    "end_of_treatment",
    "complete the work-up at the end of treatment",
    28,
    35,
    56,
    _DUE,
    "the end of the last course",
)
OUTCOME_ELSEWHERE: Final = Window(
    "outcome_elsewhere",
    "ask how the child fares where the child was referred to",
    0,
    14,
    28,
    _DUE,
    "the referral",
)
NEXT_WORD: Final = Window(
    "outcome_elsewhere",
    "ask again how the child fares elsewhere",
    60,
    90,
    120,
    chosen("intent is looked at again after 90 days"),
    "the last word from there",
)
GOALS: Final = Window(
    "goals",
    "review supportive care and the goals of care with the family",
    60,
    90,
    120,
    chosen("intent is looked at again after 90 days"),
    "the decision, the last visit or the last talk about the goals",
)
IMAGE_BRAIN: Final = Window(
    "brain_image",
    "image brain and spine",
    0,
    7,
    28,
    chosen("an image of the brain counts for 28 days"),
    "the suspicion",
)
IMAGE_BRAIN_AT_ONCE: Final = Window(
    "brain_image",
    "image brain and spine, since there are symptoms",
    0,
    1,
    3,
    chosen("an image of the brain counts for 3 days where there are symptoms"),
    "the suspicion",
)
HOLD: Final = Window("hold", "look again at the hold", 1, 3, 7, _DUE, "the hold")
ALL: Final = (
    WORK_UP, FIRST_CYCLE, BEGIN_CYCLE, END_CYCLE, ASSESSMENT, ASSESSMENT_BACKSTOP, COMPLETE_ASSESSMENT, CONFIRM_PROGRESSION, DECISION,
    LOCAL_CONTROL, LOCAL_PLAN, GD2_AGAIN, AFTER_SURGERY, AFTER_RADIOTHERAPY, AFTER_CONSOLIDATION, MAINTENANCE, MAINTENANCE_AFTER_LOCAL_CONTROL,
    COURSE, MAINTENANCE_ASSESSMENT, REFERRAL, APHERESIS, MANUFACTURING, BEGIN_LYMPHODEPLETION, LYMPHODEPLETION, SAFETY_CHECK, *RESPONSES,
    CHECK_DAILY, CHECK_TWICE_A_WEEK, LATE_EFFECTS,
    *FOLLOW_UP, HOLD, CARRY_OUT, END_OF_TREATMENT, OUTCOME_ELSEWHERE, NEXT_WORD, GOALS, IMAGE_BRAIN, IMAGE_BRAIN_AT_ONCE,
)  # fmt: skip
"""Every window with fixed days; the next cycle's follows from the regimen."""


def suspected(episode: Episode) -> tuple[Anchored, ...]:
    """Work-up counts from the suspicion."""
    return ((WORK_UP, episode.progression.at if episode.progression else episode.opened),)


def confirmed(episode: Episode) -> tuple[Anchored, ...]:
    """Treatment is to begin within two weeks of confirmation."""
    return ((FIRST_CYCLE, episode.progression.at if episode.progression else episode.entered),)


def next_cycle(episode: Episode) -> tuple[Anchored, ...]:
    """The next cycle counts from day 1 of the one before, by the regimen; the first from what it answers."""
    if not episode.cycles.started:
        return (_first_cycle(episode), *_backstop(episode))
    rhythm = _rhythm(episode)
    window = Window(
        "next_cycle", "begin the next cycle", rhythm.earliest, rhythm.target, rhythm.latest, rhythm.citation
    )
    return ((window, episode.cycles.last_started), *_backstop(episode))


def _first_cycle(episode: Episode) -> Anchored:
    """After a progression the first cycle counts from its confirmation, else from the decision for the line."""
    progressed, before = episode.progressed, episode.earlier_lines
    answers = progressed is not None and (not before or before[-1].last_response == Response.PD)
    return (FIRST_CYCLE, progressed) if answers else (BEGIN_CYCLE, episode.entered)


def _backstop(episode: Episode) -> tuple[Anchored, ...]:
    """However the cycles run, the response is assessed within 63 days of the last assessment, or of the line's first day."""
    point = episode.timepoint
    last = point.last if point is not None and point.decided else None
    return ((ASSESSMENT_BACKSTOP, _later(last, episode.line_began)),)


def _rhythm(episode: Episode) -> NextCycle:
    known = regimen(spelling(episode.regimen)) if episode.regimen else None
    return known.next_cycle if known and known.next_cycle else NextCycle(21, 21, 35, _DUE)


def running_cycle(episode: Episode) -> tuple[Anchored, ...]:
    """The end of a cycle counts from its day 1."""
    cycles = episode.courses if episode.context == "maintenance" else episode.cycles
    backstop = () if episode.context == "maintenance" else _backstop(episode)
    return ((END_CYCLE, cycles.last_started), *backstop)


def assessment(episode: Episode) -> tuple[Anchored, ...]:
    """The assessment counts from day 1 of the last cycle, what is missing of it from its first component."""
    timepoint = episode.timepoint
    if timepoint is not None and not timepoint.decided and timepoint.first is not None:
        return ((COMPLETE_ASSESSMENT, timepoint.first),)
    if episode.context == "maintenance":
        return ((MAINTENANCE_ASSESSMENT, episode.courses.last_started),)
    return (_after_the_cycle(episode), *_backstop(episode))


def _after_the_cycle(episode: Episode) -> Anchored:
    """The assessment, and never before the last day on which the cycle or its antibody was given."""
    began, ended = episode.cycles.last_started, _later(episode.cycles.last_completed, episode.last_anti_gd2)
    if began is None or ended is None or not (began.exact and ended.exact):
        return ASSESSMENT, began
    earliest = max(ASSESSMENT.earliest, (ended.on - began.on).days)
    target, latest = max(ASSESSMENT.target, earliest), max(ASSESSMENT.latest, earliest)
    return replace(ASSESSMENT, earliest=earliest, target=target, latest=latest), began


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
    done = restaged_after(episode)
    if done is None:
        return ((AFTER_CONSOLIDATION, episode.entered),)
    return ((AFTER_SURGERY if done.value == "surgery" else AFTER_RADIOTHERAPY, done.at),)


def restaged_after(episode: Episode) -> Noted | None:
    """The local control that the restaging follows; None where it follows a transplant decided on since."""
    done, entered = episode.local_control, episode.entered
    if episode.context != "local_control" or done is None or entered is None or done.at.on < entered.on:
        return None
    return done


def maintenance(episode: Episode) -> tuple[Anchored, ...]:
    """The first course counts from the end of what came before, the others from day 1 of the last."""
    if episode.courses.started:
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
    released, gathered = episode.car_t.get("product_released"), episode.car_t.get("apheresis")
    if released is not None:
        return ((DECISION, _later(released.at, episode.entered)),)
    return ((MANUFACTURING, gathered.at if gathered else episode.entered),)


def lymphodepletion(episode: Episode) -> tuple[Anchored, ...]:
    """Infusion counts from the last day of lymphodepletion; before that, lymphodepletion from the restaging."""
    given, restaging = step_of_this_bridge(episode, "lymphodepletion"), episode.timepoint
    if given is not None:
        return ((LYMPHODEPLETION, given.at),)
    return ((BEGIN_LYMPHODEPLETION, restaging.last if restaging else None),)


DAILY_CHECKS: Final = 14
"""Days after the infusion in which CRS and ICANS are looked for daily; thereafter twice a week to the safety check."""


def after_infusion(episode: Episode) -> tuple[Anchored, ...]:
    """Every response that was not assessed yet or skipped, with the checks until the first; in the end yearly visits."""
    infused = episode.car_t.get("infused")
    if infused is None:
        return ((RESPONSES[0], None),)
    days = [
        (point.last.on - infused.at.on).days
        for point in episode.timepoints.values()
        if point.decided and point.last is not None
    ]
    latest = max(days, default=0)
    left = tuple((window, infused.at) for window in RESPONSES if window.earliest > latest)
    checks = _cell_checks(episode, infused.at) if latest < RESPONSES[0].earliest else ()
    return (*checks, *left) or late_effects(episode)


def _cell_checks(episode: Episode, infused: Stamp) -> tuple[Anchored, ...]:
    """The next check for CRS and ICANS, and the safety check of day 28, until a check was made from then on."""
    checked = [episode.car_t[step].at if step in episode.car_t else infused for step in ("crs", "icans")]
    last = min(checked, key=lambda at: at.on)
    passed = (last.on - infused.on).days
    if passed >= SAFETY_CHECK.earliest:
        return ()
    window = CHECK_DAILY if passed < DAILY_CHECKS else CHECK_TWICE_A_WEEK
    return ((window, last), (SAFETY_CHECK, infused))


def late_effects(episode: Episode) -> tuple[Anchored, ...]:
    """Yearly visits for 15 years after cells were given."""
    infused = episode.car_t.get("infused")
    if infused is None:
        return ()
    seen = episode.follow_up.at if episode.follow_up else None
    last = seen if seen is not None and seen.on > infused.at.on else infused.at
    return ((LATE_EFFECTS, last),) if _years(infused.at.on, last.on) < LATE_EFFECTS_YEARS else ()


LATE_EFFECTS_YEARS: Final = 15


def last_treatment(episode: Episode) -> Stamp | None:
    """When treatment against the disease was last given; None when none is known."""
    known = [
        each
        for cycles in (episode.cycles, episode.courses)
        for each in (cycles.last_started, cycles.last_completed)
    ]
    known += [noted.at for noted in (episode.local_control, episode.car_t.get("infused")) if noted]
    return max((each for each in known if each is not None), key=lambda stamp: stamp.on, default=None)


def follow_up(episode: Episode) -> tuple[Anchored, ...]:
    """Visits count from the last: close together for two years after treatment, half-yearly to year 5, then yearly."""
    last = _later(episode.follow_up.at if episode.follow_up else None, episode.entered)
    ended = last_treatment(episode) or episode.entered
    years = _years(ended.on, last.on) if ended and last else 0
    window = FOLLOW_UP[0] if years < 2 else FOLLOW_UP[1] if years < 5 else FOLLOW_UP[2]  # noqa: PLR2004
    return ((window, last), *late_effects(episode))


def elsewhere(episode: Episode) -> tuple[Anchored, ...]:
    """The outcome of a referral is asked for, and asked again after each word of it."""
    entered, word = episode.entered, episode.follow_up
    if word is not None and entered is not None and word.at.on >= entered.on:
        return ((NEXT_WORD, word.at),)
    return ((OUTCOME_ELSEWHERE, entered),)


def goals(episode: Episode) -> tuple[Anchored, ...]:
    """Supportive care and its goals are looked at again after the last visit or talk about them."""
    told = [noted.at for noted in (episode.intent, episode.follow_up) if noted is not None]
    last = episode.entered
    for each in told:
        last = _later(each, last)
    return ((GOALS, last),)


def _years(earlier: date, later: date) -> int:
    return (later - earlier).days // 365


def nothing(episode: Episode) -> tuple[Anchored, ...]:  # noqa: ARG001
    """Nothing is due."""
    return ()
