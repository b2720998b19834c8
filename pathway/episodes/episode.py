"""What is known of one episode: the medical facts so far, and where the episode stands.

`learn` takes in one event and gives the episode that knows it; it decides nothing. Where the
episode rests, and what runs beside its state (holds, obligations, review tasks), is set by the
fold in `pathway.engine`. An episode's size does not grow with its log: what a later fact replaces
is kept in the log alone. `to_json` and `from_json` are the stored snapshot.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Final, TypeAlias

from pydantic import PlainSerializer, TypeAdapter

from pathway.clinical.backbones import RESISTANT_DAYS
from pathway.clinical.biomarkers import marker_name, most_recent
from pathway.clinical.component_rules import MARROW_NOT_REPEATED
from pathway.clinical.components import CONTRADICTION, ComponentInForce, component_in_force
from pathway.clinical.cycle_gate import FEVER_C
from pathway.clinical.evidence import Citation
from pathway.clinical.inrc import NEEDS_HUMAN_CONFIRMATION, overall_response
from pathway.clinical.measurements import (
    RATED_ONLY,
    Measurements,
    as_baseline,
    contradict,
    joined,
    within_line,
)
from pathway.clinical.regimens import regimen
from pathway.clinical.side_effects import grade_exists, side_effect_key
from pathway.clinical.terms import (
    CarTStep,
    Component,
    ComponentRating,
    Delivered,
    Precision,
    Response,
    ResponseCriteria,
    ToxicityScale,
    is_anti_gd2,
    spelling,
)
from pathway.clinical.toxicity import StopRule, could_stop, stop_rule
from pathway.episodes.events import (
    UNKNOWN,
    AssessmentClosedNotEvaluable,
    AssessmentRecorded,
    BiomarkerRecorded,
    CarTStepRecorded,
    CnsStatusRecorded,
    Components,
    ConsentRecorded,
    CycleCompleted,
    CycleStarted,
    EpisodeClosed,
    EpisodeOpened,
    Event,
    FitnessRecorded,
    FollowUpRecorded,
    Gd2Measured,
    IntentRecorded,
    LocalControlCompleted,
    LocalControlPlanned,
    MultipleOfLimit,
    PriorTherapyRecorded,
    ProgressionEvidenceRecorded,
    Residual,
    ResponseConfirmed,
    ToxicityRecorded,
    ToxicityResolved,
    TreatmentTakenOver,
)


@dataclass(frozen=True, slots=True)
class Stamp:
    """What a fact rests on: the entry that told it, its clinical date, and how exactly that is known."""

    entry: str
    on: date
    precision: Precision = Precision.DAY

    @property
    def exact(self) -> bool:
        """True when days can be counted from it."""
        return self.precision is Precision.DAY


@dataclass(frozen=True, slots=True)
class Noted:
    """A value somebody recorded, as text, with what it rests on."""

    value: str
    at: Stamp


@dataclass(frozen=True, slots=True)
class Antigen(Noted):
    """GD2 as measured once: `value` is its class; `percent` of the tumour cells and `density` as reported."""

    method: str | None = None
    specimen: str | None = None
    percent: Decimal | None = None
    density: Decimal | None = None

    @property
    def in_words(self) -> str:
        """The class with how, on what and when it was measured: `positive (flow cytometry, marrow, 2026-01-03)`."""
        percent = f"{self.percent.normalize():f} % of the cells" if self.percent is not None else None
        density = f"density {self.density.normalize():f}" if self.density is not None else None
        told = (self.method, self.specimen, percent, density, str(self.at.on))
        return f"{self.value} ({', '.join(each for each in told if each)})"


@dataclass(frozen=True, slots=True)
class LocalPlan:
    """How and when local control is to be carried out, as far as it was said."""

    modality: str | None
    site: str | None
    planned_for: date | None
    after_cycle: int | None
    at: Stamp


@dataclass(frozen=True, slots=True)
class LocalControl(Noted):
    """Local control as carried out; `value` is its modality."""

    site: str | None = None
    extent: str | None = None


@dataclass(frozen=True, slots=True)
class Progression:
    """The latest evidence that the disease grows, came back, or did not respond."""

    confirmed: bool
    setting: str | None
    pattern: str | None
    at: Stamp
    examined: tuple[str, ...] = ()
    """By which examinations, of all that was told about it so far."""


@dataclass(frozen=True, slots=True)
class PriorTherapy:
    """A line given before the episode."""

    line: str
    regimen: str | None
    agents: tuple[str, ...]
    best_response: str | None
    progressed_during: bool | None
    months_to_progression: Decimal | None
    high_dose_therapy: bool | None
    at: Stamp


@dataclass(frozen=True, slots=True)
class Line:
    """A line of therapy given in this episode and ended."""

    number: int
    regimen: str | None
    agents: tuple[str, ...]
    last_response: str | None
    last_anti_gd2: Stamp | None = None
    """When an anti-GD2 antibody had last been given, in this line or before it."""
    resistant: bool | None = None
    """Whether the disease progressed on it or within six months of it."""


@dataclass(frozen=True, slots=True)
class Cycles:
    """The cycles (or maintenance courses) since they were last counted from zero."""

    started: int = 0
    completed: int = 0
    counted: int = 0
    """Completed cycles that count towards the limit of the regimen."""
    since_assessment: int = 0
    uncertain: bool = False
    """True when a number or an outcome is unknown, so that `counted` is not certain."""
    last_number: int | None = None
    last_started: Stamp | None = None
    last_completed: Stamp | None = None
    last_delivered: Delivered | None = None
    days_late: int = 0
    """Days by which cycles began after the day the regimen has for them, added up."""


@dataclass(frozen=True, slots=True)
class Toxicity:
    """The latest grade of one adverse event; None when the source gives none, or one that the scale does not have."""

    term: str
    scale: ToxicityScale
    grade: int | None
    agent: str | None
    ongoing: bool
    stop_possible: bool
    """True when only the missing grade decides whether an agent must be stopped for good."""
    entry: str
    """The entry that told of it last: what resolves it names this one, or the one it goes on since."""
    at: Stamp
    since: Stamp
    """Since when it goes on: the entry that told of it after it had last been resolved."""
    worst: int | None = None
    """The highest grade since then."""
    no_grade: int | None = None
    """A grade that was told and that the scale does not have."""
    condition_met: bool | None = None
    """Whether what a rule asks for beside the grade was found; None while nobody has said."""


@dataclass(frozen=True, slots=True)
class Occurrences:
    """How often a side effect came in the episode under one antibody, and how often it was severe, or so again."""

    told: int = 0
    severe: int = 0
    severe_grade: int | None = None
    """The grade when it was last severe; the highest one while it went on."""
    severe_at: Stamp | None = None
    """When it was last told to be severe."""


@dataclass(frozen=True, slots=True)
class Stop:
    """An agent that may not be given again, with the sentence and the source of the rule or the decision behind it."""

    agent: str
    sentence: str
    at: Stamp
    because: Citation | None = None
    """The source of the rule; none where people decided it."""

    def concerns(self, agents: Iterable[str]) -> bool:
        """True when one of the agents is this one, or may be: an antibody that was not named is any of them."""
        return any(
            agent == self.agent or (self.agent == UNNAMED_ANTIBODY and is_anti_gd2(agent)) for agent in agents
        )


UNNAMED_ANTIBODY = "anti_gd2"


def _briefly(measured: Measurements) -> dict[str, Any]:
    return measured.model_dump(mode="json", exclude_none=True)


Measured: TypeAlias = Annotated[Measurements, PlainSerializer(_briefly, return_type=dict[str, Any])]
"""Measurements as a snapshot keeps them: without what was not measured."""


@dataclass(frozen=True, slots=True)
class Timepoint:
    """One assessment, put together from what arrives on different days."""

    name: str
    ratings: Mapping[Component, Noted] = field(default_factory=dict)
    """The rating in force of each component: derived where its measurements suffice."""
    measured: Mapping[Component, Measured] = field(default_factory=dict)
    """What was measured of the components, with the reporter's own rating if there was one."""
    marks: Mapping[Component, tuple[str, ...]] = field(default_factory=dict)
    """What a person has to look at, component by component."""
    reported: Noted | None = None
    comparable: bool = True
    """False when the reported response follows other criteria than INRC 2017."""
    central_review: bool | None = None
    confirmed: Noted | None = None
    closed: Stamp | None = None
    first: Stamp | None = None
    last: Stamp | None = None
    cycles: int = 0
    decided: bool = False
    """True once a decision was taken on it."""


