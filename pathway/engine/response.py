"""The response of the latest assessment as answers carry it: when it was examined, and whether it still counts."""

from __future__ import annotations

import re
from typing import Any, Final

from pathway.episodes.assessments import later_progression, rated_components, response_in_force
from pathway.episodes.episode import Episode
from pathway.episodes.facts import Progression, Timepoint

_COUNTED: Final = re.compile(r"(\d+)\.(\d+)(?:\.m(\d+))?(?:/(\d+))?")

_CONFIRMED: Final = "A progression was confirmed on that day or after it: progression counts instead."
_STANDS: Final = (
    "A progression was confirmed before it, and no response has been told since: progression counts instead."
)
_SUSPECTED: Final = (
    "A progression was suspected after it: it is confirmed or refuted before this response counts."
)


def assessment_in_words(name: str) -> str:
    """When the assessment of this name was due, for people; one that was named by its sender keeps its name."""
    counted = _COUNTED.fullmatch(name)
    if counted is None:
        return f'the assessment "{name}"'
    line, cycles, courses, again = counted.groups()
    if courses is not None:
        when = "before the first course" if courses == "0" else f"after course {courses}"
        told = f"{when} of maintenance in line {line}"
    else:
        when = "before the first cycle" if cycles == "0" else f"after cycle {cycles}"
        told = f"{when} of line {line}"
    return f"the assessment {told}" + (f", number {again} there" if again else "")


def response_shown(episode: Episode, timepoint: Timepoint) -> dict[str, Any]:
    """The response with its examinations' dates; `overridden_by` tells of a progression that counts instead."""
    told = response_in_force(timepoint)
    shown: dict[str, Any] = {
        "timepoint": timepoint.name,
        "assessment": assessment_in_words(timepoint.name),
        "in_force": told.response,
        "derived": told.derived,
        "reported": told.reported,
        "ceiling": told.ceiling,
        "missing": list(told.missing),
        "flags": list(told.flags),
        "rule": told.rule,
        "why": told.why,
        "because": told.because.as_dict() if told.because else None,
        "components": {
            part.value: found.as_dict() for part, found in rated_components(episode, timepoint).items()
        },
    }
    for when, stamp in (("first", timepoint.first), ("last", timepoint.last)):
        if stamp is not None:
            shown[when] = {"on": stamp.on.isoformat(), "precision": stamp.precision}
    if (later := later_progression(episode)) is not None:
        shown["overridden_by"] = {
            "entry": later.at.entry,
            "on": later.at.on.isoformat(),
            "sentence": _why_instead(later, timepoint),
        }
    return shown


def _why_instead(later: Progression, timepoint: Timepoint) -> str:
    if not later.confirmed:
        return _SUSPECTED
    before = timepoint.last is not None and later.at.on < timepoint.last.on
    return _STANDS if before else _CONFIRMED
