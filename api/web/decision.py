"""What people decide on the page of an episode: choosing an option, and signing a second time."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import Any, Final

import orjson
from fastapi import APIRouter, Request, Response

from api.dependencies import Query, installation, request_digest
from api.problems import note_outcome
from api.web.episode import episode_page
from api.web.forms import Form, SignedInAnew, read_form
from api.web.looking import Looking
from api.web.rendering import Page, see
from api.web.sending import Returned, come_back, sent
from api.web.sessions import Session, signed_in
from pathway.use_cases import countersign, decide
from pathway.use_cases.installation import today_in
from pathway.use_cases.permissions import Operation, Role

router = APIRouter(route_class=Page, include_in_schema=False)

FIELDS: Final[Mapping[str, str]] = {
    "/option": "option",
    "/decided_on": "decided_on",
    "/decided_by": "decided_by",
    "/detail/regimen": "regimen",
    "/detail/agents": "agents",
    "/detail/modality": "modality",
    "/detail/hold_until": "hold_until",
    "/detail/closure": "closure",
    "/detail/rests_in": "rests_in",
    "/detail/text": "text",
    "/reason": "reason_text",
    "/reason/text": "reason_text",
    "/reason/code": "reason_code",
}
"""Where each part of a decision stands in the form."""

_DETAILS: Final = ("regimen", "modality", "hold_until", "closure", "rests_in", "text")
_LISTED: Final = re.compile(r"[,;\n]")
_CLINICIANS: Final = "This overrides a hard stop: a clinician decides on it, and another one signs."


@router.post("/episodes/{episode_id}/decisions", name="decide_on_an_option")
async def decide_on_an_option(request: Request) -> Response:
    """Records what was chosen; what is refused comes back with everything that was typed."""
    session, asking = signed_in(request)
    Query(request)
    asking.require(Operation.DECIDE_ON_AN_OPTION)
    episode_id, service = request.path_params["episode_id"], installation(request)
    today = today_in(service.settings.time_zone(session.site_id), service.clock())
    try:
        form = await read_form(request, session)
    except SignedInAnew as anew:
        returned = come_back(request, "decision", anew)
        looked = _looked_at(anew.form, "as_of", today)
        return await episode_page(request, session, asking, looked=looked, returned=returned)
    looked = _looked_at(form, "as_of", today)
    if wrong := _left_open(form, session):
        note_outcome(request.scope, "invalid_body")
        returned = Returned("decision", form, wrong)
        return await episode_page(request, session, asking, looked=looked, returned=returned)
    body, key = _decision(form), form.key
    digest = request_digest(request, asking, body)
    done = await sent(request, key, lambda: decide.decide(service, asking, episode_id, body, key, digest))
    if not done.refused:
        return see(f"/episodes/{episode_id}?recorded={done.document['entry']}")
    faults = {"": _CLINICIANS} if done.outcome == "not_permitted" else done.faults(FIELDS)
    if done.outcome == "stale_decision":
        # It comes back on the recommendation for the day of the decision, on which it can be recorded.
        looked = _looked_at(form, "decided_on", today)
    returned = Returned("decision", form, faults, done.status, done.key)
    return await episode_page(request, session, asking, looked=looked, returned=returned)


@router.post("/episodes/{episode_id}/decisions/{entry_id}/countersignature", name="sign_a_decision")
async def sign_a_decision(request: Request) -> Response:
    """Makes the override of a hard stop take effect, by the signature of another clinician."""
    session, asking = signed_in(request)
    Query(request)
    episode_id, entry_id = (request.path_params[name] for name in ("episode_id", "entry_id"))
    try:
        form = await read_form(request, session)
    except SignedInAnew as anew:
        returned = come_back(request, entry_id, anew)
        return await episode_page(request, session, asking, returned=returned)
    if not form.text("reason"):
        asking.require(Operation.SIGN_A_DECISION)
        note_outcome(request.scope, "invalid_body")
        returned = Returned(entry_id, form, {"reason": "Say in a sentence why you agree."})
        return await episode_page(request, session, asking, returned=returned)
    body, service = orjson.dumps({"reason": form.text("reason")}), installation(request)
    key, digest = form.key, request_digest(request, asking, body)
    done = await sent(
        request,
        key,
        lambda: countersign.countersign(service, asking, episode_id, entry_id, body, key, digest),
    )
    if not done.refused:
        return see(f"/episodes/{episode_id}?recorded={done.document['entry']}")
    returned = Returned(entry_id, form, done.faults({"/reason": "reason"}), done.status, done.key)
    return await episode_page(request, session, asking, returned=returned)


def _looked_at(form: Form, field: str, today: date) -> Looking:
    """The page as of the day in this field; today's where there is none, or none before it."""
    try:
        on = date.fromisoformat(form.text(field))
    except ValueError:
        return Looking()
    return Looking(on) if on < today else Looking()


def _left_open(form: Form, session: Session) -> dict[str, str]:
    """What only the person can say: neither the option nor the day is filled in for them.

    Who is no clinician records what others decided, and says who they were.
    """
    asked = {"option": "Choose what was decided.", "decided_on": "Say on which day it was decided."}
    if Role.CLINICIAN not in session.roles:
        asked["decided_by"] = "Say who decided: you record it under your own name."
    return {name: sentence for name, sentence in asked.items() if not form.text(name)}


def _decision(form: Form) -> bytes:
    """The decision as the use case takes it: what was left empty is left out."""
    detail: dict[str, Any] = {name: form.text(name) for name in _DETAILS if form.text(name)}
    if agents := [name for each in _LISTED.split(form.text("agents")) if (name := each.strip())]:
        detail["agents"] = agents
    reason = {name: form.text(f"reason_{name}") for name in ("code", "text") if form.text(f"reason_{name}")}
    asked: dict[str, Any] = {"option": form.text("option"), "detail": detail, "basis": form.text("basis")}
    asked["decided_on"] = form.text("decided_on")
    if by := form.text("decided_by"):
        asked["decided_by"] = by
    return orjson.dumps(asked | ({"reason": reason} if reason else {}))
