"""The overall response by INRC 2017, in the words of the criteria."""

from collections import Counter
from itertools import product

import pytest

from pathway.clinical.evidence import Tag
from pathway.clinical.inrc import (
    NEEDS_HUMAN_CONFIRMATION,
    POSSIBLE_RATINGS,
    RULES,
    RatingNotPossible,
    overall_response,
    rule_for,
)
from pathway.clinical.terms import Component, ComponentRating, Response

CR = ComponentRating.CR
PR = ComponentRating.PR
MD = ComponentRating.MD
SD = ComponentRating.SD
PD = ComponentRating.PD
NI = ComponentRating.NI
NE = ComponentRating.NE

Ratings = tuple[ComponentRating, ComponentRating, ComponentRating]

OUTSIDE_MARROW = (CR, PR, SD, PD, NI, NE)
IN_MARROW = (CR, MD, SD, PD, NI, NE)
EVERY_COMBINATION: list[Ratings] = list(product(OUTSIDE_MARROW, OUTSIDE_MARROW, IN_MARROW))


BETTER_FIRST = ["CR", "PR", "MR", "SD", "PD"]


# What the criteria say, once more and without the table of the module


def by_the_words(*ratings: ComponentRating) -> str:
    involved = [rating for rating in ratings if rating != NI]
    if PD in involved:
        return "PD"
    if NE in involved:
        return "NE"
    if not involved:
        return "none"
    if all(rating == CR for rating in involved):
        return "CR"
    if SD in involved:
        return "MR" if CR in involved or PR in involved else "SD"
    if PR in involved or CR in involved:
        return "PR"
    return "SD"


def best_by_trying(ratings: Ratings) -> str:
    best = "PD"
    for primary in [ratings[0]] if ratings[0] != NE else [CR, PR, SD, PD, NI]:
        for metastatic in [ratings[1]] if ratings[1] != NE else [CR, PR, SD, PD, NI]:
            for marrow in [ratings[2]] if ratings[2] != NE else [CR, MD, SD, PD, NI]:
                reached = by_the_words(primary, metastatic, marrow)
                if reached != "none" and BETTER_FIRST.index(reached) < BETTER_FIRST.index(best):
                    best = reached
    return best


@pytest.mark.parametrize("ratings", EVERY_COMBINATION, ids="-".join)
def test_the_overall_response_is_what_the_words_of_the_criteria_say(ratings: Ratings) -> None:
    assert overall_response(*ratings).overall == by_the_words(*ratings)


def test_the_combinations_of_the_three_components_come_out_as_counted() -> None:
    counts = Counter(overall_response(*ratings).overall.value for ratings in EVERY_COMBINATION)
    assert len(EVERY_COMBINATION) == 216
    assert counts == {"CR": 7, "PR": 18, "MR": 27, "SD": 11, "PD": 91, "NE": 61, "none": 1}


@pytest.mark.parametrize("ratings", EVERY_COMBINATION, ids="-".join)
def test_exactly_one_rule_speaks_about_a_combination(ratings: Ratings) -> None:
    occurring = frozenset(ratings) - {NI}
    fitting = [rule.id for rule in RULES if rule.fits(occurring)]
    assert fitting == [rule_for(ratings).id] == [overall_response(*ratings).rule]


def test_every_rule_decides_some_combination() -> None:
    decided = {overall_response(*ratings).rule for ratings in EVERY_COMBINATION}
    assert decided == {rule.id for rule in RULES}
    assert [rule.id for rule in RULES] == ["R1", "D1", "D2", "R2", "R4", "R5", "R3", "G1", "G2", "G3"]


# Marrow, primary tumour and the responses for metastases CR, PR, SD
CELL_BY_CELL = [
    (CR, CR, ("CR", "PR", "MR")),
    (CR, PR, ("PR", "PR", "MR")),
    (CR, SD, ("MR", "MR", "MR")),
    (MD, CR, ("PR", "PR", "MR")),
    (MD, PR, ("PR", "PR", "MR")),
    (MD, SD, ("MR", "MR", "SD")),
    (SD, CR, ("MR", "MR", "MR")),
    (SD, PR, ("MR", "MR", "MR")),
    (SD, SD, ("MR", "MR", "SD")),
    (NI, CR, ("CR", "PR", "MR")),
    (NI, PR, ("PR", "PR", "MR")),
    (NI, SD, ("MR", "MR", "SD")),
]


