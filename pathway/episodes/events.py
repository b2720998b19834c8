"""One frozen class per kind of thing that can happen to an episode.

The classes are the only description of an event: the HTTP edge, the command line and the
case files all read them with `read_event`, the log stores what `Event.body` gives, and the fold
matches on them. Validation is strict: a field nobody knows, a date that is none, or a number
sent as text where a count is meant is refused by name and never guessed. Measurements are
decimals and are written as decimal strings, so that the canonical form of an entry is the same
on every machine.

`EventNotUnderstood` is the only error raised here; it names pointers and reasons and never
repeats what was sent.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from functools import cache
from typing import Annotated, Any, Final, Literal, Self, TypeAlias
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    Field,
    StringConstraints,
    TypeAdapter,
    ValidationError,
    model_validator,
)

from pathway.clinical.measurements import RATED_ONLY, Amount, Measurements, Percent, Value
from pathway.clinical.terms import (
    CarTStep,
    ClosureReason,
    CnsStatus,
    Component,
    ComponentRating,
    DecidedBy,
    Delivered,
    Gd2Status,
    Intent,
    LocalControlModality,
    OverrideReason,
    Pattern,
    Precision,
    Response,
    Response1993,
    ResponseCriteria,
    Setting,
    ToxicityScale,
)
from pathway.episodes.field_faults import FIELDS_OF_ITS_OWN, sentence_of
from pathway.episodes.plausibility import (
    LOGGED,
    Bilirubin,
    Ejection,
    Filtration,
    Gray,
    Haemoglobin,
    Months,
    Neutrophils,
    Platelets,
    Saturation,
    Temperature,
    Transaminase,
)

UNKNOWN: Final = "unknown"
Unknown: TypeAlias = Literal["unknown"]

ONE_LINE: Final = r"^[^\x00-\x1f\x7f]*$"
"""No control characters: neither a database nor a terminal takes all of them."""
LINES: Final = r"^[^\x00-\x08\x0b-\x1f\x7f]*$"

MOST_AGENTS: Final = 20
"""More than any regimen has."""

Name = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=120, pattern=ONE_LINE)
]
Key = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200, pattern=ONE_LINE)]
Prose = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000, pattern=LINES)]
EntryId = Annotated[str, StringConstraints(min_length=36, max_length=36, pattern=r"^[0-9a-f-]{36}$")]
Count = Annotated[int, Field(ge=1, le=999)]
Grade = Annotated[int, Field(ge=0, le=5)]


class EventNotUnderstood(ValueError):
    """What was sent is not an event; `errors` pairs a JSON pointer with a sentence for each fault."""

    def __init__(self, errors: Iterable[tuple[str, str]]) -> None:
        self.errors = tuple(errors)
        super().__init__("; ".join(f"{pointer}: {detail}" for pointer, detail in self.errors))


def _in_one_form(text: str) -> str:
    """The text in Unicode's composed form: what looks the same to everybody has to be the same patient."""
    if any(unicodedata.category(character) in _UNSEEN for character in text):
        raise ValueError("An identifier cannot have characters that are not seen.")
    return unicodedata.normalize("NFC", text)


_UNSEEN: Final = ("Cc", "Cf", "Zl", "Zp")


class PatientIdentifier(Value):
    """A patient's identifier in a naming system. It never enters the log."""

    system: Annotated[Name, AfterValidator(_in_one_form)]
    value: Annotated[Key, AfterValidator(_in_one_form)]


class MessageSource(Value):
    """The business key of a message: the sending system and its own id of the message."""

    system: Name
    message_id: Key


class MultipleOfLimit(Value):
    """A laboratory value with the upper limit it is to be compared with, both in `unit`."""

    value: Amount
    limit: Annotated[Decimal, Field(gt=0, le=10_000_000, max_digits=12, decimal_places=4)]
    unit: Name


