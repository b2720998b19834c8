"""What the tables of this pathway ask about an episode, and how each answer follows from its facts.

Where nothing was recorded the answer is `unknown`, with three exceptions, each a choice of this project and
shown as such: central nervous system disease and a change to comfort care are looked into on suspicion or on
wish, so silence about them is read as no suspicion and as treatment intent; and an episode opened on this
pathway is in line 1 until a decision says otherwise.
"""

from __future__ import annotations

from datetime import date, timedelta

from pathway.catalogue.high_risk_neuroblastoma_relapse import thresholds as t
from pathway.clinical.component_rules import MIMIC_CHECK
from pathway.clinical.regimens import cycle_limit, regimen
from pathway.clinical.terms import CnsStatus, Delivered, Response, ToxicityScale, is_anti_gd2, spelling
from pathway.engine.findings import STALE, UNKNOWN, Found, finding
from pathway.episodes.episode import (
    SEVERE,
    Cycles,
    Episode,
    Noted,
    Stamp,
    Timepoint,
    Toxicity,
    response_in_force,
)


def _aged(noted: Noted, as_of: date, days: int) -> str | None:
    """`stale` when older than `days`, `unknown` when its age is not known, None while it counts."""
    if not noted.at.exact:
        return UNKNOWN
    return STALE if as_of > noted.at.on + timedelta(days=days) else None


def _told(noted: Noted | None) -> Found:
    return Found(noted.value, noted.value, noted.at) if noted else Found(UNKNOWN)


@finding(
    "the risk group at diagnosis",
    ("high", "not_high", UNKNOWN),
    request="Record the risk group at diagnosis.",
)
def risk_group(episode: Episode, as_of: date) -> Found:  # noqa: ARG001
    return _told(episode.risk_group)


@finding(
    "the context of this decision", ("none", "systemic", "local_control", "maintenance", "car_t", "follow_up")
)
def context(episode: Episode, as_of: date) -> Found:  # noqa: ARG001
    return Found(episode.context or "none", at=episode.entered)


@finding(
    "the response in force",
    ("CR", "PR", "MR", "SD", "PD", "NE", "NED", UNKNOWN),
    request="A person has to confirm the response of this assessment.",
    completed=True,
)
def response(episode: Episode, as_of: date) -> Found:
    progression = episode.progression
    timepoint = episode.timepoint
    if (
        progression
        and progression.confirmed
        and _after(progression.at, timepoint.last if timepoint else None)
    ):
        return Found("PD", "progression was confirmed", progression.at)
    if timepoint is None:
        return Found("NE", "no assessment has been recorded")
    told = response_in_force(timepoint)
    if told.response is not Response.PD and (
        why := _lapsed(episode, timepoint, as_of) or _too_wide(timepoint)
    ):
        return Found("NE", why, timepoint.last)
    return Found(str(told.response or UNKNOWN), told.why, timepoint.last)


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


def _too_wide(timepoint: Timepoint) -> str | None:
    """Why the components do not belong to one assessment; what a person settled does."""
    days = [noted.at.on for noted in timepoint.ratings.values() if noted.at.exact]
    if timepoint.confirmed or not days or max(days) - min(days) <= timedelta(days=t.SPAN_DAYS.value):
        return None
    return f"examined over more than {t.SPAN_DAYS.value} days"


def _after(later: Stamp, earlier: Stamp | None) -> bool:
    return earlier is None or later.on > earlier.on


