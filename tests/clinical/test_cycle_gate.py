"""The criteria to begin a cycle: which apply to a treatment, and where each draws the line."""

from __future__ import annotations

from decimal import Decimal

import pytest

from pathway.clinical.cycle_gate import (
    BEDSIDE_DAYS,
    COUNTS_DAYS,
    EXAMINATION_DAYS,
    FEVER_C,
    GRAFT_VERSUS_HOST,
    MEASURED_GFR_DAYS,
    ORGAN_DAYS,
    OUTDATING,
    PREGNANCY_TEST_DAYS,
    REQUIREMENTS,
    Part,
    Requirement,
    Since,
    parts_of,
)
from pathway.clinical.evidence import Tag
from pathway.clinical.regimens import REGIMENS, RegimenUse
from pathway.clinical.side_effects import plain_term
from pathway.episodes.events import FitnessRecorded

BY_NAME = {each.name: each for each in (*REQUIREMENTS, GRAFT_VERSUS_HOST)}
ANTIBODY = ("dinutuximab_beta",)
CHEMOTHERAPY = ("irinotecan", "temozolomide")


def parts(*agents: str, maintenance: bool = False, marrow: bool = False) -> frozenset[Part]:
    return parts_of(agents, maintenance=maintenance, marrow_disease=marrow)


def criteria(*agents: str, maintenance: bool = False, marrow: bool = False) -> set[str]:
    given = parts(*agents, maintenance=maintenance, marrow=marrow)
    return {each.name for each in REQUIREMENTS if each.part in given}


def counts(*agents: str, marrow: bool = False) -> set[str]:
    return {
        name for name in criteria(*agents, marrow=marrow) if name.startswith(("neutrophils", "platelets"))
    }


@pytest.mark.parametrize(
    ("name", "enough", "too_low"),
    [
        ("neutrophils (antibody)", "500", "499"),
        ("platelets (antibody)", "20000", "19999"),
        ("haemoglobin", "8.1", "8.0"),
        ("neutrophils (irinotecan and temozolomide)", "750", "749"),
        ("platelets (irinotecan and temozolomide)", "75000", "74999"),
        ("platelets (irinotecan and temozolomide, disease in the marrow)", "50000", "49999"),
        ("neutrophils (BEACON backbone)", "1000", "999"),
        ("platelets (BEACON backbone)", "75000", "74999"),
        ("neutrophils (other chemotherapy)", "1000", "999"),
        ("platelets (other chemotherapy)", "75000", "74999"),
        ("kidney function", "60.1", "60"),
        ("oxygen saturation", "94.5", "94"),
    ],
)
def test_a_value_that_may_not_be_too_low(name: str, enough: str, too_low: str) -> None:
    assert BY_NAME[name].met(enough)
    assert not BY_NAME[name].met(too_low)


@pytest.mark.parametrize(
    ("name", "enough", "too_high"),
    [("ALT", "4.99", "5"), ("AST", "4.99", "5"), ("pain", "2", "3"), ("diarrhoea", "1", "2")],
)
def test_a_value_that_may_not_be_too_high(name: str, enough: str, too_high: str) -> None:
    assert BY_NAME[name].met(enough)
    assert not BY_NAME[name].met(too_high)


@pytest.mark.parametrize(
    ("name", "well", "not_well"),
    [
        ("infection", "false", "true"),
        ("neurological examination", "normal", "abnormal"),
        ("eye examination", "normal", "abnormal"),
        ("pregnancy test", "negative", "positive"),
        ("pregnancy test", "not_applicable", "positive"),
        ("steroids", "false", "true"),
        ("graft-versus-host disease", "acute_1_2", "acute_3_4"),
        ("graft-versus-host disease", "chronic_limited", "chronic_extensive"),
    ],
)
def test_what_was_found_has_to_be_well(name: str, well: str, not_well: str) -> None:
    assert BY_NAME[name].met(well)
    assert not BY_NAME[name].met(not_well)


@pytest.mark.parametrize("what", ["ALT", "AST", "Filtration rate", "Bilirubin"])
def test_for_chemotherapy_organ_values_have_to_be_known_and_the_protocol_has_the_limit(what: str) -> None:
    assert BY_NAME[f"{what} (chemotherapy)"].met("99")


def test_how_long_each_value_counts() -> None:
    days = {each.name: each.days for each in REQUIREMENTS}
    assert (
        {days[name] for name in days if name.startswith(("neutro", "plate", "haemo"))} == {COUNTS_DAYS} == {3}
    )
    organs = ("ALT", "AST", "kidney function", "Bilirubin (chemotherapy)", "Filtration rate (chemotherapy)")
    assert {days[name] for name in organs} == {ORGAN_DAYS} == {7}
    assert MEASURED_GFR_DAYS == 90
    bedside = ("oxygen saturation", "infection", "pain", "diarrhoea")
    assert {days[name] for name in bedside} == {BEDSIDE_DAYS} == {1}
    assert (
        {days[name] for name in ("neurological examination", "eye examination")} == {EXAMINATION_DAYS} == {35}
    )
    assert days["pregnancy test"] == PREGNANCY_TEST_DAYS == 7
    assert Decimal(38) == FEVER_C


