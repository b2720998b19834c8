"""A chain shows the first place at which an episode's log was touched."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pathway.proof.canonical import canonical
from pathway.proof.chain import GENESIS, Break, Sealed, check, seal


def chain(length: int) -> list[Sealed]:
    sealed: list[Sealed] = []
    for number in range(length):
        before = sealed[-1].hash if sealed else GENESIS
        sealed.append(seal({"kind": "cycle_started", "cycle": number, "site": "Zürich"}, before))
    return sealed


def checked(sealed: list[Sealed], start: str = GENESIS) -> Break | None:
    return check([one.body for one in sealed], [one.hash for one in sealed], start)


@pytest.mark.shows("R-086")
def test_an_untouched_chain_holds() -> None:
    assert checked([]) is None
    assert checked(chain(1)) is None
    assert checked(chain(20)) is None


def test_the_hash_can_be_taken_again_with_nothing_but_sha256() -> None:
    first, second = chain(2)
    assert hashlib.sha256(second.body.encode()).hexdigest() == second.hash
    assert json.loads(second.body)["prev_hash"] == first.hash == second.prev_hash
    assert json.loads(first.body)["prev_hash"] == GENESIS


def test_the_later_part_of_a_chain_holds_from_the_hash_before_it() -> None:
    sealed = chain(5)
    assert checked(sealed[3:], start=sealed[2].hash) is None
    assert checked(sealed[3:]) == Break(0, "not_linked")


@pytest.mark.shows("C-19")
@given(st.integers(0, 9), st.integers(min_value=0), st.sampled_from("0123456789abcdefxyz {}"))
def test_a_changed_character_is_found_where_it_is(position: int, place: int, character: str) -> None:
    sealed = chain(10)
    body = sealed[position].body
    place %= len(body)
    changed = body[:place] + character + body[place + 1 :]
    sealed[position] = Sealed(changed, sealed[position].prev_hash, sealed[position].hash)
    assert checked(sealed) == (None if changed == body else Break(position, "body_altered"))


def test_an_entry_changed_together_with_its_hash_breaks_the_next_link() -> None:
    sealed = chain(4)
    sealed[1] = seal({"kind": "cycle_started", "cycle": 7, "site": "Zürich"}, sealed[0].hash)
    assert checked(sealed) == Break(2, "not_linked")


@pytest.mark.shows("C-19", "T-24")
@pytest.mark.parametrize(
    ("touch", "expected"),
    [
        (lambda chain: chain[:2] + chain[3:], Break(2, "not_linked")),
        (lambda chain: [chain[1], chain[0], *chain[2:]], Break(0, "not_linked")),
        (lambda chain: [*chain[:3], chain[1], *chain[3:]], Break(3, "not_linked")),
    ],
    ids=["dropped", "reordered", "inserted"],
)
def test_a_dropped_a_moved_and_an_inserted_entry_are_found(touch: Any, expected: Break) -> None:
    assert checked(touch(chain(5))) == expected


@pytest.mark.parametrize(
    "body",
    [f'{{"prev_hash": "{GENESIS}"}}', f'{{"a":1,"a":1,"prev_hash":"{GENESIS}"}}', "{", "[1.5]", "\ud800"],
    ids=["spaces", "member twice", "no JSON", "float", "no Unicode"],
)
def test_a_body_in_another_form_is_found_even_with_a_matching_hash(body: str) -> None:
    hashed = hashlib.sha256(body.encode("utf-8", "surrogatepass")).hexdigest()
    assert check([body], [hashed]) == Break(0, "not_canonical")


def test_a_body_that_is_no_object_is_in_no_form_of_an_entry() -> None:
    body = canonical(["prev_hash", GENESIS])
    assert check([body.decode()], [hashlib.sha256(body).hexdigest()]) == Break(0, "not_canonical")


def test_a_payload_may_not_bring_a_link_of_its_own() -> None:
    with pytest.raises(ValueError, match="prev_hash"):
        seal({"prev_hash": GENESIS}, GENESIS)


def test_bodies_and_hashes_have_to_be_as_many() -> None:
    sealed = chain(2)
    with pytest.raises(ValueError, match="shorter"):
        check([one.body for one in sealed], [sealed[0].hash])