@dataclass(frozen=True, slots=True)
class Hold:
    """Treatment, or one agent, is withheld since `at`; `until` is the day agreed on last for looking again."""

    agent: str
    until: date | None
    at: Stamp
    decided: Stamp
    """When it was decided last, which may be later than when it began."""


@dataclass(frozen=True, slots=True)
class Obligation:
    """Something that has to be done beside the present state; `runs_from` is None while its window does not run."""

    kind: str
    at: Stamp
    runs_from: Stamp | None


@dataclass(frozen=True, slots=True)
class Review:
    """A task for a person, raised by the entry it is filed under."""

    kind: str
    sentence: str
    at: Stamp


@dataclass(frozen=True, slots=True)
class PendingDecision:
    """An override of a hard stop that waits for a second signature; `body` is the decision's JSON."""

    body: str
    actor: str
    at: Stamp


@dataclass(frozen=True, slots=True)
class Episode:
    """All that the pathway may read of one episode. Lines count from 1; dates are in the site's zone."""

    state: str
    opened: Stamp
    time_zone: str
    context: str = ""
    entered: Stamp | None = None
    """Since when the episode rests in its state."""
    line: int = 1
    line_began: Stamp | None = None
    line_open: bool = False
    """True from the decision for a line of therapy until follow-up, or until a new progression is planned for."""
    regimen: str | None = None
    agents: tuple[str, ...] = ()
    cycles: Cycles = Cycles()
    courses: Cycles = Cycles()
    earlier_lines: tuple[Line, ...] = ()
    prior_therapies: Mapping[str, PriorTherapy] = field(default_factory=dict)
    risk_group: Noted | None = None
    age_months: Noted | None = None
    """The age at the opening."""
    progression: Progression | None = None
    progressed: Stamp | None = None
    """The latest confirmed progression: what was agreed or measured before it counts no longer."""
    gd2: Antigen | None = None
    gd2_elsewhere: Antigen | None = None
    """What was measured before it on another specimen."""
    gd2_outdated: Stamp | None = None
    last_anti_gd2: Stamp | None = None
    """The last day known on which a cycle with an anti-GD2 antibody began or ended, in whichever line."""
    biomarkers: Mapping[str, Noted] = field(default_factory=dict)
    fitness: Mapping[str, Noted] = field(default_factory=dict)
    consents: Mapping[str, Noted] = field(default_factory=dict)
    intent: Noted | None = None
    cns: Noted | None = None
    cns_symptoms: bool = False
    """True when symptoms pointed to the central nervous system at its last mention."""
    toxicities: Mapping[str, Toxicity] = field(default_factory=dict)
    """By the key of the side effect, the same however it is spelled, each scale by itself."""
    occurrences: Mapping[str, Occurrences] = field(default_factory=dict)
    """By `occurrence_key`; carried over lines."""
    severe_in_cycle: Mapping[str, int] = field(default_factory=dict)
    repeatedly_severe: Mapping[str, Stamp] = field(default_factory=dict)
    stops: Mapping[str, Stop] = field(default_factory=dict)
    overridden: tuple[str, ...] = ()
    """Agents of this line that two clinicians allowed in spite of a stop."""
    timepoints: Mapping[str, Timepoint] = field(default_factory=dict)
    current_timepoint: str | None = None
    baselines: Mapping[Component, Measured] = field(default_factory=dict)
    """What was measured last before the line began; its assessments are compared with it."""
    assessments: int = 0
    last_response: Noted | None = None
    remission_after: int | None = None
    """Counted cycles of the line when a complete response was first seen."""
    local_control_feasible: Noted | None = None
    residual_sites: Noted | None = None
    """How many sites of disease the last assessment that told it found left."""
    local_plan: LocalPlan | None = None
    local_control: LocalControl | None = None
    irradiated: Mapping[str, Decimal] = field(default_factory=dict)
    """Gray given to each site in this episode, as far as it was told."""
    car_t: Mapping[str, Noted] = field(default_factory=dict)
    """The steps of the way to cells by name, the latest of each, with `product` and `safety_switch` as last told."""
    bridge_began: Stamp | None = None
    """The latest decision for a bridge to cells: what was stated of eligibility before it counts no longer."""
    follow_up: Noted | None = None
    closed: Noted | None = None
    holds: tuple[Hold, ...] = ()
    obligations: tuple[Obligation, ...] = ()
    reviews: Mapping[str, Review] = field(default_factory=dict)
    pending: Mapping[str, PendingDecision] = field(default_factory=dict)
    last_decision: Noted | None = None
    reasoned: Noted | None = None
    """The last decision that was taken for a reason the table asked for, until a cycle ends; `value` is the state it
    was taken in."""

    @property
    def timepoint(self) -> Timepoint | None:
        """The assessment last added to."""
        return self.timepoints.get(self.current_timepoint) if self.current_timepoint else None

    def to_json(self) -> str:
        """The snapshot as JSON text; what is as it began is left out."""
        return _SNAPSHOT.dump_json(self, exclude_defaults=True).decode()

    @staticmethod
    def from_json(text: str) -> Episode:
        """The episode of a snapshot made by `to_json` of the same engine."""
        return _SNAPSHOT.validate_json(text)


