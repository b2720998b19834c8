"""When the steps of each state are due: which windows run, and from which fact their days are counted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from functools import wraps
from typing import TypeAlias

from pathway.catalogue.high_risk_neuroblastoma_relapse import windows
from pathway.catalogue.high_risk_neuroblastoma_relapse.cell_findings import step_of_this_bridge
from pathway.catalogue.high_risk_neuroblastoma_relapse.guards import chosen
from pathway.catalogue.high_risk_neuroblastoma_relapse.later_findings import contested_decisions
from pathway.catalogue.high_risk_neuroblastoma_relapse.response_findings import (
    progression_confirmed,
    suspicion,
)
from pathway.clinical.regimens import NextCycle, regimen
from pathway.clinical.terms import Intent, Response, spelling
from pathway.engine.definition import Anchored, Window
from pathway.episodes.assessments import response_in_force
from pathway.episodes.episode import Episode
from pathway.episodes.facts import Noted, Stamp, Timepoint

Schedule: TypeAlias = Callable[[Episode], tuple[Anchored, ...]]


def _unless_contested(schedule: Schedule) -> Schedule:
    """The same schedule, but while a decision of the line is contested it is that decision which is due."""

    @wraps(schedule)
    def windows_of(episode: Episode) -> tuple[Anchored, ...]:
        found = contested_decisions(episode)
        return ((windows.DECISION, found[0].at),) if found else schedule(episode)

    return windows_of


def _unless_comfort(schedule: Schedule) -> Schedule:
    """The same schedule, while treatment is the goal; once it is comfort, the decision that follows from it is due."""

    @wraps(schedule)
    def windows_of(episode: Episode) -> tuple[Anchored, ...]:
        intent = episode.intent
        if intent is not None and intent.value == Intent.COMFORT:
            return ((windows.DECISION, intent.at),)
        return schedule(episode)

    return windows_of


@_unless_comfort
def suspected(episode: Episode) -> tuple[Anchored, ...]:
    """Work-up counts from the suspicion."""
    return ((windows.WORK_UP, episode.progression.at if episode.progression else episode.opened),)


@_unless_comfort
def confirmed(episode: Episode) -> tuple[Anchored, ...]:
    """Treatment is to begin within two weeks of confirmation."""
    return ((windows.FIRST_CYCLE, episode.progression.at if episode.progression else episode.entered),)


@_unless_comfort
@_unless_contested
def next_cycle(episode: Episode) -> tuple[Anchored, ...]:
    """The next cycle counts from day 1 of the one before, by the regimen; the first from what it answers."""
    if not episode.cycles.started:
        return (*_suspicion(episode), _first_cycle(episode), *_backstop(episode))
    rhythm = _rhythm(episode)
    window = Window(
        "next_cycle", "begin the next cycle", rhythm.earliest, rhythm.target, rhythm.latest, rhythm.citation
    )
    return (*_suspicion(episode), (window, episode.cycles.last_started), *_backstop(episode))


def _suspicion(episode: Episode) -> tuple[Anchored, ...]:
    """What was suspected under treatment is confirmed or refuted within the window of an equivocal progression."""
    found = suspicion.of(episode, date.max)
    return ((windows.CONFIRM_PROGRESSION, found.at),) if found.value == "open" else ()


def _first_cycle(episode: Episode) -> Anchored:
    """After a progression the first cycle counts from its confirmation, else from the decision for the line."""
    progressed, before = episode.progressed, episode.earlier_lines
    answers = progressed is not None and (not before or before[-1].last_response == Response.PD)
    return (windows.FIRST_CYCLE, progressed) if answers else (windows.BEGIN_CYCLE, episode.entered)


def _backstop(episode: Episode) -> tuple[Anchored, ...]:
    """However the cycles run, the response is assessed within 63 days of the last assessment, or of the line's first day."""
    point = episode.timepoint
    last = point.last if point is not None and point.decided else None
    return ((windows.ASSESSMENT_BACKSTOP, _later(last, episode.line_began)),)


def _rhythm(episode: Episode) -> NextCycle:
    known = regimen(spelling(episode.regimen)) if episode.regimen else None
    return (
        known.next_cycle
        if known and known.next_cycle
        else NextCycle(21, 21, 35, chosen("when things are due"))
    )


def running_cycle(episode: Episode) -> tuple[Anchored, ...]:
    """The end of a cycle counts from its day 1."""
    cycles = episode.courses if episode.context == "maintenance" else episode.cycles
    backstop = () if episode.context == "maintenance" else _backstop(episode)
    return ((windows.END_CYCLE, cycles.last_started), *backstop)


