"""What would come next if something happened, beside what the pathway says now; nothing is recorded."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, Final

import orjson
from fastapi import APIRouter, Request, Response

from api.dependencies import Query, installation, read
from api.problems import STATUS, note_outcome
from api.web.episode import together
from api.web.forms import Form
from api.web.rendering import Page, page
from api.web.sessions import signed_in
from pathway.clinical.side_effects import TERMS, known_term
from pathway.clinical.terms import ComponentRating, Gd2Status
from pathway.clinical.terms import Response as Inrc
from pathway.engine.findings import in_words
from pathway.episodes.events import EventNotUnderstood
from pathway.use_cases import suppose
from pathway.use_cases.installation import today_in
from pathway.use_cases.name_patients import name_patients
from pathway.use_cases.next_step import next_step
from pathway.use_cases.permissions import Operation
from pathway.use_cases.refusals import Refusal
from pathway.use_cases.standing import summary_of

router = APIRouter(route_class=Page, include_in_schema=False)

RESPONSES: Final = tuple((each.value, each.value) for each in Inrc if each not in (Inrc.NED, Inrc.NONE))
ANTIGEN: Final = tuple((each.value, in_words(each)) for each in Gd2Status)
GRADES: Final = tuple((str(grade), f"Grade {grade}") for grade in range(1, 6))
TOLERANCE: Final = (("acceptable", "acceptable"), ("limiting", "limiting"))
PERFORMANCE: Final = tuple((str(score), str(score)) for score in range(100, -1, -10))
COMPONENTS: Final = ("primary", "metastatic", "bone_marrow")
RATINGS: Final = tuple((each.value, each.value) for each in ComponentRating if each is not ComponentRating.MD)
MARROW: Final = tuple((each.value, each.value) for each in ComponentRating if each is not ComponentRating.PR)
PROGRESSION: Final = (("confirmed", "confirmed"), ("suspected", "suspected, and not confirmed"))
FIELDS: Final = (
    *(
        "on",
        "response",
        *COMPONENTS,
        "progression",
        "toxicity",
        "grade",
        "agent",
        "gd2",
        "lansky",
        "tolerance",
    ),
    "infection",
)
_POINTERS: Final[Mapping[str, str]] = {
    "reported_overall": "response", "term": "toxicity", "grade": "grade", "agent": "agent", "status": "gd2",
    "lansky": "lansky", "tolerance": "tolerance", "occurred_on": "on",
    **{name: name for name in COMPONENTS}, "confirmed": "progression",
}  # fmt: skip


@router.get("/episodes/{episode_id}/what-if", name="suppose_something_happened")
async def suppose_something(request: Request) -> Response:
    """Asks what would follow; the address holds the question, so that it can be asked again."""
    session, asking = signed_in(request)
    Query(request, *FIELDS)
    form = Form({name: (request.query_params.get(name, ""),) for name in FIELDS})
    service, episode_id = installation(request), request.path_params["episode_id"]

    def look() -> tuple[Any, Any, Any]:
        summary = summary_of(service, asking, Operation.SUPPOSE_SOMETHING_HAPPENED, episode_id)
        patient = name_patients(service, asking, [summary.pseudonym]).get(summary.pseudonym)
        return summary, patient, orjson.loads(next_step(service, asking, episode_id, None, None))

    def ask() -> Any:
        return orjson.loads(
            suppose.suppose(service, asking, episode_id, orjson.dumps({"events": events}), None, None)
        )

    summary, patient, now = await read(request, look)
    events = _events(form, today_in(summary.time_zone, service.clock()))
    faults, then = _missing(form), None
    if events and not faults:
        try:
            then = await read(request, ask)
        except EventNotUnderstood as fault:
            faults = _beside(fault.errors)
        except Refusal as refusal:
            faults = _beside(refusal.errors) or {"": refusal.detail}
    status = STATUS["invalid_body"] if faults else STATUS["foreseen"]
    note_outcome(request.scope, "invalid_body" if faults else "ok")
    return page(
        request,
        "what_if.html",
        session,
        status=status,
        episode_id=episode_id,
        pseudonym=summary.pseudonym,
        patient=patient,
        form=form,
        faults=faults,
        now=now,
        then=then,
        prompts=[together(each) for each in (now, then["next_step"])] if then else [],
        unknown_term=_unknown_term(form),
        changes=_changes(now, then["next_step"]) if then else [],
        choices={
            "response": RESPONSES,
            "ratings": RATINGS,
            "marrow": MARROW,
            "progression": PROGRESSION,
            "terms": [each.name for each in TERMS],
            "gd2": ANTIGEN,
            "grade": GRADES,
            "tolerance": TOLERANCE,
            "lansky": PERFORMANCE,
        },
    )


def _missing(form: Form) -> dict[str, str]:
    if form.text("grade") and not form.text("toxicity"):
        return {"toxicity": "Say which side effect has this grade."}
    if form.text("agent") and not form.text("toxicity"):
        return {"toxicity": "Say which side effect this agent has."}
    return {}


def _unknown_term(form: Form) -> str:
    """The side effect as it was typed, where it is none that the rules have a name for."""
    term = form.text("toxicity")
    return term if term and known_term(term) is None else ""


def _events(form: Form, today: date) -> list[dict[str, Any]]:
    """What was supposed, as events of the day that was given."""
    told: list[dict[str, Any]] = []
    parts = {name: form.text(name) for name in COMPONENTS if form.text(name)}
    seen: dict[str, Any] = {"components": parts} if parts else {}
    if form.text("response"):
        seen["reported_overall"] = form.text("response")
    if seen:
        told.append({"kind": "assessment_recorded", **seen})
    if form.text("progression"):
        confirmed = {"confirmed": True, "suspected": False}.get(
            form.text("progression"), form.text("progression")
        )
        told.append({"kind": "progression_evidence_recorded", "confirmed": confirmed})
    if form.text("toxicity"):
        harm: dict[str, Any] = {"kind": "toxicity_recorded", "term": form.text("toxicity")}
        if form.text("grade"):
            harm["grade"] = _whole(form.text("grade"))
        told.append(harm | ({"agent": form.text("agent")} if form.text("agent") else {}))
    if form.text("gd2"):
        told.append({"kind": "gd2_measured", "status": form.text("gd2")})
    fitness: dict[str, Any] = {}
    if form.text("lansky"):
        fitness["lansky"] = _whole(form.text("lansky"))
    if form.text("tolerance"):
        fitness["tolerance"] = form.text("tolerance")
    if form.text("infection"):
        fitness["uncontrolled_infection"] = form.text("infection") == "yes"
    if fitness:
        told.append({"kind": "fitness_recorded", **fitness})
    on = form.text("on") or today.isoformat()
    return [event | {"occurred_on": on} for event in told]


def _whole(text: str) -> int | str:
    """The number; what is none, or longer than any here, as it was sent, so that it is refused beside its field."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < len("1000") else text


def _beside(errors: tuple[tuple[str, str], ...]) -> dict[str, str]:
    return {_POINTERS.get(pointer.rpartition("/")[2], ""): sentence for pointer, sentence in errors}


def _changes(now: Mapping[str, Any], then: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """The options that would stand otherwise: label, how it stands now, how it would."""
    before = {each["option"]: each["status"] for each in now["options"]}
    return [
        (each["label"], before[each["option"]], each["status"])
        for each in then["options"]
        if before[each["option"]] != each["status"]
    ]
