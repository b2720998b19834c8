"""Find a patient's episodes by an identifier, which never stands in an address."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import orjson
from pydantic import BaseModel, ConfigDict

from pathway.episodes.events import PatientIdentifier
from pathway.use_cases.installation import Caller, Installation
from pathway.use_cases.permissions import Operation
from pathway.use_cases.refusals import read_body
from pathway.use_cases.registers import same_but_for_writing, written_otherwise


class Request(BaseModel):
    """The patient looked for."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    patient: PatientIdentifier


def find_episodes(installation: Installation, caller: Caller, body: bytes) -> bytes:
    """The patient's episodes at the caller's site, newest last, as JSON. Raises `Refusal`."""
    caller.require(Operation.FIND_EPISODES_OF_A_PATIENT)
    asked = read_body(Request, body)
    return orjson.dumps({"episodes": _episodes(installation, caller, asked.patient)})


def find_written_otherwise(
    installation: Installation, caller: Caller, asked: PatientIdentifier, registers: Iterable[str]
) -> list[dict[str, Any]]:
    """The identifiers that differ from this one only in how they are written, or in their register, with episodes here.

    Each with `system`, `value`, whether it is of the `same_register` but for how that is written, and its `episodes`
    as `find_episodes` tells them. Raises `Refusal`.
    """
    caller.require(Operation.FIND_EPISODES_OF_A_PATIENT)
    found = []
    for other in written_otherwise(asked, registers):
        if episodes := _episodes(installation, caller, other):
            same = same_but_for_writing(asked.system, other.system)
            found.append(
                {
                    "system": other.system,
                    "value": other.value,
                    "same_register": same,
                    "episodes": episodes,
                }
            )
    return found


def _episodes(installation: Installation, caller: Caller, patient: PatientIdentifier) -> list[dict[str, Any]]:
    pseudonym = installation.readers.find_patient(caller.site_id, patient.system, patient.value)
    found = installation.readers.episodes_of(caller.site_id, pseudonym) if pseudonym else []
    return [
        {
            "episode": each.episode_id,
            "pathway": {"id": each.pathway_id, "version": each.pathway_version},
            "opened_on": each.opened_on.isoformat(),
            "open": each.is_open,
            "state": each.state,
        }
        for each in found
    ]
