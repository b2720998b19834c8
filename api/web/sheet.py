"""The sheet for the tumour board: one episode on two printed pages at most, with room to write what was decided."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import orjson
from fastapi import APIRouter, Request, Response

from api.dependencies import Query, installation, read
from api.web.looking import PARAMETERS, looking
from api.web.rendering import Page, page
from api.web.sessions import signed_in
from pathway.engine.findings import in_words
from pathway.engine.outcome import OBTAIN
from pathway.use_cases.name_patients import name_patients
from pathway.use_cases.openings import applies, openings
from pathway.use_cases.survey_episode import survey_episode
from pathway.use_cases.words import entry_in_words, finding_in_words

router = APIRouter(route_class=Page, include_in_schema=False)

Document = Mapping[str, Any]

MOST_OF_THE_COURSE: Final = 14
MOST_OPTIONS: Final = 9
MOST_IN_THE_WAY: Final = 3
MOST_MISSING: Final = 8
MOST_SIDE_EFFECTS: Final = 8
"""How much of each there is room for; of what is left out the sheet says how much it is."""

_TOLD: Final = frozenset(
    {
        "prior_therapy_recorded",
        "progression_evidence_recorded",
        "gd2_measured",
        "decision_made",
        "cycle_started",
        "assessment_recorded",
        "response_confirmed",
        "local_control_completed",
        "car_t_step_recorded",
        "episode_closed",
        "episode_reopened",
    }
)
"""The kinds that make up a course in short: lines and cycles, responses, local control, cells, and what was decided."""


@router.get("/episodes/{episode_id}/sheet", name="read_an_episode")
async def show(request: Request) -> Response:
    """The sheet, for today or as the address says."""
    session, asking = signed_in(request)
    looked = looking(request, session, Query(request, *PARAMETERS))
    service, episode_id = installation(request), request.path_params["episode_id"]

    def made() -> Response:
        told = orjson.loads(survey_episode(service, asking, episode_id, looked.known_at, looked.as_of))
        pseudonym = told["episode"]["patient"]
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
            course=_course(told["history"]),
            side_effects=_side_effects(told["episode"]),
            sources=Sources(),
            recorded_last=max(row["recorded_at"] for row in told["history"]),
            found=finding_in_words,
            room={
                "course": MOST_OF_THE_COURSE,
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


def _course(history: list[Document]) -> list[dict[str, Any]]:
    """What happened, the earliest first; cycles of one line that followed upon each other are one row."""
    rows = [row for row in history if row["kind"] in _TOLD and row["standing"] == "in_force"]
    return list(_joined(reversed(rows)))


def _joined(rows: Iterator[Document]) -> Iterator[dict[str, Any]]:
    cycles: dict[str, Any] | None = None
    for row in rows:
        if row["kind"] == "cycle_started":
            if cycles is None:
                cycles = _row(row) | {"count": 0}
            cycles["count"] += 1
            continue
        if cycles is not None:
            yield _counted(cycles)
            cycles = None
        yield _row(row)
    if cycles is not None:
        yield _counted(cycles)


def _row(row: Document) -> dict[str, Any]:
    event = row["event"]
    told = f"{in_words(row['kind'])}: {entry_in_words(event)}".removesuffix(": ")
    if response := row.get("response"):
        told = f"{told}. In force: {response}"
    return {
        "on": row["on"],
        "precision": event.get("occurred_precision", "day"),
        "sequence": row["sequence"],
        "told": told,
    }


def _counted(cycles: Document) -> dict[str, Any]:
    count = cycles["count"]
    return {**cycles, "told": f"{count} cycles began" if count > 1 else cycles["told"]}


def _side_effects(episode: Document) -> list[Document]:
    return [each for each in episode["facts"].get("toxicities", []) if each["ongoing"]]