def test_the_antibody_alone_needs_the_counts_of_its_label() -> None:
    assert counts(*ANTIBODY) == {"neutrophils (antibody)", "platelets (antibody)"}
    assert counts("naxitamab", "gm_csf") == counts(*ANTIBODY)


def test_irinotecan_and_temozolomide_need_higher_counts_than_the_antibody() -> None:
    assert counts(*ANTIBODY, *CHEMOTHERAPY) - counts(*ANTIBODY) == {
        "neutrophils (irinotecan and temozolomide)",
        "platelets (irinotecan and temozolomide)",
    }
    assert "platelets (irinotecan and temozolomide, disease in the marrow)" in counts(
        *CHEMOTHERAPY, marrow=True
    )
    assert "platelets (irinotecan and temozolomide)" not in counts(*CHEMOTHERAPY, marrow=True)


@pytest.mark.parametrize(
    "backbone", [("temozolomide",), ("temozolomide", "topotecan"), ("topotecan", "cyclophosphamide")]
)
def test_the_backbones_of_beacon_need_its_counts(backbone: tuple[str, ...]) -> None:
    assert counts(*backbone) == {"neutrophils (BEACON backbone)", "platelets (BEACON backbone)"}


@pytest.mark.parametrize(
    "backbone", [("cisplatin", "etoposide"), ("irinotecan", "vincristine"), ("mibg_131i",)]
)
def test_any_other_chemotherapy_needs_the_stricter_counts(backbone: tuple[str, ...]) -> None:
    assert counts(*backbone) == {"neutrophils (other chemotherapy)", "platelets (other chemotherapy)"}


def test_where_the_agents_are_not_known_all_may_apply_with_the_stricter_counts() -> None:
    unknown = criteria()
    assert {"neutrophils (other chemotherapy)", "oxygen saturation", "diarrhoea"} <= unknown
    assert "neutrophils (irinotecan and temozolomide)" not in unknown
    assert "oxygen saturation" in criteria(maintenance=True)
    assert not any("chemotherapy" in name for name in criteria(maintenance=True))


def test_chemotherapy_alone_needs_nothing_that_the_antibody_asks_for() -> None:
    alone = criteria(*CHEMOTHERAPY)
    assert not any(BY_NAME[name].part is Part.ANTIBODY for name in alone)
    assert {"infection", "pregnancy test", "motor neuropathy", "ALT (chemotherapy)", "diarrhoea"} <= alone
    assert "diarrhoea" not in criteria("temozolomide")
    assert "ALT (chemotherapy)" not in criteria(*ANTIBODY, *CHEMOTHERAPY)


def test_of_maintenance_only_the_antibody_is_looked_at() -> None:
    assert criteria(*ANTIBODY, "isotretinoin", maintenance=True) == criteria(*ANTIBODY)
    assert parts("isotretinoin", maintenance=True) == parts("isotretinoin") == {Part.ANY}


def test_every_regimen_that_is_given_in_cycles_has_counts_of_its_own() -> None:
    for regimen in REGIMENS.values():
        if regimen.use is not RegimenUse.OTHER:
            assert len(counts(*regimen.agents)) in (2, 4), regimen.id


def test_every_criterion_reads_a_field_that_can_be_recorded_or_side_effects() -> None:
    for each in BY_NAME.values():
        assert each.value in FitnessRecorded.model_fields if each.value else each.terms


def test_what_was_not_checked_against_its_source_says_so() -> None:
    unverified = {each.name for each in REQUIREMENTS if not each.because.verified}
    assert unverified == {name for name in BY_NAME if "irinotecan" in name or "BEACON" in name}
    labelled = {each.name for each in REQUIREMENTS if each.because.tag is Tag.SOURCE_READ}
    assert labelled == {
        "neutrophils (antibody)", "platelets (antibody)", "haemoglobin", "ALT", "AST", "kidney function",
        "oxygen saturation",
    }  # fmt: skip


def test_side_effects_that_outdate_a_value_are_spelled_as_they_are_kept() -> None:
    assert {plain_term(term) for terms in OUTDATING.values() for term in terms} == {
        term for terms in OUTDATING.values() for term in terms
    }
    assert "sepsis" in OUTDATING[Since.KIDNEY] & OUTDATING[Since.FEVER]
    assert "blurred vision" in OUTDATING[Since.EYES]
    assert "motor neuropathy" in OUTDATING[Since.NERVES]


def test_a_criterion_about_side_effects_alone_has_no_value_to_judge() -> None:
    assert Requirement("x", Part.ANY, "", REQUIREMENTS[0].because).met("whatever")
