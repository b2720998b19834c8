"""Opening an episode for a patient, and finding the episodes of one; identifiers stand in no address."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from datetime import date
from http import HTTPStatus
from typing import Any, Final

import orjson
from fastapi import APIRouter, Request, Response
from pydantic import ValidationError

from api.dependencies import Query, installation, note_shown, read, request_digest
from api.problems import STATUS, note_outcome
from api.web.fact_fields import FactForm
from api.web.fact_forms import BY_KIND
from api.web.forms import Faults, Form, SignedInAnew, read_form
from api.web.rendering import Page, page, see
from api.web.restated import far_back
from api.web.sending import sent
from api.web.sessions import Session, signed_in
from api.web.typed import Part, Typed, empty_form, event_of, labels_of, parts_of
from pathway.episodes.events import EventNotUnderstood, PatientIdentifier
from pathway.store.values import Settled
from pathway.use_cases import find_episodes, open_episode
from pathway.use_cases.installation import Caller, today_in
from pathway.use_cases.permissions import Operation
from pathway.use_cases.prepare_form import words_of
from pathway.use_cases.refusals import Refusal
from pathway.use_cases.registers import registers_in_use

router = APIRouter(route_class=Page, include_in_schema=False)

PATHWAY: Final = "high_risk_neuroblastoma_relapse"
BASELINE: Final = ("progression_evidence_recorded", "gd2_measured", "cns_status_recorded", "consent_recorded")
"""What is usually known when an episode is opened; everything else is recorded afterwards."""

LOOKED_AT: Final = "day_looked_at"
ANOTHER: Final = "another_child"
_MONTHS: Final = re.compile(r"[0-9]{1,4}")
_NO_AGE: Final = "Write a whole number of months, such as 40."
_NO_OPENING: Final = "Say on which day it was opened."
_EMPTY: Final = {
    "system": "Say which register the identifier is of.",
    "value": "Give the identifier.",
}
RISKS: Final = (("high", "high"), ("not_high", "not high"))
_PLACES: Final[Mapping[str, str]] = {
    "/patient/system": "patient.system",
    "/patient/value": "patient.value",
    "/opened_on": "opened_on",
    "/risk_group": "risk_group",
    "/age_months": "age_months",
}
_LABELS: Final = {
    "patient.system": "Register",
    "patient.value": "Identifier",
    "opened_on": "Opened on",
    "risk_group": "Risk group",
    "age_months": "Age",
}
_NOT_UNDERSTOOD: Final = "What was typed was not understood; nothing was recorded."


@dataclass(frozen=True, slots=True)
class Known:
    """The episode the patient has already, and those under identifiers that may be the same child's.

    `far` is the day of the opening in words, where it may be a slip.
    """

    existing: str = ""
    others: Sequence[Mapping[str, Any]] = ()
    far: str = ""


UNKNOWN: Final = Known()


@router.get("/episodes/new", name="open_an_episode")
async def show_opening(request: Request) -> Response:
    """The form that opens an episode."""
    session, asking = signed_in(request)
    Query(request)
    asking.require(Operation.OPEN_AN_EPISODE)
    registers = await _registers(request, asking)
    return _opening(request, session, _first_form(request, session, registers), registers=registers)


@router.post("/episodes/new", name="open_an_episode")
async def open_an_episode(request: Request) -> Response:
    """Opens it, with what is known at the start; who has an open one already is answered with it."""
    session, asking = signed_in(request)
    Query(request)
    asking.require(Operation.OPEN_AN_EPISODE)
    registers = await _registers(request, asking)
    try:
        form = await read_form(request, session)
    except SignedInAnew as anew:
        note_outcome(request.scope, anew.outcome)
        faults = {"": anew.detail}
        status = STATUS[anew.outcome]
        return _opening(request, session, anew.form, faults, status=status, key=anew.key, registers=registers)
    typed = _typed(form)
    typed.faults |= _patient_faults(form)
    if typed.faults:
        note_outcome(request.scope, "invalid_body")
        status = HTTPStatus.UNPROCESSABLE_ENTITY
        return _opening(
            request, session, form, typed.faults, status=status, key=form.key, registers=registers
        )
    others = [] if _is_another(form) else await _written_otherwise(request, asking, form, registers)
    if others:
        note_outcome(request.scope, "episode_exists")
        note_shown(request, [each["episode"] for other in others for each in other["episodes"]])
        status = STATUS["episode_exists"]
        return _opening(
            request,
            session,
            form,
            status=status,
            key=form.key,
            registers=registers,
            known=Known(others=others),
        )
    if far := _far_back(request, session, form):
        note_outcome(request.scope, "impossible_date")
        status = STATUS["impossible_date"]
        return _opening(
            request, session, form, status=status, key=form.key, registers=registers, known=Known(far=far)
        )
    body = orjson.dumps(typed.event)
    done = await sent(request, form.key, lambda: _open(request, asking, body, form.key))
    if not done.refused:
        return see(f"/episodes/{done.document['episode']}")
    errors = [(each["pointer"], each["detail"]) for each in done.document.get("errors", ())]
    return _opening(
        request,
        session,
        form,
        typed.beside(errors, done.detail),
        status=done.status,
        key=done.key,
        registers=registers,
        known=Known(done.document.get("episode", "") if done.outcome == "episode_exists" else ""),
    )


@router.get("/find", name="find_episodes_of_a_patient")
async def show_finding(request: Request) -> Response:
    """The form that asks for a patient's episodes."""
    session, asking = signed_in(request)
    Query(request)
    asking.require(Operation.FIND_EPISODES_OF_A_PATIENT)
    registers = await _registers(request, asking)
    return _finding(request, session, Form(_register(registers)), registers=registers)


