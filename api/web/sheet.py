"""The sheet for the tumour board: one episode on two printed pages at most, with room to write what was decided."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import orjson
from fastapi import APIRouter, Request, Response

from api.dependencies import Query, installation, read
from api.web.child_and_disease import child_and_disease
from api.web.course_in_short import course_in_short, in_force
from api.web.looking import PARAMETERS, looking
from api.web.rendering import Page, page
from api.web.sessions import signed_in
from pathway.engine.outcome import OBTAIN
from pathway.use_cases.name_patients import name_patients
from pathway.use_cases.openings import applies, openings
from pathway.use_cases.survey_episode import survey_episode
from pathway.use_cases.words import finding_in_words

router = APIRouter(route_class=Page, include_in_schema=False)

Document = Mapping[str, Any]

MOST_OF_THE_COURSE: Final = 14
MOST_OPTIONS: Final = 9
MOST_IN_THE_WAY: Final = 3
MOST_MISSING: Final = 8
MOST_SIDE_EFFECTS: Final = 8
"""How much of each there is room for; of what is left out the sheet says how much it is. The course may be longer:
of it nothing is left out that the board has to know."""


@router.get("/episodes/{episode_id}/sheet", name="read_an_episode")
async def show(request: Request) -> Response:
    """The sheet, for today or as the address says."""
    session, asking = signed_in(request)
    looked = looking(request, session, Query(request, *PARAMETERS))
    service, episode_id = installation(request), request.path_params["episode_id"]

    def made() -> Response:
        told = orjson.loads(survey_episode(service, asking, episode_id, looked.known_at, looked.as_of))
        pseudonym = told["episode"]["patient"]
        unsigned = [each["entry"] for each in told["episode"]["awaiting_second_signature"]]
        course, left_out = course_in_short(told["history"], unsigned, MOST_OF_THE_COURSE)
        return page(
            request,
            "sheet.html",
            session,
            looked=looked,
            patient=name_patients(service, asking, [pseudonym]).get(pseudonym),
            episode=told["episode"],
            next_step=told["next_step"],
            since_precision=told["course"]["been"][-1]["precision"],
            question=_question(told["next_step"]),
            possible=_possible(told["next_step"]),
            near=_near(told["next_step"]),
            precisions={
                row["entry"]: row["event"].get("occurred_precision", "day") for row in told["history"]
            },
            child=child_and_disease(told["episode"], told["next_step"], in_force(told["history"])),
            course=course,
            course_left_out=left_out,
            side_effects=_side_effects(told["episode"]),
            sources=Sources(),
            recorded_last=max(row["recorded_at"] for row in told["history"]),
            found=finding_in_words,
            room={
                "options": MOST_OPTIONS,
                "in_the_way": MOST_IN_THE_WAY,
                "missing": MOST_MISSING,
                "side_effects": MOST_SIDE_EFFECTS,
            },
        )

    return await read(request, made)


@dataclass
class Sources:
    """The sources a sheet quotes, each once and with a number, in the order in which they are quoted."""

    quoted: dict[tuple[str, str | None], tuple[int, Document]] = field(default_factory=dict)

    def number(self, citation: Document) -> int:
        """The number of a source in the list at the end."""
        which = citation["source"], citation["where"]
        return self.quoted.setdefault(which, (len(self.quoted) + 1, citation))[0]

    def listed(self) -> list[tuple[int, Document]]:
        """Those quoted so far."""
        return list(self.quoted.values())


def _question(told: Document) -> str:
    count = sum(option["status"] == "possible" for option in told["options"])
    possible = f"the {count} that are possible" if count > 1 else "what is possible"
    if told["needs_tumour_board"]:
        return f"Which of {possible} is to be done? The pathway does not recommend one and leaves it to the board."
    if told["recommended"] == OBTAIN:
        return f"Facts are missing. Is any of {possible} to be decided before they are there?"
    if told["recommended"]:
        label = next(each["label"] for each in told["options"] if each["status"] == "recommended")
        return f"Is it to be what is recommended, “{label}”, or another of {possible}?"
    return "Is anything to be decided? The pathway recommends no step."


def _possible(told: Document) -> list[dict[str, Any]]:
    """What can be chosen, with what speaks for it, what speaks against it, and what is not known of it."""
    found = []
    for option in told["options"]:
        if option["status"] == "blocked" or option["option"] == OBTAIN:
            continue
        sides: dict[str, list[Document]] = {"speaks_for": [], "speaks_against": [], "not_known": []}
        for guard in option["guards"]:
            side = {True: "speaks_for", False: "speaks_against"}.get(guard["value"], "not_known")
            sides[side].append(guard)
        found.append({**option, **sides})
    return found


def _near(told: Document) -> list[dict[str, Any]]:
    """What stands closed and could be opened, with what would open it."""
    found = []
    for option in told["options"]:
        if option["status"] != "blocked" or option["option"] == OBTAIN:
            continue
        attainable, _ = openings(option, told)
        if attainable or applies(option):
            against = [guard for guard in option["guards"] if guard["value"] is not True]
            found.append({**option, "attainable": attainable, "against": against})
    return found


def _side_effects(episode: Document) -> list[Document]:
    return [each for each in episode["facts"].get("toxicities", []) if each["ongoing"]]
