"""Who a patient is stands in no table in plain text, and is found all the same."""

from __future__ import annotations

import pytest
from sqlalchemy import event, text

from pathway.store.tables import metadata
from pathway.store.values import Access, NewPatient
from tests.store.builders import SITE, Store, opening, recording, with_a_log

IDENTIFIER = "MRN-CANARY-4711"


def everything(store: Store) -> dict[str, str]:
    """What stands in each column, by `table.column`."""
    found: dict[str, str] = {}
    with store.owner.read.connect() as connection:
        for table in metadata.sorted_tables:
            rows = connection.execute(text(f"SELECT * FROM {table.name}")).mappings().all()
            assert rows, f"{table.name} is empty: the search would prove nothing"
            for column in rows[0]:
                found[f"{table.name}.{column}"] = "\n".join(str(row[column]) for row in rows)
    return found


@pytest.mark.shows("R-096", "T-29")
def test_an_identifier_appears_in_no_table(store: Store) -> None:
    patient = NewPatient(SITE, "8f1d", "urn:canary:mrn", IDENTIFIER)
    store.do(opening("episode", patient=patient, pseudonym="8f1d", key="k1"))
    access = Access("somebody", (), "record_what_happened")
    store.do(recording("episode", key="k2", message=("lab", "1"), access=access))
    with_a_log(store)
    kept = everything(store)
    assert [column for column, told in kept.items() if "CANARY" in told.upper()] == []
    assert "8f1d" in kept["patient.pseudonym"]


@pytest.mark.shows("T-29", control=True)
def test_the_search_finds_an_identifier_where_it_was_let_in(store: Store) -> None:
    patient = NewPatient(SITE, "8f1d", "urn:canary:mrn", IDENTIFIER)
    store.do(opening("episode", patient=patient, pseudonym="8f1d", key="k1", recommended=IDENTIFIER))
    store.do(recording("episode", message=("lab", IDENTIFIER), access=Access("somebody", (), "recording")))
    with_a_log(store)
    found = [column for column, told in everything(store).items() if "CANARY" in told.upper()]
    assert sorted(found) == [
        "episode.recommended",
        "message.message_id",
    ]


@pytest.mark.shows("R-096")
def test_one_identifier_has_one_pseudonym_for_ever(store: Store) -> None:
    store.do(opening("first", patient=NewPatient(SITE, "p", "urn:mrn", "4711"), pseudonym="p", is_open=False))
    assert store.readers.find_patient(SITE, "urn:mrn", "4711") == "p"
    assert store.readers.find_patient(SITE, "urn:mrn", "47110") is None
    assert store.readers.find_patient(SITE, "urn:another", "4711") is None
    store.do(opening("second", pseudonym="p"))
    assert [row.episode_id for row in store.readers.episodes_of(SITE, "p")] == ["first", "second"]


def test_the_identifiers_of_several_patients_are_read_in_one_question(store: Store) -> None:
    for number in range(3):
        patient = NewPatient(SITE, f"p{number}", "urn:mrn", f"47{number}")
        store.do(opening(f"e{number}", patient=patient, pseudonym=f"p{number}", is_open=False))
    asked = 0

    def count(*_: object) -> None:
        nonlocal asked
        asked += 1

    event.listen(store.engines.read, "checkout", count)
    found = store.readers.identifiers(SITE, ["p0", "p2", "p2", "nobody"])
    event.remove(store.engines.read, "checkout", count)
    assert found == {"p0": ("urn:mrn", "470"), "p2": ("urn:mrn", "472")}
    assert asked == 1
    assert store.readers.identifiers("another-site", ["p0"]) == {}
    assert store.readers.identifiers(SITE, []) == {}