_SNAPSHOT: TypeAdapter[Episode] = TypeAdapter(Episode)


@dataclass(frozen=True, slots=True)
class InForce:
    """The response of a timepoint: derived from ratings, reported, and the one that counts.

    `response` is None while a person has to settle it; `why` says in a sentence how it came about, and `because`
    where that sentence comes from when it is a rule of the criteria.
    """

    response: Response | None
    derived: Response | None
    reported: str | None
    ceiling: Response | None
    missing: tuple[Component, ...]
    flags: tuple[str, ...]
    rule: str
    why: str
    because: Citation | None


OTHER_CRITERIA: Final = (
    "No component was evaluated, and the response was reported by other criteria than INRC 2017, or by criteria that "
    "were not named: it is kept as it is and counts as not evaluable."
)


def response_in_force(timepoint: Timepoint) -> InForce:
    """The response of one assessment (product rule 12: derived, reported, in force)."""
    given = {component: ComponentRating(noted.value) for component, noted in timepoint.ratings.items()}
    marks = tuple(dict.fromkeys(mark for marked in timepoint.marks.values() for mark in marked))
    overall = overall_response(
        given.get(Component.PRIMARY),
        given.get(Component.METASTATIC),
        given.get(Component.BONE_MARROW),
        marrow_repeated=MARROW_NOT_REPEATED not in marks,
    )
    derived = Response.NED if overall.overall is Response.NONE else overall.overall
    reported = timepoint.reported.value if timepoint.reported else None
    comparable = reported if timepoint.comparable else None

    def settled(response: Response | None, why: str, *flags: str) -> InForce:
        return InForce(
            response,
            derived if given else None,
            reported,
            overall.ceiling if given else None,
            overall.missing,
            tuple(dict.fromkeys((*overall.flags, *marks, *flags))) if given else flags,
            overall.rule,
            why,
            overall.citation if why == overall.sentence else None,
        )

    if timepoint.confirmed is not None:
        return settled(
            Response(timepoint.confirmed.value), "A person settled the response.", "confirmed_by_person"
        )
    if not given:
        if comparable is None:
            why = OTHER_CRITERIA if reported else "No component was evaluated, and no response was reported."
            return settled(Response.NE, why)
        return settled(
            Response(comparable), "The response is as reported; no component was given.", "reported_only"
        )
    if derived is Response.PD or comparable == Response.PD:
        source = "The component ratings show" if derived is Response.PD else "The report says"
        contradicted = comparable is not None and comparable != derived
        return settled(Response.PD, f"{source} progression.", *((CONTRADICTION,) if contradicted else ()))
    if comparable is not None and comparable not in (derived, Response.NE) and derived is not Response.NE:
        return settled(None, "The reported response contradicts the component ratings.", CONTRADICTION)
    if CONTRADICTION in marks and derived is not Response.NE:
        return settled(None, "The reported rating of a component contradicts what was measured.")
    if NEEDS_HUMAN_CONFIRMATION in overall.flags:
        return settled(None, overall.sentence)
    return settled(derived, overall.sentence)


