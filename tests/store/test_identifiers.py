"""Who a patient is stands in one table and nowhere else."""

from __future__ import annotations

from sqlalchemy import text

from pathway.store.tables import metadata
from pathway.store.values import Access, NewPatient
from tests.store.builders import SITE, Store, opening, recording, with_a_log

IDENTIFIER = "MRN-CANARY-4711"


def test_an_identifier_appears_in_no_table_but_its_own(store: Store) -> None:
    patient = NewPatient(SITE, "8f1d", "urn:canary:mrn", IDENTIFIER)
    store.do(opening("episode", patient=patient, pseudonym="8f1d", key="k1"))
    access = Access("somebody", (), "record_what_happened")
    store.do(recording("episode", key="k2", message=("lab", "1"), access=access))
    with_a_log(store)
    found: list[str] = []
    with store.engines.read.connect() as connection:
        for table in metadata.sorted_tables:
            rows = connection.execute(text(f"SELECT * FROM {table.name}")).mappings().all()
            assert rows, f"{table.name} is empty: the search would prove nothing"
            found += [
                f"{table.name}.{column}"
                for row in rows
                for column, value in row.items()
                if "CANARY" in str(value).upper()
            ]
    assert found == ["patient.system", "patient.value"]


def test_one_identifier_has_one_pseudonym_for_ever(store: Store) -> None:
    store.do(opening("first", patient=NewPatient(SITE, "p", "urn:mrn", "4711"), pseudonym="p", is_open=False))
    assert store.readers.find_patient(SITE, "urn:mrn", "4711") == "p"
    assert store.readers.find_patient(SITE, "urn:mrn", "47110") is None
    assert store.readers.find_patient(SITE, "urn:another", "4711") is None
    store.do(opening("second", pseudonym="p"))
    assert [row.episode_id for row in store.readers.episodes_of(SITE, "p")] == ["first", "second"]
