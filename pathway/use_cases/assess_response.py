"""The overall response by INRC 2017 from three ratings, for anyone who wants to check one."""

from __future__ import annotations

import orjson
from pydantic import BaseModel, ConfigDict

from pathway.clinical.inrc import overall_response
from pathway.clinical.terms import Component
from pathway.episodes.events import Components
from pathway.use_cases.refusals import read_body


class Request(Components, BaseModel):
    """The three components, each a rating; a component left out was not evaluated."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


def assess_response(body: bytes) -> bytes:
    """Overall response, rule, what is missing and the best still possible, as JSON. Raises `Refusal`."""
    asked = read_body(Request, body)
    given = asked.ratings()
    told = overall_response(*(given.get(component) for component in Component))
    answer = {
        "overall": told.overall,
        "components": {component.value: given.get(component, "NE") for component in Component},
        "rule": told.rule,
        "sentence": told.sentence,
        "because": told.citation.as_dict(),
        "flags": list(told.flags),
        "missing": list(told.missing),
    }
    if told.ceiling is not None:
        answer["ceiling"] = told.ceiling
    return orjson.dumps(answer)