def later_progression(episode: Episode) -> Progression | None:
    """The progression that counts instead of the response last assessed; None while that response counts.

    A confirmed one counts from the day of the last examination on: where both are told of one day, nothing shows
    that the response came second. One that is only suspected has to come after it.
    """
    progression, timepoint = episode.progression, episode.timepoint
    if progression is None:
        return None
    last = timepoint.last if timepoint else None
    if last is None:
        return progression if progression.confirmed else None
    counts = progression.at.on >= last.on if progression.confirmed else progression.at.on > last.on
    return progression if counts else None


def resistant_to_line(episode: Episode) -> bool | None:
    """Whether the disease progressed on the present line or within six months of it; None when that is not known."""
    began, progressed = episode.line_began, episode.progressed
    if began is None or progressed is None or progressed.on <= began.on:
        return False
    if episode.line_open:
        return True
    counted = (episode.cycles, episode.courses)
    given = [each for one in counted for each in (one.last_started, one.last_completed) if each is not None]
    if not given or not progressed.exact or not all(each.exact for each in given):
        return None
    return (progressed.on - max(each.on for each in given)).days <= RESISTANT_DAYS


def learn(episode: Episode, event: Event, at: Stamp) -> Episode:  # noqa: PLR0911, PLR0912, C901  (one case per kind)
    """The episode with the medical facts of `event` taken in; events that tell none leave it as it is."""
    match event:
        case EpisodeOpened():
            risk = Noted(str(event.risk_group), at) if event.risk_group else None
            age = Noted(str(event.age_months), at) if event.age_months is not None else None
            return replace(episode, risk_group=risk, age_months=age)
        case PriorTherapyRecorded():
            return _prior_therapy(episode, event, at)
        case ProgressionEvidenceRecorded():
            return _progression(episode, event, at)
        case Gd2Measured():
            return _gd2(episode, event, at)
        case BiomarkerRecorded():
            told = f"{event.value} {event.unit}" if event.unit else event.value
            name = marker_name(event.marker)
            return replace(episode, biomarkers=most_recent(episode.biomarkers, name, Noted(told, at)))
        case FitnessRecorded():
            return replace(episode, fitness={**episode.fitness, **_fitness(event, at)})
        case ConsentRecorded():
            noted = Noted("given" if event.given else "refused", at)
            return replace(episode, consents={**episode.consents, event.scope: noted})
        case IntentRecorded():
            return replace(episode, intent=Noted(str(event.intent), at))
        case CnsStatusRecorded():
            return replace(episode, cns=Noted(str(event.status), at), cns_symptoms=event.symptoms is True)
        case CycleStarted():
            return _cycle_started(episode, event, at)
        case CycleCompleted():
            return _cycle_completed(episode, event, at)
        case ToxicityRecorded():
            return _toxicity(episode, event, at)
        case ToxicityResolved():
            return _toxicity_resolved(episode, event, at)
        case AssessmentRecorded():
            return _assessment(episode, event, at)
        case ResponseConfirmed() | AssessmentClosedNotEvaluable():
            return _statement(episode, event, at)
        case LocalControlCompleted():
            return _local_control(episode, event, at)
        case TreatmentTakenOver():
            return _taken_over(episode, event, at)
        case LocalControlPlanned():
            plan = LocalPlan(event.modality, event.site, event.planned_for, event.after_cycle, at)
            return replace(episode, local_plan=plan)
        case CarTStepRecorded():
            return _car_t(episode, event, at)
        case FollowUpRecorded():
            return replace(episode, follow_up=Noted(str(event.findings), at))
        case EpisodeClosed():
            return replace(episode, closed=Noted(str(event.reason), at))
        case _:
            return episode


