"""Entering a fact by hand: which form fits, what recording it would change before that is done, and doing it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final

import orjson
from fastapi import APIRouter, Request, Response

from api.dependencies import Query, installation, read, request_digest
from api.problems import STATUS, note_outcome
from api.web.fact_fields import FactForm
from api.web.fact_forms import BY_KIND, CHAPTERS, CORRECTION, RETRACTION
from api.web.forms import Faults, Form, SignedInAnew, read_form
from api.web.rendering import Page, may, page, see
from api.web.restated import Restated, doubts, restated
from api.web.sending import Sent, sent
from api.web.sessions import Session, signed_in
from api.web.typed import (
    Part,
    Typed,
    empty_form,
    event_of,
    form_of,
    hinted,
    labels_of,
    part_of,
    parts_of,
    taken,
)
from pathway.episodes.events import EventNotUnderstood, PatientIdentifier, read_event
from pathway.store.values import Settled
from pathway.use_cases import record_events
from pathway.use_cases.assess_response import assess_response
from pathway.use_cases.installation import Caller, Installation
from pathway.use_cases.name_patients import name_patients
from pathway.use_cases.permissions import Operation
from pathway.use_cases.prepare_form import prepare_form
from pathway.use_cases.refusals import Refusal
from pathway.use_cases.words import event_in_words, impact_in_words

router = APIRouter(route_class=Page, include_in_schema=False)

Document = Mapping[str, Any]

CORRECTED: Final = "event_corrected"
RETRACTED: Final = "event_retracted"
REPLACEMENT: Final = "replacement."
_ABOUT_AN_ENTRY: Final = (CORRECTED, RETRACTED)
_CHANGED: Final = "What is typed below is not what was worked out: look at it again, then record it."
_UNUSUAL: Final = "Before this is recorded, look once more at what is pointed out below."
_OPENING: Final = (
    "The opening is not corrected. Risk group and age are told anew by the form Age and risk group. An episode of the"
    " wrong child is ended by the form End of the episode, because it was opened in error, and another one is opened."
)
_NOT_UNDERSTOOD: Final = "What was typed was not understood; nothing was recorded."
_PRESENT: Final[Mapping[str, Mapping[str, str]]] = {
    "cycle_started": {"line": "line", "cycle": "next_cycle", "regimen": "regimen", "agents": "agents"},
    "cycle_completed": {"line": "line", "cycle": "running_cycle"},
}
"""What a form says of the present treatment before anybody types: its fields, and where the episode tells each."""
_FILLED_IN: Final = "Filled in from the episode: see whether it is right."
_NO_REASON: Final = "Say what was wrong: whoever reads the history later has nothing else to go by."


@dataclass(frozen=True, slots=True)
class Asking:
    """The form that is asked for: of which kind, on which episode (`told`), about which entry."""

    kind: str
    told: Document
    patient: PatientIdentifier | None
    entry: str | None = None
    """The entry in the address."""

    @property
    def facts(self) -> FactForm | None:
        """The form of the fact that is told; None for a retraction. Raises `Refusal` where there is none."""
        if self.kind == RETRACTED:
            return None
        wanted = self.told["entry"]["kind"] if self.kind == CORRECTED else self.kind
        if wanted == "episode_opened":
            raise Refusal("not_correctable", _OPENING)
        if wanted not in BY_KIND:
            raise Refusal(
                "not_correctable", "Only facts can be corrected; a decision can be retracted and made anew."
            )
        return BY_KIND[wanted]

    @property
    def first_looked_at(self) -> bool:
        """True for an assessment: it is worked out before it can be recorded."""
        return self.facts is not None and self.facts.kind == "assessment_recorded"


@dataclass(frozen=True, slots=True)
class Shown:
    """What stands on the page beside the empty form: what was typed, what is wrong, what recording would change."""

    form: Form
    faults: Faults = field(default_factory=dict)
    status: HTTPStatus = HTTPStatus.OK
    key: str = ""
    foreseen: Document | None = None
    typed: Restated | None = None
    doubts: Sequence[str] = ()
    assessed: Document | None = None
    seen: str = ""
    notice: str = ""
    conflict: str = ""
    """The entry that says otherwise, where one does."""


@router.get("/episodes/{episode_id}/record", name="read_an_episode")
async def list_forms(request: Request) -> Response:
    """Everything that can be recorded, in clinical groups; what fits the present state comes first."""
    session, asking = signed_in(request)
    Query(request)
    told, patient = await _prepared(request, asking, None)
    wanted = {kind for kind, facts in BY_KIND.items() if facts.obtains & set(told["missing"])}
    shown = [facts for facts in BY_KIND.values() if _may_state(session, facts)]
    fitting = [
        facts
        for facts in shown
        if (facts.kind in wanted or facts.kind in told["expected"])
        # A line that was begun elsewhere comes with the child: whoever is treated here already has none to bring.
        and not (facts.kind == "treatment_taken_over" and told["begun_here"])
    ]
    chapters = {
        title: [facts for kind in kinds if (facts := BY_KIND[kind]) in shown]
        for title, kinds in CHAPTERS.items()
    }
    return page(
        request,
        "recordings.html",
        session,
        told=told,
        patient=patient,
        fitting=fitting,
        wanted=wanted,
        chapters=chapters,
    )


@router.get("/episodes/{episode_id}/record/{kind}", name="read_an_episode")
async def show(request: Request) -> Response:
    """The form for one kind of fact; for a correction, filled with what was recorded."""
    session, asking = signed_in(request)
    asked = await _asking(request, asking)
    return _page(request, session, asked, Shown(_first_form(asked)))


@router.post("/episodes/{episode_id}/record/{kind}", name="record_what_happened")
async def record(request: Request) -> Response:
    """Says what recording it would change, or records it."""
    session, asking = signed_in(request)
    try:
        form = await read_form(request, session)
    except SignedInAnew as anew:
        note_outcome(request.scope, anew.outcome)
        asked = await _asking(request, asking)
        shown = Shown(anew.form, {"": anew.detail}, STATUS[anew.outcome], anew.key)
        return _page(request, session, asked, shown)
    asked = await _asking(request, asking)
    typed = _typed(form, asked)
    if typed.faults:
        note_outcome(request.scope, "invalid_body")
        faults = _faults_of_the_event(typed) | typed.faults
        return _page(request, session, asked, Shown(form, faults, HTTPStatus.UNPROCESSABLE_ENTITY, form.key))
    body = orjson.dumps(typed.event, option=orjson.OPT_SORT_KEYS)
    seen = _what_counts(typed.event)
    wants, looked_at = form.text("do") == "record", form.text("seen")
    odd = doubts(typed.event, asked.told)
    # What was looked at is what is recorded: anything else is shown again; an assessment, or a day that may be
    # a slip, always before.
    settled = looked_at == seen if looked_at else not (asked.first_looked_at or odd)
    if wants and settled:
        return await _recorded(request, session, asking, asked, form, typed, body)
    done = await sent(request, "", lambda: _write(request, asking, body, None))
    if done.refused:
        return _page(request, session, asked, _wrong(form, typed, done, form.key))
    shown = Shown(
        form,
        key=form.key,
        foreseen=done.document,
        typed=restated(typed.event, asked.told),
        doubts=odd,
        assessed=_assessed(typed.event),
        seen=seen,
        notice=_CHANGED if wants and looked_at else _UNUSUAL if wants and odd else "",
    )
    return _page(request, session, asked, shown)


def _faults_of_the_event(typed: Typed) -> dict[str, str]:
    """What is wrong beside what is wrong with the form itself: people are told of all of it at once."""
    try:
        read_event(orjson.dumps(typed.event))
    except EventNotUnderstood as fault:
        return {name: sentence for name, sentence in typed.beside(fault.errors).items() if name}
    return {}


def _what_counts(event: Document) -> str:
    """A digest of what has to be looked at again once it has changed: of a correction not why it is made."""
    told = {name: value for name, value in event.items() if name != "reason" or event["kind"] != CORRECTED}
    return hashlib.sha256(orjson.dumps(told, option=orjson.OPT_SORT_KEYS)).hexdigest()


async def _recorded(
    request: Request, session: Session, asking: Caller, asked: Asking, form: Form, typed: Typed, body: bytes
) -> Response:
    done = await sent(request, form.key, lambda: _write(request, asking, body, form.key))
    if done.refused:
        return _page(request, session, asked, _wrong(form, typed, done, done.key))
    entry = done.document["entries"][0]["entry"]
    return see(f"/episodes/{request.path_params['episode_id']}?recorded={entry}")


def _write(request: Request, asking: Caller, body: bytes, key: str | None) -> Future[Settled]:
    """Hands the event to the use case; without a key it only says what it would do. Raises `Refusal`."""
    try:
        return record_events.record_events(
            installation(request),
            asking,
            request.path_params["episode_id"],
            body,
            key,
            request_digest(request, asking, body),
            dry_run=key is None,
        )
    except EventNotUnderstood as fault:
        raise Refusal("invalid_body", _NOT_UNDERSTOOD, fault.errors) from None


def _wrong(form: Form, typed: Typed, done: Sent, key: str) -> Shown:
    errors = [(each["pointer"], each["detail"]) for each in done.document.get("errors", ())]
    faults = typed.beside(errors, done.detail)
    return Shown(form, faults, done.status, key, conflict=done.document.get("entry", ""))


async def _asking(request: Request, asking: Caller) -> Asking:
    """The form the address asks for. Raises `Refusal`."""
    kind = request.path_params["kind"]
    entry = Query(request, "entry").identifier("entry")
    if kind not in BY_KIND and kind not in _ABOUT_AN_ENTRY:
        raise Refusal("not_found", "There is no form for this.")
    if kind in _ABOUT_AN_ENTRY and entry is None:
        raise Refusal("invalid_parameter", "Say which entry is meant: choose it on the page of the episode.")
    if kind in BY_KIND and BY_KIND[kind].states:
        asking.require(Operation.STATE_WHAT_A_PERSON_FOUND)
    told, patient = await _prepared(request, asking, entry if kind in _ABOUT_AN_ENTRY else None)
    asked = Asking(kind, told, patient, entry)
    if asked.facts is not None and asked.facts.states and kind == CORRECTED:
        raise Refusal("not_correctable", "What a person stated is retracted and stated anew.")
    return asked


async def _prepared(
    request: Request, asking: Caller, entry: str | None
) -> tuple[Document, PatientIdentifier | None]:
    service: Installation = installation(request)
    episode_id = request.path_params["episode_id"]

    def look() -> tuple[Document, PatientIdentifier | None]:
        told = orjson.loads(prepare_form(service, asking, episode_id, entry))
        return told, name_patients(service, asking, [told["patient"]]).get(told["patient"])

    return await read(request, look)


def _may_state(session: Session, facts: FactForm) -> bool:
    return not facts.states or may(session, Operation.STATE_WHAT_A_PERSON_FOUND)


# The form and the event


def _first_form(asked: Asking) -> Form:
    """The form before anybody typed into it."""
    today = {"occurred_on": asked.told["today"]}
    if asked.facts is None:
        return Form({name: (value,) for name, value in today.items()})
    if asked.kind == CORRECTED:
        recorded = {**asked.told["entry"]["recorded"], "occurred_on": asked.told["entry"]["day"]}
        filled = form_of(recorded, asked.facts, REPLACEMENT)
        return Form({**filled.fields, "occurred_on": (asked.told["today"],)})
    more = _present(asked) | today
    if asked.kind == "toxicity_resolved" and asked.entry:
        more["entry"] = asked.entry
    return empty_form(asked.facts, more)


def _present(asked: Asking) -> dict[str, str]:
    """What the episode tells of the fields of this form."""
    if asked.facts is None or asked.kind == CORRECTED:
        return {}
    told = {name: asked.told[source] for name, source in _PRESENT.get(asked.kind, {}).items()}
    filled = form_of({name: value for name, value in told.items() if value}, asked.facts)
    return {name: value for name, (value, *_) in filled.fields.items() if value}


def _typed(form: Form, asked: Asking) -> Typed:
    """The event that was typed."""
    if asked.facts is None:
        typed = taken(form, RETRACTED, RETRACTION)
        typed.event["entry"] = asked.told["entry"]["entry"]
        return typed
    if asked.kind != CORRECTED:
        return event_of(form, asked.facts)
    typed, replacement = taken(form, CORRECTED, CORRECTION), event_of(form, asked.facts, REPLACEMENT)
    if form.text("do") == "record" and not typed.event.get("reason"):
        typed.faults["reason"] = _NO_REASON
    recorded = asked.told["entry"]
    if "occurred_at" in recorded["recorded"] and replacement.event["occurred_on"] == recorded["day"]:
        # The form knows days alone: an instant that was recorded is kept while its day is.
        del replacement.event["occurred_on"]
        replacement.event["occurred_at"] = recorded["recorded"]["occurred_at"]
    typed.event |= {"entry": recorded["entry"], "replacement": replacement.event}
    typed.places |= {f"/replacement{pointer}": name for pointer, name in replacement.places.items()}
    typed.faults |= replacement.faults
    return typed


def _assessed(event: Document) -> Document | None:
    """The response by what was typed alone; None where no component was told."""
    told = event.get("replacement", event)
    components = told.get("components") if told["kind"] == "assessment_recorded" else None
    return orjson.loads(assess_response(orjson.dumps(components))) if components else None


# The page


def _parts(asked: Asking, form: Form) -> list[Part]:
    if asked.facts is None:
        return [part_of(RETRACTED, RETRACTION)]
    words = asked.told["words"]
    if asked.kind != CORRECTED:
        present = {name: value for name, value in _present(asked).items() if form.text(name) == value}
        return hinted(parts_of(asked.facts, words, form), dict.fromkeys(present, _FILLED_IN))
    recorded = asked.told["entry"]["recorded"]
    if asked.facts.kind == "toxicity_resolved":
        known = {value for value, _ in words["toxicities"]}
        more = [] if recorded["entry"] in known else [(recorded["entry"], "the side effect that was named")]
        words = {**words, "toxicities": [*words["toxicities"], *more]}
    return [*parts_of(asked.facts, words, form, REPLACEMENT), part_of(CORRECTED, CORRECTION)]


def _page(request: Request, session: Session, asked: Asking, shown: Shown) -> Response:
    entry, parts = asked.told.get("entry"), _parts(asked, shown.form)
    return page(
        request,
        "record.html",
        session,
        status=shown.status,
        told=asked.told,
        kind=asked.kind,
        entry=entry,
        recorded=_in_words(entry["recorded"]) if entry else "",
        patient=asked.patient,
        facts=asked.facts,
        parts=parts,
        labels=labels_of(parts),
        shown=shown,
        first_looked_at=asked.first_looked_at,
        said=impact_in_words,
    )


def _in_words(event: Document) -> str:
    return event_in_words({name: value for name, value in event.items() if name != "entry"})