@_unless_comfort
def assessment(episode: Episode) -> tuple[Anchored, ...]:
    """The assessment counts from day 1 of the last cycle, what is missing of it from its first component."""
    timepoint = episode.timepoint
    if timepoint is not None and not timepoint.decided and timepoint.first is not None:
        return ((windows.COMPLETE_ASSESSMENT, timepoint.first),)
    if episode.context == "maintenance":
        return ((windows.MAINTENANCE_ASSESSMENT, episode.courses.last_started),)
    return _of_one_scan(_after_the_cycle(episode), *_backstop(episode))


def _of_one_scan(after_cycle: Anchored, backstop: Anchored) -> tuple[Anchored, ...]:
    """Both windows are of one assessment: it is due once, and the earlier of their last days counts."""
    (window, began), (limit, since) = after_cycle, backstop
    if began is None or since is None or not (began.exact and since.exact):
        return after_cycle, backstop
    last_day = limit.latest + (since.on - began.on).days
    latest = max(window.earliest, min(window.latest, last_day))
    return ((replace(window, target=min(window.target, latest), latest=latest), began),)


def _after_the_cycle(episode: Episode) -> Anchored:
    """The assessment, and never before the last day on which the cycle or its antibody was given."""
    began, ended = episode.cycles.last_started, _later(episode.cycles.last_completed, episode.last_anti_gd2)
    if began is None or ended is None or not (began.exact and ended.exact):
        return windows.ASSESSMENT, began
    earliest = max(windows.ASSESSMENT.earliest, (ended.on - began.on).days)
    target, latest = max(windows.ASSESSMENT.target, earliest), max(windows.ASSESSMENT.latest, earliest)
    return replace(windows.ASSESSMENT, earliest=earliest, target=target, latest=latest), began


def decision(episode: Episode) -> tuple[Anchored, ...]:
    """A decision counts from the last component of the assessment, or from what led here without one.

    What an unconfirmed progression needs first counts from the finding.
    """
    timepoint = episode.timepoint
    if timepoint is not None and _in_doubt(episode, timepoint):
        return ((windows.CONFIRM_PROGRESSION, timepoint.last),)
    late = timepoint.last if timepoint and not timepoint.decided else None
    return ((windows.DECISION, _later(late, episode.entered)),)


def _in_doubt(episode: Episode, timepoint: Timepoint) -> bool:
    if response_in_force(timepoint).response is not Response.PD:
        return False
    return progression_confirmed.of(episode, date.max).value == "open"


def _later(one: Stamp | None, other: Stamp | None) -> Stamp | None:
    known = [stamp for stamp in (one, other) if stamp is not None]
    return max(known, key=lambda stamp: stamp.on, default=None)


@_unless_comfort
def local_control(episode: Episode) -> tuple[Anchored, ...]:
    """Local control counts from the decision for it."""
    return ((windows.LOCAL_CONTROL, episode.entered),)


@_unless_comfort
def restaging(episode: Episode) -> tuple[Anchored, ...]:
    """Restaging counts from the operation or from the last fraction."""
    done = restaged_after(episode)
    if done is None:
        return ((windows.AFTER_CONSOLIDATION, episode.entered),)
    return ((windows.AFTER_SURGERY if done.value == "surgery" else windows.AFTER_RADIOTHERAPY, done.at),)


def restaged_after(episode: Episode) -> Noted | None:
    """The local control that the restaging follows; None where it follows a transplant decided on since."""
    done, entered = episode.local_control, episode.entered
    if episode.context != "local_control" or done is None or entered is None or done.at.on < entered.on:
        return None
    return done


@_unless_comfort
@_unless_contested
def maintenance(episode: Episode) -> tuple[Anchored, ...]:
    """The first course counts from the end of what came before, the others from day 1 of the last."""
    if episode.courses.started:
        rhythm = _rhythm(episode)
        window = Window(
            "course", windows.COURSE.what, rhythm.earliest, rhythm.target, rhythm.latest, rhythm.citation
        )
        known = regimen(spelling(episode.regimen)) if episode.regimen else None
        course = window if known and known.next_cycle else windows.COURSE
        return (*_suspicion(episode), (course, episode.courses.last_started))
    cycle, local = episode.cycles.last_started, episode.local_control
    if local is not None and (cycle is None or local.at.on > cycle.on):
        return (*_suspicion(episode), (windows.MAINTENANCE_AFTER_LOCAL_CONTROL, local.at))
    return (*_suspicion(episode), (windows.MAINTENANCE, cycle or episode.entered))


@_unless_comfort
def referral(episode: Episode) -> tuple[Anchored, ...]:
    """Eligibility counts from the decision for the bridge."""
    return ((windows.REFERRAL, episode.entered),)