_OUTDATED_STEPS: Final[Mapping[CarTStep, frozenset[CarTStep]]] = {
    CarTStep.ELIGIBLE: frozenset({CarTStep.INELIGIBLE}),
    CarTStep.INELIGIBLE: frozenset({CarTStep.ELIGIBLE}),
    CarTStep.APHERESIS: frozenset({CarTStep.PRODUCT_RELEASED}),
    CarTStep.APHERESIS_FAILED: frozenset({CarTStep.APHERESIS, CarTStep.PRODUCT_RELEASED}),
    CarTStep.MANUFACTURING_FAILED: frozenset({CarTStep.APHERESIS, CarTStep.PRODUCT_RELEASED}),
    CarTStep.OUT_OF_SPECIFICATION: frozenset({CarTStep.APHERESIS, CarTStep.PRODUCT_RELEASED}),
    CarTStep.NOT_INFUSED: frozenset({CarTStep.LYMPHODEPLETION}),
    CarTStep.INFUSED: frozenset(
        {
            CarTStep.ELIGIBLE, CarTStep.APHERESIS, CarTStep.PRODUCT_RELEASED, CarTStep.LYMPHODEPLETION,
            CarTStep.BRIDGING, CarTStep.CRS, CarTStep.ICANS, CarTStep.SAFETY_SWITCH_FIRED,
        }
    ),
}  # fmt: skip
"""What a step leaves behind: a product that was given or failed is there no longer, nor what was stated for it."""


def _car_t(episode: Episode, event: CarTStepRecorded, at: Stamp) -> Episode:
    outdated = _OUTDATED_STEPS.get(event.step, frozenset())
    steps = {name: noted for name, noted in episode.car_t.items() if name not in outdated}
    told = str(event.step) if event.grade is None else f"{event.step} grade {event.grade}"
    steps[event.step.value] = Noted(told, at)
    if event.product is not None:
        steps["product"] = Noted(event.product, at)
    if event.safety_switch is not None:
        steps["safety_switch"] = Noted("yes" if event.safety_switch else "no", at)
    return replace(episode, car_t=steps)


def _prior_therapy(episode: Episode, event: PriorTherapyRecorded, at: Stamp) -> Episode:
    therapy = PriorTherapy(
        str(event.line),
        event.regimen,
        event.agents,
        event.best_response,
        event.progressed_during,
        event.months_to_progression,
        event.high_dose_therapy,
        at,
    )
    return replace(
        episode, prior_therapies={**episode.prior_therapies, f"{event.line}:{event.regimen}": therapy}
    )


