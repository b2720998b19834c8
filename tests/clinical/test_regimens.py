"""The regimens: what they consist of, how often and how many times they are given."""

import pytest

from pathway.clinical.evidence import SOURCES, Tag
from pathway.clinical.regimens import REGIMENS, Regimen, RegimenUse, cycle_limit, regimen, regimen_with
from pathway.clinical.terms import Antibody, is_anti_gd2, spelling

EVERY_REGIMEN = pytest.mark.parametrize("known", REGIMENS.values(), ids=lambda known: known.id)


def found(regimen_id: str) -> Regimen:
    known = regimen(regimen_id)
    assert known is not None
    return known


@EVERY_REGIMEN
def test_an_antibody_is_named_exactly_where_one_is_given(known: Regimen) -> None:
    given = [agent for agent in known.agents if is_anti_gd2(agent)]
    assert given == ([known.antibody] if known.antibody else [])
    assert (known.antibody is not None) == (
        known.use in {RegimenUse.CHEMOIMMUNOTHERAPY, RegimenUse.MAINTENANCE}
    )


@EVERY_REGIMEN
def test_chemoimmunotherapy_is_its_backbone_with_an_antibody(known: Regimen) -> None:
    assert (known.backbone is not None) == (known.use is RegimenUse.CHEMOIMMUNOTHERAPY)
    if known.backbone:
        backbone = found(known.backbone)
        assert backbone.use is RegimenUse.CHEMOTHERAPY
        assert set(backbone.agents) < set(known.agents)


@EVERY_REGIMEN
def test_cycles_come_in_the_order_earliest_target_latest(known: Regimen) -> None:
    if known.next_cycle is None:
        assert known.use is RegimenUse.OTHER
        assert known.cycle_length_days is None
    else:
        window = known.next_cycle
        assert 0 < window.earliest <= window.target < window.latest
        assert window.latest == window.target + 14
        assert known.cycle_length_days == window.target


@EVERY_REGIMEN
def test_ids_and_agents_are_spelled_the_one_way(known: Regimen) -> None:
    assert known.id == spelling(known.id)
    assert list(known.agents) == [spelling(agent) for agent in known.agents]
    assert known.citation.source.key in SOURCES


@EVERY_REGIMEN
def test_only_maintenance_plans_its_courses(known: Regimen) -> None:
    assert (known.planned_courses is not None) == (known.use is RegimenUse.MAINTENANCE)


@pytest.mark.parametrize(
    ("regimen_id", "days", "limit"),
    [
        ("dinutuximab_irinotecan_temozolomide", 21, 6),
        ("dinutuximab_beta_temozolomide_topotecan", 28, 6),
        ("dinutuximab_beta_temozolomide", 28, 6),
        ("dinutuximab_beta_irinotecan_temozolomide", 21, 6),
        ("dinutuximab_beta_topotecan_cyclophosphamide", 28, 6),
        ("naxitamab_irinotecan_temozolomide", 28, 6),
        ("dinutuximab_beta_n5_n6", 28, 6),
        ("dinutuximab_beta_long_term_infusion", 35, 5),
        ("naxitamab_gm_csf", 28, 5),
        ("irinotecan_temozolomide", 21, 6),
        ("mibg_131i", None, 6),
    ],
)
def test_a_regimen_says_how_long_a_cycle_is_and_how_many_there_are(
    regimen_id: str, days: int | None, limit: int
) -> None:
    assert found(regimen_id).cycle_length_days == days
    assert cycle_limit(regimen_id)[0] == limit


def test_the_seventeen_cycles_of_anbl1221_are_told_as_unverified_and_are_no_limit() -> None:
    known = found("dinutuximab_irinotecan_temozolomide")
    assert known.count is None
    assert known.duration is not None
    assert "17 cycles" in known.duration.statement
    assert not known.duration.verified
    assert cycle_limit(known.id)[1].tag is Tag.DESIGN


@EVERY_REGIMEN
def test_a_number_of_cycles_comes_from_a_source_that_was_read(known: Regimen) -> None:
    assert known.count is None or known.count.citation.tag is Tag.SOURCE_READ


def test_how_long_a_regimen_is_published_to_be_given_is_told_beside_its_limit() -> None:
    told = {each.id: each.duration.statement for each in REGIMENS.values() if each.duration}
    assert "two years" in told["naxitamab_irinotecan_temozolomide"]
    assert "five courses" in told["dinutuximab_beta_long_term_infusion"]
    assert "up to nine" in told["dinutuximab_beta_after_haploidentical_transplant"]
    assert "five more" in told["naxitamab_gm_csf"]


def test_a_regimen_is_found_by_its_antibody_and_its_backbone() -> None:
    assert regimen_with("naxitamab", "irinotecan_temozolomide") == "naxitamab_irinotecan_temozolomide"
    assert regimen_with("naxitamab", "n5_n6") is None


@pytest.mark.parametrize("regimen_id", [None, "unknown", "a local protocol", "ice"])
def test_a_regimen_that_gives_no_limit_has_six_cycles_by_our_own_choice(regimen_id: str | None) -> None:
    limit, citation = cycle_limit(regimen_id)
    assert limit == 6
    assert citation.tag is Tag.DESIGN


def test_the_next_course_of_dinutuximab_beta_may_wait_a_fortnight_but_not_come_early() -> None:
    window = found("dinutuximab_beta_long_term_infusion").next_cycle
    assert window is not None
    assert (window.earliest, window.target, window.latest) == (35, 35, 49)


def test_a_regimen_is_found_however_it_is_spelled() -> None:
    assert found("Dinutuximab beta temozolomide").antibody is Antibody.DINUTUXIMAB_BETA
    assert regimen("homeopathy") is None
