"""A patient's identifier stands nowhere: in no table, no entry, no answer, no snapshot, no refusal."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import text

from pathway.store.tables import metadata
from pathway.use_cases.find_episodes import find_episodes
from pathway.use_cases.read_history import read_history
from pathway.use_cases.suppose import suppose
from pathway.use_cases.worklist import read_worklist
from tests.owner import owner_of
from tests.sides import Answer, Side
from tests.use_cases.journeys import ALL_CLEAR, Child, entry_of

CANARY = "canary-19-02-1987"
OTHER = "canary-of-another"
CANARIES = (CANARY, OTHER)


def rows(side: Side) -> dict[str, list[str]]:
    """Every row of every table, as text."""
    found = {}
    with owner_of(side.url) as owner, owner.read.connect() as connection:
        for table in metadata.sorted_tables:
            found[table.name] = [
                str(tuple(row)) for row in connection.execute(text(f"SELECT * FROM {table.name}"))
            ]
    return found


def everything_said(child: Child) -> list[Answer]:
    """Requests of every kind, each with the patient in it where it may be, accepted and refused ones."""
    patient = {"system": "urn:mrn", "value": CANARY}
    gd2 = child.told("gd2_measured", status="partial", patient=patient)
    said = [child.send(gd2), child.send(gd2, dry_run=True), child.send(gd2, gd2, key="the-same")]
    said.append(child.send(gd2, gd2, key="the-same"))
    other = {"system": "urn:mrn", "value": OTHER}
    said.append(child.tell("gd2_measured", status="partial", patient=other))
    replacement = child.told("gd2_measured", status="negative", patient=patient)
    said.append(child.tell("event_corrected", entry=entry_of(said[0]), replacement=replacement))
    said.append(
        child.tell("event_retracted", entry=entry_of(said[0]), reason="another sample", patient=patient)
    )
    said.append(child.tell("assessment_recorded", components=ALL_CLEAR | {"patient": CANARY}))
    said.append(child.decide("bridge_to_car_t"))
    said.append(child.decide("bridge_to_car_t", basis="0" * 64))
    return said


def everything_read(child: Child) -> list[Any]:
    side = child.side
    caller = side.caller()
    event = child.told("gd2_measured", status="negative", patient={"system": "urn:mrn", "value": CANARY})
    return [
        child.next(),
        child.stands(),
        read_history(side.installation, caller, child.episode, None, None, None, None, 200),
        read_worklist(side.installation, caller, None, None, None, 50),
        suppose(side.installation, caller, child.episode, str(event).replace("'", '"').encode(), None, None),
        find_episodes(
            side.installation, caller, b'{"patient": {"system": "urn:mrn", "value": "%s"}}' % CANARY.encode()
        ),
    ]


@pytest.mark.shows("R-096", "T-33")
def test_a_patients_identifier_stands_in_no_table_and_no_answer(side: Side) -> None:
    child = Child.opened(side, CANARY)
    Child.opened(side, OTHER)
    said = everything_said(child)
    outcomes = {answer.outcome for answer in said}
    assert outcomes >= {
        "recorded",
        "foreseen",
        "another_patient",
        "invalid_body",
        "decided",
        "stale_decision",
    }
    kept = rows(side)
    assert all(table in kept for table in ("patient", "episode", "entry", "message", "answer"))
    for canary in CANARIES:
        assert [table for table, found in kept.items() if any(canary in row for row in found)] == []
        assert not [answer for answer in said if canary in answer.text.decode()]
        assert not [read for read in everything_read(child) if canary in str(read)]


@pytest.mark.shows("C-27", control=True)
def test_a_planted_identifier_is_found(side: Side) -> None:
    child = Child.opened(side, CANARY)
    child.tell("note_added", text=f"seen with {CANARY}")
    leaks = [table for table, found in rows(side).items() if any(CANARY in row for row in found)]
    assert leaks == ["entry"]
