"""What each kind of fact adds to the sheet of an episode, one plain rule per kind.

A sheet has one value per field of `Episode`, and is changed in place.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

from pathway.clinical.biomarkers import MARKERS, MOST_MARKERS, marker_name
from pathway.clinical.components import component_in_force
from pathway.clinical.measurements import Measurements, as_baseline, joined, within_line
from pathway.clinical.regimens import REGIMENS, regimen
from pathway.clinical.side_effects import grade_exists, side_effect_key
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
from pathway.episodes.assessments import response_in_force
from pathway.episodes.events import Event, MultipleOfLimit
from pathway.episodes.facts import (
    Antigen,
    Cycles,
    LocalControl,
    LocalPlan,
    Noted,
    Occurrences,
    PriorTherapy,
    Progression,
    Stamp,
    Stop,
    Timepoint,
    Toxicity,
)

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


def _each_once(words: list[str]) -> tuple[str, ...]:
    return tuple(word for place, word in enumerate(words) if word not in words[:place])


def _progression(sheet: Sheet, event: Any, at: Stamp) -> None:
    before, began, stands = sheet["progression"], sheet["line_began"], sheet["progression_stands"]
    if before and before.confirmed and not (stands and before.at.on >= sheet["progressed"].on):
        before = None
    if before and not before.confirmed and began and before.at.on < began.on:
        before = None
    kept = bool(before) and before.confirmed and not event.confirmed
    sheet["progression"] = Progression(
        confirmed=True if kept else event.confirmed,
        setting=event.setting or (before and before.setting),
        pattern=event.pattern or (before and before.pattern),
        at=before.at if kept else at,
        examined=_each_once(
            [*(before.examined if before else ()), *(one.modality for one in event.evidence)]
        ),
    )
    if event.local_control_feasible is not None:
        sheet["local_control_feasible"] = Noted(_yes_no(event.local_control_feasible), at)
    if event.confirmed:
        _progressed(sheet, at)


def _progressed(sheet: Sheet, at: Stamp) -> None:
    if not sheet["progression_stands"]:
        sheet["progressed"] = sheet["gd2_outdated"] = at
        sheet["progression_stands"] = True


def _gd2(sheet: Sheet, event: Any, at: Stamp) -> None:
    before, told = sheet["gd2"], (event.method, event.specimen, event.percent, event.density)
    sheet["gd2"], sheet["gd2_outdated"] = Antigen(str(event.status), at, *told), None
    if before and spelling(before.specimen or "") != spelling(event.specimen or ""):
        sheet["gd2_elsewhere"] = before


def _biomarker(sheet: Sheet, event: Any, at: Stamp) -> None:
    marker, markers = marker_name(event.marker), sheet["biomarkers"]
    markers.pop(marker, None)
    markers[marker] = Noted(f"{event.value} {event.unit}" if event.unit else event.value, at)
    informing = [each.name for each in MARKERS]
    while len(markers) > MOST_MARKERS:
        markers.pop(next(each for each in markers if each not in informing))


def _fitness(sheet: Sheet, event: Any, at: Stamp) -> None:
    for name in set(type(event).model_fields) - set(Event.model_fields):
        value = getattr(event, name)
        if isinstance(value, MultipleOfLimit):
            value = round(value.value / value.limit, 2)
        if value is not None:
            sheet["fitness"][name] = Noted(str(value).lower(), at)
            if name == "temperature_c" and value >= 38:
                sheet["fitness"]["fever"] = Noted(str(value).lower(), at)


def _consent(sheet: Sheet, event: Any, at: Stamp) -> None:
    sheet["consents"][event.scope] = Noted("given" if event.given else "refused", at)


def _cycle_started(sheet: Sheet, event: Any, at: Stamp) -> None:
    sheet["progression_stands"] = False
    counted: Cycles = sheet[counter(sheet)]
    follows = event.cycle == (counted.last_number or 0) + 1
    sheet[counter(sheet)] = replace(
        counted,
        started=counted.started + 1,
        days_late=counted.days_late + (_days_late(sheet, counted, at) if follows else 0),
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
    _antibody_seen(sheet, at)


def _days_late(sheet: Sheet, counted: Cycles, at: Stamp) -> int:
    """Days after the target of a regimen that is known, between exact days, with no local control in between."""
    known, before = regimen(sheet["regimen"] or ""), counted.last_started
    if before is None or known is None or known.next_cycle is None:
        return 0
    inexact = before.precision is not Precision.DAY or at.precision is not Precision.DAY
    local = sheet["local_control"]
    if inexact or (local is not None and local.at.on >= before.on):
        return 0
    due = before.on + timedelta(days=known.next_cycle.target)
    return (at.on - due).days if at.on > due else 0


def _antibody_seen(sheet: Sheet, at: Stamp) -> None:
    if [agent for agent in sheet["agents"] if is_anti_gd2(agent)]:
        sheet["last_anti_gd2"] = at


def _taken_over(sheet: Sheet, event: Any, at: Stamp) -> None:
    """The line, its agents and its counts as another centre left them; the first measurements are the baseline."""
    in_maintenance = event.maintenance_courses is not None
    last = Stamp(at.entry, event.last_cycle_on, Precision.DAY) if event.last_cycle_on else None
    sheet["context"] = "maintenance" if in_maintenance else "systemic"
    sheet["line"], sheet["line_began"], sheet["line_open"] = event.line, at, True
    sheet["progression_stands"] = False
    known = REGIMENS.get(spelling(event.regimen or ""))
    agents = event.agents or (known.agents if known is not None else ())
    sheet["regimen"], sheet["agents"] = event.regimen, tuple(map(spelling, agents))
    given = {"cycles": event.cycles, "courses": event.maintenance_courses or 0}
    for name, number in given.items():
        sheet[name] = Cycles(started=number, completed=number, counted=number)
        if number:
            sheet[name] = replace(sheet[name], last_number=number)
    sheet["cycles"] = replace(sheet["cycles"], since_assessment=event.cycles_since_assessment)
    name = "courses" if in_maintenance else "cycles"
    sheet[name] = replace(sheet[name], last_started=last)
    points = sheet["timepoints"]
    for point in reversed(points.values()):
        sheet["baselines"] = sheet["baselines"] | {
            part: as_baseline(each) for part, each in point.measured.items()
        }
    for key in points:
        points[key] = replace(points[key], decided=True)
    _antibody_seen(sheet, last or at)


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
    sheet["reasoned"] = None
    if event.delivered != Delivered.CHEMOTHERAPY_ONLY:
        _antibody_seen(sheet, at)


def _toxicity(sheet: Sheet, event: Any, at: Stamp) -> None:
    key = side_effect_key(event.term, event.scale)
    told = None if event.grade == "unknown" else event.grade
    exists = told is not None and grade_exists(event.term, event.scale, told)
    grade = told if exists else None
    antibodies = [agent for agent in sheet["agents"] if is_anti_gd2(agent)]
    agent = spelling(event.agent) if event.agent else antibodies[0] if antibodies else None
    last = sheet["toxicities"].get(key)
    goes_on = last is not None and last.ongoing and last.agent == agent
    sheet["toxicities"][key] = Toxicity(
        term=spelling(event.term),
        scale=event.scale,
        grade=grade,
        agent=agent,
        ongoing=event.ongoing,
        stop_possible=grade is None and could_stop(event.term, agent, event.condition_met),
        entry=at.entry,
        at=at,
        since=last.since if goes_on else at,
        worst=_higher(last.worst, grade) if goes_on else grade,
        no_grade=None if exists else told,
        condition_met=event.condition_met,
    )
    severe = grade is not None and grade >= 3
    counted = sheet["occurrences"].get(f"{agent or 'anti_gd2'}: {key}", Occurrences())
    if not goes_on:
        counted = replace(counted, told=counted.told + 1)
    if severe and not (goes_on and last.grade is not None and last.grade >= 3):
        counted = replace(counted, severe=counted.severe + 1)
    if severe:
        worst = _higher(last.worst, grade) if goes_on else grade
        counted = replace(counted, severe_grade=worst, severe_at=at)
    sheet["occurrences"][f"{agent or 'anti_gd2'}: {key}"] = counted
    if severe:
        now = sheet[counter(sheet)].started
        if now > 1 and sheet["severe_in_cycle"].get(key) == now - 1:
            sheet["repeatedly_severe"][key] = at
        sheet["severe_in_cycle"][key] = now
    rule = stop_rule(event.term, grade, agent, event.condition_met)
    if rule is not None and agent and is_anti_gd2(agent):
        sheet["stops"].setdefault(agent, Stop(agent, rule.sentence, at, rule.citation))
    elif rule is not None:
        why = (
            "The agent it was ascribed to is not known here, so it holds for each antibody until that is corrected."
            if agent
            else "Which antibody it was is not recorded, so it holds for each of them until that is corrected."
        )
        sheet["stops"].setdefault("anti_gd2", Stop("anti_gd2", f"{rule.sentence} {why}", at, rule.citation))


def _higher(one: int | None, other: int | None) -> int | None:
    return other if one is None else one if other is None else max(one, other)


def _toxicity_resolved(sheet: Sheet, event: Any, at: Stamp) -> None:
    for key, known in sheet["toxicities"].items():
        if event.entry in (known.entry, known.since.entry):
            sheet["toxicities"][key] = replace(
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
    left = event.residual
    if left is not None and left.local_control_feasible is not None:
        sheet["local_control_feasible"] = Noted(_yes_no(left.local_control_feasible), at)
    if left is not None and left.sites is not None:
        sheet["residual_sites"] = Noted(f"{left.sites}", at)
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
        _progressed(sheet, at)
        sheet["remission_after"] = None
    else:
        sheet["progression_stands"] = False
    if response in ("CR", "NED") and sheet["remission_after"] is None:
        sheet["remission_after"] = sheet["cycles"].counted


def _local_control(sheet: Sheet, event: Any, at: Stamp) -> None:
    sheet["progression_stands"] = False
    sheet["local_control"] = LocalControl(event.modality.value, at, site=event.site, extent=event.extent)
    sheet["local_control_feasible"] = sheet["residual_sites"] = sheet["local_plan"] = None
    if event.dose_gy is not None:
        given, where = sheet["irradiated"], event.site or "unknown"
        given[where] = event.dose_gy + given.get(where, 0)


def _local_plan(sheet: Sheet, event: Any, at: Stamp) -> None:
    sheet["local_plan"] = LocalPlan(
        modality=event.modality,
        site=event.site,
        planned_for=event.planned_for,
        after_cycle=event.after_cycle,
        at=at,
    )


def _cns(sheet: Sheet, event: Any, at: Stamp) -> None:
    sheet["cns"], sheet["cns_symptoms"] = Noted(str(event.status), at), bool(event.symptoms)


def _car_t(sheet: Sheet, event: Any, at: Stamp) -> None:
    steps, made = sheet["car_t"], ("apheresis", "product_released")
    match event.step:
        case "eligible" | "ineligible":
            over: tuple[str, ...] = ("eligible", "ineligible")
        case "apheresis":
            over = made
        case "apheresis_failed" | "manufacturing_failed" | "out_of_specification":
            over = made
        case "not_infused":
            over = ("lymphodepletion",)
        case "infused":
            sheet["progression_stands"] = False
            over = ("eligible", *made, "lymphodepletion", "bridging", "crs", "icans", "safety_switch_fired")
        case _:
            over = ()
    for step in over:
        steps.pop(step, None)
    steps[str(event.step)] = Noted(
        str(event.step) if event.grade is None else f"{event.step} grade {event.grade}", at
    )
    if event.product is not None:
        steps["product"] = Noted(event.product, at)
    if event.safety_switch is not None:
        steps["safety_switch"] = Noted(_yes_no(event.safety_switch), at)


def _last(field: str, attribute: str) -> Rule:
    """The last one told counts."""

    def rule(sheet: Sheet, event: Any, at: Stamp) -> None:
        sheet[field] = Noted(str(getattr(event, attribute)), at)

    return rule


def _baseline(sheet: Sheet, event: Any, at: Stamp) -> None:
    for name in ("risk_group", "age_months"):
        if (told := getattr(event, name)) is not None:
            sheet[name] = Noted(str(told), at)


RULES: dict[str, Rule] = {
    "baseline_recorded": _baseline,
    "prior_therapy_recorded": _prior_therapy,
    "progression_evidence_recorded": _progression,
    "gd2_measured": _gd2,
    "biomarker_recorded": _biomarker,
    "fitness_recorded": _fitness,
    "consent_recorded": _consent,
    "intent_recorded": _last("intent", "intent"),
    "cns_status_recorded": _cns,
    "cycle_started": _cycle_started,
    "cycle_completed": _cycle_completed,
    "toxicity_recorded": _toxicity,
    "toxicity_resolved": _toxicity_resolved,
    "assessment_recorded": _assessment,
    "response_confirmed": _statement,
    "assessment_closed_not_evaluable": _statement,
    "local_control_completed": _local_control,
    "local_control_planned": _local_plan,
    "treatment_taken_over": _taken_over,
    "car_t_step_recorded": _car_t,
    "follow_up_recorded": _last("follow_up", "findings"),
    "episode_closed": _last("closed", "reason"),
}