@pytest.mark.parametrize(("marrow", "primary", "expected"), CELL_BY_CELL)
def test_the_compact_table_holds_cell_by_cell(
    marrow: ComponentRating, primary: ComponentRating, expected: tuple[str, str, str]
) -> None:
    answers = [overall_response(primary, metastatic, marrow).overall for metastatic in (CR, PR, SD)]
    assert tuple(answers) == expected


def test_an_uninvolved_component_counts_as_if_its_column_were_absent() -> None:
    for rating in (CR, PR, SD, PD, NE):
        alone = overall_response(rating, NI, NI).overall
        assert overall_response(NI, rating, NI).overall is alone
        assert overall_response(rating, rating, NI).overall is alone


# The rules, one by one


def test_r1_a_new_bone_lesion_is_progression_although_the_primary_has_gone() -> None:
    answer = overall_response(CR, PD, CR)
    assert (answer.overall, answer.rule) == (Response.PD, "R1")
    assert answer.sentence.startswith("Progression in the metastatic disease makes the overall response PD")
    assert answer.citation.tag is Tag.SOURCE_READ


def test_r1_progression_decides_although_the_marrow_was_never_sampled() -> None:
    answer = overall_response(SD, PD, None)
    assert answer.overall is Response.PD
    assert answer.missing == (Component.BONE_MARROW,)
    assert answer.ceiling is None


def test_d1_without_the_marrow_there_is_no_overall_response() -> None:
    answer = overall_response(CR, PR, NE)
    assert (answer.overall, answer.rule) == (Response.NE, "D1")
    assert answer.missing == (Component.BONE_MARROW,)
    assert answer.ceiling is Response.PR
    assert "the bone marrow" in answer.sentence
    assert answer.sentence.endswith("the best still possible is PR.")


def test_d2_without_any_disease_at_baseline_there_is_nothing_to_rate() -> None:
    answer = overall_response(NI, NI, NI)
    assert (answer.overall, answer.rule, answer.ceiling) == (Response.NONE, "D2", None)
    assert answer.overall == "none"


def test_r2_complete_response_needs_every_involved_component() -> None:
    answer = overall_response(NI, CR, CR)
    assert (answer.overall, answer.rule) == (Response.CR, "R2")
    assert "(the metastatic disease and the bone marrow)" in answer.sentence


def test_r4_a_response_beside_stable_disease_is_a_minor_response() -> None:
    answer = overall_response(PR, SD, CR)
    assert (answer.overall, answer.rule) == (Response.MR, "R4")
    assert "Response in the primary tumour and the bone marrow" in answer.sentence
    assert "stable disease in the metastatic disease" in answer.sentence


def test_r5_stable_disease_everywhere_is_stable_disease() -> None:
    answer = overall_response(SD, SD, SD)
    assert (answer.overall, answer.rule) == (Response.SD, "R5")
    assert "(the primary tumour, the metastatic disease and the bone marrow)" in answer.sentence


def test_r3_a_partial_response_may_leave_minimal_disease_in_the_marrow() -> None:
    answer = overall_response(CR, PR, MD)
    assert (answer.overall, answer.rule) == (Response.PR, "R3")
    assert answer.flags == ()
    assert not answer.citation.verified


@pytest.mark.parametrize(
    ("ratings", "rule", "overall"),
    [
        ((CR, CR, MD), "G1", Response.PR),
        ((SD, NI, MD), "G2", Response.SD),
        ((NI, NI, MD), "G3", Response.SD),
    ],
)
def test_where_the_criteria_leave_a_gap_the_answer_asks_to_be_confirmed(
    ratings: Ratings, rule: str, overall: Response
) -> None:
    answer = overall_response(*ratings)
    assert (answer.rule, answer.overall) == (rule, overall)
    assert answer.flags == (NEEDS_HUMAN_CONFIRMATION,) == ("needs_human_confirmation",)
    assert answer.citation.tag is Tag.DESIGN
    assert "until a person confirms it" in answer.sentence