@_unless_comfort
def apheresis(episode: Episode) -> tuple[Anchored, ...]:
    """Collection counts from acceptance."""
    return ((windows.APHERESIS, episode.entered),)


@_unless_comfort
def manufacturing(episode: Episode) -> tuple[Anchored, ...]:
    """Release counts from collection; once released, the decision on lymphodepletion from the release."""
    released, gathered = episode.car_t.get("product_released"), episode.car_t.get("apheresis")
    if released is not None:
        return ((windows.DECISION, _later(released.at, episode.entered)),)
    return ((windows.MANUFACTURING, gathered.at if gathered else episode.entered),)


@_unless_comfort
def lymphodepletion(episode: Episode) -> tuple[Anchored, ...]:
    """Infusion counts from the last day of lymphodepletion; before that, lymphodepletion from the restaging."""
    given, restaging = step_of_this_bridge(episode, "lymphodepletion"), episode.timepoint
    if given is not None:
        return ((windows.LYMPHODEPLETION, given.at),)
    return ((windows.BEGIN_LYMPHODEPLETION, restaging.last if restaging else None),)


def after_infusion(episode: Episode) -> tuple[Anchored, ...]:
    """Every response that was not assessed yet or skipped, with the checks until the first; in the end yearly visits."""
    infused = episode.car_t.get("infused")
    if infused is None:
        return ((windows.RESPONSES[0], None),)
    days = [
        (point.last.on - infused.at.on).days
        for point in episode.timepoints.values()
        if point.decided and point.last is not None
    ]
    latest = max(days, default=0)
    left = tuple((window, infused.at) for window in windows.RESPONSES if window.earliest > latest)
    checks = _cell_checks(episode, infused.at) if latest < windows.RESPONSES[0].earliest else ()
    return (*checks, *left) or late_effects(episode)


def _cell_checks(episode: Episode, infused: Stamp) -> tuple[Anchored, ...]:
    """The next check for CRS and ICANS, and the safety check of day 28, until a check was made from then on."""
    checked = [episode.car_t[step].at if step in episode.car_t else infused for step in ("crs", "icans")]
    last = min(checked, key=lambda at: at.on)
    passed = (last.on - infused.on).days
    if passed >= windows.SAFETY_CHECK.earliest:
        return ()
    window = windows.CHECK_DAILY if passed < windows.DAILY_CHECKS else windows.CHECK_TWICE_A_WEEK
    return ((window, last), (windows.SAFETY_CHECK, infused))


def late_effects(episode: Episode) -> tuple[Anchored, ...]:
    """Yearly visits for 15 years after cells were given."""
    infused = episode.car_t.get("infused")
    if infused is None:
        return ()
    seen = episode.follow_up.at if episode.follow_up else None
    last = seen if seen is not None and seen.on > infused.at.on else infused.at
    return (
        ((windows.LATE_EFFECTS, last),) if _years(infused.at.on, last.on) < windows.LATE_EFFECTS_YEARS else ()
    )


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
    """What a visit raised is worked up from that visit on. Visits count from the last: close together for two years after treatment, half-yearly to year 5, then yearly."""
    last = _later(episode.follow_up.at if episode.follow_up else None, episode.entered)
    ended = last_treatment(episode) or episode.entered
    years = _years(ended.on, last.on) if ended and last else 0
    at_first, then, later = windows.FOLLOW_UP
    window = at_first if years < 2 else then if years < 5 else later  # noqa: PLR2004
    visit = episode.follow_up
    if visit is not None and visit.value == "suspicious":
        return ((windows.WORK_UP, visit.at), (window, last), *late_effects(episode))
    return ((window, last), *late_effects(episode))


def elsewhere(episode: Episode) -> tuple[Anchored, ...]:
    """The outcome of a referral is asked for, and asked again after each word of it."""
    entered, word = episode.entered, episode.follow_up
    if word is not None and entered is not None and word.at.on >= entered.on:
        return ((windows.NEXT_WORD, word.at),)
    return ((windows.OUTCOME_ELSEWHERE, entered),)


def goals(episode: Episode) -> tuple[Anchored, ...]:
    """Supportive care and its goals are looked at again after the last visit or talk about them."""
    told = [noted.at for noted in (episode.intent, episode.follow_up) if noted is not None]
    last = episode.entered
    for each in told:
        last = _later(each, last)
    return ((windows.GOALS, last),)


def _years(earlier: date, later: date) -> int:
    return (later - earlier).days // 365


def nothing(episode: Episode) -> tuple[Anchored, ...]:  # noqa: ARG001
    """Nothing is due."""
    return ()
