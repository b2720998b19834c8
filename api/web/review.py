"""Answering a review task on the page of an episode."""

from __future__ import annotations

import orjson
from fastapi import APIRouter, Request, Response

from api.dependencies import Query, installation, request_digest
from api.problems import note_outcome
from api.web.episode import episode_page
from api.web.forms import SignedInAnew, read_form
from api.web.rendering import Page, see
from api.web.sending import Returned, come_back, sent
from api.web.sessions import signed_in
from pathway.use_cases.permissions import Operation
from pathway.use_cases.resolve_review import resolve_review

router = APIRouter(route_class=Page, include_in_schema=False)


@router.post("/episodes/{episode_id}/reviews/{entry_id}", name="answer_a_review_task")
async def answer_a_review_task(request: Request) -> Response:
    """Records what was found, in a sentence."""
    session, asking = signed_in(request)
    Query(request)
    episode_id, entry_id = (request.path_params[name] for name in ("episode_id", "entry_id"))
    try:
        form = await read_form(request, session)
    except SignedInAnew as anew:
        returned = come_back(request, entry_id, anew)
        return await episode_page(request, session, asking, returned=returned)
    if not form.text("reason"):
        asking.require(Operation.ANSWER_A_REVIEW_TASK)
        note_outcome(request.scope, "invalid_body")
        returned = Returned(entry_id, form, {"reason": "Say in a sentence what was found."})
        return await episode_page(request, session, asking, returned=returned)
    body, service = orjson.dumps({"reason": form.text("reason")}), installation(request)
    key, digest = form.key, request_digest(request, asking, body)
    done = await sent(
        request,
        key,
        lambda: resolve_review(service, asking, episode_id, entry_id, body, key, digest),
    )
    if not done.refused:
        return see(f"/episodes/{episode_id}?recorded={done.document['entry']}")
    returned = Returned(entry_id, form, done.faults({"/reason": "reason"}), done.status, done.key)
    return await episode_page(request, session, asking, returned=returned)