@finding(
    "the assessment",
    ("complete", "progression", "incomplete"),
    request="Complete the assessment of primary, metastases and marrow.",
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
    return Found("complete" if settled else "incomplete", told.why, timepoint.last)


@finding(
    "the phase of the line",
    ("early", "mid", "limit", UNKNOWN),
    request="Record how many cycles of this line were given.",
    completed=True,
)
def phase(episode: Episode, as_of: date) -> Found:  # noqa: ARG001
    if episode.context == "maintenance":
        return _maintenance_phase(episode)
    limit, _ = cycle_limit(spelling(episode.regimen) if episode.regimen else None)
    cycles = episode.cycles
    shown = f"{cycles.counted} cycles counted, limit {limit}"
    if cycles.counted >= limit:
        return Found("limit", shown, cycles.last_completed)
    if cycles.uncertain:
        return Found(UNKNOWN, f"at least {shown}", cycles.last_completed)
    return Found("early" if cycles.counted < t.EARLY_CYCLES.value else "mid", shown, cycles.last_completed)


def _maintenance_phase(episode: Episode) -> Found:
    courses = episode.courses
    known = regimen(spelling(episode.regimen)) if episode.regimen else None
    planned = known.planned_courses if known else None
    if planned is None:
        return Found(UNKNOWN, "the number of planned courses is not known", courses.last_completed)
    shown = f"{courses.counted} courses given, {planned} planned"
    if courses.counted >= planned:
        return Found("limit", shown, courses.last_completed)
    if courses.uncertain:
        return Found(UNKNOWN, f"at least {shown}", courses.last_completed)
    return Found("early" if courses.counted < t.EARLY_CYCLES.value else "mid", shown, courses.last_completed)


@finding(
    "how treatment is tolerated",
    ("fine", "limiting", "stop", "emergency", UNKNOWN),
    request="Record how the last cycle was delivered and which side effects go on, with grades.",
)
def tolerance(episode: Episode, as_of: date) -> Found:
    if (emergency := _emergency(episode)) is not None:
        return emergency
    for stop in episode.stops.values():
        if stop.concerns(episode.agents):
            return Found("stop", stop.sentence, stop.at)
    if (limiting := _limiting(episode, as_of)) is not None:
        return limiting
    for toxicity in episode.toxicities.values():
        if toxicity.ongoing and toxicity.stop_possible:
            return Found(UNKNOWN, f"{toxicity.term} has no grade, and the grade decides", toxicity.at)
    cycles = episode.courses if episode.courses.started else episode.cycles
    judged = episode.fitness.get("tolerance")
    if judged is not None and (cycles.last_started is None or judged.at.on >= cycles.last_started.on):
        return Found("fine", "judged acceptable by the team or the family", judged.at)
    if cycles.started and cycles.last_delivered in (None, Delivered.UNKNOWN, Delivered.ABORTED):
        return Found(UNKNOWN, "it is not known how the last cycle was delivered", cycles.last_started)
    return Found("fine", "nothing stands against it", cycles.last_completed)


BLOOD_COUNTS = frozenset(
    {
        "neutrophil_count_decreased",
        "neutropenia",
        "platelet_count_decreased",
        "thrombocytopenia",
        "anemia",
        "anaemia",
        "white_blood_cell_decreased",
        "leukopenia",
        "lymphocyte_count_decreased",
        "lymphopenia",
    }
)
"""Grade 4 counts are expected after chemotherapy and are no emergency by themselves [D]."""


def _emergency(episode: Episode) -> Found | None:
    for toxicity in episode.toxicities.values():
        after_cells = toxicity.scale is ToxicityScale.ASTCT
        grade = (t.CELLS_EMERGENCY_GRADE if after_cells else t.EMERGENCY_GRADE).value
        if toxicity.ongoing and (toxicity.grade or 0) >= grade and toxicity.term not in BLOOD_COUNTS:
            return Found("emergency", f"{toxicity.term}, grade {toxicity.grade}", toxicity.at)
    for step in ("crs", "icans"):
        noted = episode.car_t.get(step)
        if noted is not None and noted.value in {f"{step} grade {each}" for each in SEVERE_CELL_TOXICITY}:
            return Found("emergency", noted.value, noted.at)
    return None


SEVERE_CELL_TOXICITY = range(t.CELLS_EMERGENCY_GRADE.value, 6)
"""The ASTCT grades of CRS and ICANS that come first, until a lower grade is recorded."""


def _limiting(episode: Episode, as_of: date) -> Found | None:
    judged, began = episode.fitness.get("tolerance"), episode.line_began
    if judged is not None and judged.value == "limiting" and (began is None or judged.at.on >= began.on):
        return Found("limiting", "so judged by the team or the family", judged.at)
    for hold in episode.holds:
        if hold.at.exact and as_of > hold.at.on + timedelta(days=t.DELAY_DAYS.value):
            return Found("limiting", f"held for more than {t.DELAY_DAYS.value} days", hold.at)
    for term, at in episode.repeatedly_severe.items():
        if term not in BLOOD_COUNTS:
            return Found("limiting", f"{term} was severe in two cycles running", at)
    return None


@finding(
    "whether local control is feasible",
    ("yes", "no", UNKNOWN),
    request="Record whether the residual disease can be operated on or irradiated.",
)
def local_disease(episode: Episode, as_of: date) -> Found:  # noqa: ARG001
    return _told(episode.local_control_feasible)


@finding(
    "GD2 on the tumour cells",
    ("positive", "partial", "negative", UNKNOWN, STALE),
    request="Measure GD2 on tumour or marrow; it does not delay treatment.",
)
def gd2(episode: Episode, as_of: date) -> Found:
    noted = episode.gd2
    if noted is None or noted.value == "indeterminate":
        return Found(UNKNOWN, noted.value if noted else "", noted.at if noted else None)
    in_remission = episode.last_response is not None and episode.last_response.value in ("CR", "NED")
    if in_remission:
        return Found(noted.value, f"{noted.value} (last known; no tissue in remission)", noted.at)
    if (since := _what_outdates_gd2(episode, noted)) is not None:
        return Found(STALE, f"{noted.value}, before {since}", noted.at)
    return Found(_aged(noted, as_of, t.GD2_DAYS.value) or noted.value, noted.value, noted.at)


def _what_outdates_gd2(episode: Episode, measured: Noted) -> str | None:
    """What has happened since GD2 was measured that may have changed it."""
    if episode.gd2_outdated is not None:
        return "the latest progression"
    infused, began = episode.car_t.get("infused"), episode.line_began
    if infused is not None and infused.at.on > measured.at.on:
        return "the infusion of CAR-T cells"
    antibody_before = any(is_anti_gd2(agent) for line in episode.earlier_lines for agent in line.agents)
    if antibody_before and began is not None and began.on > measured.at.on:
        return "the end of a line with an anti-GD2 antibody"
    return None


@finding(
    "eligibility for GD2 CAR-T cells",
    ("yes", "no", UNKNOWN),
    request="Have the eligibility for GD2 CAR-T cells decided, with GD2 measured.",
)
def car_t_eligibility(episode: Episode, as_of: date) -> Found:
    eligible, ineligible = episode.car_t.get("eligible"), episode.car_t.get("ineligible")
    if ineligible is not None and (eligible is None or ineligible.at.on >= eligible.at.on):
        return Found("no", "found ineligible", ineligible.at)
    antigen = gd2.of(episode, as_of)
    if antigen.value == "negative":
        return Found("no", "GD2 is negative", antigen.at)
    neurological = next((stop for stop in episode.stops.values() if _is_neurological(stop.sentence)), None)
    if neurological is not None:
        return Found("no", neurological.sentence, neurological.at)
    if eligible is not None and antigen.value in ("positive", "partial"):
        return Found("yes", f"found eligible, GD2 {antigen.value}", eligible.at)
    return Found(
        UNKNOWN, "GD2 is not known" if eligible else "not decided", eligible.at if eligible else None
    )


def _is_neurological(sentence: str) -> bool:
    plain = sentence.casefold()
    return any(word in plain for word in ("neuro", "myelitis", "encephalopathy", "brain-stem"))


@finding(
    "disease in the central nervous system",
    ("none", "controlled", "suspected", "new"),
    request="Brain and spine MRI.",
)
def cns(episode: Episode, as_of: date) -> Found:  # noqa: ARG001
    progression = episode.progression
    noted = episode.cns
    if progression and progression.pattern == "cns" and (noted is None or progression.at.on > noted.at.on):
        return Found(
            "new" if progression.confirmed else "suspected", "pattern of the progression", progression.at
        )
    if noted is None:
        return Found("none", "nothing recorded; looked into on suspicion")
    value = {
        CnsStatus.NO_SUSPICION: "none",
        CnsStatus.SUSPECTED: "suspected",
        CnsStatus.NEW_DISEASE: "new",
        CnsStatus.CONTROLLED: "controlled",
    }[CnsStatus(noted.value)]
    return Found(value, noted.value, noted.at)


@finding("the goal of care", ("treatment", "comfort"))
def intent(episode: Episode, as_of: date) -> Found:  # noqa: ARG001
    if episode.intent is None:
        return Found("treatment", "nothing recorded; treatment is the purpose of this pathway")
    return _told(episode.intent)


@finding(
    "fitness",
    ("fit", "poor", UNKNOWN, STALE),
    request="Record performance status (Lansky or Karnofsky) and whether an infection is uncontrolled.",
)
def fitness(episode: Episode, as_of: date) -> Found:
    infection = episode.fitness.get("uncontrolled_infection")
    if infection is not None and infection.value == "true":
        value = _aged(infection, as_of, t.INFECTION_DAYS.value) or "poor"
        return Found(value, "an uncontrolled infection", infection.at)
    known = [noted for name in ("lansky", "karnofsky") if (noted := episode.fitness.get(name))]
    if not known:
        return Found(UNKNOWN)
    latest = max(known, key=lambda noted: noted.at.on)
    value = "fit" if int(latest.value) >= t.FIT_FROM.value else "poor"
    shown = f"performance status {latest.value}"
    if any(_is_severe(each) and each.at.on > latest.at.on for each in episode.toxicities.values()):
        return Found(STALE, f"{shown}, before a severe side effect", latest.at)
    return Found(_aged(latest, as_of, t.FITNESS_DAYS.value) or value, shown, latest.at)


def _is_severe(toxicity: Toxicity) -> bool:
    return (toxicity.grade or 0) >= SEVERE and toxicity.term not in BLOOD_COUNTS


@finding(
    "confirmation of the progression",
    ("confirmed", "open", UNKNOWN),
    request="Confirm or refute the progression: biopsy, FDG-PET, MRI, or repeat within 28 days.",
    completed=True,
)
def progression_confirmed(episode: Episode, as_of: date) -> Found:  # noqa: ARG001
    progression, timepoint = episode.progression, episode.timepoint
    if timepoint is None or timepoint.last is None:
        if progression is None:
            return Found(UNKNOWN)
        return Found("confirmed" if progression.confirmed else "open", "as recorded", progression.at)
    if progression is not None and timepoint.first is not None and progression.at.on >= timepoint.first.on:
        return Found("confirmed" if progression.confirmed else "open", "as recorded", progression.at)
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
    "two cycles since the first complete response",
    ("yes", "no", UNKNOWN),
    request="Record how many cycles were given since the first complete response.",
    completed=True,
)
def consolidated(episode: Episode, as_of: date) -> Found:  # noqa: ARG001
    if episode.remission_after is None:
        return Found("no", "no complete response in this line before")
    since = episode.cycles.completed - episode.remission_after + episode.courses.completed
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
    return Found("over" if over else "in", f"first examination {timepoint.first.on}", timepoint.first)


