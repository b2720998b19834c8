"""What the tables ask about the response, its assessment, and how far the line has come."""

from __future__ import annotations

from datetime import date, timedelta

from pathway.catalogue.high_risk_neuroblastoma_relapse import thresholds as t
from pathway.clinical.component_rules import MIMIC_CHECK
from pathway.clinical.regimens import cycle_limit, regimen
from pathway.clinical.terms import Response, spelling
from pathway.engine.findings import UNKNOWN, Found, finding
from pathway.episodes.assessments import later_progression, response_in_force
from pathway.episodes.episode import Episode
from pathway.episodes.facts import Cycles, Timepoint


@finding(
    "the response in force",
    ("CR", "PR", "MR", "SD", "PD", "NE", "NED", UNKNOWN),
    request="A person has to confirm the response of this assessment.",
    completed=True,
    adverse=("PD",),
)
def response(episode: Episode, as_of: date) -> Found:
    timepoint = episode.timepoint
    if (later := later_progression(episode)) is not None:
        told_as = "confirmed" if later.confirmed else "suspected after the last examination"
        return Found("PD", f"progression was {told_as}", later.at)
    if timepoint is None:
        return Found("NE", "no assessment has been recorded")
    told = response_in_force(timepoint)
    if told.response is not Response.PD and (
        why := _lapsed(episode, timepoint, as_of) or _too_wide(timepoint) or _too_early(episode, timepoint)
    ):
        return Found("NE", why, timepoint.last)
    if (against := _progression_against(episode, timepoint)) is not None:
        why = "another assessment found progression, and nothing was decided or given since"
        return Found(UNKNOWN, why, against.last)
    return Found(str(told.response or UNKNOWN), told.why, timepoint.last, told.because)


def _progression_against(episode: Episode, timepoint: Timepoint) -> Timepoint | None:
    """Another assessment that found the progression which this response would undo; None where it may be undone.

    A person who settled this response undoes it, and so do a decision and treatment; a later assessment does where
    what was found before may have been a mimic, and once that is as old as a response may be.
    """
    last = timepoint.last
    told = response_in_force(timepoint).response
    if timepoint.confirmed is not None or last is None or told in (None, Response.PD, Response.NE):
        return None
    given = (episode.cycles.last_started, episode.courses.last_started)
    for other in episode.timepoints.values():
        found = other.last
        if other.name == timepoint.name or other.decided or found is None:
            continue
        settled = (last.on - found.on).days > t.RESPONSE_DAYS.value or any(
            each is not None and each.on > found.on for each in given
        )
        refuted = _unsure(other) and last.on > found.on
        if not settled and not refuted and response_in_force(other).response is Response.PD:
            return other
    return None


def _unsure(timepoint: Timepoint) -> bool:
    """True where no component shows the progression for certain: it was reported alone, or may be a mimic."""
    return not any(
        noted.value == Response.PD and MIMIC_CHECK not in timepoint.marks.get(part, ())
        for part, noted in timepoint.ratings.items()
    )


def _lapsed(episode: Episode, timepoint: Timepoint, as_of: date) -> str | None:
    """Why the examinations no longer tell how things stand; those without an exact day are taken as they are."""
    last = timepoint.last
    if last is None or not last.exact:
        return None
    if as_of > last.on + timedelta(days=t.RESPONSE_DAYS.value):
        return f"examined more than {t.RESPONSE_DAYS.value} days ago"
    given = [episode.cycles.last_started, episode.courses.last_started]
    given += [noted.at for noted in (episode.local_control, episode.car_t.get("infused")) if noted]
    if any(each.exact and each.on > last.on for each in given if each is not None):
        return "examined before the latest treatment"
    return None


def _too_early(episode: Episode, timepoint: Timepoint) -> str | None:
    """Why a component does not tell what the last cycle did; what a person settled does."""
    ended = [each.last_completed for each in (episode.cycles, episode.courses)]
    last = max((each.on for each in ended if each is not None and each.exact), default=None)
    days = [noted.at.on for noted in timepoint.ratings.values() if noted.at.exact]
    if timepoint.confirmed or last is None or not days or min(days) >= last:
        return None
    return f"examined in part before the last cycle ended on {last}"


