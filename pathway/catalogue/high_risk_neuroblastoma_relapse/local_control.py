"""Local control: what speaks for it, carrying it out, and what a person is told about it meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Final

from pathway.catalogue.high_risk_neuroblastoma_relapse import findings as f
from pathway.catalogue.high_risk_neuroblastoma_relapse import response_findings as r
from pathway.catalogue.high_risk_neuroblastoma_relapse import thresholds as t
from pathway.catalogue.high_risk_neuroblastoma_relapse.first_rows import (
    CNS_NEW,
    CNS_SUSPECTED,
    COMFORT,
    EMERGENCY,
)
from pathway.catalogue.high_risk_neuroblastoma_relapse.giving import ASSESSING
from pathway.catalogue.high_risk_neuroblastoma_relapse.guards import chosen
from pathway.catalogue.high_risk_neuroblastoma_relapse.local_findings import (
    LONG_PAUSE,
    local_control_owed,
    pause_began,
)
from pathway.catalogue.high_risk_neuroblastoma_relapse.matrix import OBTAIN, F, S, X, row, stay
from pathway.clinical.component_rules import MIXED
from pathway.clinical.evidence import REVIEW, Tag, cite
from pathway.clinical.terms import Component, ComponentRating, LocalControlModality
from pathway.engine.checklists import MET, Checklist, Criterion, Held
from pathway.engine.definition import Noticed, Offer, Prompt, Row
from pathway.episodes.episode import Episode

_PAUSE = chosen("restaging after surgery and radiotherapy: no systemic therapy meanwhile")

LOCAL: Final[tuple[Row, ...]] = (
    EMERGENCY,
    COMFORT,
    CNS_SUSPECTED,
    CNS_NEW,
    row("E", "Local control was decided and is still waited for: the tumour board decides about systemic therapy meanwhile.", [LONG_PAUSE], None, (Offer("local_control", exempt=True),), (Offer("continue_chemoimmunotherapy", "local control is put off"),), X, F, S, because=[_PAUSE]),
    row("F", "Local control was decided: carry it out.", [], Offer("local_control", exempt=True), X, (Offer("continue_chemoimmunotherapy", "local control is put off", needs_reason=True),), F, S),
)  # fmt: skip

RESTAGING: Final[tuple[Row, ...]] = (
    *ASSESSING[:-1],
    row(
        "E2",
        "Long after local control the disease has not been staged anew: the tumour board decides about systemic "
        "therapy meanwhile.",
        [LONG_PAUSE],
        None,
        (Offer(OBTAIN),),
        stay("without the assessment"),
        X,
        F,
        S,
        because=[_PAUSE],
        obtains=(r.assessment,),
    ),
    ASSESSING[-1],
)

_CRITERIA: Final = chosen("criteria for local control; not standardised")
_LEFT: Final = ("PR", "MR", "SD")
_FREE: Final = (ComponentRating.CR, ComponentRating.MD, ComponentRating.NI)


def _disease_left(episode: Episode, as_of: date) -> bool:
    return r.response.of(episode, as_of).value in _LEFT


def _sites(episode: Episode, as_of: date) -> Held | None:
    noted = episode.residual_sites
    if not _disease_left(episode, as_of):
        return None
    if noted is None:
        return Held("missing")
    few = int(noted.value) <= t.LOCAL_SITES.value
    remark = "" if few else "; met all the same if they lie in one region"
    return Held("met" if few else "not_met", f"{noted.value} sites{remark}", noted.at)


def _elsewhere(episode: Episode, as_of: date) -> Held | None:
    point = episode.timepoint
    if point is None or not _disease_left(episode, as_of):
        return None
    rated = [point.ratings.get(part) for part in (Component.METASTATIC, Component.BONE_MARROW)]
    known = [each for each in rated if each is not None and each.value != ComponentRating.NE]
    growing = next((each for each in known if each.value == ComponentRating.PD), None)
    if growing is not None:
        return Held("not_met", growing.value, growing.at)
    return Held("met") if len(known) == len(rated) else Held("missing")


def _marrow(episode: Episode, as_of: date) -> Held | None:
    point = episode.timepoint
    if point is None or not _disease_left(episode, as_of):
        return None
    noted = point.ratings.get(Component.BONE_MARROW)
    if noted is None or noted.value == ComponentRating.NE:
        return Held("missing")
    return Held("met" if noted.value in _FREE else "not_met", noted.value, noted.at)


def _cycles(episode: Episode, as_of: date) -> Held | None:
    cycles = episode.cycles
    if not _disease_left(episode, as_of):
        return None
    enough = t.LOCAL_CONTROL_FROM.value <= cycles.counted <= t.LATEST_LOCAL_CONTROL_CYCLE.value
    shown = f"{r.response.of(episode, as_of).value} after {cycles.counted} cycles"
    return Held("met" if enough else "not_met", shown, cycles.last_completed)


def _feasible(episode: Episode, as_of: date) -> Held | None:
    if not _disease_left(episode, as_of):
        return None
    found = f.local_disease.of(episode, as_of)
    dose = "; ".join(f"{site} irradiated with {gray} Gy before" for site, gray in episode.irradiated.items())
    shown = "; ".join(part for part in (found.shown, dose) if part)
    match found.value:
        case "yes":
            return Held("met", shown, found.at)
        case "no":
            return Held("not_met", shown, found.at)
        case "stale":
            return Held("stale", shown, found.at)
        case _:
            return Held("missing", shown)


CRITERIA: Final = Checklist(
    "criteria_for_local_control",
    "What speaks for local control of the disease that is left",
    (
        Criterion("sites", "Disease is left in at most three sites, or in one region.", _CRITERIA, _sites),
        Criterion("elsewhere", "Nothing progresses in metastases or marrow.", _CRITERIA, _elsewhere),
        Criterion(
            "marrow", "The marrow is free, has minimal disease or was never involved.", _CRITERIA, _marrow
        ),
        Criterion(
            "cycles",
            "Stable disease, a minor or a partial response was seen after two to six cycles.",
            _CRITERIA,
            _cycles,
        ),
        Criterion(
            "feasible",
            "No image-defined risk factor forbids an operation, or the tolerance for radiotherapy is not exceeded.",
            _CRITERIA,
            _feasible,
            t.FEASIBLE_DAYS.value,
        ),
    ),
)


def _speaks_for_it(episode: Episode, as_of: date) -> Iterator[Noticed]:
    if _disease_left(episode, as_of) and CRITERIA.verdict(episode, as_of)[0] == MET:
        yield Noticed("all of them are met", episode.timepoint.last if episode.timepoint else None)


def _owed(episode: Episode, as_of: date) -> Iterator[Noticed]:
    owed = local_control_owed.of(episode, as_of)
    if owed.value == "yes":
        yield Noticed(_plan(episode, as_of), owed.at)


def _plan(episode: Episode, as_of: date) -> str:
    """What was planned, in words, and whether its time has passed."""
    plan = episode.local_plan
    if plan is None:
        return "no plan has been recorded"
    parts = [plan.modality or "local control", f"of {plan.site}" if plan.site else ""]
    passed = False
    if plan.planned_for is not None:
        parts.append(f"on {plan.planned_for}")
        passed = as_of > plan.planned_for
    if plan.after_cycle is not None:
        parts.append(f"after cycle {plan.after_cycle}")
        passed = passed or episode.cycles.completed > plan.after_cycle
    told = " ".join(part for part in parts if part)
    return f"planned: {told}{'; that time has passed' if passed else ''}"


def _late(episode: Episode, as_of: date) -> Iterator[Noticed]:
    owed = local_control_owed.of(episode, as_of)
    given = episode.cycles.completed
    if owed.value == "yes" and given >= t.LATEST_LOCAL_CONTROL_CYCLE.value:
        yield Noticed(f"{given} cycles completed", owed.at)


def _pausing(episode: Episode, as_of: date) -> Iterator[Noticed]:
    began = pause_began(episode)
    if began is not None and began.exact and (days := (as_of - began.on).days) >= t.PAUSE_DAYS.value:
        yield Noticed(f"{days} days", began)


def _resected(episode: Episode, _: date) -> Iterator[Noticed]:
    done = episode.local_control
    if done is not None and done.value == LocalControlModality.SURGERY:
        yield Noticed(f"extent told: {done.extent}" if done.extent else "", done.at)


def _mixed(episode: Episode, _: date) -> Iterator[Noticed]:
    point = episode.timepoint
    for part, marks in point.marks.items() if point is not None else ():
        if MIXED in marks:
            yield Noticed(part.value, point.last if point else None)


PROMPTS: Final = (
    Prompt(
        "local_control_owed",
        "From the confirmation of a local relapse until local control was carried out or waived.",
        "Local control of the local relapse is part of the plan from the start: carry it out by the end of cycle 4, "
        "at the latest of cycle 6, or waive it and say why. The cycles need not stop for it.",
        cite(REVIEW, Tag.SOURCE_READ, "local control planned in advance, not held in reserve"),
        _owed,
    ),
    Prompt(
        "local_control_late",
        "When six cycles were completed and local control of a local relapse is still owed.",
        "Local control of the local relapse is late: carry it out, or waive it and say why.",
        chosen("local control in local relapse: at the latest by the end of cycle 6"),
        _late,
        urgent=True,
    ),
    Prompt(
        "criteria_for_local_control",
        "At a decision with disease left, when every criterion for local control is met.",
        "The criteria speak for local control of the disease that is left: put it to the tumour board.",
        _CRITERIA,
        _speaks_for_it,
        states=("decision_due",),
    ),
    Prompt(
        "pause_for_local_control",
        "From four weeks without systemic therapy because of local control.",
        "There has been no systemic therapy for four weeks or more; local control need not suspend the cycles. After "
        "six weeks the tumour board decides.",
        _PAUSE,
        _pausing,
        states=("local_control", "restaging"),
    ),
    Prompt(
        "primary_after_resection",
        "When the disease is staged after an operation.",
        "In this line the primary is compared with the baseline from before the operation; after a complete resection "
        "it counts as not involved only in the baseline of a new line. What grows at its place is a new lesion.",
        chosen("state rule after complete resection"),
        _resected,
        states=("restaging", "assessment_due", "decision_due"),
    ),
    Prompt(
        "mixed_response",
        "When lesions of one component went opposite ways.",
        "Some lesions shrink while others grow: consider a biopsy of those that grow, and treatment directed at them "
        "by surgery or radiotherapy.",
        chosen("INRC corrections: mixed behaviour within one component"),
        _mixed,
        states=("decision_due",),
    ),
)
