"""Which backbone earlier failures speak for."""

from __future__ import annotations

import pytest

from pathway.clinical.backbones import BACKBONE_RULES, Given, agents_of, backbone_rules, nothing_new

IT = frozenset({"irinotecan", "temozolomide"})
TTO = frozenset({"temozolomide", "topotecan"})
TOPO_CYCLO = frozenset({"topotecan", "cyclophosphamide"})
OTHER = frozenset({"cisplatin", "etoposide"})


def rules(*lines: tuple[frozenset[str] | None, bool | None]) -> list[str]:
    return [rule.id for rule in backbone_rules(Given("a line", agents, failed) for agents, failed in lines)]


@pytest.mark.shows("R-065")
@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([(IT, True), (TOPO_CYCLO, True)], ["B1"]),
        ([(IT, True), (TOPO_CYCLO, False)], ["B2"]),
        ([(IT, False), (TOPO_CYCLO, True)], ["B3"]),
        ([(OTHER, True), (IT, False)], ["B4"]),
        ([], ["B4"]),
    ],
)
def test_the_first_rule_that_matches_what_failed_is_suggested(
    lines: list[tuple[frozenset[str], bool]], expected: list[str]
) -> None:
    assert rules(*lines) == expected


def test_temozolomide_with_topotecan_counts_as_temozolomide_based() -> None:
    """BEACON crossed over from it to topotecan and cyclophosphamide."""
    assert rules((TTO, True)) == ["B2"]


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([(IT, None)], ["B2", "B4"]),
        ([(TOPO_CYCLO, None)], ["B3", "B4"]),
        ([(IT, True), (TOPO_CYCLO, None)], ["B1", "B2"]),
        ([(None, True)], ["B1", "B2", "B3", "B4"]),
        ([(None, None), (IT, True)], ["B1", "B2"]),
        ([(None, False)], ["B4"]),
        ([(OTHER, None)], ["B4"]),
    ],
)
def test_what_is_not_known_leaves_every_rule_open_that_it_may_turn_out_to_be(
    lines: list[tuple[frozenset[str] | None, bool | None]], expected: list[str]
) -> None:
    assert rules(*lines) == expected


def test_every_suggestion_has_a_case_of_its_own_and_a_source() -> None:
    cases = {(rule.temozolomide_failed, rule.topotecan_failed) for rule in BACKBONE_RULES}
    assert len(cases) == len(BACKBONE_RULES) == 4
    assert all(rule.because.where for rule in BACKBONE_RULES)


def test_what_was_given_is_read_from_the_agents_the_regimen_and_what_its_name_mentions() -> None:
    assert agents_of("dinutuximab_beta_temozolomide", ()) == frozenset({"dinutuximab_beta", "temozolomide"})
    assert agents_of("Topotecan with Qarziba", ["GM-CSF"]) == frozenset(
        {"topotecan", "dinutuximab_beta", "gm_csf"}
    )
    assert agents_of(None, ["Irinotecan"]) == frozenset({"irinotecan"})
    assert agents_of("first line", ()) is None


def test_a_regimen_given_again_or_a_part_of_it_is_nothing_new() -> None:
    given = ["dinutuximab_beta", "irinotecan", "temozolomide"]
    assert nothing_new(["Temozolomide", "Irinotecan", "GM-CSF"], given)
    assert nothing_new(given, given)
    assert not nothing_new(["naxitamab", "irinotecan", "temozolomide"], given)
    assert not nothing_new([], given)
    assert not nothing_new(["gm_csf"], given)
