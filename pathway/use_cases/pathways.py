"""What the published pathways say, with every citation."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import orjson

from pathway.engine.definition import Pathway
from pathway.engine.diagram import drawn, drawn_for_page
from pathway.engine.document import Block
from pathway.engine.page import page_of
from pathway.engine.response_page import response_page
from pathway.engine.toxicity_page import toxicity_page
from pathway.use_cases.installation import Caller, Installation
from pathway.use_cases.permissions import Operation
from pathway.use_cases.refusals import Refusal

RULES: Final[Mapping[str, Callable[[], tuple[Block, ...]]]] = {
    "response": response_page,
    "toxicity": toxicity_page,
}
"""Rules that are no pathway's own, by the name of their page."""


def list_pathways(installation: Installation, caller: Caller) -> bytes:
    """The published versions as JSON. Raises `Refusal`."""
    caller.require(Operation.LIST_THE_PATHWAYS)
    return orjson.dumps(
        {
            "pathways": [
                {
                    "id": each.id,
                    "version": each.version,
                    "title": each.title,
                    "summary": each.summary,
                    "content_hash": each.content_hash,
                }
                for each in installation.catalogue
            ]
        }
    )


def describe_pathway(installation: Installation, caller: Caller, pathway_id: str, version: int) -> bytes:
    """One version, whole, as JSON. Raises `Refusal`."""
    caller.require(Operation.DESCRIBE_A_PATHWAY)
    pathway = _found(installation, pathway_id, version)
    return orjson.dumps({**pathway.describe(), "content_hash": pathway.content_hash})


def label_pathway(
    installation: Installation, caller: Caller, pathway_id: str, version: int
) -> dict[str, dict[str, str]]:
    """The names in one version with how people read them: `states`, `options` and `findings`. Raises `Refusal`."""
    caller.require(Operation.DESCRIBE_A_PATHWAY)
    pathway = _found(installation, pathway_id, version)
    return {
        "states": {each.name: each.label for each in pathway.states},
        "options": {each.name: each.label for each in pathway.options},
        "findings": {each.name: each.label for each in pathway.findings},
    }


def write_pathway(
    installation: Installation, caller: Caller, pathway_id: str, version: int
) -> tuple[tuple[Block, ...], str]:
    """One version as a page, and its picture (SVG) to stand there. Raises `Refusal`."""
    caller.require(Operation.DESCRIBE_A_PATHWAY)
    caller.require(Operation.DRAW_A_PATHWAY)
    found = _found(installation, pathway_id, version)
    states = "; ".join(state.label for state in found.states)
    return page_of(found), drawn_for_page(found, f"{found.summary} Its states are: {states}.")


def write_rules(caller: Caller, name: str) -> tuple[Block, ...]:
    """The rules of every pathway as a page: `response` or `toxicity`. Raises `Refusal`."""
    caller.require(Operation.DESCRIBE_A_PATHWAY)
    if name not in RULES:
        raise Refusal("not_found", f"There are rules about {' and '.join(RULES)}.")
    return RULES[name]()


def draw_pathway(installation: Installation, caller: Caller, pathway_id: str, version: int) -> str:
    """One version as a picture (SVG). Raises `Refusal`."""
    caller.require(Operation.DRAW_A_PATHWAY)
    return drawn(_found(installation, pathway_id, version))


def _found(installation: Installation, pathway_id: str, version: int) -> Pathway:
    found = installation.catalogue.find(pathway_id, version)
    if found is None:
        raise Refusal("not_found", "No such pathway has been published here.")
    return found
