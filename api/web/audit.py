"""Who read and wrote what at the site, for those who look into it; that they looked is recorded too."""

from __future__ import annotations

from http import HTTPStatus
from typing import Final
from urllib.parse import urlencode

from fastapi import APIRouter, Request, Response
from markupsafe import Markup

from api.dependencies import installation, note_shown, read
from api.problems import note_outcome
from api.web.asking import Asked
from api.web.rendering import Page, instant, page
from api.web.sessions import signed_in
from pathway.use_cases.permissions import NEEDS, Operation
from pathway.use_cases.read_audit import KINDS, AuditFilter, read_audit
from pathway.use_cases.words import operation_in_words, outcome_in_words

router = APIRouter(route_class=Page, include_in_schema=False)

ROWS: Final = 50
FIELDS: Final = ("show", "subject", "operation", "episode", "since", "until")
AT_A_TERMINAL: Final = ("verify_the_record", "sign_a_checkpoint", "accept_another_log")
"""Operations that are no call of their own."""
_WITHIN_OTHERS: Final = frozenset(
    {
        Operation.NAME_A_PATIENT,
        Operation.STATE_WHAT_A_PERSON_FOUND,
        Operation.TAKE_BACK_A_PERSONS_WORD,
        Operation.OVERRIDE_A_STOP,
        Operation.TAKE_BACK_A_STOP,
    }
)
"""What leaves no record under its own name."""
_CHANGING: Final = frozenset({"events.write", "decisions.write", "overrides.sign", "patients.erase"})
SHOWN: Final = {"changes": "only what changed something", "refused": "only what was refused or failed"}
_NOT_OFFERED: Final = "Choose one of the list."


@router.get("/audit", name="read_the_audit_records")
async def show(request: Request) -> Response:
    """One page of records, the newest first; what was looked for stands in the address."""
    session, asking = signed_in(request)
    asking.require(Operation.READ_THE_AUDIT_RECORDS)
    asked = Asked(request, session, *FIELDS, "cursor")
    show_only = asked.form.text("show")
    if show_only and show_only not in KINDS:
        asked.faults["show"] = _NOT_OFFERED
    wanted = AuditFilter(
        asked.name("subject"),
        asked.name("operation"),
        asked.identifier("episode"),
        asked.beginning("since"),
        asked.end("until"),
        KINDS.get(show_only),
    )
    cursor = asked.query.cursor() if asked.form.text("cursor") else None
    service = installation(request)
    found = await read(request, lambda: read_audit(service, asking, wanted, cursor, ROWS))
    sent = asked.sent("cursor")
    rows = [] if asked.faults else found.rows
    note_shown(request, dict.fromkeys(row["episode"] for row in rows if row["episode"]))
    note_outcome(request.scope, "invalid_parameter" if asked.faults else "ok")
    return page(
        request,
        "audit.html",
        session,
        status=HTTPStatus.BAD_REQUEST if asked.faults else HTTPStatus.OK,
        asked=asked,
        rows=rows,
        operations=_operations(),
        shown=SHOWN,
        operation=operation_in_words,
        outcome=outcome_in_words,
        narrowed=bool(sent),
        looked_for=_in_words(asked, wanted),
        subjects=sorted({row["subject"] for row in rows}),
        following=f"/audit?{urlencode(sent | {'cursor': found.next_cursor})}"
        if found.next_cursor and rows
        else None,
    )


def _operations() -> dict[str, list[tuple[str, str]]]:
    """What can be looked for: changes before the reads that bury them."""
    groups: dict[str, list[str]] = {"Changing the record": [], "Reading": [], "The service": [*AT_A_TERMINAL]}
    for each in Operation:
        if each in _WITHIN_OTHERS:
            continue
        needs = NEEDS[each]
        group = (
            "Changing the record"
            if needs in _CHANGING
            else "The service"
            if needs == "operations"
            else "Reading"
        )
        groups[group].append(each.value)
    return {
        group: sorted(((each, operation_in_words(each)) for each in names), key=lambda each: each[1])
        for group, names in groups.items()
    }


def _in_words(asked: Asked, wanted: AuditFilter) -> list[Markup | str]:
    """What was looked for, so that a page on paper says what it leaves out."""
    told: list[Markup | str] = [SHOWN[asked.form.text("show")]] if wanted.of else []
    told += [f"of {wanted.subject}"] if wanted.subject else []
    told += [operation_in_words(wanted.operation)] if wanted.operation else []
    told += [f"about the episode {wanted.episode}, and lists that named it"] if wanted.episode else []
    told += (
        [Markup("from {}").format(instant(wanted.since, asked.zone, seconds=True))] if wanted.since else []
    )
    told += (
        [Markup("up to {}").format(instant(wanted.until, asked.zone, seconds=True))] if wanted.until else []
    )
    return told
