"""What holds for every component whatever was measured, and how a derived rating stands beside a reported one."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from pathway.clinical.component_rules import BY_DEFAULT, POLICIES, all_of, any_of, negated
from pathway.clinical.components import (
    ALL_RULES,
    COMBINED,
    CONTRADICTION,
    RATING_AS_REPORTED,
    TABLES,
    component_in_force,
    rate,
)
from pathway.clinical.evidence import Tag
from pathway.clinical.inrc import POSSIBLE_RATINGS, overall_response
from pathway.clinical.measurements import (
    Diameter,
    FdgLesions,
    Infiltration,
    MarrowSample,
    Measurements,
    MibgScore,
    Uptake,
)
from pathway.clinical.terms import Component, ComponentRating, Response
from tests.clinical.measured import marrow, measured, mibg, mm

CR, PR, MD, SD, PD, NI, NE = ComponentRating

# Random findings: few values, close to the thresholds, and anything may be left out.


def maybe(values: Any) -> Any:
    return st.none() | values


def number(*values: str) -> Any:
    return st.sampled_from([Decimal(value) for value in values])


LENGTHS = number("0", "4", "5", "9", "10", "14", "20", "24", "25", "28", "40", "48", "49")
SCORES = number("0", "1", "2", "10", "12", "20", "24", "27", "60", "80")
PERCENTS = number("0", "2", "5", "6", "15", "20", "21", "40", "90")

DIAMETERS = st.builds(Diameter, now=LENGTHS, baseline=maybe(LENGTHS), nadir=maybe(LENGTHS))
SCANS = st.builds(
    MibgScore,
    score=st.sampled_from(["curie", "siopen"]),
    absolute=SCORES,
    baseline=maybe(SCORES),
    nadir=maybe(SCORES),
    baseline_score=maybe(st.sampled_from(["curie", "siopen"])),
    new_sites=maybe(st.integers(0, 2)),
    reappeared_sites=maybe(st.integers(0, 2)),
)
COUNTS = st.integers(0, 6)
FDG = st.builds(
    FdgLesions,
    bone_lesions=COUNTS,
    baseline=maybe(COUNTS),
    new_bone_lesions=maybe(COUNTS),
    new_confirmed=maybe(st.booleans()),
)
SAMPLES = st.lists(
    st.builds(
        MarrowSample,
        kind=st.sampled_from(["aspirate", "trephine"]),
        side=st.sampled_from(["left", "right"]),
        percent=PERCENTS,
    ),
    min_size=1,
    max_size=5,
).map(tuple)
FIELDS = {
    "involved_at_baseline": maybe(st.booleans()),
    "new_lesions": maybe(st.booleans()),
    "new_lesion_avid": maybe(st.booleans()),
    "new_lesion_biopsy": maybe(st.sampled_from(["positive", "negative"])),
    "uptake": maybe(st.sampled_from(["none", "decreased", "unchanged", "increased"])),
    "longest_diameter_mm": maybe(DIAMETERS),
    "sum_of_diameters_mm": maybe(DIAMETERS),
    "target_node_short_axis_mm": maybe(LENGTHS),
    "largest_lesion_mm": maybe(LENGTHS),
    "non_target": maybe(st.sampled_from(["resolved", "smaller", "stable", "larger"])),
    "soft_tissue_at_baseline": maybe(st.booleans()),
    "bone_at_baseline": maybe(st.booleans()),
    "mibg": maybe(SCANS),
    "mibg_nonavid": maybe(st.booleans()),
    "fdg": maybe(FDG),
    "mixed": maybe(st.booleans()),
    "infiltration_percent": maybe(st.builds(Infiltration, now=PERCENTS, baseline=maybe(PERCENTS))),
    "marrow_samples": maybe(SAMPLES),
    "bilateral": maybe(st.booleans()),
}
FOUND = (
    st.fixed_dictionaries(FIELDS)
    .filter(lambda told: any(value is not None for value in told.values()))
    .map(lambda told: Measurements(**told))
)
COMPONENTS = st.sampled_from(list(Component))
READ = st.frozensets(st.sampled_from(sorted(POLICIES)))
BEST_FIRST = [CR, PR, MD, SD, PD]


@pytest.mark.shows("R-050")
@given(COMPONENTS, FOUND, READ)
def test_every_finding_has_a_rating_the_component_can_have_with_its_row_and_what_is_missing(
    component: Component, found: Measurements, otherwise: frozenset[str]
) -> None:
    answer = rate(component, found, otherwise)
    assert answer.rating in POSSIBLE_RATINGS[component]
    assert (answer.rating is NE) == bool(answer.missing)
    if answer.rating is not NE:
        row = ALL_RULES[answer.rule]
        assert (row.rating, row.citation) == (answer.rating, answer.citation)
        assert answer.sentence.startswith(row.sentence)


@pytest.mark.shows("R-053")
@given(COMPONENTS, FOUND, READ)
def test_a_policy_is_shown_exactly_when_its_other_reading_would_rate_otherwise(
    component: Component, found: Measurements, otherwise: frozenset[str]
) -> None:
    answer = rate(component, found, otherwise)
    decided = {
        name for name in POLICIES if rate(component, found, otherwise ^ {name}).rating is not answer.rating
    }
    assert {policy.id for policy in answer.policies} == decided
    for policy in answer.policies:
        assert component in policy.components
        assert (policy.reading == POLICIES[policy.id].reading) is (policy.id not in otherwise)


@given(FOUND)
def test_no_complete_response_of_the_primary_without_its_length_its_uptake_and_its_baseline(
    found: Measurements,
) -> None:
    if rate(Component.PRIMARY, found).rating is CR:
        assert found.longest_diameter_mm is not None
        assert found.longest_diameter_mm.now < 10
        assert found.uptake == "none"
        assert found.involved_at_baseline or found.longest_diameter_mm.baseline


@given(FOUND)
def test_no_complete_response_of_metastases_without_the_answer_to_new_lesions_and_a_clean_scan(
    found: Measurements,
) -> None:
    if rate(Component.METASTATIC, found).rating is not CR:
        return
    assert found.new_lesions is False or found.new_lesion_biopsy == "negative"
    scan = None if found.mibg_nonavid else found.mibg
    lesions = found.fdg if found.mibg_nonavid else None
    bone_clean = (scan is not None and scan.now == 0) or (lesions is not None and lesions.bone_lesions == 0)
    bone_free = found.bone_at_baseline is False or found.involved_at_baseline is False
    assert bone_clean or bone_free
    total = found.sum_of_diameters_mm
    soft_free = found.soft_tissue_at_baseline is False or found.involved_at_baseline is False
    assert soft_free or (total is not None and total.baseline == 0) or found.uptake == "none"


@pytest.mark.shows("C-39")
@given(FOUND)
def test_no_complete_response_of_the_marrow_without_a_full_set_free_of_tumour(found: Measurements) -> None:
    if rate(Component.BONE_MARROW, found).rating is CR:
        taken = [sample.percent for sample in found.marrow_samples or ()]
        told = [found.infiltration_percent.now] if found.infiltration_percent else []
        assert {*taken, *told} == {Decimal(0)}
        kinds = {(sample.kind, sample.side) for sample in found.marrow_samples or ()}
        assert len(kinds) == 4 if found.marrow_samples else found.bilateral is not False


@pytest.mark.shows("C-29")
@given(FOUND, READ)
def test_a_new_avid_lesion_is_progression_whatever_else_was_found(
    found: Measurements, otherwise: frozenset[str]
) -> None:
    seen = {"new_lesions": True, "new_lesion_avid": True, "new_lesion_biopsy": None}
    assert rate(Component.METASTATIC, found.model_copy(update=seen), otherwise).rating is PD


@given(FOUND, READ)
def test_several_new_bone_sites_are_progression_whatever_else_was_found(
    found: Measurements, otherwise: frozenset[str]
) -> None:
    seen = {"mibg": MibgScore(score="curie", absolute=Decimal(3), new_sites=2), "mibg_nonavid": None}
    assert rate(Component.METASTATIC, found.model_copy(update=seen), otherwise).rating is PD


@given(COMPONENTS, FOUND, READ, st.sampled_from([rating for rating in ComponentRating if rating is not PD]))
def test_derived_progression_is_in_force_whatever_was_reported(
    component: Component, found: Measurements, otherwise: frozenset[str], reported: ComponentRating
) -> None:
    assume(rate(component, found, otherwise).rating is PD)
    told = component_in_force(component, found.model_copy(update={"rating": reported}), otherwise)
    assert told.rating is PD


def worse(one: ComponentRating, other: ComponentRating) -> bool:
    return BEST_FIRST.index(one) > BEST_FIRST.index(other)


@pytest.mark.shows("C-41")
@given(LENGTHS, LENGTHS, LENGTHS, LENGTHS, st.sampled_from(["none", "decreased", "unchanged", "increased"]))
def test_a_longer_primary_is_never_rated_better(
    now: Decimal, longer: Decimal, baseline: Decimal, nadir: Decimal, uptake: Uptake
) -> None:
    assume(now <= longer)
    assume(baseline > 0)
    ratings = [
        rate(
            Component.PRIMARY,
            Measurements(
                longest_diameter_mm=Diameter(now=each, baseline=baseline, nadir=nadir), uptake=uptake
            ),
        ).rating
        for each in (now, longer)
    ]
    assert not worse(ratings[0], ratings[1])


@given(SCORES, SCORES, SCORES)
def test_a_higher_bone_score_is_never_rated_better(now: Decimal, higher: Decimal, baseline: Decimal) -> None:
    assume(now <= higher <= 72)
    assume(0 < baseline <= 72)
    ratings = [
        rate(
            Component.METASTATIC,
            Measurements(
                soft_tissue_at_baseline=False,
                new_lesions=False,
                mibg=MibgScore(score="siopen", absolute=each, baseline=baseline, new_sites=0),
            ),
        ).rating
        for each in (now, higher)
    ]
    assert not worse(ratings[0], ratings[1])


@given(PERCENTS, PERCENTS, PERCENTS)
def test_more_infiltration_is_never_rated_better(now: Decimal, more: Decimal, baseline: Decimal) -> None:
    assume(now <= more)
    assume(baseline > 0)
    ratings = [
        rate(
            Component.BONE_MARROW,
            Measurements(infiltration_percent=Infiltration(now=each, baseline=baseline)),
        ).rating
        for each in (now, more)
    ]
    assert not worse(ratings[0], ratings[1])


# The tables


def test_every_row_has_its_own_id_and_a_source_and_progression_stands_before_response() -> None:
    rows = [rule for table in TABLES.values() for rule in table]
    assert len(ALL_RULES) == len(rows) + len(COMBINED)
    for name, table in TABLES.items():
        ratings = [rule.rating for rule in table]
        assert ratings[-1] is SD
        if name != "bone_marrow":
            assert ratings == sorted(ratings, key=[PD, CR, PR, NI, SD].index)
    for rule in rows:
        assert rule.citation.tag in {Tag.SOURCE_READ, Tag.UNVERIFIED, Tag.DESIGN}
        assert rule.sentence.endswith(".")


@pytest.mark.shows("R-053")
def test_every_open_question_has_two_readings_and_is_marked_as_our_choice() -> None:
    assert list(POLICIES) == ["A1", "A2", "A3", "A4", "A5", "A6", "A7"]
    for policy in POLICIES.values():
        assert policy.reading != policy.other
        assert policy.citation.tag is Tag.DESIGN
        assert policy.turned().turned() == policy
        assert policy.as_dict()["reading"] == policy.reading


def test_what_is_open_is_neither_true_nor_false() -> None:
    assert all_of(True, False, ("x",)) is False
    assert all_of(True, ("x",), ("y",)) == ("x", "y")
    assert all_of() is True
    assert any_of(False, True, ("x",)) is True
    assert any_of(False, ("x",)) == ("x",)
    assert any_of() is False
    assert (negated(True), negated(False), negated(("x",))) == (False, True, ("x",))


def test_without_a_policy_turned_the_defaults_hold() -> None:
    found = measured(infiltration_percent=marrow(4, 10))
    assert rate(Component.BONE_MARROW, found) == rate(Component.BONE_MARROW, found, BY_DEFAULT)


# Beside a reported rating


@pytest.mark.shows("R-051")
@pytest.mark.parametrize(
    ("reported", "rating", "flags"),
    [
        (None, SD, ()),
        ("SD", SD, ()),
        ("NE", SD, ()),
        ("PR", SD, (CONTRADICTION,)),
        ("NI", SD, (CONTRADICTION,)),
        ("PD", PD, (CONTRADICTION,)),
    ],
)
def test_the_derived_rating_is_in_force_and_progression_counts_whoever_says_it(
    reported: str | None, rating: ComponentRating, flags: tuple[str, ...]
) -> None:
    found = measured(longest_diameter_mm=mm(40, 40), uptake="unchanged", rating=reported)
    told = component_in_force(Component.PRIMARY, found)
    assert (told.rating, told.derived.rating, told.reported, told.flags) == (rating, SD, reported, flags)


@pytest.mark.shows("R-051")
def test_derived_progression_counts_against_a_better_report() -> None:
    told = component_in_force(Component.PRIMARY, measured(longest_diameter_mm=mm(60, 40), rating="SD"))
    assert (told.rating, told.flags) == (PD, (CONTRADICTION,))


def test_where_measurements_do_not_suffice_the_reported_rating_holds_and_is_marked() -> None:
    told = component_in_force(Component.PRIMARY, measured(longest_diameter_mm=mm(20, 40), rating="PR"))
    assert (told.rating, told.derived.rating, told.flags) == (PR, NE, (RATING_AS_REPORTED,))
    assert told.as_dict()["missing"] == list(told.derived.missing)


@pytest.mark.shows("R-050")
def test_an_answer_tells_rule_measurements_and_open_questions() -> None:
    told = component_in_force(Component.BONE_MARROW, measured(infiltration_percent=marrow(4, 10))).as_dict()
    assert (told["rating"], told["derived"], told["reported"], told["rule"]) == ("MD", "MD", None, "B6")
    assert (
        told["sentence"] == "Infiltration of up to 5 % is minimal disease. Found: 4 % now, 10 % at baseline."
    )
    assert [policy["id"] for policy in told["policies"]] == ["A3"]  # type: ignore[attr-defined]


# The overall response


@pytest.mark.shows("C-39")
def test_complete_response_is_not_declared_before_a_free_marrow_was_sampled_again() -> None:
    answer = overall_response(CR, CR, NI, marrow_repeated=False)
    assert (answer.overall, answer.rule, answer.ceiling) == (Response.NE, "D3", Response.CR)
    assert answer.missing == (Component.BONE_MARROW,)
    assert overall_response(CR, PR, NI, marrow_repeated=False).overall is Response.PR
    assert overall_response(NI, NI, NI, marrow_repeated=False).overall is Response.NONE
    assert overall_response(CR, CR, NI).overall is Response.CR


def test_a_scan_alone_rates_nothing_that_it_does_not_show() -> None:
    assert rate(Component.PRIMARY, measured(mibg=mibg(0, 20))).rating is NE