@finding("the line of therapy", ("first_or_second", "third_or_later"))
def line(episode: Episode, as_of: date) -> Found:  # noqa: ARG001
    late = episode.line >= t.LATE_LINE.value
    return Found("third_or_later" if late else "first_or_second", f"line {episode.line}", episode.line_began)


@finding(
    "consent to systemic therapy",
    ("given", "refused", UNKNOWN, STALE),
    request="Record the family's consent to the next treatment.",
)
def consent(episode: Episode, as_of: date) -> Found:
    return _consent(episode, "systemic_therapy", as_of)


@finding(
    "consent to cell therapy",
    ("given", "refused", UNKNOWN, STALE),
    request="Record the family's consent to cell therapy.",
)
def car_t_consent(episode: Episode, as_of: date) -> Found:
    return _consent(episode, "car_t", as_of)


def _consent(episode: Episode, scope: str, as_of: date) -> Found:
    noted = episode.consents.get(scope)
    if noted is None:
        return Found(UNKNOWN)
    if noted.value == "refused":
        return Found("refused", "refused or withdrawn", noted.at)
    if episode.progressed is not None and episode.progressed.on > noted.at.on:
        return Found(STALE, "given before the latest progression", noted.at)
    return Found(_aged(noted, as_of, t.CONSENT_DAYS.value) or "given", "given", noted.at)


