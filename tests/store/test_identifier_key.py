"""With another key than the site's identifiers are sealed under nobody is found, and nobody is written."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import pytest
from sqlalchemy import text

from pathway.store.engines import StoreUnavailable, WrongKey, open_store
from pathway.store.readers import Readers
from pathway.store.rekeying import rekey
from pathway.store.sealing import IdentifierKey, SealBroken
from pathway.store.values import Erasure, NewPatient, Proposal
from pathway.store.writer import KEY_REUSED, Command, View, Writer
from tests.keys import identifier_key
from tests.store.builders import SITE, Store, opening, utc_now

STRANGER = IdentifierKey(bytes(32))


def patient(pseudonym: str, value: str, site_id: str = SITE) -> NewPatient:
    return NewPatient(site_id, pseudonym, "urn:mrn", value)


@pytest.fixture
def strangers(store: Store) -> Iterator[Store]:
    """The same database, opened with another key."""
    stranger = Store(store.url)
    stranger.writer = Writer(stranger.engines, utc_now, lambda: STRANGER)
    stranger.readers = Readers(stranger.engines, lambda: STRANGER)
    yield stranger.start()
    stranger.close()


@pytest.mark.shows("C-26")
def test_the_first_patient_of_a_site_settles_its_key(store: Store) -> None:
    store.readers.require_key(SITE)
    assert store.count("identifier_key") == 0
    for number in (1, 2):
        store.do(opening(patient=patient(f"p{number}", f"{number}"), pseudonym=f"p{number}"))
    assert store.ask("SELECT key_id FROM identifier_key") == identifier_key().id
    store.readers.require_key(SITE)


@pytest.mark.shows("R-099", "C-26", "T-32")
def test_with_another_key_nobody_is_taken_for_a_new_patient(store: Store, strangers: Store) -> None:
    store.do(opening(patient=patient("p", "4711"), pseudonym="p"))
    with pytest.raises(WrongKey):
        strangers.readers.require_key(SITE)
    with pytest.raises(WrongKey):
        strangers.readers.find_patient(SITE, "urn:mrn", "4711")
    with pytest.raises(WrongKey):
        strangers.do(opening(patient=patient("q", "4711"), pseudonym="q"))
    assert store.count("patient") == store.count("episode") == 1


def test_another_site_may_still_settle_its_own(store: Store, strangers: Store) -> None:
    store.do(opening(patient=patient("p", "4711"), pseudonym="p"))
    elsewhere = patient("q", "4711", "elsewhere")
    strangers.do(opening(site_id="elsewhere", patient=elsewhere, pseudonym="q"))
    assert strangers.readers.find_patient("elsewhere", "urn:mrn", "4711") == "q"


def test_of_two_keys_that_come_first_at_once_one_wins(store: Store, strangers: Store) -> None:
    def open_with(one: Store, name: str) -> object:
        try:
            return one.do(opening(patient=patient(name, name), pseudonym=name)).outcome
        except WrongKey:
            return "wrong key"

    with ThreadPoolExecutor(2) as threads:
        told = list(threads.map(open_with, (store, strangers), ("p", "q")))
    assert sorted(map(str, told)) == ["opened", "wrong key"]
    assert store.count("patient") == store.count("identifier_key") == 1


def test_without_a_key_everything_works_that_touches_no_patient(store: Store) -> None:
    engines = open_store(store.url)
    keyless = Writer(engines, utc_now)
    keyless.start()
    assert keyless.submit(opening("episode")).result(60).outcome == "opened"
    with pytest.raises(StoreUnavailable, match="no key"):
        keyless.submit(opening(patient=patient("p", "4711"), pseudonym="p")).result(60)
    with pytest.raises(StoreUnavailable, match="no key"):
        Readers(engines).find_patient(SITE, "urn:mrn", "4711")
    keyless.close()
    engines.close()


def test_what_a_decision_asks_of_another_key_is_its_own_answer_alone(idle: Store) -> None:
    """A refusal within a batch: the others in it are written."""

    def asking(view: View, _now: object) -> object:
        return view.patient("urn:mrn", "\0")

    spoilt = opening("spoilt")
    object.__setattr__(spoilt, "decide", asking)
    futures = [idle.writer.submit(one) for one in (opening("good"), spoilt)]
    idle.start()
    assert futures[0].result(60).outcome == "opened"
    with pytest.raises(ValueError, match="NUL"):
        futures[1].result(60)


# Exchanging the key.


@pytest.mark.shows("R-099")
def test_under_a_new_key_all_patients_of_the_site_are_found_and_those_erased_stay_erased(
    store: Store, strangers: Store
) -> None:
    for number in range(5):
        store.do(opening(patient=patient(f"p{number}", f"{number}"), pseudonym=f"p{number}"))
    store.do(opening(site_id="elsewhere", patient=patient("q", "4711", "elsewhere"), pseudonym="q"))

    def erasing(_view: View, now: datetime) -> Proposal:
        return Proposal("erased", b"{}", patient_change=Erasure(SITE, "p0", now, "somebody"))

    store.do(Command(SITE, "client", None, erasing))
    assert rekey(store.engines, SITE, identifier_key(), STRANGER) == 4
    assert rekey(store.engines, SITE, identifier_key(), STRANGER) == 0
    assert [strangers.readers.find_patient(SITE, "urn:mrn", f"{number}") for number in range(5)] == [
        None,
        "p1",
        "p2",
        "p3",
        "p4",
    ]
    with pytest.raises(WrongKey):
        store.readers.find_patient(SITE, "urn:mrn", "1")
    with pytest.raises(WrongKey):
        store.do(opening(patient=patient("p9", "1"), pseudonym="p9"))
    assert store.readers.find_patient("elsewhere", "urn:mrn", "4711") == "q"


@pytest.mark.shows("R-099", "T-50")
def test_an_exchange_that_fails_leaves_every_patient_under_the_old_key(store: Store) -> None:
    for number in range(3):
        store.do(opening(patient=patient(f"p{number}", f"{number}"), pseudonym=f"p{number}"))
    with store.owner.write.begin() as connection:
        connection.execute(text("UPDATE patient SET wrapped_key = 'spoilt' WHERE pseudonym = 'p2'"))
    with pytest.raises(SealBroken):
        rekey(store.engines, SITE, identifier_key(), STRANGER)
    assert store.readers.find_patient(SITE, "urn:mrn", "0") == "p0"


@pytest.mark.shows("T-50")
def test_a_request_from_before_an_exchange_is_recorded_no_second_time(store: Store, strangers: Store) -> None:
    """What it said cannot be compared any more: it is refused, and nothing happens again."""
    command = opening(patient=patient("p", "4711"), pseudonym="p", key="kept")
    assert [store.do(command).replayed for _ in range(2)] == [False, True]
    rekey(store.engines, SITE, identifier_key(), STRANGER)
    assert strangers.do(command).outcome == KEY_REUSED
    assert store.count("episode") == store.count("entry") == 1