def _progression(episode: Episode, event: ProgressionEvidenceRecorded, at: Stamp) -> Episode:
    before, began = episode.progression, episode.line_began
    if before is not None and began is not None and began.on > before.at.on:
        before = None  # a line was given since: this is another progression
    stands = not event.confirmed and before is not None and _still_confirmed(episode, before)
    found = Progression(
        event.confirmed or stands,
        event.setting or (before.setting if before else None),
        event.pattern or (before.pattern if before else None),
        before.at if before is not None and stands else at,
        tuple(
            dict.fromkeys((*(before.examined if before else ()), *(each.modality for each in event.evidence)))
        ),
    )
    episode = replace(episode, progression=found)
    if event.local_control_feasible is not None:
        feasible = Noted("yes" if event.local_control_feasible else "no", at)
        episode = replace(episode, local_control_feasible=feasible)
    return replace(episode, progressed=at, gd2_outdated=at) if event.confirmed else episode


def _still_confirmed(episode: Episode, progression: Progression) -> bool:
    """True while no response was assessed after a confirmed progression: a new suspicion does not undo it."""
    told = episode.last_response
    answered = told is not None and told.value != Response.PD and told.at.on > progression.at.on
    return progression.confirmed and not answered


def _gd2(episode: Episode, event: Gd2Measured, at: Stamp) -> Episode:
    measured = Antigen(str(event.status), at, event.method, event.specimen, event.percent, event.density)
    before = episode.gd2
    same = before is None or _specimen(before) == _specimen(measured)
    elsewhere = episode.gd2_elsewhere if same else before
    return replace(episode, gd2=measured, gd2_elsewhere=elsewhere, gd2_outdated=None)


def _specimen(measured: Antigen) -> str | None:
    return spelling(measured.specimen) if measured.specimen else None


def _fitness(event: FitnessRecorded, at: Stamp) -> dict[str, Noted]:
    found = {}
    for name in event.model_fields_set - set(Event.model_fields):
        value: Any = getattr(event, name)
        if isinstance(value, MultipleOfLimit):
            value = (value.value / value.limit).quantize(Decimal("0.01"))
        if value is not None:
            found[name] = Noted(str(value).lower(), at)
    if event.temperature_c is not None and event.temperature_c >= FEVER_C:
        found["fever"] = found["temperature_c"]
    return found


def _cycle_started(episode: Episode, event: CycleStarted, at: Stamp) -> Episode:
    counter = "courses" if episode.context == "maintenance" else "cycles"
    before: Cycles = getattr(episode, counter)
    number = event.cycle if isinstance(event.cycle, int) else None
    follows = number == (before.last_number or 0) + 1
    after = replace(
        before,
        started=before.started + 1,
        uncertain=before.uncertain or not follows,
        days_late=before.days_late + (_days_late(episode, before, at) if follows else 0),
        last_number=number or before.last_number,
        last_started=at,
        last_completed=None,
        last_delivered=None,
    )
    episode = replace(
        episode,
        regimen=event.regimen or episode.regimen,
        agents=tuple(spelling(agent) for agent in event.agents)
        if event.agents != UNKNOWN
        else episode.agents,
    )
    return _with_counter(_antibody_given(episode, at), counter, after)


def _antibody_given(episode: Episode, at: Stamp) -> Episode:
    """The episode that knows when an antibody was last given, if the treatment has one."""
    return replace(episode, last_anti_gd2=at) if any(map(is_anti_gd2, episode.agents)) else episode


def _days_late(episode: Episode, before: Cycles, at: Stamp) -> int:
    """Days between the day the regimen has for this cycle and the day it began; a pause for local control is none."""
    known, last = regimen(episode.regimen) if episode.regimen else None, before.last_started
    local = episode.local_control
    if known is None or known.cycle_length_days is None or last is None or not (last.exact and at.exact):
        return 0
    if local is not None and local.at.on >= last.on:
        return 0
    return max(0, (at.on - last.on).days - known.cycle_length_days)