@finding(
    "earlier high-dose therapy",
    ("refractory", "none", "haploidentical", "given", UNKNOWN),
    request="Record whether high-dose therapy with stem cell rescue was given before.",
)
def high_dose_therapy(episode: Episode, as_of: date) -> Found:  # noqa: ARG001
    progression = episode.progression
    if progression and progression.setting == "refractory":
        return Found("refractory", "refractory disease", progression.at)
    haploidentical = episode.consents.get("haploidentical_transplant")
    if haploidentical is not None and haploidentical.value == "given":
        return Found("haploidentical", "a haploidentical transplant is planned", haploidentical.at)
    told = [therapy for therapy in episode.prior_therapies.values() if therapy.high_dose_therapy is not None]
    if not told:
        return Found(UNKNOWN)
    given = next((therapy for therapy in told if therapy.high_dose_therapy), None)
    latest = given or told[-1]
    return Found("given" if given else "none", "recorded with prior therapy", latest.at)


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


@finding("whether a hold is open", ("yes", "no"))
def held(episode: Episode, as_of: date) -> Found:  # noqa: ARG001
    hold = episode.holds[0] if episode.holds else None
    return Found("yes" if hold else "no", f"{hold.agent} held" if hold else "", hold.at if hold else None)


@finding("the cell product", ("released", "awaited"))
def product(episode: Episode, as_of: date) -> Found:  # noqa: ARG001
    released = released_product(episode)
    return Found("released" if released else "awaited", at=released.at if released else None)