class Event(Value):
    """What every event has: when it happened, how exactly that is known, and who sent it."""

    kind: str
    occurred_on: date | None = None
    occurred_at: AwareDatetime | None = None
    occurred_precision: Precision = Precision.DAY
    patient: PatientIdentifier | None = None
    source: MessageSource | None = None

    @model_validator(mode="after")
    def _has_one_time(self) -> Self:
        if (self.occurred_on is None) == (self.occurred_at is None):
            raise ValueError("Say when it happened: the day in occurred_on, or the instant in occurred_at.")
        when = self.occurred_on or self.occurred_at
        if when is not None and when.year < EARLIEST_YEAR:
            raise ValueError(f"This day lies before {EARLIEST_YEAR}: the year may be mistyped.")
        if when is not None and when.year > LATEST_YEAR:
            raise ValueError("This day is still to come.")
        return self

    def day(self, zone: ZoneInfo) -> date:
        """The clinical date, in the site's time zone."""
        if self.occurred_at is not None:
            return self.occurred_at.astimezone(zone).date()
        assert self.occurred_on is not None  # noqa: S101  (held by the validator above)
        return self.occurred_on

    def body(self) -> dict[str, Any]:
        """The event as JSON values for the log: without the patient's identifier, absent fields left out."""
        return self.model_dump(mode="json", exclude={"patient"}, exclude_none=True)


EARLIEST_YEAR, LATEST_YEAR = 1950, 9000
LONGEST_SHOWN_NAME = 64


class EpisodeOpened(Event):
    """An episode begins; always the first entry. The site's time zone is fixed with it."""

    kind: Literal["episode_opened"] = "episode_opened"
    time_zone: Name = "UTC"
    risk_group: Literal["high", "not_high"] | None = None
    """Risk group at diagnosis: the pathway is written for high-risk disease only."""
    age_months: Annotated[int, Field(ge=0, le=1500)] | None = None


class BaselineRecorded(Event):
    """What an episode can be opened with, told later or told otherwise: the last one told counts, each by itself."""

    kind: Literal["baseline_recorded"] = "baseline_recorded"
    risk_group: Literal["high", "not_high"] | None = None
    """Risk group at diagnosis."""
    age_months: Annotated[int, Field(ge=0, le=1500)] | None = None
    """On the day of the event."""

    @model_validator(mode="after")
    def _something_is_told(self) -> Self:
        if self.risk_group is None and self.age_months is None:
            raise ValueError("Give the risk group, the age, or both.")
        return self


class PriorTherapyRecorded(Event):
    """A line of therapy given before the episode."""

    kind: Literal["prior_therapy_recorded"] = "prior_therapy_recorded"
    line: Count | Unknown
    """Its number with the frontline as 1."""
    regimen: Name | None = None
    agents: Annotated[tuple[Name, ...], Field(max_length=MOST_AGENTS)] = ()
    best_response: Name | None = None
    progressed_during: bool | None = None
    months_to_progression: Months | None = None
    """From its end to the progression."""
    high_dose_therapy: bool | None = None


class Evidence(Value):
    """One finding that speaks for progression, with the examination that showed it."""

    modality: Literal["ct_mri", "mibg", "fdg_pet", "marrow", "biopsy", "clinical", "other"]
    finding: Prose


class ProgressionEvidenceRecorded(Event):
    """Evidence of relapse, progression or refractory disease, confirmed or still suspected."""

    kind: Literal["progression_evidence_recorded"] = "progression_evidence_recorded"
    setting: Setting | None = None
    pattern: Pattern | None = None
    evidence: tuple[Evidence, ...] = ()
    confirmed: bool
    local_control_feasible: bool | None = None


class Gd2Measured(Event):
    """GD2 expression of tumour cells."""

    kind: Literal["gd2_measured"] = "gd2_measured"
    status: Gd2Status
    method: Name | None = None
    specimen: Name | None = None
    percent: Percent | None = None
    density: Amount | None = None


class BiomarkerRecorded(Event):
    """Any other marker that may inform a choice (MYCN, ALK, FCGR, NK cells ...)."""

    kind: Literal["biomarker_recorded"] = "biomarker_recorded"
    marker: Name
    value: Name
    unit: Name | None = None


