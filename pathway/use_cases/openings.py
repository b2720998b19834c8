"""What would open a blocked option, and which of that is within anybody's reach."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, TypeAlias

from pathway.engine.findings import OPEN
from pathway.engine.outcome import OBTAIN

Document: TypeAlias = Mapping[str, Any]


def openings(option: Document, told: Document) -> tuple[list[str], list[str]]:
    """What would open `option` of the recommendation `told`, each as the end of a sentence that begins with "if".

    First what people can obtain or decide here, then what only another course would bring about.
    """
    decisive = told["recommended"] == OBTAIN
    asked = {each["finding"] for each in told["missing"] if decisive or option["option"] in each["options"]}
    in_the_way = {guard["finding"] for part in (option, *told["rows"]) for guard in part["guards"]}
    attainable: list[str] = []
    course: list[str] = []
    for changes in option["would_open"]:
        within_reach = all(_attainable(change, asked, in_the_way) for change in changes)
        (attainable if within_reach else course).append(" and ".join(change["if"] for change in changes))
    return attainable, course


def applies(option: Document) -> bool:
    """True when the table offers it and its first need, which says what it is for, holds."""
    return bool(option["offered_here"] and option["guards"] and option["guards"][0]["value"] is True)


def _attainable(change: Document, asked: Collection[str], in_the_way: Collection[str]) -> bool:
    """True when a missing fact is asked for, or what stands in the way is in doubt or is for people to decide."""
    if change["changes_by"] == "obtain" and change["from"] in OPEN:
        return change["finding"] in asked
    return change["changes_by"] != "course" and change["finding"] in in_the_way
