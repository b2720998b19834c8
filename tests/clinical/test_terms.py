"""The words of events and answers, as outsiders send them."""

import pytest

from pathway.clinical.terms import (
    ANTI_GD2_AGENTS,
    Antibody,
    OverrideReason,
    Response,
    Response1993,
    anti_gd2_in,
    antibody_of,
    is_anti_gd2,
    spelling,
)


@pytest.mark.parametrize(
    ("reported", "antibody"),
    [
        ("dinutuximab_beta", Antibody.DINUTUXIMAB_BETA),
        (" Dinutuximab  Beta ", Antibody.DINUTUXIMAB_BETA),
        ("dinutuximab-beta", Antibody.DINUTUXIMAB_BETA),
        ("Qarziba", Antibody.DINUTUXIMAB_BETA),
        ("Dinutuximab", Antibody.DINUTUXIMAB),
        ("UNITUXIN", Antibody.DINUTUXIMAB),
        ("Danyelza", Antibody.NAXITAMAB),
        ("QARZIBA®", Antibody.DINUTUXIMAB_BETA),
        ("Unituxin™", Antibody.DINUTUXIMAB),
        ("dinutuximab-β", Antibody.DINUTUXIMAB_BETA),
        ("dinutuximab\N{EN DASH}beta", Antibody.DINUTUXIMAB_BETA),
        ("dinutuximab\N{ZERO WIDTH SPACE}beta", Antibody.DINUTUXIMAB_BETA),
        ("dinutu\N{SOFT HYPHEN}ximab", Antibody.DINUTUXIMAB),
        ("\N{FULLWIDTH LATIN SMALL LETTER D}inutuximab", Antibody.DINUTUXIMAB),
        ("ch14.18/CHO", Antibody.DINUTUXIMAB_BETA),
        ("hu3F8", Antibody.NAXITAMAB),
        ("temozolomide", None),
        ("3F8", None),
        ("", None),
    ],
)
def test_an_antibody_is_known_however_it_is_spelled(reported: str, antibody: Antibody | None) -> None:
    assert antibody_of(reported) is antibody


def test_dinutuximab_and_dinutuximab_beta_are_two_antibodies() -> None:
    assert antibody_of("dinutuximab") is not antibody_of("dinutuximab beta")


def test_an_antibody_without_authorisation_or_name_still_binds_gd2() -> None:
    assert is_anti_gd2("3F8")
    assert is_anti_gd2("anti-GD2")
    assert is_anti_gd2("Naxitamab")
    assert not is_anti_gd2("irinotecan")
    assert set(Antibody) < ANTI_GD2_AGENTS


@pytest.mark.parametrize(
    ("text", "agents"),
    [
        ("dinutuximab beta and nivolumab", {"dinutuximab_beta"}),
        ("Dinutuximab beta (Qarziba)", {"dinutuximab_beta"}),
        ("dinutuximab, then dinutuximab beta.", {"dinutuximab", "dinutuximab_beta"}),
        ("an anti-GD2 antibody", {"anti_gd2"}),
        ("irinotecan and temozolomide", set()),
        ("", set()),
    ],
)
def test_a_text_mentions_the_agents_against_gd2_that_stand_in_it(text: str, agents: set[str]) -> None:
    assert anti_gd2_in(text) == agents


def test_a_spelling_is_its_own_spelling() -> None:
    assert spelling(spelling("GM-CSF")) == spelling("GM-CSF") == "gm_csf"


@pytest.mark.shows("R-054")
def test_the_categories_of_1993_stay_apart_from_those_of_2017() -> None:
    assert {str(each) for each in Response1993} - {str(each) for each in Response} == {"VGPR", "NR"}
    assert Response1993("MR") is Response1993.MR


def test_every_reason_for_deviating_has_a_label_of_its_own() -> None:
    assert len({reason.label for reason in OverrideReason}) == len(OverrideReason) == 6
    assert OverrideReason("does-not-align-preferences").label == "The child or family wishes otherwise"