@router.post("/find", name="find_episodes_of_a_patient")
async def find(request: Request) -> Response:
    """The episodes of the patient with this identifier."""
    session, asking = signed_in(request)
    Query(request)
    asking.require(Operation.FIND_EPISODES_OF_A_PATIENT)
    registers = await _registers(request, asking)
    try:
        form = await read_form(request, session)
    except SignedInAnew as anew:
        note_outcome(request.scope, anew.outcome)
        faults = {"": anew.detail}
        return _finding(request, session, anew.form, faults, status=STATUS[anew.outcome], registers=registers)
    if wrong := _patient_faults(form):
        note_outcome(request.scope, "invalid_body")
        status = HTTPStatus.UNPROCESSABLE_ENTITY
        return _finding(request, session, form, wrong, status=status, registers=registers)
    body = orjson.dumps({"patient": _patient(form)})
    service = installation(request)
    try:
        told = await read(request, lambda: find_episodes.find_episodes(service, asking, body))
    except Refusal as refusal:
        if not refusal.errors:
            raise
        note_outcome(request.scope, refusal.outcome)
        faults = Typed({}, dict(_PLACES)).beside(refusal.errors, refusal.detail)
        return _finding(request, session, form, faults, status=STATUS[refusal.outcome], registers=registers)
    found = orjson.loads(told)["episodes"]
    others = await _written_otherwise(request, asking, form, registers)
    shown = [*found, *(each for other in others for each in other["episodes"])]
    note_shown(request, [each["episode"] for each in shown])
    return _finding(
        request,
        session,
        form,
        found=found,
        others=others,
        labels=_labels(request, shown),
        registers=registers,
    )


def _finding(
    request: Request,
    session: Session,
    form: Form,
    faults: Faults | None = None,
    *,
    status: HTTPStatus = HTTPStatus.OK,
    registers: Sequence[str] = (),
    **found: Any,
) -> Response:
    shown = {"found": None, "others": (), "labels": {}} | found
    return page(
        request,
        "find.html",
        session,
        status=status,
        form=form,
        faults=faults or {},
        registers=registers,
        **shown,
    )