class FitnessRecorded(Event):
    """Performance status, counts, organ function, pain, infection; any of them."""

    kind: Literal["fitness_recorded"] = "fitness_recorded"
    lansky: Annotated[int, Field(ge=0, le=100, multiple_of=10)] | None = None
    karnofsky: Annotated[int, Field(ge=0, le=100, multiple_of=10)] | None = None
    anc_per_ul: Neutrophils | None = None
    platelets_per_ul: Platelets | None = None
    hb_g_dl: Haemoglobin | None = None
    alt_x_uln: Transaminase | MultipleOfLimit | None = None
    ast_x_uln: Transaminase | MultipleOfLimit | None = None
    bilirubin_x_uln: Bilirubin | MultipleOfLimit | None = None
    gfr_ml_min_173: Filtration | None = None
    spo2_percent: Saturation | None = None
    lvef_percent: Ejection | None = None
    pain_grade: Grade | None = None
    diarrhoea_grade: Grade | None = None
    temperature_c: Temperature | None = None
    uncontrolled_infection: bool | None = None
    gfr_measured: bool | None = None
    """True when the filtration rate was measured and not estimated from creatinine."""
    neurological_examination: Literal["normal", "abnormal"] | None = None
    eye_examination: Literal["normal", "abnormal"] | None = None
    pregnancy_test: Literal["negative", "positive", "not_applicable"] | None = None
    systemic_steroids: bool | None = None
    graft_versus_host: (
        Literal["none", "acute_1_2", "acute_3_4", "chronic_limited", "chronic_extensive"] | None
    ) = None
    tolerance: Literal["acceptable", "limiting"] | None = None
    """The judgement of the team or the family on whether treatment is tolerated."""

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        own = set(type(self).model_fields) - set(Event.model_fields)
        if all(getattr(self, name) is None for name in own):
            raise ValueError("At least one value has to be told.")
        return self


class ConsentRecorded(Event):
    """Consent to a line of therapy or to a cell product, given, refused or withdrawn."""

    kind: Literal["consent_recorded"] = "consent_recorded"
    scope: Literal["systemic_therapy", "car_t", "haploidentical_transplant"] = "systemic_therapy"
    given: bool


class IntentRecorded(Event):
    """The goal of care agreed with the family."""

    kind: Literal["intent_recorded"] = "intent_recorded"
    intent: Intent


class CnsStatusRecorded(Event):
    """What is known of disease in the central nervous system."""

    kind: Literal["cns_status_recorded"] = "cns_status_recorded"
    status: CnsStatus
    symptoms: bool | None = None
    """Whether the child has symptoms that point there: an image then counts for days, not for weeks."""


class CycleStarted(Event):
    """A cycle (in maintenance: a course) began."""

    kind: Literal["cycle_started"] = "cycle_started"
    line: Count | Unknown = UNKNOWN
    cycle: Count | Unknown = UNKNOWN
    regimen: Name | None = None
    agents: Annotated[tuple[Name, ...], Field(max_length=MOST_AGENTS)] | Unknown = UNKNOWN


class CycleCompleted(Event):
    """A cycle (in maintenance: a course) ended, and how much of it was given."""

    kind: Literal["cycle_completed"] = "cycle_completed"
    line: Count | Unknown = UNKNOWN
    cycle: Count | Unknown = UNKNOWN
    delivered: Delivered = Delivered.UNKNOWN


class ToxicityRecorded(Event):
    """An adverse event with its scale; without a grade when the source gives none."""

    kind: Literal["toxicity_recorded"] = "toxicity_recorded"
    term: Name
    scale: ToxicityScale = ToxicityScale.CTCAE_V5
    grade: Grade | Unknown = UNKNOWN
    agent: Name | None = None
    ongoing: bool = True
    condition_met: bool | None = None
    """Whether what a rule asks for beside the grade was found (prolonged, despite fluids, beyond pain control ...)."""
    detail: Prose | None = None


class ToxicityResolved(Event):
    """An adverse event recorded before has come down to a grade."""

    kind: Literal["toxicity_resolved"] = "toxicity_resolved"
    entry: EntryId
    to_grade: Grade


ComponentFinding: TypeAlias = ComponentRating | Measurements


