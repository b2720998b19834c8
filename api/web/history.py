"""The history of an episode as known on any day: who recorded what and when, and what became of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import urlencode

import orjson
from fastapi import APIRouter, Request, Response

from api.dependencies import installation, read
from api.listing import CSV, NDJSON, listed
from api.problems import note_outcome
from api.web.asking import Asked
from api.web.fact_forms import CORRECTABLE
from api.web.rendering import HEADERS, Page, page
from api.web.sessions import signed_in
from pathway.store.values import NO_LIMIT
from pathway.use_cases import read_history
from pathway.use_cases.aftermath import aftermath_of
from pathway.use_cases.installation import Caller, Installation
from pathway.use_cases.name_patients import name_patients
from pathway.use_cases.pathways import label_pathway
from pathway.use_cases.read_episode import read_episode
from pathway.use_cases.refusals import Refusal
from pathway.use_cases.words import (
    changes_in_words,
    decider_in_words,
    detail_in_words,
    entry_in_words,
    fact_in_words,
    facts_in_words,
    impact_in_words,
    option_in_words,
    reason_in_words,
)

router = APIRouter(route_class=Page, include_in_schema=False)

Document = Mapping[str, Any]
ROWS: Final = 50
FIELDS: Final = ("known_at", "from", "to")
FORMS: Final = {"csv": CSV, "ndjson": NDJSON}


@router.get("/episodes/{episode_id}/history", name="read_the_history")
async def show(request: Request) -> Response:
    """Entries in the order in which they were recorded; `entry` opens the page with that one on it."""
    session, asking = signed_in(request)
    asked = Asked(request, session, *FIELDS, "cursor", "entry")
    known_at, since, until = asked.end("known_at"), asked.day("from"), asked.day("to")
    cursor = asked.query.cursor() if asked.form.text("cursor") else None
    entry = asked.identifier("entry")
    service, episode_id = installation(request), request.path_params["episode_id"]

    def made() -> Response:
        start = read_history.page_of(service, asking, episode_id, entry, ROWS) if entry else cursor
        found = read_history.read_history(service, asking, episode_id, known_at, since, until, start, ROWS)
        episode = _episode(service, asking, episode_id, known_at)
        facts = episode["facts"] if episode["known"] else {}
        sent = asked.sent("cursor", "entry")
        labels = label_pathway(service, asking, episode["pathway"]["id"], episode["pathway"]["version"])
        shown = [row["entry"] for row in found.rows]
        options = labels["options"]
        return page(
            request,
            "history.html",
            session,
            status=HTTPStatus.BAD_REQUEST if asked.faults else HTTPStatus.OK,
            episode=episode,
            patient=name_patients(service, asking, [episode["patient"]]).get(episode["patient"]),
            asked=asked,
            known_at=known_at,
            since=since,
            until=until,
            rows=list(_rows(found.rows)),
            shown=shown,
            after=aftermath_of(service, found.summary, found.known, shown),
            labels=labels,
            facts=[*facts_in_words(facts), *_side_effects(facts)],
            content=partial(entry_in_words, options=options),
            correctable=CORRECTABLE,
            changes=changes_in_words,
            details=detail_in_words,
            decider=decider_in_words,
            reason=reason_in_words,
            said=partial(impact_in_words, options=options),
            option=partial(option_in_words, options=options),
            sent=f"?{urlencode(sent)}" if sent else "",
            beginning=start is None,
            following=f"?{urlencode(sent | {'cursor': found.next_cursor})}" if found.next_cursor else None,
        )

    note_outcome(request.scope, "invalid_parameter" if asked.faults else "ok")
    return await read(request, made)


@router.get("/episodes/{episode_id}/history.{form}", name="read_the_history")
async def download(request: Request) -> Response:
    """The same entries as a file, all of them: a table for a spreadsheet, or lines of JSON."""
    session, asking = signed_in(request)
    asked = Asked(request, session, *FIELDS)
    known_at, since, until = asked.end("known_at"), asked.day("from"), asked.day("to")
    episode_id, form = (request.path_params[name] for name in ("episode_id", "form"))
    if form not in FORMS:
        raise Refusal("not_found", "The history can be had as history.csv or history.ndjson.")
    if asked.faults:
        raise Refusal("invalid_parameter", " ".join(asked.faults.values()))
    service = installation(request)

    def made() -> Response:
        found = read_history.read_history(service, asking, episode_id, known_at, since, until, None, NO_LIMIT)
        answer = listed(request, FORMS[form], "entries", read_history.COLUMNS, found.rows, None)
        name = f'attachment; filename="history-{episode_id}.{form}"'
        answer.headers.update({**HEADERS, "content-disposition": name})
        return answer

    return await read(request, made)


def _episode(
    service: Installation, asking: Caller, episode_id: str, known_at: datetime | None
) -> dict[str, Any]:
    """The episode as known then; as it is now, and `known` false, where nothing was known of it then."""
    known = True
    try:
        document = read_episode(service, asking, episode_id, known_at, None)
    except Refusal:
        if known_at is None:
            raise
        document, known = read_episode(service, asking, episode_id, None, None), False
    return {**orjson.loads(document), "known": known}


def _rows(rows: Sequence[Document]) -> Iterator[dict[str, Any]]:
    """Each entry with the findings it changed, and the instant just before it was known."""
    before: Document | None = None
    for row in rows:
        told = row["recommendation"]
        findings = told["findings"] if told else {}
        was = before or {}
        yield {
            **row,
            "findings": {name: value for name, value in findings.items() if was.get(name) != value},
            "first": before is None,
            "overrides": row["event"].get("awaits_second_signature", False),
            "just_before": (
                datetime.fromisoformat(row["recorded_at"]) - timedelta(microseconds=1)
            ).isoformat(),
        }
        before = findings if told else before


def _side_effects(facts: Document) -> Iterator[tuple[str, str, Document]]:
    for each in facts.get("toxicities", ()):
        yield "side effect", fact_in_words(each), each
