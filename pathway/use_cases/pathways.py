"""What the published pathways say, with every citation."""

from __future__ import annotations

import orjson

from pathway.engine.definition import Pathway
from pathway.engine.diagram import drawn
from pathway.use_cases.installation import Caller, Installation
from pathway.use_cases.permissions import Operation
from pathway.use_cases.refusals import Refusal


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


def draw_pathway(installation: Installation, caller: Caller, pathway_id: str, version: int) -> str:
    """One version as a picture (SVG). Raises `Refusal`."""
    caller.require(Operation.DRAW_A_PATHWAY)
    return drawn(_found(installation, pathway_id, version))


def _found(installation: Installation, pathway_id: str, version: int) -> Pathway:
    found = installation.catalogue.find(pathway_id, version)
    if found is None:
        raise Refusal("not_found", "No such pathway has been published here.")
    return found
