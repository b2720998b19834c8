"""The regimens: what they consist of, how often and how many times they are given."""

import pytest

from pathway.clinical.evidence import SOURCES, Tag
from pathway.clinical.regimens import REGIMENS, Regimen, RegimenUse, cycle_limit, regimen
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
        ("dinutuximab_irinotecan_temozolomide", 21, 17),
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


def test_the_seventeen_cycles_of_anbl1221_are_marked_as_unverified() -> None:
    assert not cycle_limit("dinutuximab_irinotecan_temozolomide")[1].verified
    assert cycle_limit("dinutuximab_beta_temozolomide")[1].tag is Tag.SOURCE_READ


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
