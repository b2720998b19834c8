"""The page of one episode: what is next and why, what can be decided, what stands in the way, and how it came here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from functools import partial
from http import HTTPStatus
from itertools import groupby
from typing import Any, Final

import orjson
from fastapi import APIRouter, Request, Response

from api.dependencies import Query, installation, read
from api.web.fact_forms import CORRECTABLE
from api.web.looking import PARAMETERS, Looking, looking
from api.web.rendering import Page, page
from api.web.sending import Returned
from api.web.sessions import Session, signed_in
from pathway.engine.findings import in_words
from pathway.engine.outcome import OBTAIN
from pathway.use_cases.installation import Caller, Installation
from pathway.use_cases.name_patients import name_patients
from pathway.use_cases.openings import applies, openings
from pathway.use_cases.survey_episode import draw_course, survey_episode
from pathway.use_cases.words import (
    decider_in_words,
    detail_in_words,
    entry_in_words,
    facts_in_words,
    finding_in_words,
    impact_in_words,
    reason_in_words,
)

router = APIRouter(route_class=Page, include_in_schema=False)

Document = Mapping[str, Any]
SHOWN_ENTRIES: Final = 20
"""How many entries of the timeline are on the page; the others stand in the history."""


@router.get("/episodes/{episode_id}", name="read_an_episode")
async def show(request: Request) -> Response:
    """One episode, today or as the address says."""
    session, asking = signed_in(request)
    query = Query(request, *PARAMETERS, "recorded")
    recorded = query.identifier("recorded")
    return await episode_page(
        request, session, asking, looked=looking(request, session, query), recorded=recorded
    )


async def episode_page(
    request: Request,
    session: Session,
    asking: Caller,
    *,
    looked: Looking | None = None,
    recorded: str | None = None,
    returned: Returned | None = None,
) -> Response:
    """The page; with a confirmation of the entry `recorded`, or with a form that comes back. Raises `Refusal`."""
    looked, service = looked or Looking(), installation(request)
    episode_id: str = request.path_params["episode_id"]

    def made() -> Response:
        survey = survey_episode(service, asking, episode_id, looked.known_at, looked.as_of, recorded)
        told = orjson.loads(survey)
        _address(told["history"], episode_id)
        pseudonym = told["episode"]["patient"]
        shown = _shown(told)
        return page(
            request,
            "episode.html",
            session,
            status=returned.status if returned else HTTPStatus.OK,
            looked=looked,
            returned=returned,
            recorded=next((row for row in told["history"] if row["entry"] == recorded), None),
            patient=name_patients(service, asking, [pseudonym]).get(pseudonym),
            drawing=_drawing(service, asking, told),
            shown_entries=SHOWN_ENTRIES,
            found=finding_in_words,
            content=partial(entry_in_words, options=shown["labels"]),
            correctable=CORRECTABLE,
            said=partial(impact_in_words, options=shown["labels"]),
            decider=decider_in_words,
            details=detail_in_words,
            reason=reason_in_words,
            **shown,
        )

    # The page too is made in a thread: it takes as long as what is read for it.
    return await read(request, made)


def _address(history: list[dict[str, Any]], episode_id: str) -> None:
    """Gives each entry the address where it is read: on this page, or in the history."""
    for place, row in enumerate(history):
        here = f"#entry-{row['sequence']}"
        row["address"] = here if place < SHOWN_ENTRIES else _in_the_history(episode_id, row["entry"])
        row["just_before"] = (
            datetime.fromisoformat(row["recorded_at"]) - timedelta(microseconds=1)
        ).isoformat()


def _in_the_history(episode_id: str, entry_id: str) -> str:
    """The address of an entry in the history of its episode."""
    return f"/episodes/{episode_id}/history?entry={entry_id}#e-{entry_id}"


def _shown(told: Document) -> dict[str, Any]:
    """What the template is given of a survey."""
    following, choices = told["next_step"], told["form"]
    return {
        "episode": told["episode"],
        "next_step": following,
        "options": _options(following),
        "urgent": _prompts(following, urgent=True),
        "prompts": _prompts(following, urgent=False),
        "labels": {each["option"]: each["label"] for each in following["options"]},
        "states": choices["states"],
        "course": told["course"],
        "history": told["history"],
        "entries": {row["entry"]: row for row in told["history"]},
        "impacts": told["impacts"],
        "overridden": told["overridden"],
        "facts": list(facts_in_words(told["episode"]["facts"])),
        "choices": choices,
        "taking": _taking(choices["details"]),
        "deciders": [(value, told[:1].upper() + told[1:]) for value, told in choices["decided_by"]],
        "closures": _in_words(choices["closures"]),
        "modalities": _in_words(choices["modalities"]),
    }


def _drawing(service: Installation, asking: Caller, told: Document) -> str:
    course, which = told["course"], told["next_step"]["pathway"]
    states = [each["state"] for each in course["been"]]
    wanted = {each["state"] for each in course["ahead"] if each["status"] == "recommended"}
    ahead = [(each["state"], each["state"] in wanted) for each in course["ahead"]]
    return draw_course(
        service, asking, which["id"], which["version"], states, ahead, _course_in_words(course)
    )


def _options(told: Document) -> dict[str, list[dict[str, Any]]]:
    """The options: open, blocked by what people can do something about, and open on another course alone."""
    kinds: dict[str, list[dict[str, Any]]] = {"open": [], "near": [], "far": []}
    for option in told["options"]:
        if option["status"] != "blocked":
            kinds["open"].append({**option, "attainable": [], "course": []})
            continue
        attainable, course = openings(option, told)
        near = option["option"] != OBTAIN and (attainable or applies(option))
        kinds["near" if near else "far"].append({**option, "attainable": attainable, "course": course})
    return kinds


def _taking(details: Mapping[str, list[str]]) -> dict[str, list[str]]:
    """The options for which each field of the form means something."""
    names = dict.fromkeys(name for fields in details.values() for name in fields)
    return {name: [option for option, fields in details.items() if name in fields] for name in names}


def _in_words(values: Iterable[str]) -> list[tuple[str, str]]:
    return [(value, in_words(value)) for value in values]


def _prompts(told: Document, *, urgent: bool) -> list[list[Document]]:
    """What a person is told beside the next step; what one prompt found several times is together."""
    return [group for group in together(told) if group[0]["urgent"] is urgent]


def together(told: Document) -> list[list[Document]]:
    """The prompts of an answer, the urgent first; what one prompt found several times is one of them."""
    return [list(group) for _, group in groupby(told["prompts"], key=lambda each: each["prompt"])]


def _course_in_words(course: Document) -> str:
    been = course["been"]
    told = [f"The episode is in: {been[-1]['label']}."]
    if len(been) > 1:
        told.append(f"Before, in order: {'; '.join(each['label'] for each in been[:-1])}.")
    if course["ahead"]:
        ahead = dict.fromkeys(each["label"] for each in course["ahead"])
        told.append(f"From here it can go to: {'; '.join(ahead)}.")
    return " ".join(told)