def _labels(request: Request, episodes: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Where each episode is, as its pathway calls it."""
    service = installation(request)
    return {
        each["episode"]: service.pathway(each["pathway"]["id"], each["pathway"]["version"])
        .state(each["state"])
        .label
        for each in episodes
    }


async def _registers(request: Request, asking: Caller) -> list[str]:
    service = installation(request)
    return await read(request, lambda: registers_in_use(service, asking, PATHWAY))


async def _written_otherwise(
    request: Request, asking: Caller, form: Form, registers: Sequence[str]
) -> list[dict[str, Any]]:
    """Whose episodes may be this child's, under an identifier written in another way."""
    service = installation(request)
    try:
        asked = PatientIdentifier(**_patient(form))
    except ValidationError:
        return []
    return await read(
        request, lambda: find_episodes.find_written_otherwise(service, asking, asked, registers)
    )


def _is_another(form: Form) -> bool:
    """Whether somebody said that this child is another one; it counts for the identifier it was said of."""
    return form.text(ANOTHER) == _said_of(form)


def _said_of(form: Form) -> str:
    return " ".join(_patient(form).values())


def _patient_faults(form: Form) -> dict[str, str]:
    return {f"patient.{name}": _EMPTY[name] for name, value in _patient(form).items() if not value}


def _register(registers: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """The register that nobody has to type, where the site has but one."""
    return {"patient.system": (registers[0],)} if len(registers) == 1 else {}


def _open(request: Request, asking: Caller, body: bytes, key: str) -> Future[Settled]:
    digest = request_digest(request, asking, body)
    try:
        return open_episode.open_episode(installation(request), asking, body, key, digest)
    except EventNotUnderstood as fault:
        raise Refusal("invalid_body", _NOT_UNDERSTOOD, fault.errors) from None


def _patient(form: Form) -> dict[str, str]:
    return {"system": form.text("patient.system"), "value": form.text("patient.value")}


def _answered(form: Form, known: Known) -> dict[str, str]:
    told = form.text("opened_on")
    looked = {LOOKED_AT: told} if known.far or (told and form.text(LOOKED_AT) == told) else {}
    return looked | ({ANOTHER: form.text(ANOTHER)} if _is_another(form) else {})


def _far_back(request: Request, session: Session, form: Form) -> str:
    """The day of the opening in words, where it may be a slip and nobody has looked at it yet."""
    told = form.text("opened_on")
    if form.text(LOOKED_AT) == told:
        return ""
    try:
        return far_back(date.fromisoformat(told), _today(request, session))
    except ValueError:
        return ""  # what is no day is refused with what else is wrong


def _today(request: Request, session: Session) -> date:
    service = installation(request)
    return today_in(service.settings.time_zone(session.site_id), service.clock())


def _first_form(request: Request, session: Session, registers: Sequence[str]) -> Form:
    fields = {"opened_on": (_today(request, session).isoformat(),)} | _register(registers)
    for facts in _baseline():
        fields |= empty_form(facts, {}, _prefix(facts)).fields
    return Form(fields)


def _typed(form: Form) -> Typed:
    """The opening that was typed, with the facts of which anything was told."""
    told: dict[str, Any] = {
        "pathway": PATHWAY,
        "patient": _patient(form),
        "opened_on": form.text("opened_on"),
    }
    if form.text("risk_group"):
        told["risk_group"] = form.text("risk_group")
    if age := form.text("age_months"):
        told["age_months"] = int(age) if _MONTHS.fullmatch(age) else age
    typed = Typed(told, dict(_PLACES))
    if age and not _MONTHS.fullmatch(age):
        typed.faults["age_months"] = _NO_AGE
    if not told["opened_on"]:
        typed.faults["opened_on"] = _NO_OPENING
    baseline: list[dict[str, Any]] = []
    for facts in _baseline():
        if not _says_something(form, facts):
            continue
        part = event_of(form, facts, _prefix(facts), otherwise=told["opened_on"])
        typed.places |= {f"/baseline/{len(baseline)}{pointer}": name for pointer, name in part.places.items()}
        typed.faults |= part.faults
        baseline.append(part.event)
    return replace(typed, event=told | ({"baseline": baseline} if baseline else {}))


def _says_something(form: Form, facts: FactForm) -> bool:
    """Whether anything was typed that does not stand there from the beginning."""
    prefix = _prefix(facts)
    first = empty_form(facts, {}, prefix)
    typed = (name for name in form.fields if name.startswith(prefix))
    return any(form.text(name) != first.text(name) for name in typed)


def _baseline() -> list[FactForm]:
    return [BY_KIND[kind] for kind in BASELINE]


def _prefix(facts: FactForm) -> str:
    return f"{facts.kind}."


def _parts(words: Mapping[str, Any], form: Form) -> list[tuple[FactForm, list[Part], bool]]:
    return [
        (facts, parts_of(facts, words, form, _prefix(facts)), _says_something(form, facts))
        for facts in _baseline()
    ]


def _opening(
    request: Request,
    session: Session,
    form: Form,
    faults: Faults | None = None,
    *,
    status: HTTPStatus = HTTPStatus.OK,
    key: str = "",
    registers: Sequence[str] = (),
    known: Known = UNKNOWN,
) -> Response:
    pathway = installation(request).catalogue.find(PATHWAY, None)
    words = words_of(pathway) if pathway else {}
    baseline = _parts(words, form)
    return page(
        request,
        "open_episode.html",
        session,
        status=status,
        form=form,
        faults=faults or {},
        key=key,
        existing=known.existing,
        registers=registers,
        others=known.others,
        far=known.far,
        # What was answered once stays answered, whatever else is asked about.
        answered=_answered(form, known),
        where=_labels(request, (each for other in known.others for each in other["episodes"])),
        another=ANOTHER,
        said_of=_said_of(form),
        risks=RISKS,
        words=words,
        baseline=baseline,
        labels=_LABELS | labels_of(part for _, parts, _ in baseline for part in parts),
    )
