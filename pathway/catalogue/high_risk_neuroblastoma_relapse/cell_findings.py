"""What the tables of the bridge to GD2 CAR-T cells ask about an episode."""

from __future__ import annotations

from datetime import date, timedelta

from pathway.catalogue.high_risk_neuroblastoma_relapse import thresholds as t
from pathway.catalogue.high_risk_neuroblastoma_relapse.cell_eligibility import ELIGIBILITY, statement
from pathway.catalogue.high_risk_neuroblastoma_relapse.findings import gd2
from pathway.catalogue.high_risk_neuroblastoma_relapse.response_findings import response
from pathway.engine.checklists import NOT_MET, VERDICTS
from pathway.engine.findings import STALE, UNKNOWN, Found, finding
from pathway.episodes.episode import Episode
from pathway.episodes.facts import Noted


@finding(
    "eligibility for GD2 CAR-T cells",
    ("yes", "no", UNKNOWN),
    request="Have the eligibility for GD2 CAR-T cells decided, with GD2 measured.",
    conditions={
        "yes": "the child were found eligible for GD2 CAR-T cells",
        "no": "the child were found not eligible for GD2 CAR-T cells",
    },
)
def car_t_eligibility(episode: Episode, as_of: date) -> Found:
    refused = episode.car_t.get("ineligible")
    if refused is not None and is_of_this_bridge(episode, refused):
        return Found("no", "found ineligible", refused.at)
    antigen = gd2.of(episode, as_of)
    if antigen.value == "negative":
        return Found("no", "GD2 is negative", antigen.at)
    neurological = next((stop for stop in episode.stops.values() if _is_neurological(stop.sentence)), None)
    if neurological is not None:
        return Found("no", neurological.sentence, neurological.at, neurological.because)
    for criterion, held in ELIGIBILITY.held(episode, as_of):
        if held.standing == NOT_MET:
            return Found("no", f"{criterion.name}: {held.shown}", held.at, criterion.because)
    stated, told = statement(episode, as_of)
    if stated is None:
        noted = episode.car_t.get("eligible")
        return Found(UNKNOWN, told, noted.at if noted else None)
    if antigen.value not in ("positive", "partial"):
        return Found(UNKNOWN, "GD2 is not known", stated.at)
    return Found("yes", f"{told}, GD2 {antigen.value}", stated.at)


def _is_neurological(sentence: str) -> bool:
    plain = sentence.casefold()
    return any(word in plain for word in ("neuro", "myelitis", "encephalopathy", "brain-stem"))


def is_of_this_bridge(episode: Episode, noted: Noted) -> bool:
    """False for what was told before the latest decision for a bridge."""
    return episode.bridge_began is None or noted.at.on >= episode.bridge_began.on


def step_of_this_bridge(episode: Episode, step: str) -> Noted | None:
    """A step on the way to cells, unless it belongs to an earlier bridge."""
    noted = episode.car_t.get(step)
    return noted if noted is not None and is_of_this_bridge(episode, noted) else None


@finding(
    "the criteria for GD2 CAR-T cells",
    VERDICTS,
    request="Record the values that the product asks for and that are missing or too old, each with its own day; "
    "what no value answers is answered by a new statement of eligibility.",
)
def cell_criteria(episode: Episode, as_of: date) -> Found:
    return Found(*ELIGIBILITY.verdict(episode, as_of))


@finding(
    "restaging before lymphodepletion",
    ("done", UNKNOWN, STALE),
    request="Restage before lymphodepletion: primary, metastases and marrow.",
    conditions={"done": "the child had been restaged"},
)
def restaged(episode: Episode, as_of: date) -> Found:
    timepoint = episode.timepoint
    last = timepoint.last if timepoint else None
    if last is None:
        return Found(UNKNOWN, "no assessment has been recorded")
    if not last.exact:
        return Found(UNKNOWN, "assessed on a day that is not known", last)
    if as_of > last.on + timedelta(days=t.RESPONSE_DAYS.value):
        return Found(STALE, f"assessed more than {t.RESPONSE_DAYS.value} days ago", last)
    bridging = episode.car_t.get("bridging")
    if bridging is not None and bridging.at.on > last.on:
        return Found(STALE, "assessed before the latest bridging treatment", last)
    found = response.of(episode, as_of)
    if found.value in ("NE", UNKNOWN):
        return Found(UNKNOWN, found.shown, last)
    return Found("done", f"{found.value} at the last assessment", last)


@finding(
    "lymphodepletion",
    ("awaited", "given", "lapsed"),
    conditions={"given": "lymphodepletion had been given within the last seven days"},
)
def lymphodepletion(episode: Episode, as_of: date) -> Found:
    noted = step_of_this_bridge(episode, "lymphodepletion")
    if noted is None:
        return Found("awaited")
    told, days = f"lymphodepletion last on {noted.at.when}", t.LYMPHODEPLETION_DAYS.value
    counts = noted.at.exact and as_of <= noted.at.on + timedelta(days=days)
    return Found("given" if counts else "lapsed", told, noted.at)


@finding(
    "whether cells were infused before the steps to them were recorded",
    ("yes", "no"),
    conditions={"yes": "cells had been infused", "no": "no cells had been infused"},
)
def infused_early(episode: Episode, as_of: date) -> Found:  # noqa: ARG001
    noted = step_of_this_bridge(episode, "infused") if episode.bridge_began else None
    return Found("yes", "infused", noted.at) if noted else Found("no")


@finding("lymphocytes for a product", ("collected", "awaited"))
def collected(episode: Episode, as_of: date) -> Found:  # noqa: ARG001
    noted = episode.car_t.get("apheresis")
    return Found("collected" if noted else "awaited", at=noted.at if noted else None)


@finding("the cell product", ("released", "awaited"))
def product(episode: Episode, as_of: date) -> Found:  # noqa: ARG001
    released = episode.car_t.get("product_released")
    return Found("released" if released else "awaited", at=released.at if released else None)


@finding("response assessments that are left after CAR-T cells", ("left", "done"))
def cell_time_points(episode: Episode, as_of: date) -> Found:  # noqa: ARG001
    infused, timepoint = episode.car_t.get("infused"), episode.timepoint
    if infused is None or timepoint is None or timepoint.last is None:
        return Found("left")
    days = (timepoint.last.on - infused.at.on).days
    shown = f"assessed {days} days after the infusion"
    return Found("done" if days >= t.LAST_CELL_RESPONSE_DAYS.value else "left", shown, timepoint.last)
