"""The canonical form is RFC 8785, for everything that is hashed."""

from __future__ import annotations

import enum
import hashlib
from datetime import date
from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from pathway.proof.canonical import LARGEST_INTEGER, canonical, digest

TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
KEYS = st.text(st.characters(max_codepoint=127))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-LARGEST_INTEGER, LARGEST_INTEGER) | TEXTS,
    lambda inner: st.lists(inner) | st.dictionaries(KEYS, inner),
    max_leaves=40,
)


class Response(enum.StrEnum):
    COMPLETE = "CR"


@given(VALUES)
def test_it_agrees_with_the_reference_implementation(value: Any) -> None:
    assert canonical(value) == rfc8785.dumps(value)


@given(VALUES)
def test_the_digest_is_the_hash_of_the_canonical_form(value: Any) -> None:
    assert digest(value) == hashlib.sha256(rfc8785.dumps(value)).hexdigest()


def test_the_order_in_which_members_were_given_does_not_matter() -> None:
    assert digest({"dose": "2.10", "agent": "x"}) == digest({"agent": "x", "dose": "2.10"})


def test_a_tuple_is_written_as_a_list() -> None:
    assert canonical(("CR", "PD")) == canonical(["CR", "PD"]) == b'["CR","PD"]'


@pytest.mark.parametrize(
    "value",
    [
        2.5,
        float("nan"),
        LARGEST_INTEGER + 1,
        -LARGEST_INTEGER - 1,
        "\ud800",
        {"größe": 1},
        {1: "one"},
        date(2026, 1, 1),
        Response.COMPLETE,
        b"bytes",
        {"CR"},
    ],
    ids=repr,
)
def test_what_has_more_than_one_form_is_refused_at_any_depth(value: Any) -> None:
    for nested in (value, [value], {"finding": {"value": value}}):
        with pytest.raises(ValueError, match=r"canonical form|ASCII"):
            canonical(nested)


def test_a_value_nested_without_end_is_refused() -> None:
    value: list[Any] = []
    for _ in range(5_000):
        value = [value]
    with pytest.raises(ValueError, match="too deeply"):
        canonical(value)


def test_the_refusal_does_not_repeat_the_value() -> None:
    with pytest.raises(ValueError, match="no canonical form") as refused:
        canonical({"name": "Lina \ud800"})
    assert "Lina" not in str(refused.value)