def _too_wide(timepoint: Timepoint) -> str | None:
    """Why the components do not belong to one assessment; what a person settled does."""
    days = [noted.at.on for noted in timepoint.ratings.values() if noted.at.exact]
    if timepoint.confirmed or not days or max(days) - min(days) <= timedelta(days=t.SPAN_DAYS.value):
        return None
    return f"examined over more than {t.SPAN_DAYS.value} days"


@finding(
    "the assessment",
    ("complete", "progression", "incomplete"),
    request="Complete the assessment of primary, metastases and marrow.",
    pending=("incomplete",),
    conditions={
        "complete": "the assessment were complete",
        "progression": "the assessment showed progression",
    },
)
def assessment(episode: Episode, as_of: date) -> Found:  # noqa: ARG001
    timepoint = episode.timepoint
    if timepoint is None:
        return Found("incomplete", "nothing recorded")
    told = response_in_force(timepoint)
    if told.response is Response.PD:
        return Found("progression", told.why, timepoint.last)
    everything_named = len(timepoint.ratings) == 3  # noqa: PLR2004  (the components of INRC)
    settled = (
        timepoint.closed
        or timepoint.confirmed
        or everything_named
        or (not timepoint.ratings and told.reported)
    )
    return Found("complete" if settled else "incomplete", told.why, timepoint.last, told.because)


@finding(
    "the phase of the line",
    ("early", "mid", "limit", UNKNOWN),
    request="Record how many cycles of this line were given.",
    completed=True,
    conditions={
        "early": "the line were before its fourth cycle",
        "mid": "the line were between its fourth cycle and its limit",
        "limit": "the line were at its limit",
    },
)
def phase(episode: Episode, as_of: date) -> Found:  # noqa: ARG001
    if episode.context == "maintenance":
        return _maintenance_phase(episode)
    limit, because = cycle_limit(spelling(episode.regimen) if episode.regimen else None)
    cycles = episode.cycles
    shown = f"{cycles.counted} cycles counted, limit {limit}"
    if cycles.counted >= limit:
        return Found("limit", shown, cycles.last_completed, because)
    if cycles.uncertain:
        return Found(UNKNOWN, f"at least {shown}", cycles.last_completed, because)
    value = "early" if cycles.counted < t.EARLY_CYCLES.value else "mid"
    return Found(value, shown, cycles.last_completed, because)


def _maintenance_phase(episode: Episode) -> Found:
    courses = episode.courses
    known = regimen(spelling(episode.regimen)) if episode.regimen else None
    if known is None or known.count is None or known.planned_courses is None:
        return Found(UNKNOWN, "the number of planned courses is not known", courses.last_completed)
    because = known.count.citation
    shown = f"{courses.counted} courses given, {known.planned_courses} planned"
    if courses.counted >= known.planned_courses:
        return Found("limit", shown, courses.last_completed, because)
    if courses.uncertain:
        return Found(UNKNOWN, f"at least {shown}", courses.last_completed, because)
    value = "early" if courses.counted < t.EARLY_CYCLES.value else "mid"
    return Found(value, shown, courses.last_completed, because)


@finding(
    "confirmation of the progression",
    ("confirmed", "open", UNKNOWN),
    request="Confirm or refute the progression: biopsy, FDG-PET, MRI, or repeat within 28 days.",
    completed=True,
    pending=("open",),
    conditions={"confirmed": "the progression were confirmed", "open": "the progression were in doubt"},
)
def progression_confirmed(episode: Episode, as_of: date) -> Found:  # noqa: ARG001
    progression, timepoint = episode.progression, episode.timepoint
    if timepoint is None or timepoint.last is None:
        if progression is None:
            return Found(UNKNOWN)
        return Found("confirmed" if progression.confirmed else "open", "as recorded", progression.at)
    if progression is not None and timepoint.first is not None and progression.at.on >= timepoint.first.on:
        return Found("confirmed" if progression.confirmed else "open", "as recorded", progression.at)
    timepoint = _progression_against(episode, timepoint) or timepoint
    if timepoint.confirmed is not None:
        return Found("confirmed", "a person confirmed the response", timepoint.confirmed.at)
    marked = [
        timepoint.marks.get(part, ())
        for part, noted in timepoint.ratings.items()
        if noted.value == Response.PD
    ]
    if any(MIMIC_CHECK not in marks for marks in marked):
        return Found("confirmed", "a component was rated PD by INRC", timepoint.last)
    if marked:
        return Found("open", "what was measured may be a mimic", timepoint.last)
    return Found("open", "reported without the component that shows it", timepoint.last)


