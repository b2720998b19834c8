"""Which side effects are known here, however they are spelled, and which grades each of them has."""

import pytest

from pathway.clinical.evidence import Tag
from pathway.clinical.side_effects import (
    GRADED_BY_ASTCT,
    TERMS,
    grade_exists,
    is_blood_count,
    known_term,
    plain_term,
    possible_grades,
    side_effect_key,
)
from pathway.clinical.terms import ToxicityScale

CTCAE, ASTCT = ToxicityScale.CTCAE_V5, ToxicityScale.ASTCT


def test_no_spelling_names_two_side_effects() -> None:
    spellings = [spelled for term in TERMS for spelled in term.terms]
    assert len(spellings) == len(set(spellings))
    assert all(plain_term(spelled) == spelled for spelled in spellings)


@pytest.mark.parametrize(
    ("term", "missing"),
    [
        ("Pain", {4, 5}),
        ("neuralgia", {4, 5}),
        ("Anaphylaxis", {1, 2}),
        ("Febrile neutropenia", {1, 2}),
        ("Sepsis", {1, 2}),
        ("Bacteraemia", {1, 3, 4, 5}),
        ("catheter related infection", {1}),
        ("peripheral sensory neuropathy", {5}),
        ("Blurred vision", {5}),
        ("Neutrophil count decreased", {5}),
        ("photophobia", {4, 5}),
        ("RPLS", {1}),
        ("capillary leak syndrome", set()),
        ("Fever", set()),
        ("Hyponatremia", set()),
    ],
)
def test_a_term_has_the_grades_of_ctcae_and_no_others(term: str, missing: set[int]) -> None:
    assert {grade for grade in range(1, 6) if not grade_exists(term, CTCAE, grade)} == missing


def test_every_side_effect_may_be_gone() -> None:
    assert grade_exists("anaphylaxis", CTCAE, 0)
    assert grade_exists("CRS", ASTCT, 0)


def test_of_what_is_no_term_of_ctcae_every_grade_is_taken() -> None:
    assert all(grade_exists("dilated pupils", CTCAE, grade) for grade in range(6))
    assert all(grade_exists("something else", CTCAE, grade) for grade in range(6))


def test_astct_grades_cytokine_release_and_icans_and_nothing_else() -> None:
    assert all(grade_exists(term, ASTCT, 3) for term in sorted(GRADED_BY_ASTCT))
    assert not grade_exists("pain", ASTCT, 3)
    assert not grade_exists("CRS", ASTCT, 6)


def test_the_same_side_effect_has_one_key_however_it_is_spelled() -> None:
    assert side_effect_key("Capillary leak", CTCAE) == side_effect_key("capillary_leak_syndrome", CTCAE)
    assert side_effect_key("Diarrhoea", CTCAE) == side_effect_key("diarrhea", CTCAE)
    assert side_effect_key("late effects", CTCAE) == "late effects"


@pytest.mark.shows("R-061")
def test_the_two_scales_of_cytokine_release_are_kept_apart() -> None:
    assert side_effect_key("CRS", CTCAE) != side_effect_key("CRS", ASTCT)


def test_a_missing_grade_may_be_any_that_the_term_has() -> None:
    assert possible_grades("anaphylaxis") == (3, 4)
    assert possible_grades("bacteremia") == (2,)
    assert possible_grades("dilated pupils") == possible_grades("something else") == (1, 2, 3, 4)


@pytest.mark.parametrize(
    "term", ["neutropenia", "Platelet count decreased", "Anaemia", "anemia", "lymphopenia"]
)
def test_low_counts_are_blood_counts(term: str) -> None:
    assert is_blood_count(term)


@pytest.mark.parametrize("term", ["febrile neutropenia", "pain", "something else"])
def test_other_side_effects_are_none(term: str) -> None:
    assert not is_blood_count(term)


def test_a_term_nobody_here_knows_is_said_to_be_unknown() -> None:
    assert known_term("late effects") is None


def test_what_is_no_term_of_ctcae_says_that_it_was_not_checked() -> None:
    for term in TERMS:
        assert term.grades or term.citation.tag is Tag.UNVERIFIED


def test_pain_of_grade_three_is_the_worst_there_is() -> None:
    pain = known_term("pain")
    assert pain is not None
    assert [grade for grade, _ in pain.grades] == [1, 2, 3]
