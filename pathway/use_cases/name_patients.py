"""Who the patients behind pseudonyms are, for those who treat them; it stands on pages alone, and nowhere else."""

from __future__ import annotations

from collections.abc import Iterable

from pathway.episodes.events import PatientIdentifier
from pathway.use_cases.installation import Caller, Installation
from pathway.use_cases.permissions import NEEDS, Operation


def name_patients(
    installation: Installation, caller: Caller, pseudonyms: Iterable[str]
) -> dict[str, PatientIdentifier]:
    """The identifiers of these patients of the caller's site, by pseudonym, asked for all at once.

    Who was erased is left out. Whoever may read episodes and not who they are about gets none: to them a patient
    is a pseudonym. Raises `WrongKey` rather than name nobody, and `SealBroken`.
    """
    if NEEDS[Operation.NAME_A_PATIENT] not in caller.scopes:
        return {}
    found = installation.readers.identifiers(caller.site_id, pseudonyms)
    return {
        pseudonym: PatientIdentifier(system=system, value=value)
        for pseudonym, (system, value) in found.items()
    }