_RATED_AS: Final = {
    Component.PRIMARY: "The primary",
    Component.METASTATIC: "Metastases",
    Component.BONE_MARROW: "Bone marrow",
}


class Components(Value):
    """The three components of INRC 2017; a component left out was not evaluated."""

    primary: ComponentFinding | None = None
    metastatic: ComponentFinding | None = None
    bone_marrow: ComponentFinding | None = None

    @model_validator(mode="after")
    def _marrow_is_never_partial(self) -> Self:
        for component, finding in self.findings().items():
            wrong = ComponentRating.PR if component is Component.BONE_MARROW else ComponentRating.MD
            if finding.rating is wrong:
                name = _RATED_AS[component]
                raise ValueError(f"{name} cannot be rated {wrong.value} in INRC 2017.")
        return self

    def findings(self) -> dict[Component, Measurements]:
        """What was reported of each component that was given; a bare rating is measurements without any."""
        given = ((component, getattr(self, component.value)) for component in Component)
        return {
            component: finding if isinstance(finding, Measurements) else RATED_ONLY[finding]
            for component, finding in given
            if finding is not None
        }


class Residual(Value):
    """What disease is left and whether it could be operated on or irradiated."""

    sites: Annotated[int, Field(ge=0, le=999)] | None = None
    local_control_feasible: bool | None = None


class AssessmentRecorded(Event):
    """Findings of one assessment of response, all at once or component by component."""

    kind: Literal["assessment_recorded"] = "assessment_recorded"
    timepoint: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]{1,40}$")] | None = None
    components: Components | None = None
    reported_overall: Response | Response1993 | None = None
    criteria: ResponseCriteria = ResponseCriteria.INRC_2017
    central_review: bool | None = None
    residual: Residual | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not (self.components or self.reported_overall or self.residual):
            raise ValueError(
                "Say what was found: of a component, as the overall response, or of the disease that is left."
            )
        if isinstance(self.reported_overall, Response1993) and self.criteria is ResponseCriteria.INRC_2017:
            raise ValueError("This response belongs to the criteria of 1993: choose those as the criteria.")
        return self


class LocalControlPlanned(Event):
    """When and how the residual disease, or a local relapse, is to be operated on or irradiated."""

    kind: Literal["local_control_planned"] = "local_control_planned"
    modality: LocalControlModality | None = None
    site: Name | None = None
    planned_for: date | None = None
    after_cycle: Count | None = None


class LocalControlCompleted(Event):
    """An operation, or the last fraction of a course of radiotherapy."""

    kind: Literal["local_control_completed"] = "local_control_completed"
    modality: LocalControlModality
    site: Name | None = None
    extent: Name | None = None
    dose_gy: Gray | None = None


class CarTStepRecorded(Event):
    """A step of the way to, or after, GD2 CAR-T cells."""

    kind: Literal["car_t_step_recorded"] = "car_t_step_recorded"
    step: CarTStep
    grade: Grade | None = None
    product: Name | None = None
    """The product or trial, such as GD2-CART01; its own limits decide on eligibility."""
    safety_switch: bool | None = None
    """Whether the product carries a switch that can end its cells (iCasp9)."""
    detail: Prose | None = None


class TreatmentTakenOver(Event):
    """A line of therapy begun at another centre goes on here, with what was counted there."""

    kind: Literal["treatment_taken_over"] = "treatment_taken_over"
    line: Count
    regimen: Name | None = None
    agents: Annotated[tuple[Name, ...], Field(max_length=MOST_AGENTS)] = ()
    cycles: Annotated[int, Field(ge=0, le=999)]
    """Cycles of the line given so far that count towards its limit."""
    cycles_since_assessment: Annotated[int, Field(ge=0, le=999)] = 0
    maintenance_courses: Annotated[int, Field(ge=0, le=999)] | None = None
    """Courses of maintenance given so far; absent when the child is not in maintenance."""
    last_cycle_on: date | None = None
    detail: Prose | None = None