@finding(
    "a progression that is suspected",
    ("open", "none"),
    request="Confirm or refute the suspected progression: biopsy, FDG-PET, MRI, or repeat within 28 days.",
    pending=("open",),
    conditions={"none": "the suspected progression were refuted"},
)
def suspicion(episode: Episode, as_of: date) -> Found:  # noqa: ARG001
    """Open until it is confirmed, or until an assessment that came after it tells a response."""
    progression, began, timepoint = episode.progression, episode.line_began, episode.timepoint
    if progression is None or progression.confirmed or (began is not None and began.on > progression.at.on):
        return Found("none")
    last = timepoint.last if timepoint else None
    if last is None or last.on == progression.at.on or later_progression(episode) is not None:
        return Found("open", f"suspected on {progression.at.when}", progression.at)
    return Found("none", "answered by a later assessment", last)


@finding(
    "two cycles since the first complete response",
    ("yes", "no", UNKNOWN),
    request="Record how many cycles were given since the first complete response.",
    completed=True,
    conditions={
        "yes": "two cycles had been given since the first complete response",
        "no": "fewer than two cycles had been given since the first complete response",
    },
)
def consolidated(episode: Episode, as_of: date) -> Found:  # noqa: ARG001
    if episode.remission_after is None:
        return Found("no", "no complete response in this line before")
    since = episode.cycles.counted - episode.remission_after + episode.courses.counted
    if since >= 2:  # noqa: PLR2004
        return Found("yes", f"{since} cycles since", episode.cycles.last_completed)
    if episode.cycles.uncertain:
        return Found(UNKNOWN, f"at least {since} cycles since", episode.cycles.last_completed)
    return Found("no", f"{since} cycles since", episode.cycles.last_completed)


@finding(
    "the time left to complete the assessment",
    ("in", "over", UNKNOWN),
    request="Give the first examination of this assessment its date.",
    completed=True,
)
def work_up(episode: Episode, as_of: date) -> Found:
    timepoint = episode.timepoint
    if timepoint is not None and timepoint.closed is not None:
        return Found("over", "closed as not evaluable", timepoint.closed)
    if timepoint is None or timepoint.first is None:
        return Found("in", "no examination yet")
    if not timepoint.first.exact:
        return Found(UNKNOWN, "the date of the first examination is not known to the day", timepoint.first)
    if (why := _lapsed(episode, timepoint, as_of)) is not None:
        return Found("in", f"{why}: a new assessment is needed", timepoint.last)
    over = as_of > timepoint.first.on + timedelta(days=t.WORK_UP_DAYS.value)
    return Found("over" if over else "in", f"first examination {timepoint.first.when}", timepoint.first)


@finding("cycles since the last assessment", ("fewer_than_two", "two_or_more"))
def cycles_since_assessment(episode: Episode, as_of: date) -> Found:  # noqa: ARG001
    return _since(episode.cycles)


def _since(cycles: Cycles) -> Found:
    several = cycles.since_assessment >= t.CYCLES_BETWEEN_ASSESSMENTS.value
    shown = f"{cycles.since_assessment} completed since"
    return Found("two_or_more" if several else "fewer_than_two", shown, cycles.last_completed)


@finding("whether a maintenance course calls for an assessment", ("yes", "no"))
def maintenance_assessment(episode: Episode, as_of: date) -> Found:
    courses = episode.courses
    due = courses.completed == 2 or phase.of(episode, as_of).value == "limit"  # noqa: PLR2004
    return Found("yes" if due else "no", f"{courses.completed} courses completed", courses.last_completed)


@finding("whether the evidence of progression is confirmed", ("confirmed", "open"))
def evidence(episode: Episode, as_of: date) -> Found:  # noqa: ARG001
    progression = episode.progression
    confirmed = progression is not None and progression.confirmed
    return Found("confirmed" if confirmed else "open", at=progression.at if progression else None)


@finding(
    "cycles given in this line",
    ("yes", "no"),
    conditions={
        "yes": "a cycle had been given in this line",
        "no": "no cycle had been given in this line",
    },
)
def cycles_given(episode: Episode, as_of: date) -> Found:  # noqa: ARG001
    cycles = episode.cycles
    return Found("yes" if cycles.started else "no", f"{cycles.started} cycles started", cycles.last_started)