def released_product(episode: Episode) -> Noted | None:
    """The release of the product made of the last collection; that of an earlier one does not count."""
    released, collected = episode.car_t.get("product_released"), episode.car_t.get("apheresis")
    if released is not None and collected is not None and released.at.on < collected.at.on:
        return None
    return released


@finding("a line of systemic therapy under way", ("yes", "no"))
def line_under_way(episode: Episode, as_of: date) -> Found:  # noqa: ARG001
    return Found("yes" if episode.line_open else "no", f"line {episode.line}", episode.line_began)


@finding(
    "an anti-GD2 antibody in the present treatment",
    ("yes", "no", UNKNOWN),
    request="Record the agents given.",
)
def antibody(episode: Episode, as_of: date) -> Found:  # noqa: ARG001
    if not episode.agents:
        return Found(UNKNOWN, "the agents are not known")
    given = any(map(is_anti_gd2, episode.agents))
    return Found("yes" if given else "no", ", ".join(episode.agents), episode.line_began)


@finding("cycles given in this line", ("yes", "no"))
def cycles_given(episode: Episode, as_of: date) -> Found:  # noqa: ARG001
    cycles = episode.cycles
    return Found("yes" if cycles.started else "no", f"{cycles.started} cycles started", cycles.last_started)


@finding("an anti-GD2 antibody stopped for good", ("yes", "no"))
def stopped_antibody(episode: Episode, as_of: date) -> Found:  # noqa: ARG001
    stop = next((each for agent, each in episode.stops.items() if is_anti_gd2(agent)), None)
    return Found("yes", stop.sentence, stop.at) if stop else Found("no")


@finding("what the last visit found", ("no_disease", "stable_disease", "suspicious", UNKNOWN))
def last_visit(episode: Episode, as_of: date) -> Found:  # noqa: ARG001
    return _told(episode.follow_up)


@finding("response assessments that are left after CAR-T cells", ("left", "done"))
def cell_time_points(episode: Episode, as_of: date) -> Found:  # noqa: ARG001
    infused, timepoint = episode.car_t.get("infused"), episode.timepoint
    if infused is None or timepoint is None or timepoint.last is None:
        return Found("left")
    days = (timepoint.last.on - infused.at.on).days
    shown = f"assessed {days} days after the infusion"
    return Found("done" if days >= t.LAST_CELL_RESPONSE_DAYS.value else "left", shown, timepoint.last)
