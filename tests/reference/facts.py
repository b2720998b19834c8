"""What each kind of fact adds to the sheet of an episode, one plain rule per kind.

A sheet has one value per field of `Episode`, and is changed in place.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

from pathway.clinical.components import component_in_force
from pathway.clinical.measurements import Measurements, as_baseline, joined, within_line
from pathway.clinical.terms import (
    Component,
    ComponentRating,
    Delivered,
    Precision,
    ResponseCriteria,
    is_anti_gd2,
    spelling,
)
from pathway.clinical.toxicity import could_stop, stop_rule
from pathway.episodes.episode import (
    Cycles,
    Noted,
    PriorTherapy,
    Progression,
    Stamp,
    Stop,
    Timepoint,
    Toxicity,
    response_in_force,
)
from pathway.episodes.events import Event, MultipleOfLimit

Sheet = dict[str, Any]
Rule = Callable[[Sheet, Any, Stamp], None]


def take_in(sheet: Sheet, event: Event, at: Stamp) -> None:
    """Writes what the event tells into the sheet."""
    rule = RULES.get(event.kind)
    if rule is not None:
        rule(sheet, event, at)


def counter(sheet: Sheet) -> str:
    """Cycles are counted, and in maintenance courses, each by itself."""
    return "courses" if sheet["context"] == "maintenance" else "cycles"


def _yes_no(value: bool) -> str:
    return "yes" if value else "no"


def _prior_therapy(sheet: Sheet, event: Any, at: Stamp) -> None:
    sheet["prior_therapies"][f"{event.line}:{event.regimen}"] = PriorTherapy(
        line=str(event.line),
        regimen=event.regimen,
        agents=event.agents,
        best_response=event.best_response,
        progressed_during=event.progressed_during,
        months_to_progression=event.months_to_progression,
        high_dose_therapy=event.high_dose_therapy,
        at=at,
    )


def _progression(sheet: Sheet, event: Any, at: Stamp) -> None:
    before, began = sheet["progression"], sheet["line_began"]
    if before and began and before.at.on < began.on:
        before = None
    sheet["progression"] = Progression(
        confirmed=event.confirmed,
        setting=event.setting or (before and before.setting),
        pattern=event.pattern or (before and before.pattern),
        at=at,
    )
    if event.local_control_feasible is not None:
        sheet["local_control_feasible"] = Noted(_yes_no(event.local_control_feasible), at)
    if event.confirmed:
        sheet["progressed"] = sheet["gd2_outdated"] = at


def _gd2(sheet: Sheet, event: Any, at: Stamp) -> None:
    sheet["gd2"], sheet["gd2_outdated"] = Noted(str(event.status), at), None


def _biomarker(sheet: Sheet, event: Any, at: Stamp) -> None:
    sheet["biomarkers"][event.marker] = Noted(
        f"{event.value} {event.unit}" if event.unit else event.value, at
    )


def _fitness(sheet: Sheet, event: Any, at: Stamp) -> None:
    for name in set(type(event).model_fields) - set(Event.model_fields):
        value = getattr(event, name)
        if isinstance(value, MultipleOfLimit):
            value = round(value.value / value.limit, 2)
        if value is not None:
            sheet["fitness"][name] = Noted(str(value).lower(), at)


def _consent(sheet: Sheet, event: Any, at: Stamp) -> None:
    sheet["consents"][event.scope] = Noted("given" if event.given else "refused", at)


def _cycle_started(sheet: Sheet, event: Any, at: Stamp) -> None:
    counted: Cycles = sheet[counter(sheet)]
    follows = event.cycle == (counted.last_number or 0) + 1
    sheet[counter(sheet)] = replace(
        counted,
        started=counted.started + 1,
        uncertain=counted.uncertain or not follows,
        last_number=counted.last_number if event.cycle == "unknown" else event.cycle,
        last_started=at,
        last_completed=None,
        last_delivered=None,
    )
    if event.regimen is not None:
        sheet["regimen"] = event.regimen
    if event.agents != "unknown":
        sheet["agents"] = tuple(spelling(agent) for agent in event.agents)


def _cycle_completed(sheet: Sheet, event: Any, at: Stamp) -> None:
    counted: Cycles = sheet[counter(sheet)]
    aborted = event.delivered is Delivered.ABORTED
    sheet[counter(sheet)] = replace(
        counted,
        completed=counted.completed + 1,
        counted=counted.counted if aborted else counted.counted + 1,
        since_assessment=counted.since_assessment + 1,
        uncertain=counted.uncertain or aborted,
        last_completed=at,
        last_delivered=event.delivered,
    )


def _toxicity(sheet: Sheet, event: Any, at: Stamp) -> None:
    term, grade = spelling(event.term), None if event.grade == "unknown" else event.grade
    antibodies = [agent for agent in sheet["agents"] if is_anti_gd2(agent)]
    agent = spelling(event.agent) if event.agent else antibodies[0] if antibodies else None
    sheet["toxicities"][term] = Toxicity(
        term=term,
        scale=event.scale,
        grade=grade,
        agent=agent,
        ongoing=event.ongoing,
        stop_possible=grade is None and could_stop(event.term, agent),
        entry=at.entry,
        at=at,
    )
    if grade is not None and grade >= 3:
        now = sheet[counter(sheet)].started
        if now > 1 and sheet["severe_in_cycle"].get(term) == now - 1:
            sheet["repeatedly_severe"][term] = at
        sheet["severe_in_cycle"][term] = now
    rule = stop_rule(event.term, grade, agent)
    if rule is not None:
        stopped = agent if agent and is_anti_gd2(agent) else "anti_gd2"
        sheet["stops"].setdefault(stopped, Stop(stopped, rule.sentence, at))


def _toxicity_resolved(sheet: Sheet, event: Any, at: Stamp) -> None:
    for term, known in sheet["toxicities"].items():
        if known.entry == event.entry:
            sheet["toxicities"][term] = replace(
                known, grade=event.to_grade, ongoing=event.to_grade > 1, stop_possible=False, at=at
            )


def timepoint_name(sheet: Sheet, given: str | None) -> str:
    """Line and cycle unless given; a new one with the same line and cycle once the first has been decided on."""
    if given:
        return given
    name = f"{sheet['line']}.{sheet['cycles'].completed}"
    if sheet["courses"].started:
        name += f".m{sheet['courses'].completed}"
    decided = [
        key for key, point in sheet["timepoints"].items() if key.split("/")[0] == name and point.decided
    ]
    return f"{name}/{len(decided) + 1}" if decided else name


def baselines(sheet: Sheet, began: Stamp) -> dict[Component, Measurements]:
    """What was measured last on one of the 28 days before a line, or on its first day."""
    days = {began.on - timedelta(days=days) for days in range(29)}
    exact = [
        point
        for point in sheet["timepoints"].values()
        if point.last and point.last.precision is Precision.DAY
    ]
    inside = [point for point in exact if point.last.on in days and began.precision is Precision.DAY]
    return {part: as_baseline(point.measured[part]) for point in inside for part in point.measured}


def _finding(sheet: Sheet, point: Timepoint, component: Component, told: Any, at: Stamp) -> Timepoint:
    """A rating is noted as it is; measurements are put together and rated, beside what the line measured before."""
    whole = told if isinstance(told, Measurements) else Measurements(rating=told)
    if component in point.measured:
        whole = joined(point.measured[component], whole)
    elif component in point.ratings:
        whole = joined(Measurements(rating=ComponentRating(point.ratings[component].value)), whole)
    if not whole.given:
        return replace(point, ratings={**point.ratings, component: Noted(str(whole.rating), at)})
    names = [*sheet["timepoints"], point.name]
    past = [sheet["timepoints"][name] for name in names[: names.index(point.name)]]
    earlier = [each.measured[component] for each in past if component in each.measured]
    earlier += [sheet["baselines"][component]] if component in sheet["baselines"] else []
    found = component_in_force(component, within_line(whole, earlier))
    return replace(
        point,
        ratings={**point.ratings, component: Noted(str(found.rating), at)},
        measured={**point.measured, component: whole},
        marks={**point.marks, component: found.flags},
    )


def _assessment(sheet: Sheet, event: Any, at: Stamp) -> None:
    name = timepoint_name(sheet, event.timepoint)
    point = sheet["timepoints"].get(name) or Timepoint(name, first=at, cycles=sheet["cycles"].completed)
    for component in Component:
        told = getattr(event.components, component, None)
        if told is not None:
            point = _finding(sheet, point, component, told, at)
    point = replace(point, last=at)
    if event.reported_overall is not None:
        comparable = event.criteria is ResponseCriteria.INRC_2017
        point = replace(point, reported=Noted(str(event.reported_overall), at), comparable=comparable)
    if event.central_review is not None:
        point = replace(point, central_review=event.central_review)
    sheet["timepoints"][name] = point
    sheet["current_timepoint"] = name
    if event.residual is not None and event.residual.local_control_feasible is not None:
        sheet["local_control_feasible"] = Noted(_yes_no(event.residual.local_control_feasible), at)
    _response(sheet, point, at)


def _statement(sheet: Sheet, event: Any, at: Stamp) -> None:
    name = event.timepoint or sheet["current_timepoint"]
    if name not in sheet["timepoints"]:
        name = timepoint_name(sheet, event.timepoint)
        sheet["timepoints"][name] = Timepoint(name, first=at, last=at, cycles=sheet["cycles"].completed)
    point = sheet["timepoints"][name]
    if event.kind == "response_confirmed":
        point = replace(point, confirmed=Noted(str(event.response), at))
    else:
        point = replace(point, closed=at)
    sheet["timepoints"][name] = point
    sheet["current_timepoint"] = name
    _response(sheet, point, at)


def _response(sheet: Sheet, point: Timepoint, at: Stamp) -> None:
    """The response in force, once there is one, is the last response; progression outdates what was known."""
    response = response_in_force(point).response
    if response is None or response == "NE":
        return
    sheet["last_response"] = Noted(str(response), at)
    if response == "PD":
        sheet["progressed"] = sheet["gd2_outdated"] = at
        sheet["remission_after"] = None
    if response in ("CR", "NED") and sheet["remission_after"] is None:
        sheet["remission_after"] = sheet["cycles"].completed


def _local_control(sheet: Sheet, event: Any, at: Stamp) -> None:
    sheet["local_control"], sheet["local_control_feasible"] = Noted(str(event.modality), at), None


def _car_t(sheet: Sheet, event: Any, at: Stamp) -> None:
    told = str(event.step) if event.grade is None else f"{event.step} grade {event.grade}"
    sheet["car_t"][str(event.step)] = Noted(told, at)


def _last(field: str, attribute: str) -> Rule:
    """The last one told counts."""

    def rule(sheet: Sheet, event: Any, at: Stamp) -> None:
        sheet[field] = Noted(str(getattr(event, attribute)), at)

    return rule


RULES: dict[str, Rule] = {
    "prior_therapy_recorded": _prior_therapy,
    "progression_evidence_recorded": _progression,
    "gd2_measured": _gd2,
    "biomarker_recorded": _biomarker,
    "fitness_recorded": _fitness,
    "consent_recorded": _consent,
    "intent_recorded": _last("intent", "intent"),
    "cns_status_recorded": _last("cns", "status"),
    "cycle_started": _cycle_started,
    "cycle_completed": _cycle_completed,
    "toxicity_recorded": _toxicity,
    "toxicity_resolved": _toxicity_resolved,
    "assessment_recorded": _assessment,
    "response_confirmed": _statement,
    "assessment_closed_not_evaluable": _statement,
    "local_control_completed": _local_control,
    "car_t_step_recorded": _car_t,
    "follow_up_recorded": _last("follow_up", "findings"),
    "episode_closed": _last("closed", "reason"),
}
