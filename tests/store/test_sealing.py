"""How an identifier is sealed, opened, found, and sealed anew under another key."""

from __future__ import annotations

import base64
from dataclasses import replace

import pytest

from pathway.store.engines import WrongKey
from pathway.store.sealing import IdentifierKey, SealBroken
from tests.keys import SECRET

KEY, OTHER = IdentifierKey(SECRET), IdentifierKey(bytes(32))
WHO = ("urn:example:mrn", "4711")


@pytest.mark.shows("R-096")
def test_what_was_sealed_is_read_again_under_the_same_key() -> None:
    assert KEY.unseal("north", "p", KEY.seal("north", "p", *WHO)) == WHO


@pytest.mark.shows("R-096", "C-27")
def test_nothing_of_an_identifier_and_nothing_alike_stands_in_two_seals_of_it() -> None:
    first, second = KEY.seal("north", "p", *WHO), KEY.seal("north", "p", *WHO)
    assert first.lookup == second.lookup
    assert first.sealed != second.sealed
    assert first.wrapped_key != second.wrapped_key
    assert "4711" not in repr(first)
    assert b"4711" not in base64.b64decode(first.sealed)


def test_the_length_of_an_identifier_is_not_told() -> None:
    lengths = {len(KEY.seal("north", "p", "urn:mrn", "1" * length).sealed) for length in range(1, 40)}
    assert len(lengths) == 1


@pytest.mark.shows("T-12")
def test_one_identifier_is_found_under_one_index_at_one_site_alone() -> None:
    found = {
        KEY.lookup("north", *WHO),
        KEY.lookup("south", *WHO),
        KEY.lookup("north", "urn:example:mrn4", "711"),
        KEY.lookup("north", WHO[0], "04711"),
        OTHER.lookup("north", *WHO),
    }
    assert len(found) == 5


@pytest.mark.shows("T-30")
def test_a_seal_moved_to_another_patient_or_site_is_not_opened() -> None:
    kept = KEY.seal("north", "p", *WHO)
    for site, pseudonym in (("north", "q"), ("south", "p")):
        with pytest.raises(SealBroken):
            KEY.unseal(site, pseudonym, kept)


@pytest.mark.shows("T-30")
@pytest.mark.parametrize("part", ["sealed", "wrapped_key"])
def test_an_altered_seal_is_not_opened(part: str) -> None:
    kept = KEY.seal("north", "p", *WHO)
    raw = bytearray(base64.b64decode(getattr(kept, part)))
    raw[20] ^= 1
    with pytest.raises(SealBroken):
        KEY.unseal("north", "p", replace(kept, **{part: base64.b64encode(raw).decode()}))
    with pytest.raises(SealBroken):
        KEY.unseal("north", "p", replace(kept, **{part: "no base64"}))


def test_another_key_opens_nothing_and_is_named_without_being_told() -> None:
    kept = KEY.seal("north", "p", *WHO)
    with pytest.raises(WrongKey, match="PATHWAY_IDENTIFIER_KEY") as caught:
        OTHER.unseal("north", "p", kept)
    for text in (str(caught.value), repr(KEY)):
        assert SECRET.hex() not in text
        assert base64.b64encode(SECRET).decode() not in text
    with pytest.raises(SealBroken):
        OTHER.unseal("north", "p", replace(kept, key_id=OTHER.id))


@pytest.mark.shows("C-27", "T-34")
def test_without_the_patients_own_key_the_installations_key_opens_nothing() -> None:
    kept, stranger = KEY.seal("north", "p", *WHO), KEY.seal("north", "p", *WHO)
    with pytest.raises(SealBroken):
        KEY.unseal("north", "p", replace(kept, wrapped_key=stranger.wrapped_key))


def test_under_a_new_key_the_same_seal_is_opened_and_found() -> None:
    kept = KEY.seal("north", "p", *WHO)
    moved = KEY.rewrapped("north", "p", kept, OTHER)
    assert moved.sealed == kept.sealed
    assert OTHER.unseal("north", "p", moved) == WHO
    assert moved.lookup == OTHER.lookup("north", *WHO)
    with pytest.raises(WrongKey):
        KEY.unseal("north", "p", moved)


def test_a_key_of_another_length_is_none() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        IdentifierKey(b"short")
