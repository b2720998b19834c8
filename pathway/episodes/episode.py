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

from pathway.clinical.component_rules import MARROW_NOT_REPEATED
from pathway.clinical.components import CONTRADICTION, ComponentInForce, component_in_force
from pathway.clinical.inrc import NEEDS_HUMAN_CONFIRMATION, overall_response
from pathway.clinical.measurements import (
    RATED_ONLY,
    Measurements,
    as_baseline,
    contradict,
    joined,
    within_line,
)
from pathway.clinical.terms import (
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
from pathway.clinical.toxicity import could_stop, stop_rule
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
    MultipleOfLimit,
    PriorTherapyRecorded,
    ProgressionEvidenceRecorded,
    ResponseConfirmed,
    ToxicityRecorded,
    ToxicityResolved,
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
class Progression:
    """The latest evidence that the disease grows, came back, or did not respond."""

    confirmed: bool
    setting: str | None
    pattern: str | None
    at: Stamp


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


@dataclass(frozen=True, slots=True)
class Toxicity:
    """The latest grade of one adverse event; `grade` is None when the source gives none."""

    term: str
    scale: ToxicityScale
    grade: int | None
    agent: str | None
    ongoing: bool
    stop_possible: bool
    """True when only the missing grade decides whether an agent must be stopped for good."""
    entry: str
    """The entry that told of it first: what resolves it names this one."""
    at: Stamp


@dataclass(frozen=True, slots=True)
class Stop:
    """An agent that may not be given again, and the sentence of the rule or the decision behind it."""

    agent: str
    sentence: str
    at: Stamp

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
    """Treatment, or one agent, is withheld; `until` is the day agreed for looking again."""

    agent: str
    until: date | None
    at: Stamp


@dataclass(frozen=True, slots=True)
class Obligation:
    """Something that has to be done beside the present state."""

    kind: str
    at: Stamp


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
    progression: Progression | None = None
    progressed: Stamp | None = None
    """The latest confirmed progression: what was agreed or measured before it counts no longer."""
    gd2: Noted | None = None
    gd2_outdated: Stamp | None = None
    biomarkers: Mapping[str, Noted] = field(default_factory=dict)
    fitness: Mapping[str, Noted] = field(default_factory=dict)
    consents: Mapping[str, Noted] = field(default_factory=dict)
    intent: Noted | None = None
    cns: Noted | None = None
    toxicities: Mapping[str, Toxicity] = field(default_factory=dict)
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
    """Completed cycles of the line when a complete response was first seen."""
    local_control_feasible: Noted | None = None
    local_control: Noted | None = None
    car_t: Mapping[str, Noted] = field(default_factory=dict)
    follow_up: Noted | None = None
    closed: Noted | None = None
    holds: tuple[Hold, ...] = ()
    obligations: tuple[Obligation, ...] = ()
    reviews: Mapping[str, Review] = field(default_factory=dict)
    pending: Mapping[str, PendingDecision] = field(default_factory=dict)
    last_decision: Noted | None = None

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

    `response` is None while a person has to settle it; `why` says in a sentence how it came about.
    """

    response: Response | None
    derived: Response | None
    reported: str | None
    ceiling: Response | None
    missing: tuple[Component, ...]
    flags: tuple[str, ...]
    rule: str
    why: str


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
        )

    if timepoint.confirmed is not None:
        return settled(
            Response(timepoint.confirmed.value), "A person settled the response.", "confirmed_by_person"
        )
    if not given:
        if comparable is None:
            return settled(
                Response.NE, "No component was evaluated, and no comparable response was reported."
            )
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


def learn(episode: Episode, event: Event, at: Stamp) -> Episode:  # noqa: PLR0911, PLR0912, C901  (one case per kind)
    """The episode with the medical facts of `event` taken in; events that tell none leave it as it is."""
    match event:
        case EpisodeOpened():
            risk = Noted(str(event.risk_group), at) if event.risk_group else None
            return replace(episode, risk_group=risk)
        case PriorTherapyRecorded():
            return _prior_therapy(episode, event, at)
        case ProgressionEvidenceRecorded():
            return _progression(episode, event, at)
        case Gd2Measured():
            return replace(episode, gd2=Noted(str(event.status), at), gd2_outdated=None)
        case BiomarkerRecorded():
            told = f"{event.value} {event.unit}" if event.unit else event.value
            return replace(episode, biomarkers={**episode.biomarkers, event.marker: Noted(told, at)})
        case FitnessRecorded():
            return replace(episode, fitness={**episode.fitness, **_fitness(event, at)})
        case ConsentRecorded():
            noted = Noted("given" if event.given else "refused", at)
            return replace(episode, consents={**episode.consents, event.scope: noted})
        case IntentRecorded():
            return replace(episode, intent=Noted(str(event.intent), at))
        case CnsStatusRecorded():
            return replace(episode, cns=Noted(str(event.status), at))
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
            return replace(episode, local_control=Noted(str(event.modality), at), local_control_feasible=None)
        case CarTStepRecorded():
            told = str(event.step) if event.grade is None else f"{event.step} grade {event.grade}"
            return replace(episode, car_t={**episode.car_t, event.step.value: Noted(told, at)})
        case FollowUpRecorded():
            return replace(episode, follow_up=Noted(str(event.findings), at))
        case EpisodeClosed():
            return replace(episode, closed=Noted(str(event.reason), at))
        case _:
            return episode


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
    found = Progression(
        event.confirmed,
        event.setting or (before.setting if before else None),
        event.pattern or (before.pattern if before else None),
        at,
    )
    episode = replace(episode, progression=found)
    if event.local_control_feasible is not None:
        feasible = Noted("yes" if event.local_control_feasible else "no", at)
        episode = replace(episode, local_control_feasible=feasible)
    return replace(episode, progressed=at, gd2_outdated=at) if event.confirmed else episode


def _fitness(event: FitnessRecorded, at: Stamp) -> dict[str, Noted]:
    found = {}
    for name in event.model_fields_set - set(Event.model_fields):
        value: Any = getattr(event, name)
        if isinstance(value, MultipleOfLimit):
            value = (value.value / value.limit).quantize(Decimal("0.01"))
        if value is not None:
            found[name] = Noted(str(value).lower(), at)
    return found


def _cycle_started(episode: Episode, event: CycleStarted, at: Stamp) -> Episode:
    counter = "courses" if episode.context == "maintenance" else "cycles"
    before: Cycles = getattr(episode, counter)
    number = event.cycle if isinstance(event.cycle, int) else None
    after = replace(
        before,
        started=before.started + 1,
        uncertain=before.uncertain or number != (before.last_number or 0) + 1,
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
    return _with_counter(episode, counter, after)


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
    return _with_counter(episode, counter, after)


def _with_counter(episode: Episode, counter: str, cycles: Cycles) -> Episode:
    return replace(episode, courses=cycles) if counter == "courses" else replace(episode, cycles=cycles)


def _toxicity(episode: Episode, event: ToxicityRecorded, at: Stamp) -> Episode:
    term = spelling(event.term)
    grade = event.grade if isinstance(event.grade, int) else None
    agent = (
        spelling(event.agent) if event.agent else next((a for a in episode.agents if is_anti_gd2(a)), None)
    )
    toxicity = Toxicity(
        term,
        event.scale,
        grade,
        agent,
        event.ongoing,
        stop_possible=grade is None and could_stop(event.term, agent),
        entry=at.entry,
        at=at,
    )
    episode = replace(episode, toxicities={**episode.toxicities, term: toxicity})
    if grade is not None and grade >= SEVERE:
        episode = _count_severe(episode, term, at)
    rule = stop_rule(event.term, grade, agent)
    if rule is None:
        return episode
    stopped = agent if agent and is_anti_gd2(agent) else UNNAMED_ANTIBODY
    return with_stop(episode, Stop(stopped, rule.sentence, at))


SEVERE = 3
"""The grade from which an adverse event is severe, on either scale."""


def _count_severe(episode: Episode, term: str, at: Stamp) -> Episode:
    cycle = episode.courses.started if episode.context == "maintenance" else episode.cycles.started
    if episode.severe_in_cycle.get(term) == cycle - 1 and cycle > 1:
        episode = replace(episode, repeatedly_severe={**episode.repeatedly_severe, term: at})
    return replace(episode, severe_in_cycle={**episode.severe_in_cycle, term: cycle})


def with_stop(episode: Episode, stop: Stop) -> Episode:
    """The episode in which an agent is stopped for good; the first reason is kept."""
    return replace(episode, stops={stop.agent: stop, **episode.stops})


def _toxicity_resolved(episode: Episode, event: ToxicityResolved, at: Stamp) -> Episode:
    found = {
        term: replace(tox, grade=event.to_grade, ongoing=event.to_grade > 1, stop_possible=False, at=at)
        if tox.entry == event.entry
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
    if event.residual is not None and event.residual.local_control_feasible is not None:
        feasible = Noted("yes" if event.residual.local_control_feasible else "no", at)
        episode = replace(episode, local_control_feasible=feasible)
    return with_response(episode, at)


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
        return replace(episode, remission_after=episode.cycles.completed)
    return episode