def test_nothing_but_a_gap_asks_to_be_confirmed() -> None:
    for ratings in EVERY_COMBINATION:
        answer = overall_response(*ratings)
        assert bool(answer.flags) == (answer.rule in {"G1", "G2", "G3"})


# Traps


def test_marrow_that_was_never_involved_makes_no_minor_response_of_stable_disease() -> None:
    assert overall_response(SD, SD, NI).overall is Response.SD
    assert overall_response(SD, SD, CR).overall is Response.MR


def test_a_primary_resected_before_the_line_makes_no_minor_response_of_stable_disease() -> None:
    assert overall_response(NI, SD, NI).overall is Response.SD
    assert overall_response(CR, SD, NI).overall is Response.MR


def test_a_minor_response_is_kept_apart_so_that_trials_may_count_it_or_not() -> None:
    assert overall_response(PR, SD, NI).overall not in {Response.CR, Response.PR}


@pytest.mark.parametrize("rating_of_1993", ["VGPR", "NR", "MR"])
def test_a_category_of_1993_is_refused_not_translated(rating_of_1993: str) -> None:
    with pytest.raises(RatingNotPossible):
        overall_response(rating_of_1993, CR, CR)  # type: ignore[arg-type]


# What is missing, and what is refused


@pytest.mark.parametrize("ratings", EVERY_COMBINATION, ids="-".join)
def test_the_ceiling_is_the_best_that_the_missing_results_can_still_give(ratings: Ratings) -> None:
    answer = overall_response(*ratings)
    assert answer.ceiling == (best_by_trying(ratings) if answer.overall is Response.NE else None)


@pytest.mark.parametrize("ratings", EVERY_COMBINATION, ids="-".join)
def test_missing_are_exactly_the_components_without_a_result(ratings: Ratings) -> None:
    missing = {part for part, rating in zip(Component, ratings, strict=True) if rating is NE}
    assert set(overall_response(*ratings).missing) == missing


def test_a_missing_result_never_gives_a_response() -> None:
    for ratings in EVERY_COMBINATION:
        if NE in ratings:
            assert overall_response(*ratings).overall in {Response.NE, Response.PD}


def test_progression_decides_whatever_else_is_known() -> None:
    for ratings in EVERY_COMBINATION:
        assert (overall_response(*ratings).overall is Response.PD) == (PD in ratings)


def test_a_component_that_was_not_reported_is_not_evaluated() -> None:
    assert overall_response(None, None, None) == overall_response(NE, NE, NE)
    assert overall_response(None, CR, CR) == overall_response(NE, CR, CR)


def test_no_answer_leaves_a_placeholder_in_its_sentence() -> None:
    for ratings in EVERY_COMBINATION:
        sentence = overall_response(*ratings).sentence
        assert sentence.endswith(".")
        assert not {"{", "}"} & set(sentence)


@pytest.mark.parametrize(
    ("ratings", "component", "rating"),
    [
        ((MD, CR, CR), Component.PRIMARY, MD),
        ((CR, MD, CR), Component.METASTATIC, MD),
        ((CR, None, PR), Component.BONE_MARROW, PR),
    ],
)
def test_a_rating_the_component_cannot_have_is_refused_by_name(
    ratings: Ratings, component: Component, rating: ComponentRating
) -> None:
    with pytest.raises(RatingNotPossible) as refusal:
        overall_response(*ratings)
    assert refusal.value.component is component
    assert refusal.value.rating is rating
    assert refusal.value.allowed == POSSIBLE_RATINGS[component]
    assert isinstance(refusal.value, ValueError)


def test_the_refusal_says_what_the_marrow_can_be_rated() -> None:
    with pytest.raises(
        RatingNotPossible, match="The bone marrow cannot be rated PR; possible are CR, MD, SD"
    ):
        overall_response(CR, CR, PR)
