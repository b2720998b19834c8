"""Find a patient's episodes by an identifier, which never stands in an address."""

from __future__ import annotations

import orjson
from pydantic import BaseModel, ConfigDict

from pathway.episodes.events import PatientIdentifier
from pathway.use_cases.installation import Caller, Installation
from pathway.use_cases.permissions import Operation
from pathway.use_cases.refusals import read_body


class Request(BaseModel):
    """The patient looked for."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    patient: PatientIdentifier


def find_episodes(installation: Installation, caller: Caller, body: bytes) -> bytes:
    """The patient's episodes at the caller's site, newest last, as JSON. Raises `Refusal`."""
    caller.require(Operation.FIND_EPISODES_OF_A_PATIENT)
    asked = read_body(Request, body)
    pseudonym = installation.readers.find_patient(caller.site_id, asked.patient.system, asked.patient.value)
    found = installation.readers.episodes_of(caller.site_id, pseudonym) if pseudonym else []
    return orjson.dumps(
        {
            "episodes": [
                {
                    "episode": each.episode_id,
                    "pathway": {"id": each.pathway_id, "version": each.pathway_version},
                    "opened_on": each.opened_on.isoformat(),
                    "open": each.is_open,
                    "state": each.state,
                }
                for each in found
            ]
        }
    )
