"""Those who treat a child see who it is; everybody else sees a pseudonym."""

from __future__ import annotations

from pathway.use_cases.name_patients import name_patients
from pathway.use_cases.permissions import GIVES, Role
from tests.sides import Side
from tests.use_cases.journeys import MRN, Child


def named(side: Side, child: Child, role: Role) -> dict[str, str]:
    pseudonym = child.stands()["patient"]
    found = name_patients(side.installation, side.caller("somebody", GIVES[role]), [pseudonym])
    assert set(found) <= {pseudonym}
    return {each.system: each.value for each in found.values()}


def test_a_coordinator_and_a_clinician_see_who_the_child_is(side: Side, child: Child) -> None:
    assert named(side, child, Role.COORDINATOR) == {"urn:mrn": MRN}
    assert named(side, child, Role.CLINICIAN) == {"urn:mrn": MRN}


def test_nobody_else_does(side: Side, child: Child) -> None:
    for role in set(Role) - {Role.COORDINATOR, Role.CLINICIAN}:
        assert named(side, child, role) == {}, role