def _taken_over(episode: Episode, event: TreatmentTakenOver, at: Stamp) -> Episode:
    """A line that goes on here with what was counted elsewhere; what was measured first is its baseline."""
    last = Stamp(at.entry, event.last_cycle_on) if event.last_cycle_on is not None else None
    courses = event.maintenance_courses
    known = regimen(event.regimen) if event.regimen else None
    baselines: dict[Component, Measurements] = {}
    for point in episode.timepoints.values():
        baselines = {part: as_baseline(found) for part, found in point.measured.items()} | baselines
    cycles = replace(_given(event.cycles, last), since_assessment=event.cycles_since_assessment)
    episode = replace(
        episode,
        context="systemic" if courses is None else "maintenance",
        line=event.line,
        line_began=at,
        line_open=True,
        regimen=event.regimen,
        agents=tuple(spelling(agent) for agent in event.agents or (known.agents if known else ())),
        cycles=cycles if courses is None else replace(cycles, last_started=None),
        courses=Cycles() if courses is None else _given(courses, last),
        baselines=baselines,
        timepoints={name: replace(point, decided=True) for name, point in episode.timepoints.items()},
    )
    return _antibody_given(episode, last or at)


def _given(number: int, last: Stamp | None) -> Cycles:
    """That many cycles, given in full elsewhere."""
    return Cycles(number, number, number, last_number=number or None, last_started=last)


def _cycle_completed(episode: Episode, event: CycleCompleted, at: Stamp) -> Episode:
    counter = "courses" if episode.context == "maintenance" else "cycles"
    before: Cycles = getattr(episode, counter)
    after = replace(
        before,
        completed=before.completed + 1,
        counted=before.counted + (event.delivered is not Delivered.ABORTED),
        uncertain=before.uncertain or event.delivered is Delivered.ABORTED,
        since_assessment=before.since_assessment + 1,
        last_completed=at,
        last_delivered=event.delivered,
    )
    episode = replace(episode, reasoned=None)
    if event.delivered is not Delivered.CHEMOTHERAPY_ONLY:
        episode = _antibody_given(episode, at)
    return _with_counter(episode, counter, after)


def _with_counter(episode: Episode, counter: str, cycles: Cycles) -> Episode:
    return replace(episode, courses=cycles) if counter == "courses" else replace(episode, cycles=cycles)


def _toxicity(episode: Episode, event: ToxicityRecorded, at: Stamp) -> Episode:
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


def _toxicity_resolved(episode: Episode, event: ToxicityResolved, at: Stamp) -> Episode:
    found = {
        term: replace(tox, grade=event.to_grade, ongoing=event.to_grade > 1, stop_possible=False, at=at)
        if event.entry in (tox.entry, tox.since.entry)
        else tox
        for term, tox in episode.toxicities.items()
    }
    return replace(episode, toxicities=found)


def _timepoint_name(episode: Episode, given: str | None) -> str:
    """The assessment an event belongs to: as given, else line and cycle, anew once it has been decided upon."""
    if given:
        return given
    courses = f".m{episode.courses.completed}" if episode.courses.started else ""
    name = f"{episode.line}.{episode.cycles.completed}{courses}"
    again = sum(point.decided for key, point in episode.timepoints.items() if key.split("/")[0] == name)
    return f"{name}/{again + 1}" if again else name


def reported_of(timepoint: Timepoint, component: Component) -> Measurements | None:
    """All that was reported of one component at this assessment so far."""
    if component in timepoint.measured:
        return timepoint.measured[component]
    noted = timepoint.ratings.get(component)
    return RATED_ONLY[ComponentRating(noted.value)] if noted else None


def _earlier(episode: Episode, timepoint: Timepoint, component: Component) -> list[Measurements]:
    """What was measured of the component before: in this line of therapy, and last before it."""
    found = []
    for other in episode.timepoints.values():
        if other.name == timepoint.name:
            break
        if component in other.measured:
            found.append(other.measured[component])
    return [*found, episode.baselines[component]] if component in episode.baselines else found


BASELINE_DAYS: Final = 28
"""How long before a line of therapy its baseline may have been measured."""


def measured_before(episode: Episode, line_begins: Stamp) -> dict[Component, Measurements]:
    """What a line that begins is compared with: each component as last measured, at most 28 days before."""
    found: dict[Component, Measurements] = {}
    for timepoint in episode.timepoints.values():
        last = timepoint.last
        if last is None or not (last.exact and line_begins.exact):
            continue
        if 0 <= (line_begins.on - last.on).days <= BASELINE_DAYS:
            found |= {part: as_baseline(measured) for part, measured in timepoint.measured.items()}
    return found


def _rated(
    episode: Episode, timepoint: Timepoint, component: Component, measured: Measurements
) -> ComponentInForce:
    return component_in_force(component, within_line(measured, _earlier(episode, timepoint, component)))


def rated_components(episode: Episode, timepoint: Timepoint) -> dict[Component, ComponentInForce]:
    """The measured components of an assessment, each with the rule and the values that rate it."""
    return {part: _rated(episode, timepoint, part, found) for part, found in timepoint.measured.items()}


