"""What the tables of this pathway ask about an episode, and how each answer follows from its facts.

Where nothing was recorded the answer is `unknown`, with three exceptions, each a choice of this project and
shown as such: central nervous system disease and a change to comfort care are looked into on suspicion or on
wish, so silence about them is read as no suspicion and as treatment intent; and an episode opened on this
pathway is in line 1 until a decision says otherwise.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

from pathway.catalogue.high_risk_neuroblastoma_relapse import thresholds as t
from pathway.catalogue.high_risk_neuroblastoma_relapse.toxicity import asked_by, graded
from pathway.clinical.side_effects import SECOND_MALIGNANCY, is_blood_count, plain_term, possible_grades
from pathway.clinical.terms import CnsStatus, Delivered, ToxicityScale, is_anti_gd2
from pathway.clinical.toxicity_tables import EMERGENCY_GRADE, Action
from pathway.engine.findings import STALE, UNKNOWN, Found, finding
from pathway.episodes.episode import Episode
from pathway.episodes.facts import Noted, Toxicity
from pathway.episodes.toxicities import SEVERE


def _while_it_counts(noted: Noted, as_of: date, days: int, value: str, told: str) -> Found:
    """The value while what was noted counts; afterwards what it last was, and how long that counts."""
    if not noted.at.exact:
        return Found(UNKNOWN, f"{told}, on a day that is not known", noted.at)
    if as_of > noted.at.on + timedelta(days=days):
        return Found(STALE, f"last known {told}, older than {days} days", noted.at)
    return Found(value, told, noted.at)


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
    "the context of this decision",
    ("none", "systemic", "local_control", "maintenance", "car_t", "follow_up"),
    conditions={
        "none": "the decision were about no treatment given so far",
        "systemic": "the decision were about a line of systemic therapy",
        "local_control": "the decision were about what comes after local control",
        "maintenance": "the decision were about maintenance",
        "car_t": "the decision were about what comes after CAR-T cells",
        "follow_up": "the decision were about follow-up",
    },
)
def context(episode: Episode, as_of: date) -> Found:  # noqa: ARG001
    if episode.context == "car_t" and not _cells_given(episode):
        before = "systemic" if episode.line_open else "none"
        return Found(before, "no cells have been given", episode.entered)
    return Found(episode.context or "none", at=episode.entered)


def _cells_given(episode: Episode) -> bool:
    """True once cells were given after the present line began: a bridge that ended before that leads back to the line."""
    infused, began = episode.car_t.get("infused"), episode.line_began
    return infused is not None and (began is None or infused.at.on >= began.on)


@finding(
    "how treatment is tolerated",
    ("fine", "limiting", "stop", "emergency", UNKNOWN),
    request="Record how the last cycle was delivered and which side effects go on, with grades.",
    conditions={
        "fine": "treatment were tolerated",
        "limiting": "toxicity limited continuation",
        "stop": "an agent of the treatment were stopped for good",
        "emergency": "a life-threatening side effect went on",
    },
    adverse=("limiting", "stop", "emergency"),
)
def tolerance(episode: Episode, as_of: date) -> Found:
    if (emergency := _emergency(episode)) is not None:
        return emergency
    for stop in episode.stops.values():
        if stop.concerns(episode.agents):
            return Found("stop", stop.sentence, stop.at, stop.because)
    if (limiting := _limiting(episode, as_of)) is not None:
        return limiting
    for toxicity in episode.toxicities.values():
        if toxicity.ongoing and (toxicity.stop_possible or toxicity.no_grade is not None):
            return Found(UNKNOWN, f"{graded(toxicity)}, and the grade decides", toxicity.at)
    cycles = episode.courses if episode.courses.started else episode.cycles
    judged = episode.fitness.get("tolerance")
    if judged is not None and (cycles.last_started is None or judged.at.on >= cycles.last_started.on):
        return Found("fine", "judged acceptable by the team or the family", judged.at)
    if cycles.started and cycles.last_delivered in (None, Delivered.UNKNOWN, Delivered.ABORTED):
        return Found(UNKNOWN, "it is not known how the last cycle was delivered", cycles.last_started)
    return Found("fine", "nothing stands against it", cycles.last_completed)


def _emergency(episode: Episode) -> Found | None:
    for toxicity in episode.toxicities.values():
        if not toxicity.ongoing or toxicity.grade is None:
            continue
        if toxicity.scale is ToxicityScale.ASTCT:
            if toxicity.grade >= t.CELLS_EMERGENCY_GRADE.value:
                return Found("emergency", graded(toxicity), toxicity.at)
        elif (told := asked_by(episode, toxicity)).action is Action.EMERGENCY:
            rule = told.rules[0]
            return Found("emergency", f"{graded(toxicity)}: {rule.sentence}", toxicity.at, rule.citation)
    for step in ("crs", "icans"):
        noted = episode.car_t.get(step)
        if noted is not None and noted.value in {f"{step} grade {each}" for each in SEVERE_CELL_TOXICITY}:
            return Found("emergency", noted.value, noted.at)
    return None


@finding(
    "whether a life-threatening side effect goes on",
    ("no", "yes", UNKNOWN),
    request="Record the grade of each side effect that goes on.",
    conditions={
        "no": "no life-threatening side effect went on",
        "yes": "a life-threatening side effect went on",
    },
    adverse=("yes",),
)
def emergency(episode: Episode, as_of: date) -> Found:  # noqa: ARG001
    """A side effect without a grade is none that is known to be harmless."""
    if (known := _emergency(episode)) is not None:
        return replace(known, value="yes")
    for toxicity in episode.toxicities.values():
        if toxicity.ongoing and toxicity.grade is None and _may_threaten_life(toxicity):
            return Found(UNKNOWN, graded(toxicity), toxicity.at)
    for step in ("crs", "icans"):
        noted = episode.car_t.get(step)
        if noted is not None and noted.value == step:
            return Found(UNKNOWN, f"{step.upper()}, grade not known", noted.at)
    return Found("no", "none is recorded as going on")


def _may_threaten_life(toxicity: Toxicity) -> bool:
    return not is_blood_count(toxicity.term) and EMERGENCY_GRADE in possible_grades(toxicity.term)


SEVERE_CELL_TOXICITY = range(t.CELLS_EMERGENCY_GRADE.value, 6)
"""The ASTCT grades of CRS and ICANS that come first, until a lower grade is recorded."""


def second_malignancy(episode: Episode) -> Toxicity | None:
    """A second malignancy that goes on: it is no side effect to be waited for, and treatment is decided upon anew."""
    return next(
        (
            each
            for each in episode.toxicities.values()
            if each.ongoing and plain_term(each.term) in SECOND_MALIGNANCY.terms
        ),
        None,
    )


def _limiting(episode: Episode, as_of: date) -> Found | None:
    if (another := second_malignancy(episode)) is not None:
        return Found("limiting", "a second malignancy was found", another.at)
    judged, began = episode.fitness.get("tolerance"), episode.line_began
    if judged is not None and judged.value == "limiting" and (began is None or judged.at.on >= began.on):
        return Found("limiting", "so judged by the team or the family", judged.at)
    for hold in episode.holds:
        if hold.at.exact and as_of > hold.at.on + timedelta(days=t.DELAY_DAYS.value):
            return Found("limiting", f"held for more than {t.DELAY_DAYS.value} days", hold.at)
    cycles = episode.courses if episode.courses.started else episode.cycles
    if cycles.days_late > t.DAYS_LATE.value:
        told = f"the cycles of this line began {cycles.days_late} days late, added up"
        return Found("limiting", told, cycles.last_started)
    for term, at in episode.repeatedly_severe.items():
        if not is_blood_count(term):
            return Found("limiting", f"{term} was severe in two cycles running", at)
    return None


@finding(
    "whether local control is feasible",
    ("yes", "no", UNKNOWN, STALE),
    request="Record whether the residual disease can be operated on or irradiated.",
    conditions={"yes": "local control were judged feasible", "no": "local control were judged not feasible"},
)
def local_disease(episode: Episode, as_of: date) -> Found:
    noted = episode.local_control_feasible
    if noted is None:
        return Found(UNKNOWN)
    treated = (episode.cycles.last_started, episode.courses.last_started)
    if any(each.on > noted.at.on for each in treated if each is not None):
        return Found(STALE, f"last known {noted.value}, before the latest treatment", noted.at)
    return _while_it_counts(noted, as_of, t.FEASIBLE_DAYS.value, noted.value, noted.value)


@finding(
    "GD2 on the tumour cells",
    ("positive", "partial", "negative", UNKNOWN, STALE),
    request="Measure GD2 on tumour or marrow; it does not delay treatment.",
    conditions={each: f"GD2 were measured and found {each}" for each in ("positive", "partial", "negative")},
)
def gd2(episode: Episode, as_of: date) -> Found:
    measured = episode.gd2
    if measured is None:
        return Found(UNKNOWN)
    if measured.value == "indeterminate":
        return Found(UNKNOWN, measured.in_words, measured.at)
    if in_remission(episode):
        return Found(measured.value, f"last known {measured.in_words}; no tissue in remission", measured.at)
    if (since := _what_outdates_gd2(episode, measured)) is not None:
        return Found(STALE, f"last known {measured.in_words}, before {since}", measured.at)
    return _while_it_counts(measured, as_of, t.GD2_DAYS.value, measured.value, measured.in_words)


def in_remission(episode: Episode) -> bool:
    """True while the last response leaves no tissue to measure; a progression since then ends that."""
    last, progressed = episode.last_response, episode.progressed
    if last is None or last.value not in ("CR", "NED"):
        return False
    return progressed is None or progressed.on < last.at.on


def _what_outdates_gd2(episode: Episode, measured: Noted) -> str | None:
    """What has happened since GD2 was measured that may have changed it."""
    if episode.gd2_outdated is not None:
        return "the latest progression"
    infused = episode.car_t.get("infused")
    if infused is not None and infused.at.on > measured.at.on:
        return "the infusion of CAR-T cells"
    last_given = [line.last_anti_gd2 for line in episode.earlier_lines]
    if not gives_antibody(episode):
        last_given.append(episode.last_anti_gd2)
    if any(given is not None and given.on >= measured.at.on for given in last_given):
        return "the last anti-GD2 antibody of a line that is over"
    return None


def gives_antibody(episode: Episode) -> bool:
    """True while a line with an anti-GD2 antibody is under way: what was measured before it counts as long as it lasts."""
    return episode.line_open and any(map(is_anti_gd2, episode.agents))


@finding(
    "disease in the central nervous system",
    ("none", "controlled", "suspected", "new"),
    request="Brain and spine MRI.",
    pending=("suspected",),
    conditions={
        "none": "imaging found no disease in the central nervous system",
        "controlled": "disease in the central nervous system were under control",
        "new": "imaging found new disease in the central nervous system",
    },
    adverse=("new",),
)
def cns(episode: Episode, as_of: date) -> Found:
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
    if episode.cns_symptoms and value in ("none", "controlled"):
        days = t.BRAIN_IMAGE_DAYS_WITH_SYMPTOMS.value
        if not noted.at.exact or as_of > noted.at.on + timedelta(days=days):
            return Found(
                "suspected", f"{noted.value}; symptoms, and no image of the last {days} days", noted.at
            )
    return Found(value, noted.value, noted.at)


@finding("the goal of care", ("treatment", "comfort"))
def intent(episode: Episode, as_of: date) -> Found:  # noqa: ARG001
    if episode.intent is None:
        return Found("treatment", "nothing recorded; treatment is the purpose of this pathway")
    return _told(episode.intent)


@finding("whether an infection is out of control", ("yes", "no"))
def infection(episode: Episode, as_of: date) -> Found:
    noted = _infected(episode)
    if noted is None:
        return Found("no")
    old = noted.at.exact and as_of > noted.at.on + timedelta(days=t.INFECTION_DAYS.value)
    return (
        Found("no", "recorded before, and too old", noted.at) if old else Found("yes", "recorded", noted.at)
    )


def _infected(episode: Episode) -> Noted | None:
    """The report of an infection that is not under control, while nothing else has been told of it."""
    noted = episode.fitness.get("uncontrolled_infection")
    return noted if noted is not None and noted.value == "true" else None


@finding(
    "fitness",
    ("fit", "poor", UNKNOWN, STALE),
    request="Record performance status (Lansky or Karnofsky) and whether an infection is uncontrolled.",
    conditions={"fit": "the child were found fit", "poor": "the child were found in poor condition"},
    adverse=("poor",),
)
def fitness(episode: Episode, as_of: date) -> Found:
    if (infected := _infected(episode)) is not None:
        return _while_it_counts(infected, as_of, t.INFECTION_DAYS.value, "poor", "an uncontrolled infection")
    scales = ("lansky", "karnofsky")
    known = [(scale, noted) for scale in scales if (noted := episode.fitness.get(scale))]
    if not known:
        return Found(UNKNOWN)
    scale, latest = max(known, key=lambda each: each[1].at.on)
    value = "fit" if int(latest.value) >= t.FIT_FROM.value else "poor"
    shown = f"{scale.capitalize()} {latest.value}"
    if any(_is_severe(each) and each.at.on > latest.at.on for each in episode.toxicities.values()):
        return Found(STALE, f"last known {shown}, before a severe side effect", latest.at)
    return _while_it_counts(latest, as_of, t.FITNESS_DAYS.value, value, shown)


def _is_severe(toxicity: Toxicity) -> bool:
    return (toxicity.grade or 0) >= SEVERE and not is_blood_count(toxicity.term)


@finding(
    "the number of lines given for relapsed or refractory disease",
    ("first_or_second", "third_or_later", UNKNOWN),
    request="Record the treatments given before this episode with the number of their line, the frontline being 1.",
    conditions={
        "first_or_second": "two lines at most had been given",
        "third_or_later": "three or more lines had been given",
    },
)
def line(episode: Episode, as_of: date) -> Found:  # noqa: ARG001
    before, counted = _lines_before(episode)
    begun = episode.line_began is not None
    here = len(episode.earlier_lines) + begun
    given = max(before + here, episode.line if begun else 0)  # a line taken over tells of those before it
    told = f"{given - here} before this episode and {here} in it, the frontline not counted"
    if given >= t.LATE_LINE.value:
        return Found("third_or_later", told, episode.line_began)
    if not counted:
        return Found(UNKNOWN, f"at least {told}; the number of a line is missing", episode.line_began)
    return Found("first_or_second", told, episode.line_began)


def _lines_before(episode: Episode) -> tuple[int, bool]:
    """The lines before the episode without the frontline, which is line 1 of what went before; whether all have one."""
    numbers = [therapy.line for therapy in episode.prior_therapies.values()]
    known = [int(number) for number in numbers if number != UNKNOWN]
    return max((number - 1 for number in known), default=0), len(known) == len(numbers)


@finding(
    "consent to systemic therapy",
    ("given", "refused", UNKNOWN, STALE),
    request="Record the family's consent to the next treatment.",
    decided=True,
    conditions={
        "given": "the family consented to systemic therapy",
        "refused": "the family refused systemic therapy",
    },
)
def consent(episode: Episode, as_of: date) -> Found:
    return _consent(episode, "systemic_therapy", as_of)


@finding(
    "consent to a new line of therapy",
    ("given", "refused", UNKNOWN, STALE),
    request="Record the family's consent to the next line of therapy.",
    decided=True,
    conditions={
        "given": "the family consented to the new line",
        "refused": "the family refused a new line",
    },
)
def new_line_consent(episode: Episode, as_of: date) -> Found:
    noted, began = episode.consents.get("systemic_therapy"), episode.line_began
    given = noted is not None and noted.value == "given"
    if noted is not None and given and began is not None and noted.at.on <= began.on:
        return Found(STALE, f"last known given, for the line that began on {began.when}", noted.at)
    return _consent(episode, "systemic_therapy", as_of)


@finding(
    "consent to cell therapy",
    ("given", "refused", UNKNOWN, STALE),
    request="Record the family's consent to cell therapy.",
    decided=True,
    conditions={
        "given": "the family consented to cell therapy",
        "refused": "the family refused cell therapy",
    },
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
        return Found(STALE, "last known given, before the latest progression", noted.at)
    return _while_it_counts(noted, as_of, t.CONSENT_DAYS.value, "given", "given")


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


@finding(
    "whether a hold is open",
    ("yes", "no"),
    conditions={"yes": "treatment were on hold", "no": "nothing were on hold"},
)
def held(episode: Episode, as_of: date) -> Found:  # noqa: ARG001
    hold = episode.holds[0] if episode.holds else None
    if hold is None:
        return Found("no", "nothing is on hold")
    return Found("yes", f"{hold.agent} on hold", hold.at)


@finding(
    "a line of systemic therapy under way",
    ("yes", "no"),
    conditions={
        "yes": "a line of systemic therapy were under way",
        "no": "no line of systemic therapy were under way",
    },
)
def line_under_way(episode: Episode, as_of: date) -> Found:  # noqa: ARG001
    if episode.line_open:
        return Found("yes", f"line {episode.line} goes on", episode.line_began)
    ended = episode.line_began is not None
    return Found("no", f"line {episode.line} has ended" if ended else "none has begun", episode.line_began)


@finding(
    "an anti-GD2 antibody in the present treatment",
    ("yes", "no", UNKNOWN),
    request="Record the agents given.",
    conditions={
        "yes": "the present treatment had an anti-GD2 antibody",
        "no": "the present treatment had no anti-GD2 antibody",
    },
)
def antibody(episode: Episode, as_of: date) -> Found:  # noqa: ARG001
    if not episode.agents:
        return Found(UNKNOWN, "the agents are not known")
    given = any(map(is_anti_gd2, episode.agents))
    return Found("yes" if given else "no", ", ".join(episode.agents), episode.line_began)


@finding(
    "an anti-GD2 antibody stopped for good",
    ("yes", "no"),
    conditions={
        "yes": "an anti-GD2 antibody had been stopped for good",
        "no": "no anti-GD2 antibody had been stopped for good",
    },
)
def stopped_antibody(episode: Episode, as_of: date) -> Found:  # noqa: ARG001
    stop = next((each for agent, each in episode.stops.items() if is_anti_gd2(agent)), None)
    return Found("yes", stop.sentence, stop.at, stop.because) if stop else Found("no")


@finding("what the last visit found", ("no_disease", "stable_disease", "suspicious", UNKNOWN))
def last_visit(episode: Episode, as_of: date) -> Found:  # noqa: ARG001
    return _told(episode.follow_up)
