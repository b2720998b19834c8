"""What changed in what was known of an episode between two instants."""

from __future__ import annotations

from functools import partial
from http import HTTPStatus
from typing import Final

from fastapi import APIRouter, Request, Response

from api.dependencies import installation, read
from api.problems import note_outcome
from api.web.asking import Asked
from api.web.rendering import Page, page
from api.web.sessions import signed_in
from pathway.use_cases.compare_knowledge import compared
from pathway.use_cases.name_patients import name_patients
from pathway.use_cases.pathways import label_pathway
from pathway.use_cases.permissions import Operation
from pathway.use_cases.standing import summary_of
from pathway.use_cases.words import entry_in_words, fact_in_words, fact_label

router = APIRouter(route_class=Page, include_in_schema=False)

FIELDS: Final = ("from", "to")
_BEHIND: Final = "This is to be the earlier of the two."


@router.get("/episodes/{episode_id}/history/diff", name="compare_what_was_known")
async def show(request: Request) -> Response:
    """Both knowledges side by side; without a first instant the form alone."""
    session, asking = signed_in(request)
    asked = Asked(request, session, *FIELDS)
    since, until = asked.end("from"), asked.end("to")
    if since and until and since > until:
        asked.faults["from"] = _BEHIND
    service, episode_id = installation(request), request.path_params["episode_id"]

    def made() -> Response:
        summary = summary_of(service, asking, Operation.COMPARE_WHAT_WAS_KNOWN, episode_id)
        found = None
        if since is not None and not asked.faults:
            found = compared(service, asking, episode_id, since, until)
        labels = label_pathway(service, asking, summary.pathway_id, summary.pathway_version)
        return page(
            request,
            "comparison.html",
            session,
            status=HTTPStatus.BAD_REQUEST if asked.faults else HTTPStatus.OK,
            episode_id=episode_id,
            pseudonym=summary.pseudonym,
            zone=summary.time_zone,
            patient=name_patients(service, asking, [summary.pseudonym]).get(summary.pseudonym),
            asked=asked,
            since=since,
            until=until,
            told=found.told if found else None,
            sequences=found.sequences if found else {},
            corrections=found.corrections if found else {},
            content=partial(entry_in_words, options=labels["options"]),
            fact=fact_in_words,
            label=fact_label,
        )

    note_outcome(request.scope, "invalid_parameter" if asked.faults else "ok")
    return await read(request, made)