class FollowUpRecorded(Event):
    """A visit after treatment."""

    kind: Literal["follow_up_recorded"] = "follow_up_recorded"
    findings: Literal["no_disease", "stable_disease", "suspicious", "unknown"] = "unknown"
    detail: Prose | None = None


class EpisodeClosed(Event):
    """The episode ended."""

    kind: Literal["episode_closed"] = "episode_closed"
    reason: ClosureReason
    detail: Prose | None = None


class EpisodeReopened(Event):
    """Something shows that a closed episode goes on."""

    kind: Literal["episode_reopened"] = "episode_reopened"
    detail: Prose | None = None


class NoteAdded(Event):
    """A remark; it changes nothing that is computed."""

    kind: Literal["note_added"] = "note_added"
    text: Prose


class ResponseConfirmed(Event):
    """A person settles the response of an assessment that the rules leave open."""

    kind: Literal["response_confirmed"] = "response_confirmed"
    response: Response
    timepoint: str | None = None
    reason: Prose


class AssessmentClosedNotEvaluable(Event):
    """A person closes an assessment whose missing examinations will not come."""

    kind: Literal["assessment_closed_not_evaluable"] = "assessment_closed_not_evaluable"
    timepoint: str | None = None
    reason: Prose


class ReviewResolved(Event):
    """A person answers a review task with a sentence; `entry` is the entry that raised it."""

    kind: Literal["review_resolved"] = "review_resolved"
    entry: EntryId
    reason: Prose


class Reason(Value):
    """Why a choice differs from the recommendation: a code, words, or both."""

    code: OverrideReason | None = None
    text: Prose | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.code is None and self.text is None:
            raise ValueError("Choose a reason, write one, or both.")
        return self


class DecisionDetail(Value):
    """What exactly was chosen, as far as it was said."""

    regimen: Name | None = None
    agents: Annotated[tuple[Name, ...], Field(max_length=MOST_AGENTS)] = ()
    modality: LocalControlModality | None = None
    hold_until: date | None = None
    closure: ClosureReason | None = None
    rests_in: Literal["follow_up", "restaging", "referred_elsewhere"] | None = None
    """For the option `other`: where the episode rests afterwards, if not where it is."""
    text: Prose | None = None


class DecisionMade(Event):
    """A person's choice among the options, with what the pathway had offered."""

    kind: Literal["decision_made"] = "decision_made"
    option: Name
    detail: DecisionDetail = DecisionDetail()
    basis: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
    offered_as: Literal["recommended", "possible", "blocked"]
    recommended: Name | None = None
    decided_by: DecidedBy | None = None
    """Who took it, where that was said; the actor of the entry is who recorded it."""
    reason: Reason | None = None
    awaits_second_signature: bool = False


class DecisionCountersigned(Event):
    """A second clinician's signature, which makes the override of a hard stop take effect."""

    kind: Literal["decision_countersigned"] = "decision_countersigned"
    entry: EntryId
    reason: Prose


Fact: TypeAlias = Annotated[
    BaselineRecorded
    | PriorTherapyRecorded
    | ProgressionEvidenceRecorded
    | Gd2Measured
    | BiomarkerRecorded
    | FitnessRecorded
    | ConsentRecorded
    | IntentRecorded
    | CnsStatusRecorded
    | CycleStarted
    | CycleCompleted
    | ToxicityRecorded
    | ToxicityResolved
    | AssessmentRecorded
    | LocalControlPlanned
    | LocalControlCompleted
    | CarTStepRecorded
    | TreatmentTakenOver
    | FollowUpRecorded
    | EpisodeClosed
    | EpisodeReopened
    | NoteAdded,
    Field(discriminator="kind"),
]


class EventCorrected(Event):
    """An entry was wrong; `replacement` stands in its place. Its own date is when that was found."""

    kind: Literal["event_corrected"] = "event_corrected"
    entry: EntryId
    replacement: Fact
    reason: Prose | None = None

    def body(self) -> dict[str, Any]:
        return super().body() | {"replacement": self.replacement.body()}


class EventRetracted(Event):
    """An entry should never have been recorded, or a decision was not carried out."""

    kind: Literal["event_retracted"] = "event_retracted"
    entry: EntryId
    reason: Prose


