"""What one event tells of an episode: `learn` gives the episode that knows it, and decides nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any, Final

from pathway.clinical.biomarkers import marker_name, most_recent
from pathway.clinical.cycle_gate import FEVER_C
from pathway.clinical.terms import CarTStep, spelling
from pathway.episodes.assessments import learn_assessment, learn_statement, progressed
from pathway.episodes.cycles import learn_completion, learn_start, learn_taken_over
from pathway.episodes.episode import Episode
from pathway.episodes.events import (
    UNKNOWN,
    AssessmentClosedNotEvaluable,
    AssessmentRecorded,
    BaselineRecorded,
    BiomarkerRecorded,
    CarTStepRecorded,
    CnsStatusRecorded,
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
    ResponseConfirmed,
    ToxicityRecorded,
    ToxicityResolved,
    TreatmentTakenOver,
)
from pathway.episodes.facts import Antigen, LocalControl, LocalPlan, Noted, PriorTherapy, Progression, Stamp
from pathway.episodes.toxicities import learn_resolution, learn_toxicity


def learn(episode: Episode, event: Event, at: Stamp) -> Episode:  # noqa: PLR0911, PLR0912, C901  (one case per kind)
    """The episode with the medical facts of `event` taken in; events that tell none leave it as it is."""
    match event:
        case EpisodeOpened() | BaselineRecorded():
            return _baseline(episode, event, at)
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
            return learn_start(episode, event, at)
        case CycleCompleted():
            return learn_completion(episode, event, at)
        case ToxicityRecorded():
            return learn_toxicity(episode, event, at)
        case ToxicityResolved():
            return learn_resolution(episode, event, at)
        case AssessmentRecorded():
            return learn_assessment(episode, event, at)
        case ResponseConfirmed() | AssessmentClosedNotEvaluable():
            return learn_statement(episode, event, at)
        case LocalControlCompleted():
            return _local_control(episode, event, at)
        case TreatmentTakenOver():
            return learn_taken_over(episode, event, at)
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


def _baseline(episode: Episode, event: EpisodeOpened | BaselineRecorded, at: Stamp) -> Episode:
    risk = Noted(event.risk_group, at) if event.risk_group else episode.risk_group
    age = Noted(str(event.age_months), at) if event.age_months is not None else episode.age_months
    return replace(episode, risk_group=risk, age_months=age)


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
    stands = episode.progression_stands and event.step is not CarTStep.INFUSED
    return replace(episode, car_t=steps, progression_stands=stands)


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
    """What is told of a progression that stands adds to it; a suspicion then neither undoes it nor moves its day."""
    before = _same_progression(episode)
    kept = before if before is not None and before.confirmed and not event.confirmed else None
    told = [*(before.examined if before else ()), *(each.modality for each in event.evidence)]
    found = Progression(
        event.confirmed or kept is not None,
        event.setting or (before.setting if before else None),
        event.pattern or (before.pattern if before else None),
        kept.at if kept else at,
        tuple(dict.fromkeys(told)),
    )
    episode = replace(episode, progression=found)
    if event.local_control_feasible is not None:
        feasible = Noted("yes" if event.local_control_feasible else "no", at)
        episode = replace(episode, local_control_feasible=feasible)
    return progressed(episode, at) if event.confirmed else episode


def _same_progression(episode: Episode) -> Progression | None:
    """What was told before of the same progression: while it stands, or is suspected and no line was given since."""
    before, began, since = episode.progression, episode.line_began, episode.progressed
    if before is None:
        return None
    if before.confirmed:
        same = episode.progression_stands and since is not None and since.on <= before.at.on
    else:
        same = began is None or began.on <= before.at.on
    return before if same else None


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
    for name in type(event).model_fields:
        value: Any = None if name in Event.model_fields else getattr(event, name)
        if isinstance(value, MultipleOfLimit):
            value = (value.value / value.limit).quantize(Decimal("0.01"))
        if value is not None:
            found[name] = Noted(str(value).lower(), at)
    if event.temperature_c is not None and event.temperature_c >= FEVER_C:
        found["fever"] = found["temperature_c"]
    return found


def _local_control(episode: Episode, event: LocalControlCompleted, at: Stamp) -> Episode:
    """What local control dealt with is neither left nor amenable any more; the dose adds up site by site."""
    irradiated = dict(episode.irradiated)
    if event.dose_gy is not None:
        site = event.site or UNKNOWN
        irradiated[site] = irradiated.get(site, Decimal(0)) + event.dose_gy
    return replace(
        episode,
        progression_stands=False,
        local_control=LocalControl(str(event.modality), at, event.site, event.extent),
        irradiated=irradiated,
        local_plan=None,
        local_control_feasible=None,
        residual_sites=None,
    )