def _with_findings(episode: Episode, timepoint: Timepoint, components: Components, at: Stamp) -> Timepoint:
    ratings, measured, marks = dict(timepoint.ratings), dict(timepoint.measured), dict(timepoint.marks)
    for component, finding in components.findings().items():
        known = reported_of(timepoint, component)
        whole = joined(known, finding) if known else finding
        if not whole.given:
            ratings[component] = Noted(str(whole.rating), at)
            continue
        found = _rated(episode, timepoint, component, whole)
        measured[component] = whole
        ratings[component] = Noted(str(found.rating), at)
        marks[component] = found.flags
    return replace(timepoint, ratings=ratings, measured=measured, marks=marks)


def _assessment(episode: Episode, event: AssessmentRecorded, at: Stamp) -> Episode:
    name = _timepoint_name(episode, event.timepoint)
    before = episode.timepoints.get(name) or Timepoint(name, first=at, cycles=episode.cycles.completed)
    after = replace(
        _with_findings(episode, before, event.components, at) if event.components else before,
        reported=Noted(str(event.reported_overall), at) if event.reported_overall else before.reported,
        comparable=event.criteria is ResponseCriteria.INRC_2017
        if event.reported_overall
        else before.comparable,
        central_review=before.central_review if event.central_review is None else event.central_review,
        last=at,
    )
    episode = replace(episode, timepoints={**episode.timepoints, name: after}, current_timepoint=name)
    episode = _with_residual(episode, event.residual, at) if event.residual else episode
    return with_response(episode, at)


def _with_residual(episode: Episode, residual: Residual, at: Stamp) -> Episode:
    if residual.sites is not None:
        episode = replace(episode, residual_sites=Noted(str(residual.sites), at))
    if residual.local_control_feasible is None:
        return episode
    return replace(
        episode, local_control_feasible=Noted("yes" if residual.local_control_feasible else "no", at)
    )


def _local_control(episode: Episode, event: LocalControlCompleted, at: Stamp) -> Episode:
    """What local control dealt with is neither left nor amenable any more; the dose adds up site by site."""
    irradiated = dict(episode.irradiated)
    if event.dose_gy is not None:
        site = event.site or UNKNOWN
        irradiated[site] = irradiated.get(site, Decimal(0)) + event.dose_gy
    return replace(
        episode,
        local_control=LocalControl(str(event.modality), at, event.site, event.extent),
        irradiated=irradiated,
        local_plan=None,
        local_control_feasible=None,
        residual_sites=None,
    )


def changed_findings(before: Episode, after: Episode) -> Iterator[tuple[Component, Noted, Noted]]:
    """What `after` was told otherwise than `before` in the same assessment: component, rating before and after.

    More measurements of a component add to it; another value of the same measurement, or another rating, changes
    what was told.
    """
    for name, later in after.timepoints.items():
        earlier = before.timepoints.get(name)
        if earlier is None or earlier is later:
            continue
        for component in earlier.ratings:
            told, now_told = (reported_of(each, component) for each in (earlier, later))
            if told is not None and now_told is not None and contradict(told, now_told):
                yield component, earlier.ratings[component], later.ratings[component]


def _statement(
    episode: Episode, event: ResponseConfirmed | AssessmentClosedNotEvaluable, at: Stamp
) -> Episode:
    name = event.timepoint or episode.current_timepoint
    before = episode.timepoints.get(name) if name else None
    if name is None or before is None:
        name = _timepoint_name(episode, event.timepoint)
        before = Timepoint(name, first=at, last=at, cycles=episode.cycles.completed)
    if isinstance(event, ResponseConfirmed):
        after = replace(before, confirmed=Noted(str(event.response), at))
    else:
        after = replace(before, closed=at)
    episode = replace(episode, timepoints={**episode.timepoints, name: after}, current_timepoint=name)
    return with_response(episode, at)


def with_response(episode: Episode, at: Stamp) -> Episode:
    """The episode in which the current assessment's response, as far as it is in force, has been noted."""
    timepoint = episode.timepoint
    if timepoint is None:
        return episode
    response = response_in_force(timepoint).response
    if response is None or response is Response.NE:
        return episode
    episode = replace(episode, last_response=Noted(str(response), at))
    if response is Response.PD:
        return replace(episode, progressed=at, gd2_outdated=at, remission_after=None)
    if response in (Response.CR, Response.NED) and episode.remission_after is None:
        return replace(episode, remission_after=episode.cycles.counted)
    return episode