Statement: TypeAlias = ResponseConfirmed | AssessmentClosedNotEvaluable
"""What a person states about an assessment; it needs the right to decide."""

Posted: TypeAlias = Annotated[Fact | EventCorrected | EventRetracted | Statement, Field(discriminator="kind")]
"""What may be posted as an event."""

Logged: TypeAlias = Annotated[
    EpisodeOpened
    | Fact
    | EventCorrected
    | EventRetracted
    | Statement
    | ReviewResolved
    | DecisionMade
    | DecisionCountersigned,
    Field(discriminator="kind"),
]
"""What may stand in a log."""

MOST_EVENTS: Final = 100
"""How many events one request may bring."""


class Batch(Value):
    """Several events which are recorded all or none."""

    events: Annotated[tuple[Posted, ...], Field(min_length=1, max_length=MOST_EVENTS)]


_POSTED: TypeAdapter[Event] = TypeAdapter(Posted)
_LOGGED: TypeAdapter[Event] = TypeAdapter(Logged)


def faults(error: ValidationError, fields: frozenset[str] = frozenset()) -> tuple[tuple[str, str], ...]:
    """Pointer and sentence of each fault in `error`, without what was sent.

    `fields` are the names which the document has beside those of events.
    """
    known = _fields() | fields
    found: dict[str, list[str]] = {}
    for fault in error.errors(include_url=False, include_input=False):
        unknown_field = fault["type"] == "extra_forbidden"
        parts = [part for part in fault["loc"][:-1] if _is_in(part, known)]
        parts += [part for part in fault["loc"][-1:] if unknown_field or _is_in(part, known)]
        pointer = "".join(f"/{_shown(part)}" for part in parts)
        found.setdefault(pointer, []).append(sentence_of(fault))
    return tuple((pointer, " Or: ".join(_worth_telling(told))) for pointer, told in found.items())


def _worth_telling(told: list[str]) -> list[str]:
    """Each sentence once; of a field with a plain form and one made of fields, the plain form."""
    plain = [each for each in dict.fromkeys(told) if each != FIELDS_OF_ITS_OWN]
    return plain or [FIELDS_OF_ITS_OWN]


def _is_in(part: int | str, fields: frozenset[str]) -> bool:
    """False for what Pydantic adds to a location to say which class of a union it tried."""
    return isinstance(part, int) or part in fields


def _shown(part: int | str) -> str:
    """A field's name as it was sent, unless it is so odd that it may carry data."""
    plain = isinstance(part, int) or (part.isidentifier() and len(part) <= LONGEST_SHOWN_NAME)
    return str(part) if plain else "(unprintable)"


@cache
def _fields() -> frozenset[str]:
    """The names of all fields of all events."""

    def below(model: type[BaseModel]) -> set[str]:
        return set(model.model_fields).union(*(below(child) for child in model.__subclasses__()))

    return frozenset(below(Value))


def read_event(text: str | bytes) -> Event:
    """The event that was posted as JSON `text`. Raises `EventNotUnderstood`."""
    return _read(_POSTED, text, None)


def read_batch(text: str | bytes) -> tuple[Event, ...]:
    """The events of a `Batch` posted as JSON `text`. Raises `EventNotUnderstood`."""
    try:
        return Batch.model_validate_json(text).events
    except ValidationError as error:
        raise EventNotUnderstood(faults(error)) from None


def read_logged(text: str | bytes) -> Event:
    """The event of a log entry, from the JSON of its body. Raises `EventNotUnderstood`.

    A value that would not be taken today is read as it was taken then.
    """
    return _read(_LOGGED, text, LOGGED)


def _read(adapter: TypeAdapter[Event], text: str | bytes, context: dict[str, bool] | None) -> Event:
    try:
        return adapter.validate_json(text, context=context)
    except ValidationError as error:
        raise EventNotUnderstood(faults(error)) from None


def posted_schema() -> dict[str, Any]:
    """The JSON schema of what may be posted as an event."""
    return _POSTED.json_schema(by_alias=True, ref_template="#/components/schemas/{model}")
