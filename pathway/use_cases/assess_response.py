"""The overall response by INRC 2017 from ratings or measurements, for anyone who wants to check one."""

from __future__ import annotations

import orjson
from pydantic import BaseModel, ConfigDict

from pathway.clinical.component_rules import MARROW_NOT_REPEATED
from pathway.clinical.components import CONTRADICTION, component_in_force, metastatic_parts
from pathway.clinical.inrc import NEEDS_HUMAN_CONFIRMATION, overall_response
from pathway.clinical.terms import Component, Response
from pathway.episodes.events import Components
from pathway.use_cases.refusals import read_body


class Request(Components, BaseModel):
    """The three components, each a rating or measurements; a component left out was not evaluated."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


def assess_response(body: bytes) -> bytes:
    """Overall response, the rules and measurements behind it, what is missing, as JSON. Raises `Refusal`.

    `parts` are soft tissue and bone by their own tables, where the metastases were measured.
    """
    findings = read_body(Request, body).findings()
    derived = {part: component_in_force(part, found) for part, found in findings.items() if found.given}
    given = {part: found.rating for part, found in findings.items()} | {
        part: found.rating for part, found in derived.items()
    }
    flags = tuple(dict.fromkeys(flag for found in derived.values() for flag in found.flags))
    told = overall_response(
        given.get(Component.PRIMARY),
        given.get(Component.METASTATIC),
        given.get(Component.BONE_MARROW),
        marrow_repeated=MARROW_NOT_REPEATED not in flags,
    )
    open_to_people = CONTRADICTION in flags and told.overall not in {Response.PD, Response.NE}
    unsettled = (NEEDS_HUMAN_CONFIRMATION,) if open_to_people else ()
    answer = {
        "overall": told.overall,
        "components": {component.value: given.get(component) or "NE" for component in Component},
        "rule": told.rule,
        "sentence": told.sentence,
        "because": told.citation.as_dict(),
        "flags": list(dict.fromkeys((*flags, *unsettled, *told.flags))),
        "missing": list(told.missing),
        "explained": {part.value: found.as_dict() for part, found in derived.items()},
    }
    if told.ceiling is not None:
        answer["ceiling"] = told.ceiling
    if Component.METASTATIC in derived:
        answer["parts"] = {
            part: {
                "rating": found.rating,
                "rule": found.rule,
                "sentence": found.sentence,
                "missing": found.missing,
            }
            for part, found in metastatic_parts(findings[Component.METASTATIC]).items()
        }
    return orjson.dumps(answer)
