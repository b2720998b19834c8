"""The next step as people say it: which cycle or course, of which line, with what; which step to cells."""

from __future__ import annotations

from pathway.catalogue.high_risk_neuroblastoma_relapse.toxicity import (
    graded,
    is_of_another_agent,
    ongoing_of_present_treatment,
)
from pathway.clinical.regimens import regimen
from pathway.clinical.terms import spelling
from pathway.clinical.toxicity_tables import Action
from pathway.engine.findings import in_words
from pathway.episodes.episode import Episode
from pathway.episodes.facts import Cycles


def cycle(episode: Episode) -> str:
    """To complete the cycle that runs, or to give the next one of the line."""
    return f"{_which(episode.cycles, 'cycle')} of line {episode.line}{_with(episode)}{_without(episode)}"


def course(episode: Episode) -> str:
    """To complete the course of maintenance that runs, or to give the next one."""
    return f"{_which(episode.courses, 'course')} of maintenance{_with(episode)}{_without(episode)}"


def to_cells(episode: Episode) -> str:
    """What the bridge to cells asks for in the state the episode rests in."""
    match episode.state:
        case "car_t_bridge.referred":
            return "have eligibility for GD2 CAR-T cells decided"
        case "car_t_bridge.apheresis":
            return "collect lymphocytes for GD2 CAR-T cells"
        case "car_t_bridge.manufacturing" if "product_released" in episode.car_t:
            return "begin lymphodepletion, then infuse the GD2 CAR-T cells"
        case "car_t_bridge.manufacturing":
            return "await the GD2 CAR-T cells"
        case "car_t_bridge.lymphodepletion" if "lymphodepletion" in episode.car_t:
            return "infuse the GD2 CAR-T cells"
        case "car_t_bridge.lymphodepletion":
            return "give lymphodepletion, then infuse the GD2 CAR-T cells"
        case _:
            return "bridge to GD2 CAR-T cells"


def _which(cycles: Cycles, what: str) -> str:
    if cycles.last_started is not None and cycles.last_completed is None:
        return f"complete {what} {cycles.last_number}" if cycles.last_number else f"complete this {what}"
    if cycles.uncertain:
        return f"give the next {what}"
    return f"give {what} {(cycles.last_number or 0) + 1}"


def _with(episode: Episode) -> str:
    known = regimen(spelling(episode.regimen)) if episode.regimen else None
    told = known.name if known else episode.regimen or ", ".join(episode.agents)
    return f" ({in_words(told)})" if told else ""


def _without(episode: Episode) -> str:
    """What keeps the antibody back: who reads the step alone is not to give it."""
    for toxicity, asked in ongoing_of_present_treatment(episode):
        if is_of_another_agent(toxicity):
            continue
        if asked.action is Action.UNKNOWN:
            return f", without the antibody until the grade of {in_words(toxicity.term)} is known"
        if asked.action.gravity >= Action.HOLD.gravity:
            return f", without the antibody while this goes on: {in_words(graded(toxicity))}"
    return ""
