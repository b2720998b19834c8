"""The tree is that of RFC 6962, whatever of it is kept; its proofs convince nobody of what is not so."""

from __future__ import annotations

import hashlib
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pathway.proof.merkle import (
    EMPTY,
    FAN,
    complete,
    consistency,
    inclusion,
    leaf_hash,
    needed,
    over,
    root,
)
from pathway.proof.verifier import node_hash, root_from_inclusion, roots_from_consistency

DATA = (
    "",
    "00",
    "10",
    "2021",
    "3031",
    "40414243",
    "5051525354555657",
    "606162636465666768696a6b6c6d6e6f",
)
ROOTS = (
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
)
"""The roots over the first one to eight of these leaves, as Certificate Transparency publishes them."""

LEAVES = [leaf_hash(str(number).encode()) for number in range(1_000)]
SIZES = st.integers(1, len(LEAVES))


def plain_root(leaves: list[str]) -> str:
    """The definition of RFC 6962, word for word."""
    if len(leaves) == 1:
        return leaves[0]
    half = 1
    while half * 2 < len(leaves):
        half *= 2
    return node_hash(plain_root(leaves[:half]), plain_root(leaves[half:]))


def test_the_published_roots_come_out() -> None:
    leaves = [leaf_hash(bytes.fromhex(each)) for each in DATA]
    assert tuple(root(size, over(leaves)) for size in range(1, 9)) == ROOTS


def test_a_tree_without_leaves_has_the_hash_of_nothing() -> None:
    assert root(0, over([])) == EMPTY == hashlib.sha256(b"").hexdigest()


@given(SIZES)
def test_the_root_is_that_of_the_definition(size: int) -> None:
    assert root(size, over(LEAVES)) == plain_root(LEAVES[:size])


@pytest.mark.parametrize("size", [1, 2, FAN - 1, FAN, FAN + 1, 3 * FAN, 3 * FAN + 7])
def test_what_is_kept_suffices_and_is_all_that_is_read(size: int) -> None:
    node, read = over(LEAVES), set[tuple[int, int]]()
    position = size // 2

    def noting(level: int, number: int) -> str:
        read.add((level, number))
        return node(level, number)

    root(size, noting)
    inclusion(position, size, noting)
    kept = {
        (level, number)
        for level, first, behind in needed(size, [position])
        for number in range(first, behind)
    }
    assert read <= kept
    assert len(kept) <= 3 * FAN


@given(st.lists(SIZES, min_size=2, max_size=6))
def test_however_it_grows_each_complete_run_is_told_once(sizes: list[int]) -> None:
    steps = [0, *sorted(sizes)]
    grown = [each for old, new in pairwise(steps) for each in complete(old, new)]
    assert sorted(grown) == sorted(complete(0, steps[-1]))
    assert len(grown) == len(set(grown)) == steps[-1] // FAN


@given(SIZES, st.data())
def test_a_leaf_is_proved_to_stand_where_it_stands_and_nowhere_else(size: int, data: st.DataObject) -> None:
    position = data.draw(st.integers(0, size - 1))
    proof = inclusion(position, size, over(LEAVES))
    whole = root(size, over(LEAVES))
    assert root_from_inclusion(LEAVES[position], position, size, proof) == whole
    other = data.draw(st.integers(0, size - 1).filter(lambda place: place != position)) if size > 1 else 1
    assert root_from_inclusion(LEAVES[position], other, size, proof) != whole
    assert root_from_inclusion(LEAVES[other], position, size, proof) != whole
    if proof:
        assert root_from_inclusion(LEAVES[position], position, size, proof[:-1]) != whole
    assert root_from_inclusion(LEAVES[position], position, size, [*proof, whole]) != whole


@given(SIZES, SIZES)
def test_a_tree_is_proved_to_be_the_beginning_of_a_later_one(one: int, another: int) -> None:
    old, new = sorted((one, another))
    node = over(LEAVES)
    proof = consistency(old, new, node)
    roots = root(old, node), root(new, node)
    assert roots_from_consistency(old, new, roots[0], proof) == roots
    forged = over([leaf_hash(b"forged"), *LEAVES[1:]])
    assert roots_from_consistency(old, new, root(old, forged), proof) != (root(old, forged), roots[1])


@pytest.mark.parametrize(("position", "size"), [(-1, 3), (3, 3), (0, 0)])
def test_a_leaf_outside_has_no_proof(position: int, size: int) -> None:
    with pytest.raises(ValueError, match="no such leaf"):
        inclusion(position, size, over(LEAVES))
    assert root_from_inclusion(LEAVES[0], position, size, []) is None


@pytest.mark.parametrize(("old", "new"), [(0, 3), (4, 3)])
def test_no_proof_leads_from_nothing_or_backwards(old: int, new: int) -> None:
    with pytest.raises(ValueError, match="a proof leads"):
        consistency(old, new, over(LEAVES))
    assert roots_from_consistency(old, new, LEAVES[0], []) is None


def test_what_is_no_proof_of_growth_leads_nowhere() -> None:
    assert roots_from_consistency(3, 5, LEAVES[0], []) is None
    assert roots_from_consistency(3, 3, LEAVES[0], [LEAVES[1]]) is None
    assert roots_from_consistency(1, 2, LEAVES[0], [LEAVES[1], LEAVES[2]]) is None
